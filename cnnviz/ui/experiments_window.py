"""The window for experiments: networks that differ in one thing learn side by side."""

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.experiments import EXPERIMENTS, Experiment, Outcome, Terms
from cnnviz.core.saved_run import beginning
from cnnviz.core.scales import percent, short
from cnnviz.ui import theme
from cnnviz.ui.experiment_maps import ExperimentMaps
from cnnviz.ui.experiment_plot import COLORS, ExperimentPlot
from cnnviz.ui.experiment_work import ExperimentWork, Result
from cnnviz.ui.session import Session, request_for
from cnnviz.ui.widgets.choice_button import ChoiceButton
from cnnviz.ui.widgets.number_fields import dress
from cnnviz.ui.widgets.side_window import SideWindow
from cnnviz.ui.widgets.table import HEADER, ROW, Cell, Column, QuietTable
from cnnviz.ui.widgets.tinted_label import TintedLabel

DEFAULT_SIZE, LEAST_SIZE = QSize(1100, 740), QSize(820, 580)
MARGIN = 14
MOST_EPOCHS, LARGEST_SEED = 100, 2**31 - 1
NONE = "–"
COLUMNS = (
    Column("Network", "What differs; the curves have the same colours", 0, False),
    Column("Test accuracy", "After the last epoch so far", 130),
    Column("Test loss", "After the last epoch so far", 110),
    Column("Parameters", "Weights and biases that it learns", 110),
    Column("Seconds", "Of training alone; compare them only within one run", 110),
)
CAUTION = (
    "Compare seconds only within one run. Another seed alone may move an accuracy by as much as a "
    "point, so do not make much of small differences."
)


class ExperimentsWindow(SideWindow):
    """Which experiment, how it goes, its curves, its table, its maps."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, "Experiments", DEFAULT_SIZE, LEAST_SIZE)
        self._session = session
        self.work = ExperimentWork(session, self)
        self._chosen: Experiment = next(iter(EXPERIMENTS.values()))
        self._shown: Result | None = None
        self._make_parts()
        self._lay_out()
        self.work.changed.connect(self._refresh)
        session.run_changed.connect(self._refresh)
        session.settings_changed.connect(self._refresh)
        self._show_result(None)
        self._refresh()

    def _make_parts(self) -> None:
        entries = [(each.name, each.title, each.question) for each in EXPERIMENTS.values()]
        self.choice = ChoiceButton("Experiment", entries)
        self.choice.setToolTip("Which question is to be answered")
        self.choice.chosen.connect(self._choose)
        self.choice.show_choice(self._chosen.name)
        self.epochs_field = _number("Epochs", "How often each network sees every image", 1)
        self.epochs_field.setRange(1, MOST_EPOCHS)
        self.epochs_field.setValue(Terms.epochs)
        self.seed_field = _number("Seed", "Draws first weights and the order of images", 0)
        self.start_button = QPushButton("Run the experiment")
        self.start_button.setProperty("primary", "true")
        self.start_button.setToolTip("All networks learn anew; training rests meanwhile")
        self.start_button.clicked.connect(self.start)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("End the experiment; training goes on")
        self.cancel_button.setAccessibleName("Cancel the experiment")
        self.cancel_button.clicked.connect(self.work.cancel)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setRange(0, 1000)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.setAccessibleName("How much of the experiment is over")
        self.question, self.setting, self.message = QLabel(), QLabel(), TintedLabel()
        self.question.setProperty("heading", "true")
        self.setting.setProperty("small", "true")
        self.setting.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.question, self.setting, self.message):
            label.setWordWrap(True)
        self.plot = ExperimentPlot()
        self.table = QuietTable(COLUMNS)
        self.table.setAccessibleName("Results of all networks")
        self.table.setToolTip("Choose a network to open it as a run")
        self.table.chosen.connect(self._refresh_open)
        self.maps = ExperimentMaps(self._session)
        self.caution = QLabel(CAUTION)
        self.caution.setProperty("small", "true")
        self.caution.setWordWrap(True)
        self.open_button = QPushButton("Open as a run")
        self.open_button.clicked.connect(self.open_run)
        self.why_not_open = QLabel()
        self.why_not_open.setProperty("small", "true")

    def _lay_out(self) -> None:
        first, last = QHBoxLayout(), QHBoxLayout()
        for row in (first, last):
            row.setContentsMargins(MARGIN, 0, MARGIN, 0)
            row.setSpacing(8)
        for widget in (
            self.choice,
            self.epochs_field,
            self.seed_field,
            self.start_button,
            self.cancel_button,
        ):
            first.addWidget(widget)
        first.addStretch(1)
        last.addWidget(self.caution, 1)
        last.addWidget(self.why_not_open)
        last.addWidget(self.open_button)
        words = QVBoxLayout()
        words.setContentsMargins(MARGIN, 4, MARGIN, 0)
        words.setSpacing(4)
        for label in (self.question, self.setting, self.message):
            words.addWidget(label)
        words.addWidget(self.progress)
        below = QHBoxLayout()
        below.setContentsMargins(6, 0, 6, 0)
        below.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 12)
        column.setSpacing(8)
        column.addLayout(first)
        column.addLayout(words)
        column.addWidget(self.plot, 1)
        column.addLayout(below)
        column.addWidget(self.maps)
        column.addLayout(last)

    # What the user wishes.

    @Slot(str)
    def _choose(self, name: str) -> None:
        self._chosen = EXPERIMENTS[name]
        self.table.choose(-1)
        self.work.forget_message()
        self.choice.show_choice(name)
        self._refresh()

    @Slot()
    def start(self) -> None:
        """Begins the chosen experiment."""
        self.table.choose(-1)
        self.work.start(self._chosen, self.epochs_field.value(), self.seed_field.value())
        if self.work.is_active:
            self.cancel_button.setFocus()

    @Slot()
    def open_run(self) -> None:
        """Begins a run with the weights that the chosen network ended with."""
        outcome, result = self._openable, self._result
        if outcome and outcome.vector is not None and result:
            settings = result.terms.settings(outcome.contestant.optimizer)
            saved = beginning(outcome.spec, outcome.vector, settings, result.dataset)
            self._session.open_run(request_for(saved), dataset=result.dataset)

    @property
    def _result(self) -> Result | None:
        """What is known of the chosen experiment."""
        return self.work.results.get(self._chosen.name)

    @property
    def _openable(self) -> Outcome | None:
        """The chosen one, if there is a run to make of it."""
        row, outcomes = self.table.chosen_row, self._result.outcomes if self._result else ()
        if not 0 <= row < len(outcomes) or self._chosen.shuffled or outcomes[row].diverged_at:
            return None
        return outcomes[row] if outcomes[row].vector is not None else None

    # Coming and going.

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with the image."""
        super().showEvent(event)
        self.maps.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks, so nobody learns; a minimised window only looks away."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.work.cancel()

    def shut_down(self) -> None:
        """Closes for good and asks the thread to end; `is_shut_down` says when it has."""
        self.work.shut_down()
        super().shut_down()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.work.is_shut_down

    # Looks.

    @Slot()
    def _refresh(self) -> None:
        work = self.work
        has_focus = self.cancel_button.hasFocus() and not work.is_active
        self.start_button.setEnabled(self._session.dataset is not None and not work.is_active)
        self.cancel_button.setVisible(work.is_active)
        self.choice.setEnabled(not work.is_active)
        self.epochs_field.setEnabled(not work.is_active)
        self.seed_field.setEnabled(not work.is_active)
        self.progress.setValue(round(1000 * work.share))
        self.progress.setVisible(work.is_active)
        self.question.setText(self._chosen.question)
        self.setting.setText(self._setting_in_words())
        self.message.setText(work.message or " ")  # the line keeps its room
        self.message.tint("bad" if work.is_bad else "muted")
        if self._result is not self._shown:
            self._show_result(self._result)
        self._refresh_open()
        if has_focus:
            self.start_button.setFocus()

    def _setting_in_words(self) -> str:
        result, session = self._result, self._session
        if result:
            terms, data = result.terms, result.dataset
            epochs = "1 epoch" if terms.epochs == 1 else f"{terms.epochs} epochs"
            doing = "Learning from" if self.work.is_active else "Shown: learned from"
            size = theme.spaced(terms.batch_size)
            return f"{doing} “{data.title}”, {epochs}, batches of {size}, seed {terms.seed}."
        if session.dataset is None:
            return "As soon as there are data, networks can learn from them."
        names = ", ".join(each.title for each in self._chosen.contestants)
        size = theme.spaced(min(session.settings.batch_size, len(session.dataset.train)))
        return (
            f"{names}: each learns from “{session.dataset.title}” in batches of {size}, the same "
            "images in the same order, taking turns. Training rests meanwhile."
        )

    def _show_result(self, result: Result | None) -> None:
        self._shown = result
        outcomes = result.outcomes if result else ()
        if result:
            epochs, batches = result.terms.epochs, result.batches_per_epoch
            self.plot.show_outcomes(outcomes, batches * epochs, epochs)
        else:
            self.plot.show_outcomes((), 1, 1)
        self.table.cells.show_cells(
            [_row(outcome, color) for outcome, color in zip(outcomes, COLORS, strict=False)]
        )
        self.table.setFixedHeight(HEADER + ROW * max(len(outcomes), 2) + 2)
        self.maps.show_outcomes(outcomes, self._chosen.shuffled)

    @Slot()
    def _refresh_open(self) -> None:
        self.open_button.setEnabled(self._openable is not None)
        self.open_button.setToolTip("A run of the chosen network, with the weights it ended with")
        self.why_not_open.setText("" if self._openable else self._why_not_open())

    def _why_not_open(self) -> str:
        """What is in the way of opening a run."""
        row, outcomes = self.table.chosen_row, self._result.outcomes if self._result else ()
        if self._chosen.shuffled:
            return "These learn from shuffled pixels: no run has such data."
        chosen = outcomes[row] if 0 <= row < len(outcomes) else None
        if chosen and chosen.diverged_at:
            return "Its loss became no number: nothing can go on from there."
        if chosen is None and any(outcome.vector is not None for outcome in outcomes):
            return "Choose a network in the table."
        return "Once all have learned, each can be opened."


def _row(outcome: Outcome, color: str) -> list[Cell]:
    """What is known of one network."""
    accuracy, loss = NONE, NONE
    if outcome.diverged_at:
        accuracy = f"diverged at batch {theme.spaced(outcome.diverged_at)}"
    elif outcome.epochs:
        accuracy = percent(outcome.epochs[-1].test_accuracy, 2)
        loss = short(outcome.epochs[-1].test_loss)
    return [
        Cell(outcome.contestant.title, mark=color, tip=outcome.spec.title),
        Cell(accuracy, "bad" if outcome.diverged_at else "text"),
        Cell(loss),
        Cell(theme.spaced(outcome.parameters)),
        Cell(f"{outcome.seconds:.{1 if outcome.seconds >= 1 else 2}f}\u2009s"),
    ]


def _number(name: str, tip: str, least: int) -> QSpinBox:
    field = QSpinBox()
    field.setRange(least, LARGEST_SEED)
    field.setPrefix(f"{name}  ")
    field.setAccessibleName(name)
    field.setToolTip(tip)
    dress(field)
    field.setFixedSize(120, 29)
    return field
