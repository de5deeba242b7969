"""The runs of this window, beside the main one: go on with one, fork, compare, name, delete.

The list is above, the curves of the ticked runs and the notes on the chosen one are below it.
"""

from collections.abc import Callable
from weakref import WeakSet

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.errors import CnnvizError
from cnnviz.ui import theme
from cnnviz.ui.fork_dialog import ForkDialog
from cnnviz.ui.run_notes import RunNotes
from cnnviz.ui.runs import Run
from cnnviz.ui.runs_message import RunsMessage
from cnnviz.ui.runs_overlay import RunsOverlay
from cnnviz.ui.runs_table import RunsTable, cells, row_of
from cnnviz.ui.session import Session
from cnnviz.ui.snapshot_memory import SnapshotMemory
from cnnviz.ui.widgets.choice_menu import Choice, ChoiceMenu, MenuKey
from cnnviz.ui.widgets.side_window import SideWindow
from cnnviz.ui.widgets.split import make_split
from cnnviz.ui.widgets.table import PAD
from cnnviz.ui.widgets.throttle import Throttle

DEFAULT_SIZE = QSize(1240, 760)
LEAST_SIZE = QSize(1060, 580)
REFRESH_MS = 250
"""Between two refreshes while a run grows."""
MARGIN = 18
FEWEST_ROWS, MOST_ROWS = 3, 9
MOST_SHARE = 0.42
"""Of the list, for which it takes room from the curves; and of the height."""
MOST_NAME = 28
"""Letters of a name in a sentence."""
ABOUT = (
    "Another network, optimiser, batch size or other data in the main window begin a new run; the "
    "one before stays here."
)


class RunsWindow(SideWindow):
    """Not modal; it closes with the main window, and rests while it is hidden."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, "Runs", DEFAULT_SIZE, LEAST_SIZE)
        self._session, self._runs = session, session.runs
        self.chosen: Run | None = None
        self._rows: list[Run] = []  # as the list shows them: it waits while a name is typed
        self._deleted: Run | None = None  # as far as told
        self._hidden: WeakSet[Run] = WeakSet()
        self._filling = self._divided = False
        self.table = RunsTable()
        self.overlay = RunsOverlay()
        self.notes = RunNotes(session.runs)
        self.memory = SnapshotMemory(session)
        self._make_buttons()
        self.message = RunsMessage(MARGIN)
        self.message.undo_button.clicked.connect(self.undo)
        self._lay_out()
        self._calm = Throttle(self._refresh, REFRESH_MS, self)
        self._connect()

    def _make_buttons(self) -> None:
        self.buttons: dict[str, QPushButton] = {}
        for text, key, slot, tip in self._actions():
            button = QPushButton(text)
            name = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
            button.setToolTip(f"{tip} ({name})")
            button.setAccessibleName(text)
            button.clicked.connect(slot)
            button.setAutoDefault(False)
            self.buttons[text] = button
            if key != "Return":  # the list's own, or it would press every button that has the focus
                QShortcut(QKeySequence(key), self).activated.connect(slot)
        QShortcut(QKeySequence("Ctrl+Z"), self).activated.connect(self.undo)
        QShortcut(QKeySequence("N"), self).activated.connect(self.edit_notes)
        MenuKey(self)

    def _actions(self) -> tuple[tuple[str, str, Callable[[], None], str], ...]:
        return (
            ("Open", "Return", self.open_chosen, "Go on with the chosen run; the open one stays"),
            ("Fork…", "F", self.fork, "Go on from the chosen run with other settings; it stays"),
            ("Compare", "C", self.compare, "Its maps beside those of the open run, for one digit"),
            ("Rename", "F2", self.rename, "Another name for the chosen run"),
            ("Delete", "Del", self.delete, "Take the chosen run out of the list; files stay"),
        )

    def _lay_out(self) -> None:
        title = QLabel("Runs")
        title.setProperty("heading", "true")
        self.about = QLabel(ABOUT)
        self.about.setProperty("small", "true")
        self.about.setWordWrap(True)
        head = QHBoxLayout()
        head.setContentsMargins(MARGIN, 12, MARGIN, 8)
        head.setSpacing(8)
        head.addWidget(title)
        head.addSpacing(6)
        head.addWidget(self.about, 1)
        for button in self.buttons.values():
            head.addWidget(button)
        below = QWidget()
        row = QHBoxLayout(below)
        row.setContentsMargins(MARGIN, 12, MARGIN, 10)
        row.setSpacing(MARGIN)
        row.addWidget(self.overlay, 1)
        row.addWidget(self.notes)
        self.table.setMinimumHeight(self.table.height_of(FEWEST_ROWS))
        below.setMinimumHeight(220)
        above = QWidget()
        inset = QHBoxLayout(above)
        inset.setContentsMargins(MARGIN - PAD, 0, MARGIN - PAD, 0)
        inset.addWidget(self.table)
        self.split = make_split(above, below, way=Qt.Orientation.Vertical)
        self.split.setStretchFactor(1, 1)
        self.split.splitterMoved.connect(self._keep_division)
        foot = QHBoxLayout()
        foot.setContentsMargins(MARGIN, 0, MARGIN, 12)
        foot.addWidget(self.memory)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.message)
        column.addWidget(self.split, 1)
        column.addLayout(foot)

    def _connect(self) -> None:
        session, table = self._session, self.table
        session.runs.changed.connect(self._follow)
        session.run_changed.connect(self._follow)
        session.status_changed.connect(self._grow)
        session.history_changed.connect(self._grow)
        session.past.changed.connect(self._show_buttons)
        table.chosen.connect(self._choose)
        table.ticked.connect(self._tick)
        table.pointed.connect(self._light)
        table.renamed.connect(self._take_name)
        table.opened.connect(self._open_row)
        table.menu_wanted.connect(self._open_menu)

    # What is shown.

    @Slot()
    def _follow(self) -> None:
        if self.isVisible():
            self._calm.act()

    @Slot()
    def _grow(self) -> None:
        """While training goes on, a few times a second; what the user did, at once."""
        if not self.isVisible():
            return
        if self._session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    def _refresh(self) -> None:
        """All of it, if anybody looks."""
        if not self.isVisible():
            return
        runs = self._runs.all
        if self.chosen not in runs:
            self.chosen = self._runs.open
        if not self.table.is_editing:
            self._fill_table(runs)
        self._draw()
        self._show_settings()
        self.memory.refresh()
        self.about.setText(self._about())
        self._tell_deletion()
        self._show_buttons()

    def _fill_table(self, runs: list[Run]) -> None:
        self._rows = list(runs)
        badge = "training" if self._session.is_training else "open"
        rows = [
            cells(run, run not in self._hidden, badge if run is self._runs.open else "")
            for run in runs
        ]
        self._filling = True  # other rows choose none, which is nobody's wish
        self.table.cells.show_cells(rows)
        self.table.choose(row_of(runs, self.chosen))
        self._filling = False
        if not self._divided:
            height = self.table.height_of(min(len(runs), MOST_ROWS))
            height = min(height, int(MOST_SHARE * self.split.height()))
            height = max(height, self.table.height_of(FEWEST_ROWS))
            self.split.setSizes([height, self.split.height() - height])

    @Slot()
    def _keep_division(self) -> None:
        """The user knows how much of the list there should be."""
        self._divided = True

    def _draw(self) -> None:
        ticked = [run for run in self._runs.all if run not in self._hidden]
        self.overlay.show_runs(ticked, self._runs.open, self.chosen)

    def _show_settings(self) -> None:
        run = self.chosen
        now = self._session.settings
        settings = run.settings if run and run is not self._runs.open else now
        self.notes.show_run(run, settings)

    def _about(self) -> str:
        run = self._runs.open
        if run is None:
            return "No run yet."
        if self._session.loading:
            return f"Another run is being loaded. {_short(run.name)} stays."
        before = run.parent
        is_new = before in self._runs.all and run is self._runs.all[-1]
        if before is None or not is_new:
            return ABOUT
        batch, way = theme.spaced(len(before.timeline)), "forked off" if run.origin else "began"
        return (
            f"{_short(run.name)} {way}. {_short(before.name)} stays as it was, at batch {batch}: "
            "Open goes on with it."
        )

    @Slot()
    def _show_buttons(self) -> None:
        run = self.chosen
        left = run is not None and run is not self._runs.open
        told = left and run is not None and run.saved is not None
        loading = self._session.loading is not None
        self.buttons["Open"].setEnabled(bool(told) and not loading)
        self.buttons["Compare"].setEnabled(bool(told))
        self.buttons["Fork…"].setEnabled(run is not None and (bool(told) or not left))
        self.buttons["Rename"].setEnabled(run is not None)
        self.buttons["Delete"].setEnabled(left)

    def _tell_deletion(self) -> None:
        """That a run was deleted, once; no more when it is back."""
        deleted = self._runs.last_deleted
        if deleted is self._deleted:
            return
        self._deleted = deleted
        if deleted:
            self.message.say(f"{_short(deleted.name)} deleted.", can_undo=True)
        else:
            self.message.hide()

    # What the user does.

    @Slot(int)
    def _choose(self, row: int) -> None:
        if not self._filling and row >= 0:
            self.chosen = self._rows[row]
            self.overlay.light(self.chosen)
            self._show_settings()
            self._show_buttons()

    @Slot(int)
    def _tick(self, row: int) -> None:
        self._hidden ^= {self._rows[row]}
        self._follow()

    @Slot(int)
    def _light(self, row: int) -> None:
        """A run under the pointer stands out, else the chosen one."""
        self.overlay.light(self._rows[row] if row >= 0 else self.chosen)

    @Slot(int)
    def _open_row(self, row: int) -> None:
        self.chosen = self._rows[row]
        self.open_chosen()

    @Slot()
    def open_chosen(self) -> None:
        """Goes on with the chosen run."""
        if self.buttons["Open"].isEnabled() and self.chosen:
            self._session.open_again(self.chosen)

    @Slot()
    def fork(self) -> None:
        """Asks what the fork is to do otherwise."""
        if self.buttons["Fork…"].isEnabled() and self.chosen:
            ForkDialog(self._session, self.chosen, self).open()

    @Slot()
    def compare(self) -> None:
        """In the main window, for the digit shown there; or says why not."""
        if not self.buttons["Compare"].isEnabled() or self.chosen is None:
            return
        try:
            self._session.compare_with(self.chosen)
        except CnnvizError as error:
            self.message.say(str(error))
            return
        text = f"The main window shows {_short(self.chosen.name)} beside the open run."
        self.message.say(f"{text} V there changes sides.")

    @Slot()
    def rename(self) -> None:
        """Opens a field on the name."""
        self.table.edit_name()

    @Slot(int, str)
    def _take_name(self, row: int, name: str) -> None:
        self._runs.rename(self._rows[row], name)
        self._fill_table(self._runs.all)

    @Slot()
    def edit_notes(self) -> None:
        """Takes the keyboard to the notes."""
        self.notes.field.setFocus()

    @Slot()
    def delete(self) -> None:
        """Takes the chosen run out of the list, which can be undone; the next is chosen."""
        run = self.chosen
        if not self.buttons["Delete"].isEnabled() or run is None:
            return
        row = row_of(self._runs.all, run)
        rest = [each for each in self._runs.all if each is not run]
        self.chosen = rest[min(row, len(rest) - 1)]
        self._runs.delete(run)

    @Slot()
    def undo(self) -> None:
        """Brings the run back that was deleted last."""
        self.chosen = self._runs.last_deleted or self.chosen
        self._runs.undo_delete()

    @Slot(QPoint)
    def _open_menu(self, at: QPoint) -> None:
        """What can be done with the chosen run."""
        choices = []
        for text, key, slot, _ in self._actions():
            if self.buttons[text].isEnabled():
                name = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
                choices.append(Choice(f"{text}\t{name}", slot))
        ChoiceMenu(self, [choices]).open_at(at)

    # Looks.

    def show_in_front(self) -> None:
        """Opens the window, or brings it back, with the keyboard at the list."""
        super().show_in_front()
        self.table.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shares the height out anew."""
        super().resizeEvent(event)
        self._follow()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up."""
        super().showEvent(event)
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "table"):
            self.table.viewport().update()
        super().changeEvent(event)


def _short(name: str) -> str:
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…"
