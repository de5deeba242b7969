"""The test set through the network of one moment: what came of each image, and where it lies.

A task of its own. It waits for everything else on this machine, and works on a network of its own.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnnviz.core.datasets import Split
from cnnviz.core.edits import Edits, apply_edits
from cnnviz.core.evaluation import Evaluation, evaluate
from cnnviz.core.loss import softmax
from cnnviz.core.network import Network
from cnnviz.core.priority import LAST, let_others_first
from cnnviz.core.projection import Plane, principal_plane
from cnnviz.core.spec import Spec
from cnnviz.core.task import Task
from cnnviz.core.workspace import Array, may_diverge


@dataclass(frozen=True, eq=False)
class Question:
    """What to examine: the weights of a moment, and the images to test them on."""

    spec: Spec
    vector: Array = field(repr=False)
    """The learned weights; nobody may write to them any more."""
    edits: Edits
    """What lies over them."""
    step: int
    """How many batches these weights have learned from."""
    split: Split = field(repr=False)
    layer: str | None = None
    """The layer whose outputs are to be seen in a plane; None if nobody looks at it."""

    def network(self) -> Network:
        """Made anew, with these weights and edits; raises CnnvizError if they do not fit."""
        network = Network(self.spec)
        network.vector[...] = self.vector
        apply_edits(network, self.edits)
        return network

    def covers(self, other: "Question") -> bool:
        """Whether an answer to this one answers the other too."""
        return (
            (self.spec, self.step, self.edits) == (other.spec, other.step, other.edits)
            and other.layer in (None, self.layer)
            and self.split is other.split
            and (self.vector is other.vector or np.array_equal(self.vector, other.vector))
        )


@dataclass(frozen=True, eq=False)
class Answer:
    """What came out, and of what."""

    question: Question
    evaluation: Evaluation
    confidences: Array
    """The probability given to the class that was chosen for each image, 0 to 1 or NaN, (N,)."""
    plane: Plane | None
    """Where the images lie, if a layer was named."""

    @property
    def undecided(self) -> int:
        """Images for which a network that has diverged gave no numbers."""
        return int(np.count_nonzero(~np.isfinite(self.evaluation.losses)))


@dataclass(frozen=True)
class Standing:
    """Where an examination is; once `ended`, it stays so."""

    done: int
    """Images that have been through."""
    answer: Answer | None
    """None before the end, and for good if it was cancelled."""
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class Examination(Task[Standing]):
    """Cancelled, it ends after the images under way."""

    def __init__(self, question: Question) -> None:
        super().__init__("examination", Standing(0, None, False, None))
        self.question = question
        self._confidences: list[Array] = []
        self._outputs: list[Array] = []
        self._layer = -1

    def _work(self) -> dict[str, Any]:
        let_others_first(LAST)
        question = self.question
        network = question.network()
        names = [layer.name for layer in network.layers]
        self._layer = 1 + names.index(question.layer) if question.layer else -1
        evaluation = evaluate(network, question.split, self._cancelled.is_set, self._see)
        if evaluation is None:
            return {}
        plane = principal_plane(np.concatenate(self._outputs)) if question.layer else None
        return {"answer": Answer(question, evaluation, np.concatenate(self._confidences), plane)}

    @may_diverge
    def _see(self, values: list[Array]) -> None:
        self._confidences.append(softmax(values[-1]).max(axis=1))
        if self._layer > 0:
            self._outputs.append(values[self._layer].copy(order="C"))
        self._tell(done=self.standing.done + len(values[0]))
