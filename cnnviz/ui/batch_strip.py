"""The images of one batch in a row, each with label, loss and number; one of them is chosen."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollArea, QWidget

from cnnviz.core.microscope import Dissection
from cnnviz.core.receptive_field import INPUT
from cnnviz.ui import theme
from cnnviz.ui.widgets.key_framed import KeyFramed
from cnnviz.ui.widgets.mosaic import picture

TILE, PITCH, TEXT = 40, 56, 44
"""Pixels: an image's side, from one to the next, and what stands below it."""
EDGE = 4
SCROLL_BAR = 8
HEIGHT = TILE + TEXT + 2 * EDGE
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -8, Qt.Key.Key_PageDown: 8}


class BatchStrip(QScrollArea):
    """Scrolls sideways; `chosen` tells the number of an image in the batch."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = ImageRow()
        self.row.chosen.connect(self._choose)
        self.setWidget(self.row)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(HEIGHT + SCROLL_BAR)

    def show_batch(self, dissection: Dissection, classes: Sequence[str]) -> None:
        """Another batch; its first image is chosen."""
        self.row.show_batch(dissection, classes)
        self.horizontalScrollBar().setValue(0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """There is only one way to scroll."""
        bar, turned = self.horizontalScrollBar(), event.angleDelta()
        bar.setValue(bar.value() - (turned.y() or turned.x()))
        event.accept()

    def _choose(self, image: int) -> None:
        self.ensureVisible(image * PITCH + PITCH // 2, HEIGHT // 2, PITCH, 0)
        self.chosen.emit(image)


class ImageRow(KeyFramed):
    """Paints what is in sight; pictures are made when they come into it."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._seen: Dissection | None = None
        self._classes: Sequence[str] = ()
        self._pictures: dict[int, QImage] = {}
        self.image = 0
        """The chosen one."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Images of the batch")
        self.setToolTip(
            "The images of the batch: label, loss, number. Red: taken for another class"
        )
        self.setFixedHeight(HEIGHT)

    def show_batch(self, dissection: Dissection, classes: Sequence[str]) -> None:
        """Another batch."""
        self._seen, self._classes, self._pictures, self.image = dissection, classes, {}, 0
        self.setFixedSize(self.sizeHint())
        self._describe()
        self.update()

    def sizeHint(self) -> QSize:
        """All images."""
        count = len(self._seen.labels) if self._seen else 0
        return QSize(2 * EDGE + count * PITCH, HEIGHT)

    def in_words(self, image: int) -> str:
        """An image, its label, its loss."""
        if self._seen is None:
            return ""
        name = self._classes[int(self._seen.labels[image])]
        return f"Image {image}, label {name}, loss {self._seen.losses[image]:.4g}"

    def _describe(self) -> None:
        self.setAccessibleDescription(self.in_words(self.image))

    def _picture(self, image: int) -> QImage:
        assert self._seen
        if image not in self._pictures:
            self._pictures[image] = picture(self._seen.outputs[INPUT][image])
        return self._pictures[image]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Those that are in sight."""
        if self._seen is None:
            return
        painter, colors = QPainter(self), theme.tokens()
        first = max((event.rect().left() - EDGE) // PITCH, 0)
        last = min((event.rect().right() - EDGE) // PITCH, len(self._seen.labels) - 1)
        right = self._seen.logits.argmax(axis=1) == self._seen.labels
        for image in range(first, last + 1):
            self._paint(painter, image, bool(right[image]))
        if self._framed:
            painter.setPen(theme.color(colors.selected))
            painter.drawRect(self.visibleRegion().boundingRect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint(self, painter: QPainter, image: int, right: bool) -> None:
        assert self._seen
        colors, cell = theme.tokens(), QRectF(EDGE + image * PITCH, EDGE, PITCH - 8, HEIGHT)
        shown = self._picture(image)
        scale = TILE / max(shown.width(), shown.height())
        place = QRectF(0, 0, shown.width() * scale, shown.height() * scale)
        place.moveCenter(QRectF(cell.x(), EDGE, cell.width(), TILE).center())
        painter.drawImage(place, shown)
        if image == self.image:
            painter.setPen(QPen(theme.color(colors.selected), 2))
            painter.drawRect(place.adjusted(-1, -1, 1, 1))
        name, loss = self._classes[int(self._seen.labels[image])], float(self._seen.losses[image])
        painter.setFont(theme.font(theme.SMALL, QFont.Weight.DemiBold))
        painter.setPen(theme.color(colors.text if right else colors.bad))
        line = QRectF(cell.x() - 3, EDGE + TILE + 2, cell.width() + 6, 14)
        center = Qt.AlignmentFlag.AlignCenter
        elided = painter.fontMetrics().elidedText(
            name, Qt.TextElideMode.ElideRight, int(line.width())
        )
        painter.drawText(line, center, elided)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        text = f"{loss:.2g}" if np.isfinite(loss) else "–"
        painter.drawText(line.translated(0, 13), center, text)
        painter.drawText(line.translated(0, 27), center, f"no. {image}")

    def area_of(self, image: int) -> QRect:
        """Where an image stands."""
        return QRect(EDGE + image * PITCH, EDGE, TILE, TILE)

    def choose(self, image: int) -> None:
        """Chooses one of those there are."""
        if self._seen is None or not 0 <= image < len(self._seen.labels) or image == self.image:
            return
        self.image = image
        self._describe()
        self.update()
        self.chosen.emit(image)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The image under the pointer."""
        self.choose(int((event.position().x() - EDGE) // PITCH))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go on by one, Page keys by eight."""
        key = Qt.Key(event.key())
        if self._seen is None or key not in STEPS:
            super().keyPressEvent(event)
            return
        self.choose(min(max(self.image + STEPS[key], 0), len(self._seen.labels) - 1))
