"""One map of a layer, or one channel of the image, as large as it goes, with its numbers.

The picture follows training at frame rate; the numbers on it and the words below it are told
anew a few times a second, by whoever owns this widget.
"""

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.widgets.key_framed import KeyFramed
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, ink_image
from cnnviz.ui.widgets.value_cells import numbers_glass

GREATEST_CELL = 96
FOOTER = 34
EDGE = 2
"""Pixels around the map for the frame of a value at its edge."""
BAR = QSize(120, 10)
"""The scale."""
LEAST_SIZE = QSize(440, 320)
ARROWS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
Pixel = tuple[int, int]
"""(y, x)"""


class LargeMap(KeyFramed):
    """Paints the values, marks one of them, and says which one is wanted."""

    pixel_pressed = Signal(int, int)
    """(y, x): the user clicked there."""
    step_wanted = Signal(int, int)
    """(down, right): an arrow key wants the value further on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: Array | None = None
        self._ink = False
        self._mosaics = Mosaics({})
        self._picture = QImage()
        self._glass = QPixmap()
        self._scale = ("", "")
        self._told = ""
        self._marked: Pixel | None = None
        self._pointer: Pixel | None = None
        self.setMinimumSize(LEAST_SIZE)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("The map, large")

    # What is shown.

    def show_values(self, values: Array, ink: bool) -> None:
        """The picture of now: values (H, W), signed, or pixels from 0 (paper) to 1 (ink)."""
        if self._values is None or self._values.shape != values.shape or self._ink != ink:
            self._glass, self._pointer = QPixmap(), None
            self._mosaics = Mosaics({"map": Grid(1, 1, *values.shape)})
            self.update()
        self._values, self._ink = values, ink
        self._mosaics.show({"map": values})
        self._picture = ink_image(values) if ink else self._mosaics.images["map"]
        self.update(self.map_area)

    def tell(self) -> None:
        """Writes the numbers of now on the cells and below."""
        if self._values is None:
            return
        size, ratio = self.map_area.size(), self.devicePixelRatioF()
        self._glass = numbers_glass(self._values, self.level, size, ratio, self._ink)
        top = f"{self.level:.3g}"
        self._scale = ("0", "1") if self._ink else (f"−{top}", top)
        self._told = self._in_words()
        self.setAccessibleDescription(self._told)
        self.update()

    def mark(self, pixel: Pixel | None) -> None:
        """Frames the pinned value."""
        self._marked = pixel
        self._told = self._in_words()
        self.setAccessibleDescription(self._told)
        self.update()

    @property
    def level(self) -> float:
        """What full colour is."""
        return 1.0 if self._ink else self._mosaics.levels.get("map", 0.0)

    @property
    def told(self) -> str:
        """What is said of the value under the pointer, else of the pinned one."""
        return self._told

    def _in_words(self) -> str:
        pixel = self._pointer or self._marked
        if pixel is None or self._values is None:
            return ""
        y, x = pixel
        number = f"{float(self._values[y, x]):.4g}".replace("-", "−")
        pinned = "pinned · " if pixel == self._marked else ""
        return f"{pinned}x {x}, y {y} · {number}"

    # Where.

    @property
    def cell(self) -> int:
        """Pixels of the side of a value: whole ones, so that all are squares alike."""
        if self._values is None:
            return 1
        rows, columns = self._values.shape
        across, down = self.width() - 2 * EDGE, self.height() - 2 * EDGE - FOOTER
        return max(1, min(int(across // columns), int(down // rows), GREATEST_CELL))

    @property
    def map_area(self) -> QRect:
        """The map, in widget coordinates."""
        if self._values is None:
            return QRect()
        rows, columns = self._values.shape
        return QRect(EDGE, EDGE, columns * self.cell, rows * self.cell)

    def cell_area(self, pixel: Pixel) -> QRect:
        """What shows one value."""
        y, x = pixel
        return QRect(EDGE + x * self.cell, EDGE + y * self.cell, self.cell, self.cell)

    def pixel_at(self, point: QPointF) -> Pixel | None:
        """Which value stands under `point`."""
        place = point.toPoint()
        if not self.map_area.contains(place):
            return None
        return (place.y() - EDGE) // self.cell, (place.x() - EDGE) // self.cell

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Map, numbers, marks; below them the scale and the value that is asked for."""
        if self._values is None:
            return
        painter, area = QPainter(self), self.map_area
        if self._ink:  # paper may be as white as the window
            painter.setPen(theme.color(theme.tokens().line))
            painter.drawRect(area.adjusted(-1, -1, 0, 0))
        painter.drawImage(area, self._picture)
        if not self._glass.isNull():
            painter.drawPixmap(area.topLeft(), self._glass)
        self._paint_marks(painter)
        if event.region().intersects(self._footer()):
            self._paint_scale(painter)
            self._paint_words(painter)
        painter.end()

    def _paint_marks(self, painter: QPainter) -> None:
        """Frames lie on whole pixels just outside of what they frame."""
        selected = theme.tokens().selected
        if self._framed:
            painter.setPen(QPen(theme.color(selected), 1))
            painter.drawRect(self.map_area.adjusted(-2, -2, 1, 1))
        if self._pointer is not None:
            painter.setPen(QPen(theme.color(selected), 1))
            painter.drawRect(self.cell_area(self._pointer).adjusted(0, 0, -1, -1))
        if self._marked is not None:
            frame = QPen(theme.color(selected), 2)
            frame.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(frame)
            painter.drawRect(self.cell_area(self._marked))

    def _footer(self) -> QRect:
        return QRect(0, self.map_area.bottom() + 1 + EDGE, self.width(), FOOTER - EDGE)

    def _paint_scale(self, painter: QPainter) -> None:
        """The colours from −level to +level, or from paper to ink, with their numbers."""
        colors, metrics = theme.tokens(), QFontMetricsF(theme.font(theme.SMALL))
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        low, high = self._scale
        if not self.level:
            painter.drawText(self._line(), Qt.AlignmentFlag.AlignVCenter, "All values are 0.")
            return
        line, left = self._line(), float(EDGE)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, low)
        left += metrics.horizontalAdvance(low) + 7
        bar = QRectF(left, 0, BAR.width(), BAR.height())
        bar.moveTop(line.center().y() - BAR.height() / 2)
        painter.fillRect(bar, self._gradient(bar))
        painter.setPen(theme.color(colors.line))
        painter.drawRect(bar.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setPen(theme.color(colors.muted))
        line.setLeft(bar.right() + 7)
        what = " · ink" if self._ink else ""
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, f"{high}{what}")

    def _gradient(self, bar: QRectF) -> QLinearGradient:
        table = theme.ink_table() if self._ink else theme.signed_table()
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        stops = (0, 255) if self._ink else (1, 128, 255)
        for place, entry in enumerate(stops):
            red, green, blue = table[entry].tolist()
            share = place / (len(stops) - 1)
            gradient.setColorAt(share, theme.color(f"#{red:02x}{green:02x}{blue:02x}"))
        return gradient

    def _line(self) -> QRectF:
        """The line of text below the map; as wide as it, or as the words need."""
        footer = QRectF(self._footer()).adjusted(EDGE, 8, 0, -4)
        footer.setRight(min(max(self.map_area.right() + 1.0, LEAST_SIZE.width()), self.width()))
        return footer

    def _paint_words(self, painter: QPainter) -> None:
        painter.setFont(theme.font(theme.SMALL, QFont.Weight.Medium))
        painter.setPen(theme.color(theme.tokens().text))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self._line(), flags, self._told)

    # Events.

    def _point(self, pixel: Pixel | None) -> None:
        if pixel != self._pointer:
            self._pointer = pixel
            self._told = self._in_words()
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks for a value."""
        self._point(self.pixel_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click wants the value under it."""
        pixel = self.pixel_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and pixel is not None:
            self.pixel_pressed.emit(*pixel)

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer asks no more."""
        self._point(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk over the values."""
        key = Qt.Key(event.key())
        if key not in ARROWS or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            super().keyPressEvent(event)
            return
        self._point(None)
        self.step_wanted.emit(*ARROWS[key])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other cells have other numbers."""
        super().resizeEvent(event)
        self._glass = QPixmap()
        if self.isVisible():
            self.tell()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and self._values is not None:
            self.show_values(self._values, self._ink)
            self.tell()
        super().changeEvent(event)
