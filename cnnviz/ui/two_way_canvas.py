"""The network with what runs through it, there or back: values or gradients, column by column.

It knows nothing of where a frame comes from: of the image that is looked at, or of one in a batch.
The pointer asks for a value, a click or the keys choose one; so with the weights of the kernels.
"""

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QScrollArea

from cnnviz.core.network import Network
from cnnviz.core.parameter_arithmetic import Parameter
from cnnviz.core.receptive_field import Place
from cnnviz.ui import theme
from cnnviz.ui.network_classes import classes_width
from cnnviz.ui.network_layout import FOOTER, HEADER, Column, Kind, make_columns
from cnnviz.ui.selection import first_place, kernel_channels, moved, other_layer, other_map
from cnnviz.ui.signed_rows import SignedRows
from cnnviz.ui.two_way_layout import arrange_both_ways
from cnnviz.ui.two_way_pictures import Frame, TwoWayPictures
from cnnviz.ui.two_way_words import Chosen, Notes, in_words, notes_of, shorter, title_of
from cnnviz.ui.widgets.key_framed import KeyFramed
from cnnviz.ui.widgets.plate import paint_plate

PIXELS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
MAPS = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
LAYERS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
"""With Shift."""
SCALE = "← ±1.23e−05"
"""As wide as what is said of a column becomes."""
LEAST_CELL = 5.0
BOLD = QFont.Weight.DemiBold
SCROLL_BAR = 8


class TwoWayArea(QScrollArea):
    """A canvas that is laid out for the room there is, and scrolls where that is too little."""

    def __init__(self, name: str) -> None:
        """`name` is what screen readers say."""
        super().__init__()
        self.canvas = TwoWayCanvas()
        self.canvas.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setWidget(self.canvas)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Always leaves room for the scroll bars, or they could make themselves needless."""
        super().resizeEvent(event)
        self.canvas.fit(QSizeF(self.width() - SCROLL_BAR, self.height() - SCROLL_BAR))


class TwoWayCanvas(KeyFramed):
    """Columns, pictures, words; `chosen` tells a Place or Parameter, or None."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._network: Network | None = None
        self._names: Sequence[str] = ()
        self.columns: list[Column] = []
        self.frame: Frame | None = None
        """What is shown."""
        self.choice: Chosen | None = None
        self.image_at = QRectF()
        self.rows = SignedRows()
        self._pictures = TwoWayPictures()
        self._room = QSizeF(900, 480)
        self._pointer: QPointF | None = None
        self._plate = QRectF()
        self._notes: dict[str, Notes] = {}
        self._stale = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # What is shown.

    def show_network(self, network: Network | None, names: Sequence[str]) -> None:
        """Another network: its columns, still empty."""
        self._network, self._names, self.frame, self.choice = network, names, None, None
        self.columns = make_columns(network.spec.input_shape, network.layers) if network else []
        self.fit(self._room)

    def show_frame(self, frame: Frame) -> None:
        """Other values; the words stay until `tell`."""
        self.frame, self._stale = frame, True
        self.rows.values = frame.values.get(self._last, np.zeros(0, np.float32))
        self.update(QRegion(self._pictures.area) | self.image_at.toAlignedRect() | self.rows.area)

    def tell(self) -> None:
        """Takes down scales and numbers of now."""
        if self.frame is None:
            return
        self._color()
        self.rows.tell(self.frame.label)
        self._notes = {column.name: self._notes_of(column) for column in self.columns}
        self._describe()
        self.update()

    def choose(self, choice: Chosen | None) -> None:
        """Marks a value or a weight, without telling."""
        if choice != self.choice:
            self.choice, self._stale = choice, True
            self.tell()

    def fit(self, room: QSizeF) -> None:
        """Lays the columns out."""
        self._room = room
        if self._network is not None:
            needed, self.image_at = arrange_both_ways(
                self.columns, self._network.layers, room, self._text_width, self._title_width
            )
            self.setMinimumSize(QSize(math.ceil(needed.width()), math.ceil(needed.height())))
            self._pictures = TwoWayPictures(self.columns, self._network.layers)
            self.rows.place(self.columns[-1].tiles, self._names)
        self._stale = True
        self.tell()
        self.update()

    @property
    def _last(self) -> str:
        return self.columns[-1].name if self.columns else ""

    def _notes_of(self, column: Column) -> Notes:
        assert self.frame
        level = self._pictures.level(column)
        if column.kind is Kind.CLASSES:
            level = self.rows.level if len(self.rows.values) else None
        return notes_of(self.frame, column, self._pictures.kernel_level(column), level)

    def _describe(self) -> None:
        words = self.in_words(self.choice) if self.choice else "Nothing is chosen."
        self.setAccessibleDescription(words)

    def _text_width(self, column: Column) -> float:
        small = QFontMetricsF(theme.font(theme.SMALL))
        texts = (column.lines[0], SCALE)
        return max(self._title_width(column), *map(small.horizontalAdvance, texts))

    def _title_width(self, column: Column) -> float:
        classes = classes_width(self._names) + 24 if column.kind is Kind.CLASSES else 0.0
        bold = QFontMetricsF(theme.font(weight=BOLD))
        return max(classes, bold.horizontalAdvance(title_of(column)))

    # Where things are.

    def choice_at(self, point: QPointF) -> Chosen | None:
        """Which value or weight stands under `point`."""
        for column in self.columns:
            for filter_number, kernel in enumerate(column.kernels):
                if kernel.contains(point):
                    return self._weight_at(column, filter_number, kernel, point)
            index = column.at(point)
            if index is not None:
                return Place(column.name, index)
        return None

    def _weight_at(
        self, column: Column, number_of: int, kernel: QRectF, point: QPointF
    ) -> Parameter:
        height, width = self._kernel_shape(column)
        y = min(int((point.y() - kernel.y()) / kernel.height() * height), height - 1)
        x = min(int((point.x() - kernel.x()) / kernel.width() * width), width - 1)
        channel = self._channels()[column.name]
        return Parameter(f"{column.name}.weight", (number_of, channel, y, x))

    def _kernel_shape(self, column: Column) -> tuple[int, int]:
        assert self._network
        layer = next(each for each in self._network.layers if each.name == column.name)
        height, width = layer.parameter_shapes["weight"][2:]
        return height, width

    def _channels(self) -> dict[str, int]:
        """Which channel of each kernel is shown: that of what is chosen."""
        layers = self._network.layers if self._network else []
        choice = self.choice
        channels = kernel_channels(layers, choice if isinstance(choice, Place) else None)
        if isinstance(choice, Parameter) and len(choice.index) == 4:
            channels[choice.name.partition(".")[0]] = choice.index[1]
        return channels

    def cell_of(self, choice: Chosen) -> QRectF | None:
        """What shows a value or a weight; None if nothing does."""
        name = choice.layer if isinstance(choice, Place) else choice.name.partition(".")[0]
        column = next((each for each in self.columns if each.name == name), None)
        if column is None:
            return None
        if isinstance(choice, Place):
            return column.cell(choice.index)
        if len(choice.index) != 4 or not column.kernels:
            return None
        kernel, (height, width) = column.kernels[choice.index[0]], self._kernel_shape(column)
        size = QSizeF(kernel.width() / width, kernel.height() / height)
        x, y = choice.index[3] * size.width(), choice.index[2] * size.height()
        return QRectF(kernel.topLeft() + QPointF(x, y), size)

    def in_words(self, choice: Chosen) -> str:
        """A value or weight, where it is, and whether nothing passes there."""
        if self.frame is None or self._network is None:
            return ""
        return in_words(self.frame, self._network, self._names, choice)

    # Painting.

    def _color(self) -> None:
        if self._stale and self.frame:
            self._pictures.show(self.frame, self._channels())
            self._stale = False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Headings, pictures, scales, what is chosen, and the plate."""
        painter, region = QPainter(self), event.region()
        if self.frame is None or not self.columns:
            painter.end()
            return
        self._color()
        self._pictures.paint(painter, self.image_at)
        self.rows.paint(painter)
        edges = QRegion(0, 0, self.width(), HEADER - 12)
        edges |= QRegion(0, self.height() - FOOTER, self.width(), FOOTER)
        if region.intersects(edges):
            self._paint_words(painter)
        self._paint_choice(painter)
        if self._framed:
            painter.setPen(theme.color(theme.tokens().selected))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        self._paint_plate(painter)
        painter.end()

    def _paint_words(self, painter: QPainter) -> None:
        colors, frame = theme.tokens(), self.frame
        assert frame
        ends = [column.x for column in self.columns[1:]] + [float(self.width())]
        for column, end in zip(self.columns, ends, strict=True):
            painter.setFont(theme.font(weight=BOLD))
            painter.setPen(
                theme.color(colors.selected if column.name == frame.now else colors.text)
            )
            painter.drawText(QPointF(column.x, 24), title_of(column))
            painter.setFont(theme.font(theme.SMALL))
            painter.setPen(theme.color(colors.muted))
            *notes, level = self._notes.get(column.name, ("", "", ""))
            metrics, space = painter.fontMetrics(), end - column.x - 4
            elide, room = Qt.TextElideMode.ElideRight, math.floor(space)
            for line, text in enumerate((column.lines[0], *notes)):
                shown = metrics.elidedText(text, elide, room)
                painter.drawText(QPointF(column.x, 40 + 14 * line), shown)
            fits = (text for text in shorter(level) if metrics.horizontalAdvance(text) <= space)
            painter.drawText(QPointF(column.x, self.height() - 8.0), next(fits, ""))

    def _paint_choice(self, painter: QPainter) -> None:
        cell = self.cell_of(self.choice) if self.choice else None
        if cell is None:
            return
        grow = max((LEAST_CELL - min(cell.width(), cell.height())) / 2, 0.0)
        frame = cell.adjusted(-grow, -grow, grow, grow)
        painter.setPen(QPen(theme.color(theme.tokens().selected), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)

    def _paint_plate(self, painter: QPainter) -> None:
        self._plate = QRectF()
        at, choice = self._pointer, self.choice
        if at is not None:
            choice = self.choice_at(at)
        elif choice and (cell := self.cell_of(choice)):
            at = cell.bottomRight()
        if at is not None and choice:
            seen = QRectF(self.visibleRegion().boundingRect())
            self._plate = paint_plate(painter, at, self.in_words(choice), seen)

    # The pointer and the keys.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks."""
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """It asks no more."""
        self._pointer = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Chooses what is under the pointer; on it again, or beside all, nothing."""
        if event.button() is Qt.MouseButton.LeftButton:
            choice = self.choice_at(event.position())
            self._tell_choice(None if choice == self.choice else choice)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walks as in the network view; of a kernel, arrows walk over its weights."""
        key = Qt.Key(event.key())
        if self._network is None or self.frame is None or key not in (*PIXELS, *MAPS):
            super().keyPressEvent(event)
            return
        self._pointer = None
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        layers, choice = self._network.layers, self.choice
        if isinstance(choice, Parameter):
            self._tell_choice(self._walked(choice, key))
        elif choice is None:
            self._tell_choice(first_place(layers))
        elif shift and key in LAYERS:
            self._tell_choice(other_layer(layers, choice, LAYERS[key]))
        elif key in MAPS:
            self._tell_choice(other_map(layers, choice, MAPS[key]))
        else:
            self._tell_choice(moved(layers, choice, *PIXELS[key]))

    def _walked(self, choice: Parameter, key: Qt.Key) -> Parameter:
        """Arrows move the last two numbers of a weight's place, the Page keys the first."""
        assert self._network
        shape = dict(self._network.named_parameters())[choice.name].shape
        index = list(choice.index)
        if key in MAPS:
            index[0] = (index[0] + MAPS[key]) % shape[0]
        else:
            for axis, by in zip((-2, -1), PIXELS[key], strict=True):
                if len(index) >= -axis:
                    index[axis] = min(max(index[axis] + by, 0), shape[axis] - 1)
        return Parameter(choice.name, tuple(index))

    def _tell_choice(self, choice: Chosen | None) -> None:
        self.choose(choice)
        self.chosen.emit(choice)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_pictures"):
            self._pictures.forget()
            self._stale = True
            self.update()
