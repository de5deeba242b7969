"""The classes of a data set: how many images each has to learn from and to test on, and a few."""

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from cnnviz.core.datasets import Dataset, Report
from cnnviz.ui import theme
from cnnviz.ui.widgets.mosaic import picture
from cnnviz.ui.widgets.table import PAD, Cell, CellDelegate, Column, Index, QuietTable

COLUMNS = (
    Column("Class", "The name of its folder, or what the file calls it", 170, False),
    Column("To learn from", "How many images of this class train the network", 170),
    Column("To test on", "How many are kept back; the network never learns from them", 170),
    Column("The first images to learn from", "As the network will get them", 0, False),
)
IMAGES = 3
"""The column with pictures."""
ROW, THUMB, GAP = 42, 34, 4
"""Pixels."""
MOST_THUMBS = 40
"""Of each class."""


class DataClasses(QuietTable):
    """A row a class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self.setAccessibleName("Images of each class")
        self.verticalHeader().setDefaultSectionSize(ROW)
        self._pictures = _Pictures(self)
        self.setItemDelegateForColumn(IMAGES, self._pictures)

    def show_data(self, dataset: Dataset, report: Report) -> None:
        """Shows another data set."""
        self._pictures.show_data(dataset)
        most = max((*report.train, *report.test, 1))
        self.cells.show_cells([])
        self.cells.show_cells(
            [
                [Cell(name, tip=name), _counted(train, most), _counted(test, most), Cell("")]
                for name, train, test in zip(
                    report.class_names, report.train, report.test, strict=True
                )
            ]
        )

    def forget(self) -> None:
        """Shows nothing, and lets go of the images."""
        self._pictures.show_data(None)
        self.cells.show_cells([])

    def changeEvent(self, event: QEvent) -> None:
        """Ink is another in another theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_pictures"):
            self._pictures.forget()
        super().changeEvent(event)


def _counted(count: int, most: int) -> Cell:
    color = "text" if count else "bad"
    return Cell(theme.spaced(count), color, bar=(count / most, "negative"))


class _Pictures(CellDelegate):
    """Paints the first images of a class, as many as there is room for; made at first sight."""

    def __init__(self, table: QuietTable) -> None:
        super().__init__(table)
        self._dataset: Dataset | None = None
        self._made: dict[int, list[QImage]] = {}

    def show_data(self, dataset: Dataset | None) -> None:
        """The images come from there."""
        self._dataset = dataset
        self.forget()

    def forget(self) -> None:
        """Makes all pictures anew."""
        self._made.clear()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One row's images."""
        super().paint(painter, option, index)
        rect = QRectF(option.rect)
        x, top = rect.left() + PAD, rect.center().y() - THUMB / 2
        for image in self._pictures_of(index.row()):
            size = QSizeF(image.size()).scaled(THUMB * 2, THUMB, Qt.AspectRatioMode.KeepAspectRatio)
            if x + size.width() > rect.right() - PAD:
                return
            few_pixels = size.height() >= 3 * image.height()  # then each of them is to be seen
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not few_pixels)
            place = QRectF(x, top + (THUMB - size.height()) / 2, size.width(), size.height())
            painter.drawImage(place, image)
            x += size.width() + GAP

    def _pictures_of(self, label: int) -> list[QImage]:
        if label not in self._made and self._dataset:
            train = self._dataset.train
            first = np.flatnonzero(train.labels == label)[:MOST_THUMBS]
            images, _ = train.batch(first)
            self._made[label] = [picture(image) for image in images]
        return self._made.get(label, [])
