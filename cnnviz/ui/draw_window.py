"""Draw a digit, or bring a picture, and see what the network makes of it: a window of its own.

What is shown here goes to the session, so the main window follows every stroke through the whole
network. Pictures are read on a thread of their own (core/picture.py).
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication, QImage, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.files import write_atomically
from cnnviz.core.picture import ENDS, Picture, as_png
from cnnviz.ui.answer_view import AnswerBars, InputPicture, Verdict, scrolled
from cnnviz.ui.drawing_canvas import USUAL_WIDTH, WIDTHS, DrawingCanvas
from cnnviz.ui.fed_image import Fed, FedImage
from cnnviz.ui.picture_input import PictureDrop, picture_in
from cnnviz.ui.picture_reader import PictureReader
from cnnviz.ui.picture_steps import PictureSteps
from cnnviz.ui.session import Session
from cnnviz.ui.theme import THIN_SPACE
from cnnviz.ui.transform_sliders import TransformSliders
from cnnviz.ui.widgets.open_dialog import ask_for_file
from cnnviz.ui.widgets.save_dialog import SaveDialog
from cnnviz.ui.widgets.side_window import SideWindow

DEFAULT_SIZE = QSize(1040, 740)
LEAST_SIZE = QSize(940, 640)
RIGHT_WIDTH = 380
THINNER, THICKER = 0.8, 1.25
HINT = "Paste, open or drop any picture: a photo of ink on paper will do."


class DrawWindow(SideWindow):
    """Not modal; it closes with the main window."""

    def __init__(self, session: Session, parent: QWidget, image: FedImage | None = None) -> None:
        """`image` is what is drawn, where that can be done elsewhere, too."""
        super().__init__(parent, "Draw", DEFAULT_SIZE, LEAST_SIZE)
        self._session = session
        self.image = image or FedImage(session, self)
        self.drawing = self.image.drawing
        self.canvas = DrawingCanvas(self.drawing)
        self.reader = PictureReader(session, self)
        self._shape = session.dataset.input_shape if session.dataset else None
        self.buttons: dict[str, QToolButton] = {}
        self._make_left()
        self._make_right()
        self._lay_out()
        self.canvas.drawn.connect(self.image.take_drawing)
        self.image.drawn.connect(self.canvas.follow)
        self.image.drawn.connect(self._enable)
        self.image.changed.connect(self._refresh)
        self.reader.read.connect(self._show_picture)
        self.reader.told.connect(self.message.setText)
        self.reader.changed.connect(self._enable)
        PictureDrop(self).dropped.connect(self.reader.take)
        session.run_changed.connect(self._follow_run)
        self._refresh()

    # Parts.

    def _make_left(self) -> None:
        self._button("Eraser", "E", self.toggle_eraser, "Erase, also with the right mouse button")
        self.buttons["Eraser"].setCheckable(True)
        self._button("Undo", "Ctrl+Z", self.image.undo, "Take the last stroke back")
        self._button("Redo", "Ctrl+Shift+Z", self.image.redo, "Do it again")
        self._button("Clear", "Del", self.image.clear, "A blank sheet; can be undone")
        self.thickness = QSlider(Qt.Orientation.Horizontal)
        self.thickness.setRange(round(1000 * WIDTHS[0]), round(1000 * WIDTHS[1]))
        self.thickness.setFixedWidth(90)
        self.thickness.setAccessibleName("Thickness of the pen")
        self.thickness.setToolTip("Thickness of the pen ([ and ])")
        self.thickness.valueChanged.connect(self._take_thickness)
        self.thickness_number = QLabel()
        self.thickness_number.setProperty("small", "true")
        self.thickness_number.setFixedWidth(40)
        self.thickness.setValue(round(1000 * USUAL_WIDTH))
        for key, slot in (("[", self.thinner), ("]", self.thicker), ("Ctrl+Y", self.image.redo)):
            QShortcut(QKeySequence(key), self).activated.connect(slot)
        self._button("Paste", "Ctrl+V", self.paste, "A picture from the clipboard")
        self._button("Open picture…", "Ctrl+O", self.open_picture, "A picture from a file")
        self._button("Cancel", "", self.reader.cancel, "Stop reading the picture")
        self.message = QLabel()
        self.message.setProperty("small", "true")
        self.message.setWordWrap(True)
        self.steps = PictureSteps()
        self.steps_area = QScrollArea()
        self.steps_area.setWidget(self.steps)
        self.steps_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.steps_area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.steps_area.setFixedHeight(self.steps.sizeHint().height() + 10)

    def _make_right(self) -> None:
        self.chips = QButtonGroup(self)
        for place, fed in enumerate(Fed):
            chip = QToolButton()
            chip.setText(f" {fed.value} ")
            chip.setCheckable(True)
            chip.setProperty("chip", "true")
            chip.setAccessibleName(f"Show the network the {fed.value.lower()}")
            chip.setToolTip(f"Show the network the {fed.value.lower()}")
            self.chips.addButton(chip, place)
        self.chips.idClicked.connect(self._choose_fed)
        self.input = InputPicture(self._session)
        self.verdict = Verdict(self._session)
        self.bars = AnswerBars(self._session)
        self.sliders = TransformSliders()
        self.sliders.changed.connect(self._transform)
        self._button("Reset", "Ctrl+0", self.reset_transform, "No shift, rotation, scale or noise")
        self._button("Copy", "Ctrl+C", self.copy, "This image to the clipboard")
        self._button("Save…", "Ctrl+S", self.save, "This image as a PNG of its own size")

    def _button(self, text: str, key: str, slot: Callable[[], None], tip: str) -> None:
        button = QToolButton()
        button.setText(text)
        button.setAccessibleName(text)
        button.clicked.connect(slot)
        button.setToolTip(tip)
        if key:
            sequence = QKeySequence(key)
            told = sequence.toString(QKeySequence.SequenceFormat.NativeText)
            button.setToolTip(f"{tip} ({told})")
            QShortcut(sequence, self).activated.connect(button.click)
        self.buttons[text] = button

    def _lay_out(self) -> None:
        tools = _row(*(self.buttons[name] for name in ("Eraser", "Undo", "Redo", "Clear")))
        tools.addStretch(1)
        for widget in (_small("Thickness"), self.thickness, self.thickness_number):
            tools.addWidget(widget)
        below = _row(*(self.buttons[name] for name in ("Paste", "Open picture…", "Cancel")))
        below.addWidget(self.message, 1)
        left = QVBoxLayout()
        left.setSpacing(10)
        left.addLayout(tools)
        left.addWidget(self.canvas, 1)
        left.addLayout(below)
        left.addWidget(self.steps_area)
        chips = _row(_heading("What the network gets"))
        chips.addStretch(1)
        for chip in self.chips.buttons():
            chips.addWidget(chip)
        chips.setSpacing(3)
        aside = QVBoxLayout()
        aside.addWidget(self.verdict, 1)
        kept = _row(self.buttons["Copy"], self.buttons["Save…"])
        kept.addStretch(1)
        aside.addLayout(kept)
        shown = QHBoxLayout()
        shown.setSpacing(16)
        shown.addWidget(self.input, 0, Qt.AlignmentFlag.AlignTop)
        shown.addLayout(aside, 1)
        change = _row(_heading("Change it"))
        change.addStretch(1)
        change.addWidget(self.buttons["Reset"])
        whole = QWidget()
        whole.setFixedWidth(RIGHT_WIDTH)
        right = QVBoxLayout(whole)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(10)
        right.addLayout(chips)
        right.addLayout(shown)
        right.addWidget(scrolled(self.bars), 1)
        right.addLayout(change)
        right.addWidget(self.sliders)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 16, 18, 16)
        row.setSpacing(22)
        row.addLayout(left, 1)
        row.addWidget(whole)

    # Drawing.

    @Slot()
    def toggle_eraser(self) -> None:
        """From the pen to the eraser and back."""
        self.canvas.erases = self.buttons["Eraser"].isChecked()

    @Slot()
    def thinner(self) -> None:
        """A thinner pen."""
        self.thickness.setValue(round(self.thickness.value() * THINNER))

    @Slot()
    def thicker(self) -> None:
        """A thicker pen."""
        self.thickness.setValue(round(self.thickness.value() * THICKER))

    @Slot(int)
    def _take_thickness(self, thousandths: int) -> None:
        self.canvas.pen_width = thousandths / 1000
        self.thickness_number.setText(f"{thousandths / 10:.1f}{THIN_SPACE}%")
        self.canvas.update()

    # What the network gets.

    @Slot(int)
    def _choose_fed(self, place: int) -> None:
        self.image.choose(list(Fed)[place])

    @Slot()
    def _transform(self) -> None:
        self.image.set_transform(self.sliders.transform)

    @Slot()
    def reset_transform(self) -> None:
        """The image as it is."""
        self.image.choose(self.image.fed)

    @Slot()
    def copy(self) -> None:
        """The image to the clipboard."""
        if self._session.image:
            content = as_png(self._session.image.values)
            QGuiApplication.clipboard().setImage(QImage.fromData(content))

    @Slot()
    def save(self) -> None:
        """The image to a file."""
        if self._session.image:
            content = as_png(self._session.image.values)

            def write(file: Path) -> None:
                write_atomically(file, content)

            SaveDialog(self, self._session, "cnnviz-digit", {".png": "PNG picture"}, write)

    # Pictures.

    @Slot()
    def paste(self) -> None:
        """Reads the picture in the clipboard."""
        found = picture_in(QGuiApplication.clipboard().mimeData())
        if found:
            self.reader.take(found)
        else:
            self.message.setText("There is no picture in the clipboard. Copy one, or open a file.")

    @Slot()
    def open_picture(self) -> None:
        """Asks for a file."""
        ask_for_file(self, self._session, "Open a picture", ("Pictures", ENDS), self.read_file)

    @Slot(str)
    def read_file(self, name: str) -> None:
        """Reads the picture in a file."""
        self.reader.take((Path(name), Path(name).name))

    @Slot(object, str)
    def _show_picture(self, picture: Picture, name: str) -> None:
        self.steps.show_steps(picture.steps)
        self.message.setText(f"{name}: what was done to it")
        self.image.show_picture(picture.values, name)

    # What changed.

    @Slot()
    def _refresh(self) -> None:
        """Another of the three images, or another transform."""
        self.sliders.show_transform(self.image.transform)
        self.chips.button(list(Fed).index(self.image.fed)).setChecked(True)
        self.steps_area.setVisible(bool(self.steps.steps))
        if not self.message.text():
            self.message.setText(HINT)
        self._enable()

    @Slot()
    def _enable(self) -> None:
        self.buttons["Undo"].setEnabled(self.drawing.can_undo)
        self.buttons["Redo"].setEnabled(self.drawing.can_redo)
        self.buttons["Clear"].setEnabled(not self.drawing.is_blank)
        self.buttons["Cancel"].setVisible(self.reader.is_reading)
        self.chips.button(list(Fed).index(Fed.PICTURE)).setEnabled(self.image.picture is not None)

    @Slot()
    def _follow_run(self) -> None:
        """Another network may take images of another shape: all is made for it anew."""
        dataset = self._session.dataset
        if dataset is None or dataset.input_shape == self._shape:
            return
        self._shape = dataset.input_shape
        self.image.picture = None
        if self.image.fed is Fed.PICTURE:
            self.reader.read_again()
        elif self.image.fed is Fed.DRAWING:
            self.image.feed()
        self._enable()

    def showEvent(self, event: QShowEvent) -> None:
        """Begins at the paper."""
        super().showEvent(event)
        self.canvas.setFocus()

    # The end.

    def shut_down(self) -> None:
        """Closes for good and asks a reading to end; `is_shut_down` says when it has."""
        self.reader.shut_down()
        super().shut_down()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.reader.is_shut_down


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        row.addWidget(widget)
    return row


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("heading", "true")
    return label


def _small(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("small", "true")
    return label
