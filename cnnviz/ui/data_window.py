"""The window for data of one's own: choose a folder or file, see what became of it, train on it."""

from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.datasets import Dataset, Options, Report
from cnnviz.core.datasets.reading import SUFFIXES, Standing
from cnnviz.core.datasets.report import printable
from cnnviz.core.datasets.shaping import by
from cnnviz.ui import theme
from cnnviz.ui.data_classes import DataClasses
from cnnviz.ui.data_left_out import DataLeftOut
from cnnviz.ui.data_names import KNOWN, data_line, data_path, dropped_data
from cnnviz.ui.data_options import DataOptions
from cnnviz.ui.data_reader import DataReader
from cnnviz.ui.data_trainer import DataTrainer
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_menu import Choice, ChoiceMenu
from cnnviz.ui.widgets.elided_label import ElidedLabel
from cnnviz.ui.widgets.pages import make_pages
from cnnviz.ui.widgets.save_dialog import folder_of
from cnnviz.ui.widgets.side_window import SideWindow
from cnnviz.ui.widgets.steady_label import SteadyLabel
from cnnviz.ui.widgets.table import PAD
from cnnviz.ui.widgets.tinted_label import TintedLabel

DEFAULT_SIZE, LEAST_SIZE = QSize(1060, 720), QSize(820, 480)
MARGIN = 14
KINDS = {
    "Images:": "a folder with a folder for each class, such as photos/cat and photos/dog. There "
    "may be train and test around those.",
    "Arrays:": "an .npz file with x_train, y_train, x_test, y_test, as Keras has it.",
    "Tables:": "a .csv file with a label and the pixels of one image in each line.",
    "IDX:": "a folder with the four files that MNIST is published as.",
}
WELCOME = "<br>".join(
    (
        f"{theme.strong('Drop a folder or a file here, or choose one.')}<br>",
        *(f"{theme.strong(kind)} {text}" for kind, text in KINDS.items()),
        "<br>Nothing is copied or changed: cnnviz reads it where it is.",
    )
)


class DataWindow(SideWindow):
    """Where from, how it is read, what came of it, and the network that shall learn from it."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, "Your own data", DEFAULT_SIZE, LEAST_SIZE)
        self._session = session
        self._path: Path | None = None
        self.dataset: Dataset | None = None
        self.report: Report | None = None
        self._read_with = Options()  # what the report was read with
        self.reader = DataReader(self)
        self.reader.changed.connect(self._show_reading)
        self.reader.ended.connect(self._take)
        self._make_parts()
        self._lay_out()
        self.setAcceptDrops(True)
        self._show_message(WELCOME)
        self._show_reading()

    # Parts.

    def _make_parts(self) -> None:
        self.folder_button = self._button("Choose a folder…", "A folder of images, or of IDX files")
        self.folder_button.clicked.connect(self.choose_folder)
        self.file_button = self._button("Choose a file…", "An .npz or a .csv file")
        self.file_button.clicked.connect(self.choose_file)
        self.recent_button = self._button("Recent", "Data that you trained on before")
        self.recent_button.clicked.connect(self._open_recent)
        self.place = ElidedLabel()
        self.place.setProperty("muted", "true")
        self.options = DataOptions()
        self.options.changed.connect(self._read_again)
        self.again_button = self._button("Read again", "Read it anew, as it is on the disk now")
        self.again_button.clicked.connect(self._read_again)
        self.cancel_button = self._button("Cancel", "Stop reading")
        self.cancel_button.clicked.connect(self.reader.cancel)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setAccessibleName("How much has been read")
        self.status = SteadyLabel()
        self.status.setProperty("small", "true")
        self.message = TintedLabel()
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setMaximumWidth(620)
        self.summary, self.notes = QLabel(), QLabel()
        self.summary.setProperty("heading", "true")
        self.notes.setProperty("small", "true")
        for label in (self.summary, self.notes):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.classes = DataClasses()
        self.left_out = DataLeftOut(self._session)
        self.trainer = DataTrainer(self._session)
        self.trainer.wanted.connect(self._train)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        return button

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, widgets in (
            (first, (self.folder_button, self.file_button, self.recent_button)),
            (second, (self.options,)),
        ):
            row.setContentsMargins(MARGIN, 0, MARGIN, 0)
            row.setSpacing(8)
            for widget in widgets:
                row.addWidget(widget)
        first.addSpacing(6)
        first.addWidget(self.place, 1)
        second.addWidget(self.again_button)
        second.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(8)
        column.addLayout(first)
        column.addLayout(second)
        reading = QHBoxLayout()
        reading.setContentsMargins(MARGIN, 0, MARGIN, 0)
        reading.setSpacing(10)
        for part in (self.progress, self.status):  # so that nothing moves when it begins
            policy = part.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            part.setSizePolicy(policy)
        reading.addWidget(self.progress, 1)
        reading.addWidget(self.status)
        column.addLayout(reading)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._make_first_page())
        self.pages.addWidget(self._make_result_page())
        column.addWidget(self.pages, 1)

    def _make_first_page(self) -> QWidget:
        """What can be read, or why something could not be."""
        page = QWidget()
        row = QHBoxLayout(page)
        row.addStretch(1)
        row.addWidget(self.message, 3)
        row.addStretch(1)
        return page

    def _make_result_page(self) -> QWidget:
        """What was read, and the way to train on it."""
        pages = (
            ("Classes", _indented(self.classes), ""),
            ("Left out", _indented(self.left_out), ""),
        )
        self.tabs = make_pages("Classes or what was left out", pages, tell_key=False)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        words = QVBoxLayout()
        words.setContentsMargins(MARGIN, 0, MARGIN, 0)
        words.setSpacing(4)
        words.addWidget(self.summary)
        words.addWidget(self.notes)
        column.addLayout(words)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.trainer)
        return page

    # Which data.

    @Slot()
    def choose_folder(self) -> None:
        """Asks for a folder."""
        self._ask(QFileDialog.FileMode.Directory)

    @Slot()
    def choose_file(self) -> None:
        """Asks for a file."""
        self._ask(QFileDialog.FileMode.ExistingFile)

    def _ask(self, mode: QFileDialog.FileMode) -> None:
        start = self._path.parent if self._path else folder_of(self._session)
        dialog = QFileDialog(self, "Your own data", str(start))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(mode)
        if mode is QFileDialog.FileMode.ExistingFile:
            ends = " ".join(f"*{suffix}" for suffix in SUFFIXES)
            dialog.setNameFilters([f"Arrays and tables ({ends})", "All files (*)"])
        dialog.fileSelected.connect(self._read_file)
        dialog.open()

    @Slot(str)
    def _read_file(self, name: str) -> None:
        self.read(Path(name))

    @Slot()
    def _open_recent(self) -> None:
        button = self.recent_button
        at = button.mapToGlobal(QPoint(0, button.height()))
        names = [self._recent_choice(name) for name in self._session.recent_data]
        ChoiceMenu(self, [names]).open_at(at)

    def _recent_choice(self, name: str) -> Choice:
        def read() -> None:
            self.read(*data_path(name))

        return Choice(data_line(name), read)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Takes folders, .npz and .csv files."""
        if dropped_data(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Reads the first of them."""
        for path in dropped_data(event.mimeData())[:1]:
            self.read(path)
        event.acceptProposedAction()

    # Reading.

    def read(self, path: Path, options: Options | None = None) -> None:
        """Reads what is there, in the background."""
        self._path = path
        self.options.show_options(options or Options())
        self.place.show_text(printable(path))
        self._forget()
        self._show_message("")
        self.reader.read(path, self.options.options)

    @Slot()
    def _read_again(self) -> None:
        if self._path:
            self.trainer.forget()
            self.reader.read(self._path, self.options.options)

    @Slot()
    def _show_reading(self) -> None:
        reading, standing = self.reader.is_reading, self.reader.progress
        has_path = self._path is not None
        self.options.setEnabled(has_path)
        self.again_button.setVisible(not reading)
        self.again_button.setEnabled(has_path)
        self.cancel_button.setVisible(reading)
        self.recent_button.setEnabled(bool(self._session.recent_data))
        self.progress.setRange(0, max(standing.of, 1))
        self.progress.setValue(standing.done if standing.of else 0)
        self.progress.setVisible(reading)
        self.status.setVisible(reading)
        self.status.setText(_in_words(standing))
        if not reading and has_path and not self.report and not self.message.text():
            self._show_message("Cancelled. “Read again” begins anew.")
        elif not reading and self.report and self.dataset:
            self.options.show_options(self._read_with)  # if other ones were cancelled
            self.trainer.show_data(self.dataset)

    @Slot(object)
    def _take(self, standing: Standing) -> None:
        """What came of it."""
        if standing.failure:
            self._forget()
            message, details = standing.failure
            self._show_message(message, details, bad=True)
        elif standing.dataset and standing.report:
            self.dataset, self.report = standing.dataset, standing.report
            self._read_with = self.options.options
            self._show_report(standing.dataset, standing.report)
        else:
            self._show_message("")
        self._show_reading()

    def _show_report(self, dataset: Dataset, report: Report) -> None:
        self.options.show_size(*report.shape[1:])
        kind = f"{report.kind[0].upper()}{report.kind[1:]}"
        images, classes = theme.spaced(report.images), theme.spaced(len(report.class_names))
        self.summary.setText(
            f"{kind}: {images} images of {by(report.shape)}, {classes} classes, "
            f"{theme.spaced(sum(report.train))} to learn from, "
            f"{theme.spaced(sum(report.test))} to test on"
        )
        self.notes.setText("\n".join(report.notes))
        self.notes.setVisible(bool(report.notes))
        self.classes.show_data(dataset, report)
        self.left_out.show_rows(report.left_out, report.path)
        self.tabs.setTabText(0, f"Classes  {classes}")
        self.tabs.setTabText(1, f"Left out  {theme.spaced(len(report.left_out))}")
        self.pages.setCurrentIndex(1)

    def _show_message(self, text: str, details: str = "", bad: bool = False) -> None:
        is_ours = text == WELCOME
        form = Qt.TextFormat.RichText if is_ours else Qt.TextFormat.PlainText
        self.message.setTextFormat(form)
        left, center = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignCenter
        self.message.setAlignment(left if is_ours else center)
        self.message.setText(text)
        self.message.setToolTip(details)
        self.message.tint("bad" if bad else "muted")
        self.pages.setCurrentIndex(0)

    def _forget(self) -> None:
        """Lets go of what was read; it may be large."""
        self.dataset = self.report = None
        self.classes.forget()
        self.left_out.show_rows((), "")
        self.trainer.forget()

    # Training.

    @Slot(object)
    def _train(self, network: object) -> None:
        """Begins a run on the data, and makes room for it."""
        if self.dataset:
            self.trainer.open_run(self.dataset, network)
            self.close()

    # Coming and going.

    def show_in_front(self) -> None:
        """Opens the window; what was read before, or what the open run has, is read again."""
        super().show_in_front()
        if self.report or self.reader.is_reading:
            return
        request = self._session.request
        if self._path:
            self.read(self._path, self.options.options)
        elif request and request.data not in KNOWN:
            self.read(*data_path(request.data))

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks, so nobody reads; a minimised window only looks away."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.reader.cancel()
            self._forget()

    def shut_down(self) -> None:
        """Closes for good and asks the thread to end; `is_shut_down` says when it has."""
        self.reader.shut_down()
        super().shut_down()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.reader.is_shut_down


def _indented(content: QWidget) -> QWidget:
    """A table's texts stand below those of the window."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(MARGIN - PAD, 0, MARGIN - PAD, 0)
    column.addWidget(content)
    return page


def _in_words(standing: Standing) -> str:
    """How far reading is: Reading images: 12 340 of 60 000."""
    if not standing.stage:
        return "Looking what it is …"
    done = theme.spaced(standing.done)
    of = f" of {theme.spaced(standing.of)}" if standing.of else ""
    return f"{standing.stage}: {done}{of}"
