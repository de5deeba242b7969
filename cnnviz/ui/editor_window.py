"""The network's editor: a window of its own beside the main one, where networks are designed.

The layers at the left, the chosen one's fields in the middle, at the right what it does, in motion.
What is designed stays when the window is closed; training it begins a new run.
"""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QHideEvent,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.errors import CnnvizError
from cnnviz.core.layer_fields import LAYER_TYPES
from cnnviz.core.spec_file import design_from, design_text
from cnnviz.ui.design_bar import DesignBar
from cnnviz.ui.design_editor import DesignEditor
from cnnviz.ui.design_files import DesignFiles
from cnnviz.ui.design_footer import DesignFooter
from cnnviz.ui.illustration_view import IllustrationView
from cnnviz.ui.layer_form import LayerForm
from cnnviz.ui.layer_list import LayerList, LayerListHead
from cnnviz.ui.layer_rows import shape_text
from cnnviz.ui.notice_view import NoticeView
from cnnviz.ui.peak_meter import PeakMeter
from cnnviz.ui.session import Session
from cnnviz.ui.two_ways_view import TwoWaysView
from cnnviz.ui.widgets.choice_menu import Choice, ChoiceMenu, MenuKey
from cnnviz.ui.widgets.pages import make_pages
from cnnviz.ui.widgets.problem_note import ProblemNote
from cnnviz.ui.widgets.save_choices import picture_choice
from cnnviz.ui.widgets.side_window import SideWindow
from cnnviz.ui.widgets.split import make_rule, make_split

DEFAULT_SIZE = QSize(1440, 880)
LEAST_SIZE = QSize(1130, 600)
LEFT, MIDDLE, RIGHT = 440, 350, 480
"""Widths that the three parts begin with; what there is more is shared out."""
MARGIN = 14


class EditorWindow(SideWindow):
    """Not modal; it closes with the main window, and its pictures rest while it is hidden."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, "Network editor", DEFAULT_SIZE, LEAST_SIZE)
        self._session = session
        self.editor = DesignEditor(session, self)
        self.files = DesignFiles(session, self.editor, self)
        self.meter = PeakMeter(session, self)
        self.bar = DesignBar(self.editor)
        self.notice = NoticeView(session)
        self.layers = LayerList(self.editor)
        self.form = LayerForm(self.editor)
        self.illustration = IllustrationView(session, self.editor)
        self.two_ways = TwoWaysView(session)
        self.footer = DesignFooter(session, self.editor)
        self.note = ProblemNote()
        self._about_data = QLabel()
        self._about_data.setProperty("muted", "true")
        self._make_buttons()
        self._lay_out()
        self._connect()
        self._make_shortcuts()
        self.setAcceptDrops(True)
        self._refresh()

    def _make_buttons(self) -> None:
        self.add_button = _button("Add ▾", "A new layer behind the chosen one (Insert)")
        self.copy_button = _button("Duplicate", "The chosen layer once more (Ctrl+D)")
        self.remove_button = _button("Remove", "Takes the chosen layer out (Del)")
        self.up_button = _button("↑", "One place up (Alt+↑), or drag it", "Move up")
        self.down_button = _button("↓", "One place down (Alt+↓), or drag it", "Move down")

    def _lay_out(self) -> None:
        illustrations = (
            ("In motion", self.illustration, "What the chosen layer does to a real map"),
            ("Correlation, convolution", self.two_ways, "The kernel as it is, and flipped"),
        )
        self.pages = make_pages("Illustrations", illustrations, tell_key=False)
        parts = (self._list_part(), self.form, self.pages)
        for part, least in zip(parts, (LEFT - 20, MIDDLE - 10, RIGHT - 120), strict=True):
            part.setMinimumWidth(least)
        body = make_split(*parts)
        body.setSizes([LEFT, MIDDLE, RIGHT])
        for place, share in enumerate((1, 0, 2)):
            body.setStretchFactor(place, share)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.bar, self.notice, make_rule(), body, make_rule(), self.footer):
            column.addWidget(widget, 1 if widget is body else 0)

    def _list_part(self) -> QWidget:
        part = QWidget()
        data = QHBoxLayout()
        data.setContentsMargins(MARGIN, 10, MARGIN, 2)
        data.addWidget(self._about_data)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(MARGIN, 8, MARGIN, 10)
        buttons.setSpacing(6)
        for button in (self.add_button, self.copy_button, self.remove_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.up_button)
        buttons.addWidget(self.down_button)
        whole = QVBoxLayout()
        whole.setContentsMargins(MARGIN, 8, MARGIN, 0)
        whole.addWidget(self.note)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(data)
        column.addWidget(LayerListHead())
        column.addWidget(self.layers, 1)
        column.addLayout(whole)
        column.addLayout(buttons)
        return part

    def _connect(self) -> None:
        editor = self.editor
        self.add_button.clicked.connect(self.open_add_menu)
        self.copy_button.clicked.connect(self.duplicate)
        self.remove_button.clicked.connect(self.remove)
        self.up_button.clicked.connect(self.move_up)
        self.down_button.clicked.connect(self.move_down)
        self.layers.remove_wanted.connect(self.remove)
        self.layers.activated.connect(self.form.begin_typing)
        self.note.mended.connect(editor.take_remedy)
        self.bar.told.connect(self.footer.say)
        self.bar.open_wanted.connect(self.files.open)
        self.bar.save_wanted.connect(self.files.save)
        self.files.told.connect(self.footer.say)
        self.footer.train_wanted.connect(editor.train)
        self.meter.changed.connect(self._take_peak)
        editor.changed.connect(self._refresh)
        editor.chosen.connect(self._refresh)

    def _make_shortcuts(self) -> None:
        for key, slot in (
            ("Ctrl+Z", self.editor.undo),
            ("Ctrl+Shift+Z", self.editor.redo),
            ("Ctrl+O", self.files.open),
            ("Ctrl+S", self.files.save),
            ("Ins", self.open_add_menu),
            ("Ctrl+D", self.duplicate),
            ("Alt+Up", self.move_up),
            ("Alt+Down", self.move_down),
            ("Ctrl+Return", self.footer.train),
            ("Ctrl+Enter", self.footer.train),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(slot)
        MenuKey(self)

    # What the user wishes.

    @Slot()
    def open_add_menu(self) -> None:
        """The types of layers, each with what it does."""
        choices = [
            Choice(f"{each.title}\t{each.text}", self._adder(each.kind))
            for each in LAYER_TYPES.values()
        ]
        at = self.add_button.mapToGlobal(self.add_button.rect().topLeft())
        menu = ChoiceMenu(self.add_button, [choices])
        at.setY(at.y() - menu.sizeHint().height())
        menu.open_at(at)

    def _adder(self, kind: str) -> Callable[[], None]:
        def add() -> None:
            self.editor.add(kind)
            self.layers.setFocus()

        return add

    @Slot()
    def duplicate(self) -> None:
        """The chosen layer once more."""
        self.editor.duplicate()

    @Slot()
    def remove(self) -> None:
        """Takes the chosen layer out."""
        self.editor.remove()

    @Slot()
    def move_up(self) -> None:
        """The chosen layer one place up."""
        self.editor.move(self.editor.position, self.editor.position - 1)

    @Slot()
    def move_down(self) -> None:
        """The chosen layer one place down."""
        self.editor.move(self.editor.position, self.editor.position + 1)

    # What is shown.

    @Slot()
    def _refresh(self) -> None:
        editor, data = self.editor, self._session.dataset
        design, last = editor.design, len(editor.design.layers) - 1
        source = f", from {data.title}" if data else ""
        self._about_data.setText(
            f"Images {shape_text(design.input_shape)}   ·   {design.classes} classes{source}"
        )
        self._about_data.setToolTip("Given by the data of the open run")
        problem = editor.problem_at(-1)
        ways = [way.text for way in problem.remedies] if problem else []
        self.note.show_problem(problem.text if problem else "", ways)
        self.copy_button.setEnabled(last >= 0)
        self.remove_button.setEnabled(last >= 0)
        self.up_button.setEnabled(editor.position > 0)
        self.down_button.setEnabled(0 <= editor.position < last)

    @Slot()
    def _take_peak(self) -> None:
        if self.meter.peak and self.meter.peak is not self.editor.peak:
            self.editor.set_peak(self.meter.peak)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the chosen layer, and pictures to save."""
        at, session = event.pos(), self._session
        over_list = self.layers.rect().contains(self.layers.mapFrom(self, at))
        acts = (
            ("Duplicate\tCtrl+D", self.duplicate, self.copy_button),
            ("Remove\tDel", self.remove, self.remove_button),
            ("Move up\tAlt+↑", self.move_up, self.up_button),
            ("Move down\tAlt+↓", self.move_down, self.down_button),
        )
        layer = [
            Choice(text, act) for text, act, button in acts if over_list and button.isEnabled()
        ]
        pictures = [picture_choice(self, session, "Save window as picture…", "editor")]
        for view in (self.illustration.picture, self.two_ways.canvas):
            if view.isVisible() and view.rect().contains(view.mapFrom(self, at)):
                text = "Save illustration as picture…"
                pictures.insert(0, picture_choice(view, session, text, "illustration"))
        ChoiceMenu(self, [layer, pictures]).open_at(event.globalPos())

    # What is kept for the next time.

    def text_to_keep(self) -> str:
        """What was designed and never trained, as a file's text; nothing if there is no such."""
        editor = self.editor
        if not editor.is_edited or editor.is_open_network:
            return ""
        try:
            return design_text(editor.design)
        except CnnvizError:
            return ""

    def bring_back(self, text: str) -> None:
        """What was kept the last time; undo leads to the open run's network."""
        try:
            design = design_from(text)
        except CnnvizError:
            return
        self.editor.start_from(design, "Bring back")
        self.footer.say(
            "This is what you had designed the last time; Undo leads to the open run’s."
        )

    # Files that are dropped.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Takes files of networks."""
        if self.files.dropped(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Opens the network that is dropped."""
        path = self.files.dropped(event.mimeData())
        if path:
            self.files.open_file(str(path))
            event.acceptProposedAction()

    # Beginning and end.

    def show_in_front(self) -> None:
        """Opens the window, or brings it back, with the keyboard in the list."""
        super().show_in_front()
        self.layers.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """Forgets old messages; at first sight it measures the machine."""
        super().showEvent(event)
        if not event.spontaneous():
            self.notice.hide()
        if self.meter.peak is None and not self.meter.problem:
            self.meter.measure()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks, so training need not wait."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.meter.give_up()

    def shut_down(self) -> None:
        """Closes for good and asks every thread to end; `is_shut_down` says when they have."""
        self.meter.shut_down()
        super().shut_down()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.meter.is_shut_down


def _button(text: str, tip: str, name: str = "") -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(name or text.strip(" ▾"))
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button
