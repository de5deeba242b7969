"""The list of runs: a row for each, with its name to edit, what it is, and how far it came."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QWidget

from cnnviz.core.scales import percent
from cnnviz.ui import theme
from cnnviz.ui.runs import Run
from cnnviz.ui.widgets.table import BOX, HEADER, PAD, Cell, Column, QuietTable

ROW = 27
NAME = 0
COLUMNS = (
    Column(
        "Run",
        "A tick draws its curve below (Space); the name is yours to change (F2)",
        170,
        is_number=False,
        editable=True,
    ),
    Column("Network", "Its layers, and how many numbers they learn", 200, is_number=False),
    Column("What differs", "From the run it began beside, or forked off", 0, is_number=False),
    Column("Batches", "Trained so far", 68),
    Column("Best test accuracy", "At the end of an epoch, and of which", 138),
    Column("Trained", "Time that training took, before it forked off too", 78),
    Column("File", "Where it is saved", 168, is_number=False),
)


class RunsTable(QuietTable):
    """Runs to choose, to tick, to name and to open; whoever made it hears of it and acts."""

    opened = Signal(int)
    """Enter on a row, or a double click beside its name."""
    renamed = Signal(int, str)
    menu_wanted = Signal(QPoint)
    """At a point of the screen, for the chosen row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self.setAccessibleName("Runs")
        self.setToolTip("Enter goes on with the chosen run, F2 names it, Space ticks its curve")
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.cells.edited.connect(self.renamed)

    def height_of(self, rows: int) -> int:
        """Pixels that so many rows and the header take."""
        return HEADER + ROW * rows + 3

    @Slot()
    def edit_name(self) -> None:
        """Opens a field on the name of the chosen run."""
        if self.chosen_row >= 0:
            self.edit(self.cells.index(self.chosen_row, NAME))

    @property
    def is_editing(self) -> bool:
        """Whether a name is being typed."""
        return self.state() is QAbstractItemView.State.EditingState

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A box is ticked, a row is chosen; unlike elsewhere one always is."""
        row = self.indexAt(event.position().toPoint()).row()
        if row >= 0 and (row != self.chosen_row or self._is_box(event.position(), row)):
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Edits the name, or opens the run."""
        at = event.position().toPoint()
        index = self.indexAt(at)
        if not index.isValid() or self._is_box(event.position(), index.row()):
            return
        self.choose(index.row())
        if index.column() == NAME:
            self.edit_name()
        else:
            self.opened.emit(index.row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, F2 edits the name; the rest as in every table.

        The Enter that ends a name comes here as well, from its field, and must not open the run.
        """
        if self.is_editing:
            super().keyPressEvent(event)
        elif self.chosen_row >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self.chosen_row)
        elif event.key() == Qt.Key.Key_F2:
            self.edit_name()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of the row under the pointer, or of the chosen one."""
        at, row = event.globalPos(), self.chosen_row
        if event.reason() is QContextMenuEvent.Reason.Mouse:
            row = self.indexAt(event.pos()).row()
            self.choose(row)
        elif row >= 0:
            place = self.visualRect(self.cells.index(row, NAME)).bottomLeft()
            at = self.viewport().mapToGlobal(place + QPoint(BOX + 2 * PAD, 0))
        if row >= 0:
            self.menu_wanted.emit(at)


def cells(run: Run, ticked: bool, badge: str) -> list[Cell]:
    """What the list says of a run; `badge` is for the open one."""
    return [
        Cell(run.name, mark=theme.run_token(run.color), ticked=ticked, badge=badge, tip=run.name),
        _network(run),
        _differences(run),
        Cell(theme.spaced(len(run.timeline))),
        _best(run),
        Cell(lasted(run.seconds)),
        _file(run),
    ]


def where_from(run: Run) -> str:
    """What it began from and what it began with that was otherwise there."""
    if run.origin:
        words = f"from {run.origin.run} at batch {theme.spaced(run.origin.step)}"
    elif run.parent:
        words = f"new after {run.parent.name}"
    else:
        return "from a file" if run.differences is None else ""
    if run.differences is None:
        return words
    return f"{words}: {run.differences or 'nothing differs'}"


def lasted(seconds: float) -> str:
    """A time that is over: 0.4 s, 38 s, 2 min 05 s, 3 h 20 min; none is a dash."""
    if not seconds:
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def file_words(run: Run) -> str:
    """Whether it is in a file, and in which."""
    if run.path is None:
        return "not saved" if run.is_unsaved else "–"
    return f"{run.path.name}, changed since" if run.is_unsaved else run.path.name


def _network(run: Run) -> Cell:
    parameters = theme.spaced(run.parameters)
    tip = f"{run.spec.title}, {parameters} parameters"
    return Cell(f"{run.spec.title} · {parameters} par.", tip=tip)


def _differences(run: Run) -> Cell:
    words = where_from(run)
    return Cell(words or "the first", "text" if words else "muted", tip=words)


def _best(run: Run) -> Cell:
    best = run.timeline.best
    if best is None:
        return Cell("–", "muted")
    return Cell(f"{percent(best.test_accuracy, 2)} · epoch {theme.spaced(best.epoch)}")


def _file(run: Run) -> Cell:
    words = file_words(run)
    return Cell(words, "text" if run.path else "muted", tip=str(run.path or ""))


def row_of(runs: Sequence[Run], run: Run | None) -> int:
    """Where a run stands in the list; -1 for none."""
    return next((row for row, each in enumerate(runs) if each is run), -1)
