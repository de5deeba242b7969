"""A line on the memory that the snapshots of all runs take, and the field for how much they may."""

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

from cnnviz.ui import theme
from cnnviz.ui.runs import LEAST_BUDGET, MEGABYTE, MOST_BUDGET
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.number_fields import dress
from cnnviz.ui.widgets.question import Question

STEP = 64


class SnapshotMemory(QWidget):
    """A smaller budget is asked about if snapshots would have to go, for that cannot be undone."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._question: Question | None = None
        self.label = QLabel()
        self.label.setProperty("small", "true")
        self.field = QSpinBox()
        self.field.setRange(LEAST_BUDGET // MEGABYTE, MOST_BUDGET // MEGABYTE)
        self.field.setSingleStep(STEP)
        self.field.setPrefix("Budget  ")
        self.field.setSuffix(f"{theme.THIN_SPACE}MB")
        self.field.setAccessibleName("Memory for snapshots, in MB")
        self.field.setToolTip(
            "Memory that the snapshots of all runs may take. With less of it they lie further apart"
        )
        dress(self.field)
        self.field.setFixedWidth(140)
        self.field.valueChanged.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label, 1)
        row.addWidget(self.field)
        self.refresh()

    def refresh(self) -> None:
        """Tells what there is now."""
        runs, timeline = self._session.runs, self._session.timeline
        taken, budget = runs.snapshot_bytes / MEGABYTE, runs.budget // MEGABYTE
        digits = 0 if taken >= 9.95 else 1
        ends = timeline.epochs_apart
        often = "each epoch's end" if ends == 1 else f"the end of every {_ordinal(ends)} epoch"
        interval = "batch" if timeline.interval == 1 else f"{timeline.interval} batches"
        self.label.setText(
            f"Snapshots: {taken:.{digits}f} of {theme.spaced(budget)}{theme.THIN_SPACE}MB · "
            f"in the open run one every {interval}, {often}"
        )
        if not self.field.hasFocus() and self._question is None:
            self._show(budget)

    def _show(self, budget: int) -> None:
        with QSignalBlocker(self.field):
            self.field.setValue(budget)

    @Slot(int)
    def _choose(self, megabytes: int) -> None:
        runs = self._session.runs
        if self._question is not None or megabytes * MEGABYTE == runs.budget:
            return
        if not runs.would_thin(megabytes * MEGABYTE):
            runs.set_budget(megabytes * MEGABYTE)
            return
        before = f"{theme.spaced(runs.budget // MEGABYTE)} MB"
        self._question = Question(
            self,
            f"Thin out snapshots to fit into {theme.spaced(megabytes)} MB?",
            "Moments that go cannot be looked at or forked from any more, and this cannot be "
            "undone. What the runs have learned stays.",
            "Thin out",
            f"Stay at {before}",
            self._thin,
            self._stay,
        )

    def _thin(self) -> None:
        self._question = None
        self._session.runs.set_budget(self.field.value() * MEGABYTE)

    def _stay(self) -> None:
        self._question = None
        self._show(self._session.runs.budget // MEGABYTE)


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    teen = 10 <= number % 100 <= 20
    return f"{number}{'th' if teen else endings.get(number % 10, 'th')}"
