"""Softmax with negative log-likelihood: how wrong the logits are, and which way is less wrong."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.workspace import Array, may_diverge


@may_diverge
def softmax(logits: Array) -> Array:
    """Probabilities exp(z) / sum of exp(z) per row of `logits` (N, classes), same dtype.

    The row's maximum is subtracted first, which changes nothing but keeps exp from overflowing.
    """
    exponentials: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials


@may_diverge
def negative_log_likelihood(logits: Array, labels: NDArray[np.integer[Any]]) -> Array:
    """−log p[label] of each image, shape (N,), computed as log(sum exp z) − z[label]."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    chosen: Array = shifted[np.arange(len(labels)), labels]
    log_sums: Array = np.log(np.exp(shifted).sum(axis=1))
    return log_sums - chosen


def loss_and_gradient(
    logits: Array, labels: NDArray[np.integer[Any]], count: int
) -> tuple[float, Array]:
    """The loss, summed and divided by `count`, and its gradient by the logits, (p − y) / count.

    `count` is N for the mean over these logits (N, classes), more if they are a share of a batch.
    The same sums as in `softmax` and `negative_log_likelihood`, taken once for both.
    Source: Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 6.2.2.3.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    gradient: Array = np.exp(shifted)
    sums = gradient.sum(axis=1)
    of_labels = np.arange(len(labels)), labels
    loss = float((np.log(sums) - shifted[of_labels]).sum(dtype=np.float64)) / count
    gradient /= sums[:, np.newaxis]
    gradient[of_labels] -= 1
    gradient /= count
    return loss, gradient
