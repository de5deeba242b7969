"""Asks what a fork is to do otherwise, and says in words what that will mean."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.convolution import WAYS
from cnnviz.core.errors import CnnvizError
from cnnviz.core.fork import Differences, in_force
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.settings import Settings, usual_rate
from cnnviz.ui import theme
from cnnviz.ui.forking import fork_off
from cnnviz.ui.runs import Run
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_button import ChoiceButton
from cnnviz.ui.widgets.number_fields import BatchField, RateField, dress

MOST_SEED = 2**31 - 1
WIDTH = 520


class ForkDialog(QDialog):
    """From the moment that is looked at or the newest; of a run that was left, its newest."""

    def __init__(self, session: Session, run: Run, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self.run = session, run
        self._play = session.is_training
        self._is_open = run is session.runs.open
        self.setWindowTitle(f"Fork {run.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(WIDTH)
        self._make_start()
        self._make_fields()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setAccessibleName("What will differ")
        self.error = QLabel()
        self.error.setWordWrap(True)
        self.error.setProperty("bad", "true")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.fork_button = self.buttons.addButton("Fork", QDialogButtonBox.ButtonRole.AcceptRole)
        self.fork_button.setProperty("primary", "true")
        self.fork_button.setDefault(True)
        self._lay_out()
        self._show_settings()
        self._connect()
        self.rate.setFocus()
        self.rate.selectAll()

    def _make_start(self) -> None:
        moment = self._session.past.moment if self._is_open else None
        batches = theme.spaced(len(self.run.timeline))
        now = "the newest batch, where training is when you fork" if self._play else ""
        if not (self._is_open and now):
            now = f"batch {batches}, the newest"
        self.newest = QRadioButton(f"From {now}")
        self.looked_at = QRadioButton()
        self.looked_at.setVisible(moment is not None)
        self._moment = moment
        if moment is not None:
            self.looked_at.setText(f"From batch {theme.spaced(moment)}, the moment looked at")
            self.looked_at.setChecked(True)
        else:
            self.newest.setChecked(True)

    def _make_fields(self) -> None:
        self.rate, self.batch, self.seed = RateField(), BatchField(), QSpinBox()
        self.rate.setToolTip("Learning rate of the fork")
        self.batch.setToolTip("Images per batch of the fork")
        if self._session.dataset:
            self.batch.setMaximum(len(self._session.dataset.train))
        self.seed.setRange(0, MOST_SEED)
        self.seed.setPrefix("Seed  ")
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip("Another seed shuffles the images otherwise")
        dress(self.seed)
        for field in (self.rate, self.batch, self.seed):
            field.lineEdit().returnPressed.disconnect(field.clearFocus)  # Enter forks
            field.setKeyboardTracking(True)  # words follow what is typed
            field.setFixedSize(150, self.rate.sizeHint().height())
        self.optimizer = ChoiceButton(
            "Optimiser",
            [
                (kind.name, kind.title, f"Usual rate {kind.default_rate:g}")
                for kind in OPTIMIZERS.values()
            ],
        )
        self.way = ChoiceButton("Convolution", [(name, name, name) for name in WAYS])
        self.optimizer.setToolTip("How a gradient becomes a step")
        self.way.setToolTip("One operation, three ways")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 18, 22, 18)
        column.setSpacing(8)
        name = self.fontMetrics().elidedText(
            self.run.name, Qt.TextElideMode.ElideMiddle, WIDTH - 180
        )
        heading = QLabel(f"A new run from {name}, which stays")
        heading.setProperty("heading", "true")
        column.addWidget(heading)
        for button in (self.looked_at, self.newest):
            column.addWidget(button)
        column.addSpacing(6)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.addWidget(self.rate, 0, 0)
        grid.addWidget(self.batch, 0, 1)
        grid.addWidget(self.seed, 0, 2)
        choices = QHBoxLayout()
        choices.setSpacing(8)
        choices.addWidget(self.optimizer)
        choices.addWidget(self.way)
        choices.addStretch(1)
        grid.addLayout(choices, 1, 0, 1, 3)
        grid.setColumnStretch(3, 1)
        column.addLayout(grid)
        column.addSpacing(6)
        self.words.setMinimumHeight(4 * self.fontMetrics().lineSpacing())  # nothing jumps
        column.addWidget(self.words)
        column.addWidget(self.error)
        column.addWidget(self.buttons)

    def _connect(self) -> None:
        for field in (self.rate, self.batch, self.seed):
            field.lineEdit().textChanged.connect(self._tell)
            field.valueChanged.connect(self._tell)  # the arrows do not tell of text
        self.optimizer.chosen.connect(self._choose_optimizer)
        self.way.chosen.connect(self._choose_way)
        self.newest.toggled.connect(self._show_settings)
        self.buttons.rejected.connect(self.reject)
        self.buttons.accepted.connect(self.accept)

    # What is chosen.

    @property
    def step(self) -> int:
        """Where the fork begins, as far as is known now."""
        moment = self._moment if self.looked_at.isChecked() else None
        return len(self.run.timeline) if moment is None else moment

    @property
    def before(self) -> Settings:
        """What the run does at that step."""
        now = self._session.settings if self._is_open else self.run.settings
        timeline, step = self.run.timeline, self.step
        rates, ways = timeline.rate_changes, timeline.convolution_changes
        rate = in_force(rates, step) if rates else now.learning_rate
        way = in_force(ways, step) if ways else now.convolution
        return replace(now, learning_rate=rate, convolution=way)

    @property
    def differences(self) -> Differences:
        """What was chosen otherwise."""
        before = self.before
        chosen = self._chosen().items()
        return Differences(**{name: new for name, new in chosen if new != getattr(before, name)})

    def _chosen(self) -> dict[str, Any]:
        return {
            "learning_rate": self.rate.value(),
            "optimizer": self.optimizer.key,
            "batch_size": self.batch.value(),
            "convolution": self.way.key,
            "seed": self.seed.value(),
        }

    @Slot()
    def _show_settings(self) -> None:
        """Begins with what the run does there."""
        before = self.before
        self.optimizer.show_choice(before.optimizer)
        self.way.show_choice(before.convolution)
        self.rate.setValue(before.learning_rate)
        self.batch.setValue(before.batch_size)
        self.seed.setValue(before.seed)
        self._tell()

    @Slot(str)
    def _choose_optimizer(self, name: str) -> None:
        """Each optimiser has a usual rate of its own."""
        before = self.before
        same = name == before.optimizer
        self.optimizer.show_choice(name)
        self.rate.setValue(before.learning_rate if same else usual_rate(name, before.schedule))
        self._tell()

    @Slot(str)
    def _choose_way(self, name: str) -> None:
        self.way.show_choice(name)
        self._tell()

    # In words.

    @Slot()
    def _tell(self) -> None:
        """What the fork will do, or why it cannot be."""
        fault = self._fault()
        self.error.setText(fault)
        self.fork_button.setEnabled(not fault)
        if not fault:
            self.words.setText("\n".join(in_words(self.run.name, self.before, self.differences)))

    def _fault(self) -> str:
        for field, what, least in (
            (self.rate, "learning rate must be a number", "0.000001"),
            (self.batch, "batch size must be a whole number", "1"),
            (self.seed, "seed must be a whole number", "0"),
        ):
            if not field.hasAcceptableInput():
                typed, most = field.cleanText().strip(), f"{field.maximum():.0f}"
                return f"The {what} from {least} to {most}, not “{typed}”."
        try:
            self.differences.of(self.before)
        except CnnvizError as error:
            return str(error)
        return ""

    def accept(self) -> None:
        """Forks; the fork plays on if training was on."""
        for field in (self.rate, self.batch, self.seed):
            field.interpretText()
        if self._fault():
            return
        others = self.differences
        if self._is_open and not self.looked_at.isChecked():
            self._session.past.look_at(None)
        fork_off(self._session, others, self._play, self.run)
        super().accept()


def in_words(name: str, before: Settings, others: Differences) -> list[str]:
    """What will differ, and what that means for training."""
    after = others.of(before)
    lines = []
    if after.learning_rate != before.learning_rate:
        lines.append(f"Rate {before.learning_rate:g} → {after.learning_rate:g}.")
    if after.optimizer != before.optimizer:
        old, new = (OPTIMIZERS[each.optimizer].title for each in (before, after))
        lines.append(f"{new} begins without memory: what {old} remembers means nothing to it.")
    if after.convolution != before.convolution:
        lines.append(
            f"Convolution by {after.convolution}, no more by {before.convolution}: the same "
            "numbers but for rounding, at another speed."
        )
    if after.batch_size != before.batch_size:
        lines.append(
            f"Batches of {after.batch_size} images, no more of {before.batch_size}: it counts them "
            "from 0, and its curve is laid on from there."
        )
    elif after.seed != before.seed:
        lines.append(f"Seed {after.seed}: the images come in another order from here on.")
    if after.batch_size == before.batch_size and after.seed == before.seed:
        lines.append(f"It sees the very images that {name} saw next.")
    if others == Differences():
        lines.insert(0, "Nothing differs, so it learns the same again to the last bit.")
    return lines
