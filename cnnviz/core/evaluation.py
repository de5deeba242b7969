"""How well a network does on images it has not learned from: in all, class by class, one by one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets import Split
from cnnviz.core.loss import negative_log_likelihood
from cnnviz.core.network import Network
from cnnviz.core.slices import chunks
from cnnviz.core.workspace import Array


class ClassScore(NamedTuple):
    """How one class fared, each but `support` from 0 to 1, or NaN where nothing can be said.

    Source: Manning, Raghavan and Schütze, "Introduction to Information Retrieval" (2008), 8.3.
    """

    precision: float
    """Of the images that were taken for this class, the share that is of it."""
    recall: float
    """Of the images of this class, the share that was taken for it."""
    f1: float
    """The harmonic mean of both, 2 · right / (taken + there)."""
    support: int
    """Images of this class."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Mean loss and accuracy (0 to 1) over a split, and what came of each of its N images."""

    loss: float
    accuracy: float
    predictions: NDArray[np.integer[Any]]
    """The class chosen for each image, (N,)."""
    labels: NDArray[np.integer[Any]]
    """The class each image is of, (N,)."""
    losses: Array
    """−log of the probability given to the label, (N,)."""
    classes: int
    """How many there are."""

    @property
    def probabilities(self) -> Array:
        """What the network gave to each image's label, 0 to 1, (N,)."""
        probabilities: Array = np.exp(-self.losses)
        return probabilities

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """How many images of each class (row) were taken for each class (column), (C, C)."""
        places = self.labels.astype(np.int64) * self.classes + self.predictions
        counts = np.bincount(places, minlength=self.classes**2)
        return counts.astype(np.int64).reshape(self.classes, self.classes)

    @property
    def class_scores(self) -> list[ClassScore]:
        """Precision, recall, F1 and support of each class, in order."""
        right, there = self.confusion.diagonal(), self.confusion.sum(axis=1)
        taken = self.confusion.sum(axis=0)
        return [
            ClassScore(_share(r, t), _share(r, h), _share(2 * r, t + h), h)
            for r, t, h in zip(right.tolist(), taken.tolist(), there.tolist(), strict=True)
        ]

    def worst(self, count: int) -> NDArray[np.int64]:
        """Indices of up to `count` images that were taken for another class, worst loss first."""
        wrong = np.flatnonzero(self.predictions != self.labels)
        order = np.argsort(-self.losses[wrong], kind="stable")
        return wrong[order[:count]].astype(np.int64)


def evaluate(
    network: Network,
    split: Split,
    interrupted: Callable[[], bool] = lambda: False,
    see: Callable[[list[Array]], None] = lambda values: None,
) -> Evaluation | None:
    """Runs every image of `split` through `network`; None if `interrupted()` says so on the way.

    Some images at a time, `see` is shown what `Network.run` gave; it lives until the next of them.
    """
    logits = []
    for chunk in chunks(len(split), network.layers):
        if interrupted():
            return None
        images, _ = split.batch(np.arange(chunk.start, chunk.stop))
        values = network.run(images)
        see(values)
        logits.append(values[-1].copy())
    return evaluation_of(np.concatenate(logits), split.labels)


def evaluation_of(logits: Array, labels: NDArray[np.integer[Any]]) -> Evaluation:
    """What `logits` (N, classes) for images of these classes (N,) amount to."""
    losses = negative_log_likelihood(logits, labels)
    predictions = logits.argmax(axis=1)
    return Evaluation(
        loss=float(np.mean(losses, dtype=np.float64)),
        accuracy=float(np.mean(predictions == labels)),
        predictions=predictions,
        labels=labels,
        losses=losses,
        classes=logits.shape[1],
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
