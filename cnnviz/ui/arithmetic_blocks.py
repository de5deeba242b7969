"""What the inspector shows of one value, block by block: pictures of its numbers, rows of sums.

A block knows its height and paints itself at a place in a given width. Pictures have a scale of
their own each, said above them; a row of sums has its name left and its number right.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen

from cnnviz.core.arithmetic import Convolution, Pooling, Softmax, Weighted
from cnnviz.core.scales import percent
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.widgets.mosaic import Grid, Mosaics

BOLD = QFont.Weight.DemiBold
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTER = Qt.AlignmentFlag.AlignCenter
NUMBER_WIDTH = 66
SIGN_WIDTH = 14
"""Of × and = between pictures."""
GAP = 8
GREATEST_PICTURE = 66


class Block(ABC):
    """A part of the arithmetic, `height` pixels high."""

    height = 0.0

    @abstractmethod
    def paint(self, painter: QPainter, x: float, y: float, width: float) -> None:
        """Paints itself with its top left corner at (x, y)."""

    def words_at(self, x: float, y: float, width: float) -> str:
        """What is at a point, counted from the corner; empty where there is nothing to tell."""
        return ""


class Sum(Block):
    """A name and a number, such as "+ bias 0.096"."""

    height = 22.0

    def __init__(self, name: str, value: float, strong: bool = False) -> None:
        self.name, self.value, self.strong = name, value, strong

    def paint(self, painter: QPainter, x: float, y: float, width: float) -> None:
        """On one line; an important one in its sign's colour."""
        colors = theme.tokens()
        row = QRectF(x, y, width, self.height)
        painter.setFont(theme.font(weight=QFont.Weight.Normal))
        painter.setPen(theme.color(colors.muted))
        painter.drawText(row, LEFT, self.name)
        painter.setFont(theme.font(weight=BOLD))
        painter.setPen(theme.color(sign_color(self.value) if self.strong else colors.text))
        painter.drawText(row, RIGHT, number(self.value))


class Rule(Block):
    """A hairline between two parts."""

    height = 13.0

    def paint(self, painter: QPainter, x: float, y: float, width: float) -> None:
        """In the middle of its height."""
        painter.fillRect(QRectF(x, y + 6, width, 1), theme.color(theme.tokens().line))


class Note(Block):
    """A quiet line of text."""

    height = 18.0

    def __init__(self, text: str) -> None:
        self.text = text

    def paint(self, painter: QPainter, x: float, y: float, width: float) -> None:
        """Small."""
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(theme.tokens().muted))
        painter.drawText(QRectF(x, y, width, self.height), LEFT, self.text)


class Products(Block):
    """Input patch × kernel = products, a line a channel with its sum."""

    HEAD = 32.0

    def __init__(self, found: Convolution, channels: int, width: float) -> None:
        """The first `channels` of it."""
        self._found, self._channels = found, channels
        rows, columns = found.kernel.shape[1:]
        room = (width - 2 * SIGN_WIDTH - NUMBER_WIDTH) / 3
        cell = min(room, GREATEST_PICTURE) / max(rows, columns)
        self._cell: float = np.floor(cell) if cell >= 1 else cell
        self._size: tuple[float, float] = (self._cell * columns, self._cell * rows)
        grid = Grid(channels, 1, rows, columns)
        self._values = {"patch": found.patch, "kernel": found.kernel, "products": found.products}
        self._mosaics = Mosaics(dict.fromkeys(self._values, grid))
        self._mosaics.show({name: each[:channels] for name, each in self._values.items()})
        self._pitch = self._size[1] + GAP
        self.height = self.HEAD + channels * self._pitch

    def _left(self, column: int) -> float:
        return column * (self._size[0] + SIGN_WIDTH)

    def paint(self, painter: QPainter, x: float, y: float, width: float) -> None:
        """Headings with their scales, then the channels."""
        colors = theme.tokens()
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        titles = ("input patch", "× kernel", "= products")
        for column, (title, name) in enumerate(zip(titles, self._values, strict=True)):
            at = QPointF(x + self._left(column), y + 11)
            painter.drawText(at, title)
            painter.drawText(at + QPointF(0, 14), scale(self._mosaics.levels[name]))
        sums = self._found.channel_sums
        for channel in range(self._channels):
            top = y + self.HEAD + channel * self._pitch
            self._paint_pictures(painter, channel, x, top)
            painter.setFont(theme.font(weight=BOLD))
            painter.setPen(theme.color(sign_color(float(sums[channel]))))
            painter.drawText(
                QRectF(x, top, width, self._size[1]), RIGHT, number(sums[channel], "+")
            )

    def _paint_pictures(self, painter: QPainter, channel: int, x: float, top: float) -> None:
        colors = theme.tokens()
        rows = self._found.kernel.shape[1]
        for column, name in enumerate(self._values):
            image = self._mosaics.images[name]
            target = QRectF(x + self._left(column), top, *self._size)
            painter.drawImage(target, image, QRectF(0, channel * rows, image.width(), rows))
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        for column, sign in ((1, "×"), (2, "=")):
            left = x + self._left(column) - SIGN_WIDTH
            painter.drawText(QRectF(left, top, SIGN_WIDTH, self._size[1]), CENTER, sign)

    def words_at(self, x: float, y: float, width: float) -> str:
        """One multiplication in full."""
        channel, rest = divmod(y - self.HEAD, self._pitch)
        if not 0 <= channel < self._channels or rest >= self._size[1]:
            return ""
        for column in range(3):
            left = self._left(column)
            if left <= x < left + self._size[0]:
                place = int(channel), int(rest / self._cell), int((x - left) / self._cell)
                patch, kernel, product = (float(each[place]) for each in self._values.values())
                where = "" if self._found.inside[place[1:]] else " (padding)"
                return f"{number(patch)}{where} × {number(kernel)} = {number(product)}"
        return ""


class Window(Block):
    """A pooling window with its values written out; the winner is framed."""

    def __init__(self, found: Pooling, width: float) -> None:
        self._found = found
        rows, columns = found.window.shape
        self._cell = min(64.0, float(width // columns))
        self._mosaics = Mosaics({"window": Grid(1, 1, rows, columns)})
        self._mosaics.show({"window": found.window})
        self.height = 22 + rows * self._cell + GAP

    def paint(self, painter: QPainter, x: float, y: float, width: float) -> None:
        """The scale, the window, its numbers, the frame."""
        colors = theme.tokens()
        rows, columns = self._found.window.shape
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        level = scale(self._mosaics.levels["window"])
        painter.drawText(QPointF(x, y + 11), f"window {rows}×{columns} · {level}")
        image = QRectF(x, y + 22, columns * self._cell, rows * self._cell)
        painter.drawImage(image, self._mosaics.images["window"])
        painter.setPen(theme.color(colors.text))
        if self._cell >= 40:
            for (i, j), value in np.ndenumerate(self._found.window):
                painter.drawText(self._at(i, j, image), CENTER, number(value))
        painter.setPen(QPen(theme.color(colors.selected), 2))
        painter.drawRect(self._at(*self._found.winner, image).adjusted(1, 1, -1, -1))

    def _at(self, i: int, j: int, image: QRectF) -> QRectF:
        corner = image.topLeft() + QPointF(j * self._cell, i * self._cell)
        return QRectF(corner.x(), corner.y(), self._cell, self._cell)

    def words_at(self, x: float, y: float, width: float) -> str:
        """The value, where it is too small to be written out."""
        rows, columns = self._found.window.shape
        i, j = int((y - 22) // self._cell), int(x // self._cell)
        if not (0 <= i < rows and 0 <= j < columns):
            return ""
        (top, left), value = self._found.corner, float(self._found.window[i, j])
        return f"x {left + j}, y {top + i} · {number(value)}"


class Contributions(Block):
    """The largest of many products as bars, each with its input and weight."""

    ROW = 18.0

    def __init__(self, found: Weighted, most: int) -> None:
        self._found = found
        self._shown = found.order[:most].tolist()
        self.height = 18 + len(self._shown) * self.ROW

    def paint(self, painter: QPainter, x: float, y: float, width: float) -> None:
        """From the largest down, whatever their sign."""
        colors = theme.tokens()
        edges = [x, x + 46, x + 112, x + 178, x + width - NUMBER_WIDTH]
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        for edge, title in zip(edges, ("input", "x", "× weight", "", ""), strict=True):
            painter.drawText(QPointF(edge, y + 11), title)
        painter.drawText(QRectF(x, y, width, 15), RIGHT, "= product")
        products = self._found.products
        greatest = float(np.abs(products[self._shown]).max(initial=0)) or 1.0
        room = max(edges[4] - edges[3] - 6, 0)
        for row, k in enumerate(self._shown):
            top = y + 18 + row * self.ROW
            painter.setPen(theme.color(colors.muted))
            painter.drawText(QRectF(edges[0], top, 44, self.ROW), LEFT, str(k))
            painter.setPen(theme.color(colors.text))
            painter.drawText(
                QRectF(edges[1], top, 64, self.ROW), LEFT, number(self._found.inputs[k])
            )
            weight = number(self._found.weights[k])
            painter.drawText(QRectF(edges[2], top, 64, self.ROW), LEFT, weight)
            color = theme.color(sign_color(products[k]))
            share = abs(float(products[k])) / greatest
            painter.fillRect(QRectF(edges[3], top + 5, room * share, 8), color)
            painter.setPen(color)
            painter.drawText(QRectF(x, top, width, self.ROW), RIGHT, number(products[k], "+"))


class Classes(Block):
    """Every class: its logit, its exponential, its probability; the looked-at one is bold."""

    ROW = 19.0

    def __init__(self, softmax: Softmax, probabilities: Array, names: Sequence[str]) -> None:
        self._softmax, self._probabilities, self._names = softmax, probabilities, names
        self.height = 20 + len(names) * self.ROW

    def paint(self, painter: QPainter, x: float, y: float, width: float) -> None:
        """A table of four columns."""
        colors = theme.tokens()
        rights = [x + width * share for share in (0.5, 0.77, 1.0)]
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        painter.drawText(QPointF(x, y + 12), "class")
        for right, title in zip(rights, ("z", "exp(z − m)", "p"), strict=True):
            painter.drawText(QRectF(x, y, right - x, 16), RIGHT, title)
        metrics = painter.fontMetrics()
        for k, name in enumerate(self._names):
            top = y + 20 + k * self.ROW
            chosen = k == self._softmax.unit
            painter.setFont(theme.font(theme.SMALL, BOLD if chosen else QFont.Weight.Normal))
            painter.setPen(theme.color(colors.text if chosen else colors.muted))
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(width * 0.28))
            painter.drawText(QRectF(x, top, width, self.ROW), LEFT, shown)
            cells = (
                number(self._softmax.logits[k]),
                number(self._softmax.exponentials[k]),
                percent(float(self._probabilities[k]), 3),
            )
            for right, cell in zip(rights, cells, strict=True):
                painter.drawText(QRectF(x, top, right - x, self.ROW), RIGHT, cell)


def number(value: float | np.floating, sign: str = "") -> str:
    """Four digits that count, with a real minus: −0.1294; with sign "+" also +0.1294."""
    return f"{float(value):{sign}.4g}".replace("-", "−") if value else "0"


def scale(level: float) -> str:
    """What full colour means."""
    return f"±{level:.3g}".replace("-", "−") if level else "all 0"


def sign_color(value: float | np.floating) -> str:
    """Orange, blue, or quiet for zero."""
    colors = theme.tokens()
    if value > 0:
        return colors.positive
    return colors.negative if value < 0 else colors.muted
