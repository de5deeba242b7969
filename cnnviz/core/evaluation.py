"""How well a network does on images it has not learned from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets import Split
from cnnviz.core.loss import negative_log_likelihood
from cnnviz.core.network import Network

IMAGES_AT_ONCE = 250


@dataclass(frozen=True)
class Evaluation:
    """Mean loss and accuracy (0 to 1) over a split, and the class chosen for each image (N,)."""

    loss: float
    accuracy: float
    predictions: NDArray[np.integer[Any]]


def evaluate(
    network: Network, split: Split, interrupted: Callable[[], bool] = lambda: False
) -> Evaluation | None:
    """Runs every image of `split` through `network`; None if `interrupted()` says so on the way."""
    losses, predictions = [], []
    for start in range(0, len(split), IMAGES_AT_ONCE):
        if interrupted():
            return None
        indices = np.arange(start, min(start + IMAGES_AT_ONCE, len(split)))
        images, labels = split.batch(indices)
        logits = network.run(images)[-1]
        losses.append(negative_log_likelihood(logits, labels))
        predictions.append(logits.argmax(axis=1))
    chosen = np.concatenate(predictions)
    return Evaluation(
        loss=float(np.mean(np.concatenate(losses), dtype=np.float64)),
        accuracy=float(np.mean(chosen == split.labels)),
        predictions=chosen,
    )
