"""The test set as a grid of thumbnails: choose a digit by eye, by class or by its number."""

import re
from html import escape

import numpy as np
from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
    Slot,
)
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.scales import percent
from cnnviz.ui import theme
from cnnviz.ui.digits_grid import CELL, COLUMNS, DigitDelegate, DigitsGrid, DigitsModel
from cnnviz.ui.mistaken_digits import MistakenDigits
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.number_fields import dress

LEAST_CHIPS, MOST_CHIPS = 3, 11
"""In a row, by the length of the class names."""
MISTAKES, SEEKING = "Mistakes only", "Looking for mistakes …"
MISTAKES_TIP = (
    "Only images that the network takes for another class at the moment that is looked at; while "
    "it trains, at the end of each epoch. The window of mistakes (W) knows more."
)


class DigitsView(QWidget):
    """Class chips, number field, grid, and what the network says of the chosen digit."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = DigitsModel(session)
        self._wants_first = False
        self._chips = QButtonGroup(self)
        self._chips.setExclusive(True)
        self._chips.idClicked.connect(self._choose_class)
        self._chip_rows = QGridLayout()
        self._chip_rows.setHorizontalSpacing(2)
        self._chip_rows.setVerticalSpacing(3)
        self.heading = QLabel("Digits")
        self.heading.setProperty("heading", "true")
        self._count = QLabel()
        self._count.setProperty("small", "true")
        self.number = self._make_number()
        self.mistaken = MistakenDigits(session, self)
        self.mistakes_button = self._make_mistakes_button()
        self.grid = self._make_grid()
        self._verdict = QLabel()
        self._verdict.setTextFormat(Qt.TextFormat.RichText)
        self._verdict.setWordWrap(True)
        self._arrange()
        session.run_changed.connect(self._show_dataset)
        self._marked = QPersistentModelIndex()
        session.image_changed.connect(self._show_image)
        session.image_changed.connect(self._show_verdict)
        session.times_changed.connect(self._show_verdict)
        session.status_changed.connect(self._follow_status)
        self._show_dataset()
        self._show_verdict()

    def step_image(self, by: int) -> None:
        """Goes to the next image of the grid, or the one before."""
        images, now = self.model.images, self._session.image_index
        place = int(np.searchsorted(images, now)) + by
        if by > 0 and now not in images:  # filtered out: what comes after it is in its place
            place -= 1
        if 0 <= place < len(images):
            self._session.choose_image(int(images[place]))

    def _make_number(self) -> QSpinBox:
        number = QSpinBox()
        number.setPrefix("No.  ")
        dress(number)
        number.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        number.setToolTip("The image's number in the test set (Ctrl+G)")
        number.setAccessibleName("Number of the chosen image in the test set")
        number.valueChanged.connect(self._session.choose_image)
        number.lineEdit().returnPressed.connect(self._choose_number)
        return number

    def _make_mistakes_button(self) -> QToolButton:
        button = QToolButton()
        button.setCheckable(True)
        button.setProperty("choice", "true")
        button.setText(MISTAKES)
        button.setAccessibleName("Show only mistakes")
        button.setToolTip(MISTAKES_TIP)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.toggled.connect(self._watch_mistakes)
        self.mistaken.changed.connect(self._show_mistakes)
        return button

    def _make_grid(self) -> QTableView:
        grid = DigitsGrid()
        grid.setModel(self.model)
        self._delegate = DigitDelegate(self._session, grid)
        grid.setItemDelegate(self._delegate)
        grid.setShowGrid(False)
        grid.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        grid.setTabKeyNavigation(False)
        grid.setAccessibleName("Test images")
        grid.setToolTip("Click a digit, or move with the arrow keys")
        grid.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for header in (grid.horizontalHeader(), grid.verticalHeader()):
            header.hide()
            header.setMinimumSectionSize(CELL)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setDefaultSectionSize(CELL)
        grid.selectionModel().currentChanged.connect(self._choose_cell)
        grid.clicked.connect(self._choose_clicked)
        return grid

    def _arrange(self) -> None:
        title = QHBoxLayout()
        title.addWidget(self.heading)
        title.addWidget(self._count)
        title.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 14, 10, 12)
        column.setSpacing(9)
        column.addLayout(title)
        column.addLayout(self._chip_rows)
        column.addWidget(self.mistakes_button)
        column.addWidget(self.number)
        column.addWidget(self.grid, 1)
        column.addWidget(self._verdict)
        self.setMinimumWidth(COLUMNS * CELL + 24 + 10)

    @Slot()
    def _show_dataset(self) -> None:
        """Chips and grid for the data of this run; the same data keep their filter."""
        dataset = self._session.dataset
        if dataset is None:
            return
        self._delegate.forget()
        self.heading.setText("Digits" if all(map(str.isdigit, dataset.class_names)) else "Images")
        names = ["all", *dataset.class_names]
        if [button.text() for button in self._chips.buttons()] != names:
            self._make_chips(names)
        with QSignalBlocker(self.number):
            self.number.setMaximum(len(dataset.test) - 1)
        if self._session.test_image is None:  # another picture stays in sight
            self._show_class(self._chips.checkedId())
        else:
            self._choose_class(self._chips.checkedId())

    def _make_chips(self, names: list[str]) -> None:
        for button in self._chips.buttons():
            self._chips.removeButton(button)
            self._chip_rows.removeWidget(button)
            button.hide()
            button.deleteLater()
        in_a_row = _chips_in_a_row(names[1:])
        for column in range(MOST_CHIPS):
            self._chip_rows.setColumnStretch(column, 1 if column < in_a_row else 0)
        for place, name in enumerate(names):
            chip = QToolButton()
            chip.setText(name)
            chip.setCheckable(True)
            chip.setProperty("chip", "true")
            chip.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            what = f"only images labelled {name}" if place else "all images"
            chip.setToolTip(f"Show {what}")
            chip.setAccessibleName(f"Show {what}")
            self._chips.addButton(chip, place)
            self._chip_rows.addWidget(chip, place // in_a_row, place % in_a_row)
        self._chips.button(0).setChecked(True)

    @Slot(int)
    def _choose_class(self, chip: int) -> None:
        self._show_class(chip)
        if chip > 0:
            is_shown = self._session.test_image is not None
            self._choose_first_but(is_shown and self._session.label == chip - 1)
        self._show_image()

    def _show_class(self, chip: int) -> None:
        """Fills the grid, whatever image is chosen."""
        wrong = self.mistaken.images if self.mistakes_button.isChecked() else None
        self.model.show_class(chip - 1 if chip > 0 else None, wrong)
        self._count.setText(f"test set, {theme.spaced(len(self.model.images))}")

    @Slot(bool)
    def _watch_mistakes(self, only: bool) -> None:
        self._wants_first = only
        self.mistaken.watch(only)
        self._show_mistakes()

    @Slot()
    def _show_mistakes(self) -> None:
        """Only those that the network takes for another class, once they are known; or all."""
        only, wrong = self.mistakes_button.isChecked(), self.mistaken.images
        text, tip = MISTAKES, MISTAKES_TIP
        if only and wrong is None:
            text = SEEKING
        elif only and wrong is not None:
            text += f" · {theme.spaced(len(wrong))}"
            tip += f" These are those of batch {theme.spaced(self.mistaken.step or 0)}."
        self.mistakes_button.setText(text)
        self.mistakes_button.setToolTip(tip)
        self._show_class(self._chips.checkedId())
        if only and wrong is not None and self._wants_first:
            self._wants_first = False
            self._choose_first_but(self._session.test_image in wrong)
        self._show_image()

    def _choose_first_but(self, stays: bool) -> None:
        """The first image of the grid, unless the one that is shown `stays`."""
        if len(self.model.images) and not stays:
            self._session.choose_image(int(self.model.images[0]))

    @Slot(QModelIndex, QModelIndex)
    def _choose_cell(self, current: QModelIndex, previous: QModelIndex) -> None:
        image = self.model.image_at(current)
        if image is not None and image != self._session.image_index:
            self._session.choose_image(image)

    @Slot(QModelIndex)
    def _choose_clicked(self, cell: QModelIndex) -> None:
        """Also goes back from another picture to the digit that was shown before."""
        image = self.model.image_at(cell)
        if image is not None and image != self._session.test_image:
            self._session.choose_image(image)

    @Slot()
    def _choose_number(self) -> None:
        """Enter also goes back from another picture to the number that stands there already."""
        if self._session.test_image is None:
            self._session.choose_image(self.number.value())

    @Slot()
    def _show_image(self) -> None:
        """Marks the chosen image in the grid; a filter that hides it gives way."""
        image, shown = self._session.image_index, self._session.test_image is not None
        with QSignalBlocker(self.number):
            self.number.setValue(image)
            self.number.setPrefix("No.  " if shown else "Back to No.  ")
        cell = self.model.index_of(image)
        filtered = self._chips.checkedId() > 0
        if shown and filtered and not cell.isValid() and len(self.model.images):
            self._chips.button(0).setChecked(True)
            self._choose_class(0)
            return
        if cell.isValid():
            self.grid.setCurrentIndex(cell)
            self.grid.scrollTo(cell)
        for each in (self._marked, cell):  # the rest of the grid stays as it is
            if each.isValid():
                self.grid.update(self.model.index(each.row(), each.column()))
        self._marked = QPersistentModelIndex(cell)

    @Slot()
    def _follow_status(self) -> None:
        """While training the times say when to read: laying out text for every picture is dear."""
        if not self._session.is_training:
            self._show_verdict()

    @Slot()
    def _show_verdict(self) -> None:
        """Label, prediction and its probability, refreshed at the pace of reading."""
        session = self._session
        if session.inspection is None or session.dataset is None or session.image is None:
            return
        names, label = session.dataset.class_names, session.label
        probabilities = np.nan_to_num(session.inspection.probabilities)
        best = int(probabilities.argmax())
        colors = theme.tokens()
        color = colors.text  # neither right nor wrong where nobody knows
        if label is not None:
            color = colors.good if best == label else colors.bad
        words = session.image.words
        known = escape(words[:1].upper() + words[1:])
        if session.test_image is not None and label is not None:
            known = f"<span style='color:{colors.muted}'>Label</span> {theme.strong(names[label])}"
        sure = re.sub(r"\s", "\u00a0", percent(probabilities[best]))  # on one line
        self._verdict.setText(
            f"{known}<span style='color:{colors.muted}'> · read as</span> "
            f"<span style='color:{color}'>{theme.strong(names[best])}</span> "
            f"<span style='color:{colors.muted}'>at\u00a0{sure}</span>"
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_verdict"):
            self._delegate.forget()
            self._show_verdict()
        super().changeEvent(event)


def _chips_in_a_row(names: list[str]) -> int:
    """As many as the grid is wide, so that the longest name can be read, if it is not too long."""
    metrics = QFontMetricsF(theme.font(theme.SMALL))
    longest = max(metrics.horizontalAdvance(name) for name in names)
    return max(LEAST_CHIPS, min(MOST_CHIPS, int((COLUMNS * CELL + 13) // (longest + 10))))
