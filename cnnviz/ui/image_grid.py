"""Test images side by side, with what they are, what they were read as, and how surely."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    QSizeF,
    Qt,
    Slot,
)
from PySide6.QtGui import QFont, QFontMetrics, QImage, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from cnnviz.core.datasets import Dataset
from cnnviz.core.examination import Answer
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import picture

SIDE, PAD = 60, 4
"""Pixels of a picture, and around it."""
LINE = 15
TILE = QSize(88, SIDE + 2 * LINE + 3 * PAD)
MOST_PICTURES = 1000
"""Kept at most; beyond that all are made anew at sight."""
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


@dataclass(frozen=True, eq=False)
class Images:
    """Which test images, in order, what is known of them, and a few words below each."""

    dataset: Dataset
    answer: Answer
    numbers: NDArray[np.int64]
    notes: list[str]


def percent(share: float, digits: int = 1) -> str:
    """A share as 98.7 %, or a dash if it is none; never 100 % for what is less."""
    if not np.isfinite(share):
        return "–"
    text = f"{100 * share:.{digits}f}"
    if text == f"{100:.{digits}f}" and share < 1:
        text = f"> {100 - 10.0**-digits:.{digits}f}"
    return f"{text}{theme.THIN_SPACE}%"


class ImagesModel(QAbstractListModel):
    """The images as Qt, and a screen reader, ask for them."""

    def __init__(self) -> None:
        super().__init__()
        self.images: Images | None = None

    def show_images(self, images: Images | None) -> None:
        """Others."""
        self.beginResetModel()
        self.images = images
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """How many there are."""
        return 0 if parent.isValid() or self.images is None else len(self.images.numbers)

    def number_at(self, index: Index) -> int | None:
        """Which test image it is."""
        return int(self.images.numbers[index.row()]) if self.images and index.isValid() else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What it is in words; how it looks is the delegate's business."""
        number, images = self.number_at(index), self.images
        if number is None or images is None:
            return None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return in_words(images, number)
        return None


def in_words(images: Images, number: int) -> str:
    """Such as: Test image 247, label 4, read as 2 at 93.1 %, 5.2 % for its label."""
    names, evaluation = images.dataset.class_names, images.answer.evaluation
    label, chosen = int(evaluation.labels[number]), int(evaluation.predictions[number])
    text = f"Test image {theme.spaced(number)}, label {names[label]}"
    if not np.isfinite(evaluation.losses[number]):
        return f"{text}; the network gave no number"
    text += f", read as {names[chosen]} at {percent(float(images.answer.confidences[number]))}"
    if label != chosen:
        given = float(np.exp(-evaluation.losses[number]))
        text += f", {percent(given, 2)} for its label"
    return text


class ImageDelegate(QStyledItemDelegate):
    """Paints a tile; the session's image in a yellow frame."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._pictures: dict[int, QImage] = {}

    def forget(self) -> None:
        """Drops the pictures made so far."""
        self._pictures.clear()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All alike."""
        return TILE

    def _picture(self, dataset: Dataset, number: int) -> QImage:
        if number not in self._pictures:
            if len(self._pictures) >= MOST_PICTURES:
                self.forget()
            pixels, _ = dataset.test.batch(np.array([number]))
            self._pictures[number] = picture(pixels[0])
        return self._pictures[number]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One tile."""
        model = index.model()
        images = model.images if isinstance(model, ImagesModel) else None
        if images is None:
            return
        number, colors, rect = int(images.numbers[index.row()]), theme.tokens(), option.rect
        lit = bool(option.state & QStyle.StateFlag.State_MouseOver)
        # The view has filled a selected tile with orange, which is for numbers.
        painter.fillRect(rect, theme.color(colors.raised if lit else colors.background))
        shown = self._picture(images.dataset, number)
        box = QRectF(rect.x() + (rect.width() - SIDE) / 2, rect.y() + PAD, SIDE, SIDE)
        size = QSizeF(shown.size()).scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(box.topLeft(), size)
        place.moveCenter(box.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, shown)
        chosen = number == self._session.image_index
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.color(colors.selected if chosen else colors.line), 2 if chosen else 1)
        painter.setPen(pen)
        painter.drawRoundedRect(box.adjusted(-1.5, -1.5, 1.5, 1.5), 3, 3)
        words = QRect(rect.x() + 2, rect.y() + SIDE + 2 * PAD, rect.width() - 4, LINE)
        self._paint_words(painter, words, images, number, images.notes[index.row()])

    def _paint_words(
        self, painter: QPainter, line: QRect, images: Images, number: int, note: str
    ) -> None:
        colors, evaluation = theme.tokens(), images.answer.evaluation
        names = images.dataset.class_names
        label, chosen = int(evaluation.labels[number]), int(evaluation.predictions[number])
        finite = bool(np.isfinite(evaluation.losses[number]))
        answer = names[chosen] if finite else "?"
        right = finite and label == chosen
        parts = [(answer, colors.good if right else colors.bad, QFont.Weight.DemiBold)]
        if not right:
            parts.insert(0, (f"{names[label]} → ", colors.text, QFont.Weight.Normal))
        parts.append(
            (
                f"  {percent(float(images.answer.confidences[number]), 0)}",
                colors.muted,
                QFont.Weight.Normal,
            )
        )
        _paint_centred(painter, line, parts)
        line = line.translated(0, LINE - 1)
        _paint_centred(painter, line, [(note, colors.muted, QFont.Weight.Normal)])


def _paint_centred(
    painter: QPainter, line: QRect, parts: list[tuple[str, str, QFont.Weight]]
) -> None:
    """Texts one after the other, each in its colour; shortened if they are too long."""
    flags, elide = Qt.AlignmentFlag.AlignVCenter, Qt.TextElideMode.ElideRight
    fonts = [theme.font(theme.SMALL, weight) for _, _, weight in parts]
    widths = [
        QFontMetrics(font).horizontalAdvance(text)
        for (text, _, _), font in zip(parts, fonts, strict=True)
    ]
    x = line.x() + max((line.width() - sum(widths)) // 2, 0)
    for (text, color, _), font, width in zip(parts, fonts, widths, strict=True):
        room = line.right() + 1 - x
        if room <= 0:
            return
        painter.setFont(font)
        painter.setPen(theme.color(color))
        shown = QFontMetrics(font).elidedText(text, elide, room)
        painter.drawText(QRect(x, line.y(), room, line.height()), flags, shown)
        x += width


class ImageGrid(QListView):
    """As many tiles in a line as there is room for; choosing one chooses the session's image."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.images = ImagesModel()
        self.setModel(self.images)
        self._delegate = ImageDelegate(session, self)
        self.setItemDelegate(self._delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName("Test images")
        self.setToolTip("Click an image to take it through the network")
        self.clicked.connect(self._choose)
        self.selectionModel().currentChanged.connect(self._choose)
        session.image_changed.connect(self._mark)
        session.run_changed.connect(self._forget)

    def show_images(self, images: Images | None) -> None:
        """Others; where the same numbers stand in the same order, the place in them stays."""
        before, scroll = self.images.images, self.verticalScrollBar().value()
        same = before and images and np.array_equal(before.numbers, images.numbers)
        self.images.show_images(images)
        self._mark(follow=not same)
        if same:
            self.verticalScrollBar().setValue(scroll)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tiles share the width out."""
        width = self.viewport().width() - 2
        columns = max(width // TILE.width(), 1)
        self.setGridSize(QSize(width // columns, TILE.height()))
        super().resizeEvent(event)

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        number = self.images.number_at(index)
        if number is not None and number != self._session.image_index:
            self._session.choose_image(number)

    @Slot()
    def _forget(self) -> None:
        self._delegate.forget()

    @Slot()
    def _mark(self, follow: bool = True) -> None:
        """The session's image in its frame; the keyboard goes on from there."""
        images = self.images.images
        numbers = images.numbers if images else np.empty(0, np.int64)
        rows = np.flatnonzero(numbers == self._session.image_index)
        if rows.size:
            index = self.images.index(int(rows[0]))
            self.setCurrentIndex(index)
            if follow:
                self.scrollTo(index)
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_delegate"):
            self._delegate.forget()
            self.viewport().update()
        super().changeEvent(event)
