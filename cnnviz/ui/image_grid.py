"""Test images side by side, with what they are, what they were read as, and how surely."""

from collections.abc import Sequence
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
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QPen, QResizeEvent
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
from cnnviz.core.scales import percent
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import picture

SIDE, PAD = 60, 4
"""Pixels of a picture, and around it."""
LINE = 15
TILE = QSize(88, SIDE + 2 * LINE + 3 * PAD)
MOST_PICTURES = 1000
"""Kept at most; beyond that all are made anew at sight."""
MOST_SHOWN = 2000
"""Images in a grid; nobody looks at more, and Qt takes its time to lay them out."""
WIDEST = 138
"""Pixels of a tile, at most; it is wider than TILE where classes have long names."""
ARROW = " → "
PLAIN, BOLD = QFont.Weight.Normal, QFont.Weight.DemiBold
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


@dataclass(frozen=True, eq=False)
class Images:
    """Which test images, in order, what is known of them, and a few words below each."""

    dataset: Dataset
    answer: Answer
    numbers: NDArray[np.int64]
    notes: list[str]


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
        self.size = TILE

    def forget(self) -> None:
        """Drops the pictures made so far."""
        self._pictures.clear()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All alike."""
        return self.size

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
        chosen = number == self._session.test_image
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
        right = finite and label == chosen
        answer, color = names[chosen] if finite else "?", colors.good if right else colors.bad
        words = [answer] if right else shortened([names[label], answer], line.width())
        parts = [(words[-1], color, BOLD)]
        if not right:
            parts = [(words[0], colors.text, PLAIN), (ARROW, colors.text, PLAIN), *parts]
        sure = f"  {percent(float(images.answer.confidences[number]), 0)}"
        if _width(parts) + _width([(sure, "", PLAIN)]) <= line.width():
            parts.append((sure, colors.muted, PLAIN))
        _paint_centred(painter, line, parts)
        _paint_centred(painter, line.translated(0, LINE - 1), [(note, colors.muted, PLAIN)])


Part = tuple[str, str, QFont.Weight]
"""A text, its colour and its weight."""


def _metrics(weight: QFont.Weight) -> QFontMetricsF:
    return QFontMetricsF(theme.font(theme.SMALL, weight))


def _width(parts: Sequence[Part]) -> float:
    return sum(_metrics(weight).horizontalAdvance(text) for text, _, weight in parts)


def shortened(names: Sequence[str], room: float) -> list[str]:
    """Two names such that they fit into `room` pixels with an arrow between them."""
    metrics = _metrics(BOLD)
    room -= metrics.horizontalAdvance(ARROW) + 2
    one, other = (metrics.horizontalAdvance(name) for name in names)
    if one + other <= room:
        return list(names)
    widths = max(room / 2, room - other), max(room / 2, room - one)
    elide = Qt.TextElideMode.ElideRight
    return [
        metrics.elidedText(name, elide, width) for name, width in zip(names, widths, strict=True)
    ]


def _paint_centred(painter: QPainter, line: QRect, parts: Sequence[Part]) -> None:
    """Texts one after the other, each in its colour."""
    x = line.x() + max((line.width() - _width(parts)) / 2, 0)
    for text, color, weight in parts:
        painter.setFont(theme.font(theme.SMALL, weight))
        painter.setPen(theme.color(color))
        box = QRectF(x, line.y(), line.right() + 1 - x, line.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
        x += _width([(text, color, weight)])


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
        self.setAutoScroll(False)
        # Not the current one: that changes when the keyboard comes along, too.
        self.selectionModel().selectionChanged.connect(self._choose)
        self.clicked.connect(self._bring_back)
        session.image_changed.connect(self._mark)
        session.run_changed.connect(self._forget)

    def show_images(self, images: Images | None) -> None:
        """Others; how far one has scrolled stays, as far as there are so many."""
        scroll = self.verticalScrollBar().value()
        self.images.show_images(images)
        self._share_width()
        self._mark_among()
        self.verticalScrollBar().setValue(scroll)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tiles share the width out."""
        self._share_width()
        super().resizeEvent(event)

    def _share_width(self) -> None:
        images, width = self.images.images, self.viewport().width() - 2
        names = images.dataset.class_names if images else ()
        longest = max((_metrics(BOLD).horizontalAdvance(name) for name in names), default=0)
        wanted = min(max(TILE.width(), int(2 * longest) + 26), WIDEST)
        across = width // max(width // wanted, 1)
        self._delegate.size = QSize(min(across, WIDEST + 20), TILE.height())
        if self.gridSize().width() != across:
            self.setGridSize(QSize(across, TILE.height()))

    @Slot()
    def _choose(self) -> None:
        number = self.images.number_at(self.currentIndex())
        if number is not None and number != self._session.image_index:
            self._session.choose_image(number)

    @Slot(QModelIndex)
    def _bring_back(self, index: QModelIndex) -> None:
        """The image that was shown before a drawing or a picture took its place."""
        number = self.images.number_at(index)
        if number is not None and self._session.test_image is None:
            self._session.choose_image(number)

    @Slot()
    def _forget(self) -> None:
        self._delegate.forget()

    @Slot()
    def _mark(self) -> None:
        """Another image is chosen: it is brought into view if it is here."""
        if self.isVisible() and (index := self._mark_among()).isValid():
            self.scrollTo(index)

    def _mark_among(self) -> QModelIndex:
        """The session's image in its frame; the keyboard goes on from there."""
        images, index = self.images.images, QModelIndex()
        numbers = images.numbers if images else np.empty(0, np.int64)
        rows = np.flatnonzero(numbers == self._session.image_index)
        if rows.size:
            index = self.images.index(int(rows[0]))
            self.setCurrentIndex(index)
        self.viewport().update()
        return index

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_delegate"):
            self._delegate.forget()
            self.viewport().update()
        super().changeEvent(event)
