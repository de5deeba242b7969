"""Paints one step of a window's way over a map: where it is, what lies under it, what comes out."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.layer_motion import Motion
from cnnviz.ui.layer_rows import shape_text
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, ink_image
from cnnviz.ui.widgets.value_cells import numbers_glass

CAPTION, GAP, SPACE = 20, 40, 26
"""Height of a line above a picture, between map and output, between the two rows of pictures."""
EDGE = 1
"""Room for a frame at the left."""
WORDS = 52
"""Height of the one or two lines below all."""
MOST_CELL, MOST_PATCH_CELL = 26, 42
BETWEEN = 24
"""Room for × and = between the small pictures."""
SHARE_OF_MAPS = 0.62
"""Of the height, where the small pictures need the rest."""
TALLEST_PATCH = 150
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
CENTER = Qt.AlignmentFlag.AlignCenter


@dataclass(frozen=True)
class Places:
    """Where things are: map with its padding, output, and the small pictures below."""

    cell: float
    padded: QRectF
    map: QRectF
    output: QRectF
    patches: tuple[QRectF, ...]


class SlidePicture(QWidget):
    """Shows a Motion at `step`; a press on the output asks for another step."""

    step_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.motion: Motion | None = None
        self.step = 0
        self._image = self._output = QImage()
        self._level = 0.0
        self.words = ""
        """How the value of now is made."""
        self.setMinimumSize(QSize(300, 300))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("The window on its way over the map")
        self.setToolTip("Press on the output, or ← and →, to see how a value is made")

    def show_motion(self, motion: Motion | None) -> None:
        """Another map, layer or kernel, at the step of now if there is one."""
        self.motion = motion
        if motion:
            self.step = min(self.step, motion.moving.count - 1)
            self._image, self._level = _picture(motion.image, motion.is_ink)
            self._output, _ = _picture(motion.output, False)
        self.update()

    def show_step(self, step: int) -> None:
        """The window elsewhere."""
        self.step = step
        self.update()

    def show_words(self, words: str) -> None:
        """The sum below the pictures."""
        self.words = words
        self.setAccessibleDescription(words)
        self.update()

    # Where things are.

    def places(self, motion: Motion) -> Places:
        """For the size of now."""
        moving, (y, x) = motion.moving, motion.moving.padding
        rows, columns = moving.size[0] + 2 * y, moving.size[1] + 2 * x
        has_patches = moving.window != (1, 1) or motion.kernel is not None
        room = (self.height() - WORDS) * (SHARE_OF_MAPS if has_patches else 1.0) - CAPTION
        cell = min(
            (self.width() - GAP - 2 * EDGE) / (columns + moving.output[1]),
            room / max(rows, moving.output[0]),
            MOST_CELL,
        )
        cell = float(int(cell)) if cell >= 2 else cell
        padded = QRectF(EDGE, CAPTION, columns * cell, rows * cell)
        inner = QRectF(
            EDGE + x * cell, CAPTION + y * cell, moving.size[1] * cell, moving.size[0] * cell
        )
        out = QRectF(
            padded.right() + GAP, CAPTION, moving.output[1] * cell, moving.output[0] * cell
        )
        top = max(padded.bottom(), out.bottom()) + SPACE + CAPTION
        return Places(cell, padded, inner, out, self._patches(motion, top) if has_patches else ())

    def _patches(self, motion: Motion, top: float) -> tuple[QRectF, ...]:
        height, width = motion.moving.window
        count = 3 if motion.kernel is not None else 1
        cell = min(
            (self.width() - 2 * EDGE - BETWEEN * (count - 1)) / (count * width),
            min(TALLEST_PATCH, max(self.height() - top - WORDS, 20)) / height,
            MOST_PATCH_CELL,
        )
        cell = float(int(cell)) if cell >= 2 else cell
        step = width * cell + BETWEEN
        return tuple(
            QRectF(EDGE + k * step, top, width * cell, height * cell) for k in range(count)
        )

    def step_at(self, point: QPointF) -> int | None:
        """The step that makes the value of the output at `point`."""
        if self.motion is None:
            return None
        places = self.places(self.motion)
        if not places.output.contains(point):
            return None
        rows, columns = self.motion.moving.output
        row = min(int((point.y() - places.output.top()) / places.cell), rows - 1)
        column = min(int((point.x() - places.output.left()) / places.cell), columns - 1)
        return row * columns + column

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """All of it."""
        if self.motion is None:
            return
        painter, places = QPainter(self), self.places(self.motion)
        painter.setFont(theme.font(theme.SMALL))
        self._paint_map(painter, self.motion, places)
        self._paint_output(painter, self.motion, places)
        if places.patches:
            self._paint_patches(painter, self.motion, places)
        bottom = max(area.bottom() for area in (places.padded, places.output, *places.patches))
        painter.setFont(theme.font())
        painter.setPen(theme.color(theme.tokens().text))
        lines = QRectF(EDGE, bottom + 12, self.width() - 2 * EDGE, WORDS - 12)
        painter.drawText(lines, Qt.TextFlag.TextWordWrap, self.words)
        if self.hasFocus():
            painter.setPen(theme.color(theme.tokens().line))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_map(self, painter: QPainter, motion: Motion, places: Places) -> None:
        colors, moving = theme.tokens(), motion.moving
        painter.setPen(theme.color(colors.muted))
        painted = f"{shape_text(moving.size)}"
        if any(moving.padding):
            painted += " and a rim of zeros"
        painter.drawText(QPointF(EDGE, CAPTION - 7), painted)
        if any(moving.padding):
            painter.fillRect(places.padded, theme.color(colors.line))
        painter.drawImage(places.map, self._image)
        _outline(painter, places.map)
        step, cell = moving.step(self.step), places.cell
        window = QRectF(
            places.map.left() + step.left * cell,
            places.map.top() + step.top * cell,
            moving.window[1] * cell,
            moving.window[0] * cell,
        )
        _frame(painter, window, colors.selected)

    def _paint_output(self, painter: QPainter, motion: Motion, places: Places) -> None:
        colors, moving, cell = theme.tokens(), motion.moving, places.cell
        out = places.output
        painter.setPen(theme.color(colors.muted))
        painter.drawText(QPointF(out.left(), CAPTION - 7), shape_text(moving.output))
        arrow = QRectF(places.padded.right(), CAPTION, GAP, min(out.height(), places.map.height()))
        painter.drawText(arrow, CENTER, "→")
        painter.drawImage(out, self._output)
        step = moving.step(self.step)
        ground = theme.color(colors.background)
        rest = QRectF(out.left(), out.top() + (step.row + 1) * cell, out.width(), out.height())
        painter.fillRect(rest.intersected(out), ground)
        right = QRectF(
            out.left() + (step.column + 1) * cell, out.top() + step.row * cell, out.width(), cell
        )
        painter.fillRect(right.intersected(out), ground)
        _outline(painter, out)
        here = QRectF(out.left() + step.column * cell, out.top() + step.row * cell, cell, cell)
        _frame(painter, here, colors.selected)

    def _paint_patches(self, painter: QPainter, motion: Motion, places: Places) -> None:
        colors = theme.tokens()
        window = motion.window(self.step)
        values = [("under the window", window, motion.is_ink, self._level)]
        if motion.kernel is not None:
            full = _level(motion.kernel)
            values.append(("kernel", motion.kernel, False, full))
            # On one scale for all steps: what is next to nothing looks so.
            values.append(("products", window * motion.kernel, False, full * self._level))
        for place, (name, numbers, is_ink, level) in zip(places.patches, values, strict=True):
            painter.setPen(theme.color(colors.muted))
            painter.drawText(QPointF(place.left(), place.top() - 7), name)
            picture, _ = _picture(numbers, is_ink, level)
            painter.drawImage(place, picture)
            _outline(painter, place)
            glass = self._numbers(numbers, level, place, is_ink)
            if not glass.isNull():
                painter.drawPixmap(place.topLeft(), glass)
        painter.setPen(theme.color(colors.muted))
        for place, sign in zip(places.patches[1:], "×=", strict=False):
            box = QRectF(place.left() - BETWEEN, place.top(), BETWEEN, place.height())
            painter.drawText(box, CENTER, sign)
        if motion.kernel is None and places.patches:
            self._mark_greatest(painter, window, places.patches[0])

    def _numbers(self, values: Array, level: float, place: QRectF, is_ink: bool) -> QPixmap:
        size = place.size().toSize()
        return numbers_glass(values, level, size, self.devicePixelRatioF(), is_ink)

    def _mark_greatest(self, painter: QPainter, window: Array, place: QRectF) -> None:
        y, x = divmod(int(window.argmax()), window.shape[1])
        cell = place.width() / window.shape[1]
        box = QRectF(place.left() + x * cell, place.top() + y * cell, cell, cell)
        _frame(painter, box, theme.tokens().selected)

    # The pointer and the keys.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A value of the output is asked for."""
        step = self.step_at(event.position())
        if step is not None:
            self.step_wanted.emit(step)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The same while the button is held."""
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go from step to step."""
        key = Qt.Key(event.key())
        if self.motion and key in STEPS and not event.modifiers():
            self.step_wanted.emit((self.step + STEPS[key]) % self.motion.moving.count)
        else:
            super().keyPressEvent(event)


def _picture(values: Array, is_ink: bool, level: float | None = None) -> tuple[QImage, float]:
    """(picture, what full colour is) of values (H, W)."""
    if is_ink:
        return ink_image(values), 1.0
    height, width = values.shape
    mosaic = Mosaics({"map": Grid(1, 1, height, width)})
    mosaic.show({"map": values}, {"map": level} if level is not None else None)
    return mosaic.images["map"].copy(), mosaic.levels["map"]


def _level(values: Array) -> float:
    return float(np.nan_to_num(np.abs(values)).max())


def _frame(painter: QPainter, box: QRectF, color: str) -> None:
    painter.setPen(QPen(theme.color(color), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)


def _outline(painter: QPainter, box: QRectF) -> None:
    """A hairline, so that white paper has an edge."""
    painter.setPen(theme.color(theme.tokens().line))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box.adjusted(-0.5, -0.5, 0.5, 0.5))
