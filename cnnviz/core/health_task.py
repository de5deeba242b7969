"""A network's health at several moments of its run, found one after another on a thread.

An examination takes some 10 ms for a small network, and much more for a large one. Of a training
that is followed closely, a process makes them (see health_helper.py).
"""

from dataclasses import dataclass
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.child import HelperLost
from cnnviz.core.datasets import Split
from cnnviz.core.health import Health, examine
from cnnviz.core.health_helper import HealthHelper
from cnnviz.core.network import Network
from cnnviz.core.priority import LAST, let_others_first
from cnnviz.core.spec import Spec
from cnnviz.core.task import Task
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import Snapshot
from cnnviz.core.verdicts import Verdict, judge


@dataclass(frozen=True, eq=False)
class Past:
    """What had happened up to a moment, to judge by."""

    classes: int
    losses: NDArray[np.float64]
    epochs: tuple[EpochResult, ...]

    @staticmethod
    def of(timeline: Timeline, classes: int, step: int) -> "Past":
        """Up to `step`, and the batch after it if its loss was no finite number."""
        losses = timeline.losses[:step].copy()
        if step in timeline.diverged:
            losses = np.append(losses, timeline.diverged[step])
        epochs = tuple(epoch for epoch in timeline.epochs if epoch.step <= step)
        return Past(classes, losses, epochs)


@dataclass(frozen=True, eq=False)
class Question:
    """How is the network of this snapshot doing?"""

    snapshot: Snapshot
    rate: float
    """The learning rate of the batch after it."""
    past: Past | None = None
    """To be judged by, if verdicts are wanted."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Its health, and what seems wrong if that was asked."""

    health: Health
    verdicts: tuple[Verdict, ...] | None


@dataclass(frozen=True)
class Standing:
    """Where the examinations are; once `ended`, it stays so."""

    answers: tuple[Answer, ...]
    """To the first questions."""
    seconds: float
    """The processor's time that they took."""
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class Examining(Task[Standing]):
    """Answers in the order of the questions; cancelled, it ends between two of them."""

    def __init__(
        self,
        spec: Spec,
        images: Split,
        optimizer: str,
        questions: tuple[Question, ...],
        helper: HealthHelper | None = None,
    ) -> None:
        """`spec` is fitted to the data; `images` are the probe, see `health.probe`.

        A `helper` for the same three examines instead of this thread, until it is lost.
        """
        super().__init__("health", Standing((), 0.0, False, None))
        self.questions = questions
        self._given = spec, images, optimizer
        self._helper = helper
        self._network: Network | None = None

    def _work(self) -> dict[str, Any]:
        let_others_first(LAST)
        answers: list[Answer] = []
        beside = 0.0
        for question in self.questions:
            if self._cancelled.is_set():
                break
            found = self._examine(question)
            if found is None:
                break
            health, seconds = found
            beside += seconds
            past, verdicts = question.past, None
            if past is not None:
                verdicts = tuple(judge(past.classes, past.losses, past.epochs, health))
            answers.append(Answer(health, verdicts))
            self._tell(answers=tuple(answers), seconds=thread_time() + beside)
        return {}

    def _examine(self, question: Question) -> tuple[Health, float] | None:
        """Its health, and the seconds of another process that it took; None if cancelled."""
        snapshot, rate = question.snapshot, question.rate
        if self._helper:
            try:
                return self._helper.examine(snapshot, rate, self._cancelled.is_set)
            except HelperLost:
                self._helper = None
                if self._cancelled.is_set():
                    return None  # it was ended with us
        spec, images, optimizer = self._given
        self._network = self._network or Network(spec, None)
        return examine(self._network, snapshot, images, optimizer, rate), 0.0
