"""The line below the network's editor: what all of it costs, and the way to train it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cnnviz.core.spec_check import Report
from cnnviz.core.spec_edit import Design
from cnnviz.core.weights_kept import Kept
from cnnviz.ui import theme
from cnnviz.ui.design_editor import DesignEditor
from cnnviz.ui.layer_facts import duration_text
from cnnviz.ui.layer_rows import shape_text
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.quantities import quantity

MARGIN = 14
MOST_NAMES = 4
NO_NUMBERS = "Its numbers come when it fits."


class DesignFooter(QWidget):
    """Totals and a word on the state at the left, at the right the button that begins a run."""

    train_wanted = Signal(bool)
    """Whether unchanged layers keep their weights."""

    def __init__(
        self, session: Session, editor: DesignEditor, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._editor = session, editor
        self._said: tuple[str, Design] | None = None  # and of which design
        self.totals, self.state = QLabel(), QLabel()
        self.state.setProperty("small", "true")
        self.totals.setToolTip(
            "Memory: every layer’s output for a batch, the weights, their gradients and what "
            "Adam remembers; layers need more while they work"
        )
        self.keep = QCheckBox()
        self.train_button = QPushButton("Train this network")
        self.train_button.setProperty("primary", "true")
        self.train_button.clicked.connect(self.train)
        below = QHBoxLayout()
        below.setSpacing(16)
        below.addWidget(self.state, 1)
        below.addWidget(self.keep)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.totals)
        words.addLayout(below)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 8, MARGIN, 9)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addWidget(self.train_button, 0, Qt.AlignmentFlag.AlignVCenter)
        editor.changed.connect(self._follow)
        session.run_changed.connect(self._follow)
        session.status_changed.connect(self._show_button)
        self._follow()

    @Slot(str)
    def say(self, text: str) -> None:
        """Says something until the design changes."""
        self._said = text, self._editor.design
        self._show_state()

    @Slot()
    def train(self) -> None:
        """Begins a run, if the network fits."""
        if self.train_button.isEnabled():
            self.train_wanted.emit(self.keep.isChecked() and self.keep.isEnabled())

    @Slot()
    def _follow(self) -> None:
        self.totals.setText(_totals(self._editor.report, self._editor))
        kept = self._editor.kept
        self.keep.setEnabled(bool(kept))
        self.keep.setText(_keep_text(kept))
        self.keep.setToolTip(_keep_tip(kept))
        self._show_state()
        self._show_button()

    @Slot()
    def _show_button(self) -> None:
        ready = self._editor.report.spec is not None and self._session.wanted is not None
        loading = self._session.loading is not None
        if loading and self.train_button.hasFocus():
            self.window().setFocus()  # or Qt hands the keyboard to the name, ready to overwrite
        self.train_button.setEnabled(ready and not loading)
        tip = "Begins a new run (Ctrl+Enter); the open one stays in the list of runs"
        self.train_button.setToolTip(tip if ready else "It can be trained once it fits")

    def _show_state(self) -> None:
        if self._said and self._said[1] != self._editor.design:
            self._said = None
        self.state.setText(self._said[0] if self._said else self._state())

    def _state(self) -> str:
        editor = self._editor
        if editor.report.problem:
            return "It does not fit yet: the place is marked."
        made_for, design = editor.made_for, editor.design
        data = self._session.dataset
        if data and (made_for.input_shape, made_for.classes) != (
            design.input_shape,
            design.classes,
        ):
            was = f"{shape_text(made_for.input_shape)} and {made_for.classes} classes"
            return f"Made for images of {was}; the numbers here are for {data.title}."
        run = self._session.runs.open
        if editor.is_open_network and run:
            return f"{run.name} trains this network."
        return "This network is not trained yet. Closing the window keeps it."


def _totals(report: Report, editor: DesignEditor) -> str:
    if report.spec is None:
        return NO_NUMBERS
    thin = theme.THIN_SPACE
    parts = [
        f"{theme.spaced(report.parameters)} parameters",
        f"at least {quantity(report.memory, 'B')} while training",
        f"{quantity(report.flops / report.batch_size)}{thin}FLOP an image",
    ]
    if report.seconds is not None:
        parts.append(duration_text(report.seconds, editor))
    return "   ·   ".join(parts)


def _names(kept: Sequence[Kept]) -> str:
    names = [pair.new for pair in kept]
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[: MOST_NAMES - 1])} and {len(names) - MOST_NAMES + 1} more"
    return ", ".join(names)


def _keep_text(kept: Sequence[Kept]) -> str:
    return f"Keep the weights of {_names(kept)}" if kept else "No layer’s weights can be kept"


def _keep_tip(kept: Sequence[Kept]) -> str:
    if not kept:
        return "No layer that learns is as it was in the network that is shown"
    moved = [f"{pair.new} takes those of {pair.old}" for pair in kept if pair.old != pair.new]
    text = "Layers that did not change begin with what they have learned, as it is shown now"
    return f"{text}: {', '.join(moved)}" if moved else text
