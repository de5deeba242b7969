"""An experiment under way: waits for training to rest, runs on a thread, watched by a timer."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.datasets import Dataset
from cnnviz.core.experiments import Experiment, Experimenting, Outcome, Standing, Terms
from cnnviz.ui.messages import Notice
from cnnviz.ui.rest import Rest
from cnnviz.ui.session import Session
from cnnviz.ui.watched_tasks import OneTask

POLL_MS = 100


@dataclass(frozen=True)
class Result:
    """How far the networks of an experiment are, or have come."""

    experiment: Experiment
    terms: Terms
    dataset: Dataset
    outcomes: tuple[Outcome, ...] = ()

    @property
    def batches_per_epoch(self) -> int:
        """Whole ones only, as the trainer counts them."""
        return len(self.dataset.train) // self.terms.batch_size


class ExperimentWork(QObject):
    """The experiment under way; what came of each stays until it is made again.

    `shut_down()` ends it for good without waiting; `is_shut_down` says when its thread is gone.
    """

    changed = Signal()
    """It began, got further, or ended."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self.results: dict[str, Result] = {}
        """By the names of the experiments."""
        self._newest: Result | None = None
        self.share = 0.0
        """How much of it is over, 0 to 1."""
        self.message = ""
        self.is_bad = False
        """Whether the message says that something went wrong."""
        self.is_active = False
        """Whether it runs, or waits for training to rest."""
        self._session = session
        self._work: OneTask[Experimenting] = OneTask(self, self._look, POLL_MS)
        self._ended = False
        self._rest = Rest(session, self)
        self._rest.disturbed.connect(self._be_disturbed)

    def start(self, experiment: Experiment, epochs: int, seed: int) -> None:
        """Has training rest, and then begins, on the data and with the batches of now."""
        session = self._session
        if self.is_active or self._ended or session.dataset is None:
            return
        settings = session.settings
        size = min(settings.batch_size, len(session.dataset.train))
        terms = Terms(epochs, size, seed, settings.threads)
        self._take(Result(experiment, terms, session.dataset))
        self.share, self.is_active = 0.0, True
        self._say("")
        self._rest.begin()
        self._work.wait()
        self._look()

    def cancel(self) -> None:
        """Ends it; training goes on if it was running."""
        if self.is_active:
            self._end(f"Cancelled after {100 * self.share:.0f}\u2009%.")

    def forget_message(self) -> None:
        """What was said of one experiment does not hold for the next."""
        if not self.is_active:
            self._say("")

    def shut_down(self) -> None:
        """Ends it, and allows no other. Returns at once."""
        self._ended = True
        self.is_active = False
        self._work.end()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._work.is_over

    @Slot()
    def _look(self) -> None:
        if self._work.now is None:
            self._begin_when_calm()
            return
        standing = self._work.now.standing
        outcomes = standing.outcomes or standing.underway
        if self._newest and outcomes:
            self._take(replace(self._newest, outcomes=outcomes))
        self.share = standing.share
        if standing.ended:
            self._finish(standing)
        else:
            self.changed.emit()

    def _take(self, result: Result) -> None:
        self._newest = self.results[result.experiment.name] = result

    def _begin_when_calm(self) -> None:
        newest = self._newest
        if newest is None:
            return
        if not self._rest.is_calm:
            self._say("Waiting for training to rest …")
        elif self._work.is_over:
            terms = newest.terms
            seeds = (terms.seed,)
            self._work.start(Experimenting(newest.experiment, newest.dataset, terms, seeds))
            self._say("Training rests meanwhile." if self._rest.has_paused_training else "")
        self.changed.emit()

    def _finish(self, standing: Standing) -> None:
        if standing.failure is None:
            self._end("Done.")
            return
        message, details = standing.failure
        text = f"The experiment stopped. {message}"
        self._end(text, bad=True)
        if details:
            self._session.noticed.emit(Notice(text, details))

    @Slot(str)
    def _be_disturbed(self, why: str) -> None:
        if self.is_active:
            self._end(f"Cancelled, for {why}.")

    def _end(self, text: str, bad: bool = False) -> None:
        """However it ended: says so, and hands the machine back to training."""
        self.is_active = False
        self._work.end()
        if self._rest.end():
            text += " Training goes on."
        self._say(text, bad)
        self.changed.emit()

    def _say(self, text: str, bad: bool = False) -> None:
        self.message, self.is_bad = text, bad
