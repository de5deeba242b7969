"""What edits are worth: a network's test accuracy with them and without, on a thread of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from cnnviz.core.datasets import Split
from cnnviz.core.edits import Edits, edited
from cnnviz.core.evaluation import evaluate
from cnnviz.core.network import Network
from cnnviz.core.slices import chunks
from cnnviz.core.spec import Spec
from cnnviz.core.task import Task
from cnnviz.core.workspace import Array


class Compared(NamedTuple):
    """Accuracies over the test set, 0 to 1."""

    learned: float
    edited: float


@dataclass(frozen=True)
class Standing:
    """Where a comparison is; once `ended`, it stays so."""

    share: float
    """How much of it is over, 0 to 1."""
    result: Compared | None
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class Comparison(Task[Standing]):
    """Evaluates both, one after the other."""

    def __init__(self, spec: Spec, vector: Array, edits: Edits, test: Split) -> None:
        """`vector` holds the learned weights; nobody may write to it any more."""
        super().__init__("comparison", Standing(0.0, None, False, None))
        self._spec, self._vector, self._edits, self._test = spec, vector, edits, test

    def _work(self) -> dict[str, Any]:
        return {"result": self._compare()}

    def _compare(self) -> Compared | None:
        learned = Network(self._spec)
        learned.vector[...] = self._vector
        parts = len(chunks(len(self._test), learned.layers))
        accuracies = []
        for turn, network in enumerate((learned, edited(learned, self._edits))):
            evaluation = evaluate(network, self._test, self._check(turn, parts))
            if evaluation is None:
                return None
            accuracies.append(evaluation.accuracy)
        return Compared(*accuracies)

    def _check(self, turn: int, parts: int) -> Callable[[], bool]:
        """Asked before each of the test set's `parts`: takes down how far it is."""
        done = turn * parts

        def cancelled() -> bool:
            nonlocal done
            self._tell(share=done / (2 * parts))
            done += 1
            return self._cancelled.is_set()

        return cancelled
