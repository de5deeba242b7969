"""The grid of thumbnails of test images: which there are, how each is painted, five in a line."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPointF,
    QRectF,
    QSizeF,
    Qt,
)
from PySide6.QtGui import QImage, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import picture
from cnnviz.ui.widgets.table import NOWHERE, Index

COLUMNS = 5
CELL = 36
MOST_PICTURES = 2000
"""Thumbnails kept at most; beyond that all are made anew at sight."""


class DigitsModel(QAbstractTableModel):
    """Which test images the grid shows, row by row."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.images: NDArray[np.int64] = np.empty(0, np.int64)
        """Their indices in the test set, in the order of the grid."""

    def show_class(self, label: int | None, among: NDArray[np.int64] | None = None) -> None:
        """Only images of one class, or all of them; with `among` only those that are in it."""
        self.beginResetModel()
        dataset = self._session.dataset
        labels = dataset.test.labels if dataset else np.empty(0, np.int64)
        chosen = np.arange(len(labels)) if among is None else among
        self.images = chosen if label is None else chosen[labels[chosen] == label]
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Lines of the grid."""
        return 0 if parent.isValid() else -(-len(self.images) // COLUMNS)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Images in a line."""
        return 0 if parent.isValid() else COLUMNS

    def image_at(self, index: Index) -> int | None:
        """The test image of a cell; None for the empty rest of the last line."""
        place = index.row() * COLUMNS + index.column()
        return int(self.images[place]) if 0 <= place < len(self.images) else None

    def index_of(self, image: int) -> QModelIndex:
        """The cell of a test image; an invalid index if it is filtered out."""
        place = int(np.searchsorted(self.images, image))
        if place == len(self.images) or self.images[place] != image:
            return QModelIndex()
        return self.index(place // COLUMNS, place % COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        """What a cell is, for tooltips and screen readers."""
        image, dataset = self.image_at(index), self._session.dataset
        roles = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        if image is None or dataset is None or role not in roles:
            return None
        name = dataset.class_names[dataset.test.labels[image]]
        return f"Test image {theme.spaced(image)}, label {name}"

    def flags(self, index: Index) -> Qt.ItemFlag:
        """The empty rest of the last line cannot be chosen."""
        if self.image_at(index) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class DigitDelegate(QStyledItemDelegate):
    """Paints a thumbnail; the chosen one in a yellow frame."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._pictures: dict[int, QImage] = {}

    def forget(self) -> None:
        """Drops the pictures made so far: other data, or another theme."""
        self._pictures.clear()

    def _picture(self, image: int) -> QImage:
        """The thumbnail of a test image, made at first sight."""
        dataset = self._session.dataset
        if image not in self._pictures and dataset is not None:
            if len(self._pictures) >= MOST_PICTURES:
                self.forget()
            pixels, _ = dataset.test.batch(np.array([image]))
            self._pictures[image] = picture(pixels[0])
        return self._pictures[image]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One cell."""
        model, dataset = index.model(), self._session.dataset
        image = model.image_at(index) if isinstance(model, DigitsModel) else None
        if image is None or dataset is None:
            return
        colors = theme.tokens()
        frame = QRectF(option.rect).adjusted(2, 2, -2, -2)
        inside, shown = frame.adjusted(1, 1, -1, -1), self._picture(image)
        size = QSizeF(shown.size()).scaled(inside.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(QPointF(), size)
        place.moveCenter(inside.center())
        # The table has filled a selected cell with orange, which is for numbers.
        painter.fillRect(option.rect, theme.color(colors.background))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, shown)
        chosen = image == self._session.test_image
        painter.setPen(
            QPen(theme.color(colors.selected if chosen else colors.line), 2 if chosen else 1)
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)


class DigitsGrid(QTableView):
    """A table whose square cells fill its width."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Five cells a line, whatever the width."""
        side = max(CELL, self.viewport().width() // COLUMNS)
        self.horizontalHeader().setDefaultSectionSize(side)
        self.verticalHeader().setDefaultSectionSize(side)
        super().resizeEvent(event)
