"""One image that excites a map: a button with its picture, the patch that did it, and its value."""

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from cnnviz.core.excitement import Find
from cnnviz.core.receptive_field import Field
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.widgets.mosaic import picture

SIDE, WIDTH = 84, 112
"""Pixels of the picture, and of the words below it."""
MARGIN = 3
CAPTION = 34
"""Height of two lines."""
TILE = QSize(WIDTH + 2 * MARGIN, SIDE + 2 * MARGIN + CAPTION)


class ExcitementTile(QAbstractButton):
    """Pressed, it wants its image to be chosen and its value to be pinned."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.found: Find | None = None
        self._image: Array | None = None
        self._picture = QImage()
        self._patch = QRect()
        self._label = ""
        self._chosen = False
        self.setFixedSize(TILE)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def show_find(self, find: Find, image: Array, label: str, seen: Field) -> None:
        """Another image (C, H, W), and what the value `seen` of it is."""
        self.found, self._image, self._label = find, image, label
        self._picture = picture(image)
        rows, columns = seen.axes[1:]
        top, left, bottom, right = (int(k) for k in (rows[0], columns[0], rows[-1], columns[-1]))
        self._patch = QRect(left, top, right - left + 1, bottom - top + 1)
        _, y, x = find.place.index
        what = f"Test image {theme.spaced(find.image)}, label {label}"
        self.setAccessibleName(f"{what}, value {_number(find)} at x {x}, y {y}")
        self.setToolTip(f"{what}\n{_number(find)} at x {x}, y {y}\nClick to choose it")
        self.update()

    def set_chosen(self, chosen: bool) -> None:
        """Whether the session shows this image."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.update()

    @property
    def picture_area(self) -> QRect:
        """Where the picture stands: pixels of whole size if it is not too large, in the middle."""
        longest = max(self._picture.width(), self._picture.height(), 1)
        cell = SIDE // longest if longest <= SIDE else SIDE / longest
        area = QRect(
            0, 0, round(self._picture.width() * cell), round(self._picture.height() * cell)
        )
        area.moveCenter(QRect(MARGIN, MARGIN, SIDE, SIDE).center())
        return area

    @property
    def patch_area(self) -> QRect:
        """Where the patch is that the value sees."""
        area = self.picture_area
        across, down = area.width() / self._picture.width(), area.height() / self._picture.height()
        left, top = round(self._patch.x() * across), round(self._patch.y() * down)
        right = round((self._patch.right() + 1) * across)
        bottom = round((self._patch.bottom() + 1) * down)
        return QRect(area.x() + left, area.y() + top, right - left, bottom - top)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Picture, patch, value, label and number."""
        if self.found is None:
            return
        painter, colors = QPainter(self), theme.tokens()
        if self.underMouse() or self.isDown():
            painter.fillRect(self.rect(), theme.color(colors.raised))
        area = self.picture_area
        painter.drawImage(area, self._picture)
        painter.setPen(theme.color(colors.line))
        painter.drawRect(area.adjusted(-1, -1, 0, 0))
        frame = QPen(theme.color(colors.selected), 2)
        frame.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(frame)
        painter.drawRect(self.patch_area.adjusted(1, 1, -1, -1))
        self._paint_caption(painter)
        if self.hasFocus():
            painter.setPen(theme.color(colors.selected))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_caption(self, painter: QPainter) -> None:
        if self.found is None:
            return
        colors = theme.tokens()
        line = QRect(MARGIN, SIDE + 2 * MARGIN, WIDTH, CAPTION // 2)
        flags = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font(theme.SMALL, QFont.Weight.DemiBold))
        painter.setPen(theme.color(colors.text))
        painter.drawText(line, flags, _number(self.found))
        if self._chosen:
            painter.setPen(theme.color(colors.selected))
            painter.drawText(line, flags | Qt.AlignmentFlag.AlignRight, "chosen")
        line.translate(0, CAPTION // 2 - 2)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        text = f"label {self._label} · No. {theme.spaced(self.found.image)}"
        metrics = painter.fontMetrics()
        painter.drawText(line, flags, metrics.elidedText(text, Qt.TextElideMode.ElideRight, WIDTH))

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and self._image is not None:
            self._picture = picture(self._image)
            self.update()
        super().changeEvent(event)


def _number(find: Find) -> str:
    return f"{find.value:.4g}".replace("-", "−")
