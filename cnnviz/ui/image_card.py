"""One image large, and what is known of it beside it."""

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from cnnviz.ui import theme

CARD = 116
"""Pixels of the large digit."""


class ImageCard(QWidget):
    """`show_image` for another one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout(self)
        row.setContentsMargins(CARD + 14, 2, 0, 0)
        row.addWidget(self.words)
        self.setFixedHeight(CARD + 2)

    def sizeHint(self) -> QSize:
        """Room for both."""
        return QSize(CARD + 180, CARD + 2)

    def show_image(self, image: QImage | None, words: str) -> None:
        """Another image, or none."""
        self._image = image
        self.words.setText(words)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, as large as there is room, its pixels as they are."""
        if self._image is None:
            return
        painter = QPainter(self)
        size = QSizeF(self._image.size())
        size.scale(QSizeF(CARD, CARD), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(1, 1, size.width(), size.height())
        painter.drawImage(place, self._image)
        painter.setPen(theme.color(theme.tokens().line))
        painter.drawRect(place)
        painter.end()
