"""The line at the bottom: what this run is made of, and how it stands."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget
from threadpoolctl import threadpool_info

from cnnviz.core.parallel import usable_cores
from cnnviz.core.scales import percent
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.elided_label import ElidedLabel
from cnnviz.ui.widgets.quantities import quantity
from cnnviz.ui.widgets.steady_label import SteadyLabel


class StatusView(QWidget):
    """Small quiet text: facts of the run on the left, its newest results on the right."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._left, self._kept, self._right = QLabel(), ElidedLabel(), SteadyLabel()
        self._library = _library()
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(14, 5, 8, 5)
        row.setSpacing(18)
        for label in (self._left, self._kept, self._right):
            label.setProperty("small", "true")
        self._right.setToolTip(
            "Loss of the newest batch, and the test set's accuracy at the end of the last epoch"
        )
        self._kept.setToolTip(
            "Moments that can be looked at and gone back to. The window of runs (R) says how much "
            "memory all of them may take."
        )
        row.addWidget(self._left)
        row.addWidget(self._kept, 1)
        row.addWidget(self._right)
        session.run_changed.connect(self._show_run)
        session.pace_changed.connect(self._show_run)
        session.times_changed.connect(self._show_results)
        session.status_changed.connect(self._show_status)
        self._show_run()

    def add(self, widget: QWidget) -> None:
        """Adds a small button at the right end."""
        self._row.addWidget(widget)

    @Slot()
    def _show_run(self) -> None:
        session = self._session
        if session.dataset is None or session.network is None:
            self._left.setText("")
            self._kept.setText("")
            return
        data, threads = session.dataset, session.settings.threads
        parts = [
            f"Seed {session.settings.seed}",
            f"{theme.spaced(session.network.vector.size)} parameters",
            f"{data.title}: {theme.spaced(len(data.train))} to learn from, "
            f"{theme.spaced(len(data.test))} to test on",
            f"{self._library}, {_cores(threads, usable_cores())}",
        ]
        if session.smooth:
            parts.append("Smooth pictures slow training down (Ctrl+M)")
        self._left.setText("     ".join(parts))
        self._left.setToolTip(data.source)
        self._show_results()

    @Slot()
    def _show_status(self) -> None:
        """While training, numbers change at the pace of reading: with the times."""
        if not self._session.is_training:
            self._show_results()

    @Slot()
    def _show_results(self) -> None:
        timeline = self._session.timeline
        parts = []
        if len(timeline):
            parts.append(f"Loss {timeline.losses[-1]:.3g}")
        if timeline.epochs:
            last = timeline.epochs[-1]
            parts.append(f"Test accuracy {percent(last.test_accuracy, 2)} (epoch {last.epoch})")
        self._right.setText("     ".join(parts))
        kept, interval = len(timeline.snapshots), theme.spaced(timeline.interval)
        taken = quantity(timeline.snapshot_bytes, "B")
        self._kept.setText(
            f"Snapshot every {interval} batches · {theme.spaced(kept)} kept · {taken}"
        )


def _library() -> str:
    """Which library multiplies matrices."""
    for library in threadpool_info():
        if library["user_api"] == "blas":
            return {"openblas": "OpenBLAS", "mkl": "MKL"}.get(library["internal_api"], "BLAS")
    return "NumPy"


def _cores(threads: int, there: int) -> str:
    if threads < there:
        return f"{threads} of {there} cores"
    return "1 core" if threads == 1 else f"{threads} cores"
