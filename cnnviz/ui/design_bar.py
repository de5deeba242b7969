"""The bar above the network's editor: its title, where to start from, files, code, undo."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QWidget

from cnnviz.core.code_generation import CODE
from cnnviz.core.initializers import INITIALIZERS, TITLES
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec_edit import Design
from cnnviz.core.spec_file import MOST_TEXT
from cnnviz.ui.design_editor import DesignEditor
from cnnviz.ui.layer_rows import summary
from cnnviz.ui.widgets.choice_button import ChoiceButton
from cnnviz.ui.widgets.choice_menu import Choice, ChoiceMenu, Section
from cnnviz.ui.widgets.whole_field import leaves_undo

MARGIN = 14
TITLE_WIDTH = 280
ARROW = "▾"


class DesignBar(QWidget):
    """`told` says in words what was done where nothing is to be seen of it."""

    told = Signal(str)
    open_wanted = Signal()
    save_wanted = Signal()

    def __init__(self, editor: DesignEditor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self.title = TitleField()
        self.title.editingFinished.connect(self._take_title)
        self.start_button = _button(f"Start from {ARROW}", "A network that is there already")
        self.start_button.clicked.connect(self.open_start_menu)
        ways = [(name, TITLES[name], _first_line(name)) for name in INITIALIZERS]
        self.initializer = ChoiceButton("Weights begin", ways)
        self.initializer.setToolTip("How the weights are drawn before training")
        self.initializer.chosen.connect(editor.set_initializer)
        self.open_button = _button("Open…", "A network’s file, .toml (Ctrl+O); or drop it here")
        self.save_button = _button("Save…", "This network as a file, .toml (Ctrl+S)")
        self.copy_button = _button(f"Copy code {ARROW}", "")
        self.copy_button.clicked.connect(self.open_copy_menu)
        self.undo_button, self.redo_button = _button("Undo", ""), _button("Redo", "")
        self.open_button.clicked.connect(self.open_wanted)
        self.save_button.clicked.connect(self.save_wanted)
        self.undo_button.clicked.connect(editor.undo)
        self.redo_button.clicked.connect(editor.redo)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 9, MARGIN, 9)
        row.setSpacing(8)
        row.addWidget(self.title, 3)
        row.addWidget(self.start_button)
        row.addWidget(self.initializer)
        row.addStretch(1)
        for button in (self.open_button, self.save_button, self.copy_button):
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self.undo_button)
        row.addWidget(self.redo_button)
        editor.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Shows the design of now."""
        editor, design = self._editor, self._editor.design
        self.title.show_title(design.title)
        self.initializer.show_choice(design.initializer, TITLES.get(design.initializer))
        undoes, redoes = editor.undoes, editor.redoes
        self.undo_button.setEnabled(undoes is not None)
        self.redo_button.setEnabled(redoes is not None)
        self.undo_button.setToolTip(f"Undo: {undoes or 'nothing yet'} (Ctrl+Z)")
        self.redo_button.setToolTip(f"Redo: {redoes or 'nothing'} (Ctrl+Shift+Z)")
        sound = editor.report.spec is not None
        self.copy_button.setEnabled(sound)
        what = "A program that defines this network, for PyTorch or Keras"
        self.copy_button.setToolTip(what if sound else "There is code once the network fits")

    @Slot()
    def open_start_menu(self) -> None:
        """The networks that come with cnnviz, and the open run's."""
        presets: Section = [
            Choice(f"{spec.title}\t{_in_words(Design.from_spec(spec))}", self._starter(name))
            for name, spec in PRESETS.items()
        ]
        empty = Choice("An empty list", self._start_empty)
        now = Choice("The open run’s network", self._editor.start_from_open_run)
        _open_below(self.start_button, [presets, [now, empty]])

    def _starter(self, name: str) -> Callable[[], None]:
        def start() -> None:
            spec = PRESETS[name]
            self._editor.start_from(Design.from_spec(spec), f"Start from {spec.title}")

        return start

    def _start_empty(self) -> None:
        self._editor.start_from(Design(), "Start from an empty list")

    @Slot()
    def open_copy_menu(self) -> None:
        """The libraries that code can be for."""
        choices = [Choice(f"Copy as {name}", self._copier(name)) for name in CODE]
        _open_below(self.copy_button, [choices])

    def _copier(self, name: str) -> Callable[[], None]:
        def copy() -> None:
            self.copy_code(name)

        return copy

    def copy_code(self, library: str) -> None:
        """Takes the network to the clipboard as a program."""
        spec = self._editor.report.spec
        if spec:
            QGuiApplication.clipboard().setText(CODE[library](spec))
            self.told.emit(f"Copied to the clipboard as {library} code.")

    @Slot()
    def _take_title(self) -> None:
        self._editor.set_title(self.title.text())
        self.title.show_title(self._editor.design.title)


class TitleField(QLineEdit):
    """One line; undo is the window's unless something half typed is in it."""

    def __init__(self) -> None:
        super().__init__()
        self.setMaxLength(MOST_TEXT)
        self.setMinimumWidth(120)
        self.setMaximumWidth(TITLE_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAcceptDrops(False)  # files go to the window
        self.setAccessibleName("Title of the network")
        self.returnPressed.connect(self.clearFocus)

    def show_title(self, title: str) -> None:
        """Shows a title from its beginning, unless somebody types."""
        if title != self.text() and not (self.hasFocus() and self.isModified()):
            self.setText(title)
            self.setCursorPosition(0)
        self.setToolTip(f"What the network is called: {title}")

    def event(self, event: QEvent) -> bool:
        """Whose undo it is."""
        return False if leaves_undo(self, event) else super().event(event)


def _in_words(design: Design) -> str:
    """The layers that learn, in a few words."""
    kinds = ("conv2d", "dense")
    return " → ".join(summary(each) for each in design.layers if each["type"] in kinds)


def _first_line(name: str) -> str:
    return (INITIALIZERS[name].__doc__ or "").splitlines()[0]


def _open_below(button: QPushButton, sections: list[Section]) -> None:
    ChoiceMenu(button, sections).open_at(button.mapToGlobal(button.rect().bottomLeft()))


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(text.strip(f" {ARROW}…"))
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button
