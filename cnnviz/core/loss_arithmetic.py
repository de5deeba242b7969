"""How the loss of one image came about, and what it adds to the batch's mean.

With backward_arithmetic.py: the loss is where the way forward ends and the way back begins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.microscope import Dissection
from cnnviz.core.workspace import Array, may_diverge


@dataclass(frozen=True, eq=False)
class ImageLoss:
    """L = −log p[label] = log(sum over j of exp(z[j] − m)) − (z[label] − m), with m = max z.

    The batch's loss is the mean of all L. Source: see loss.py.
    """

    image: int
    label: int
    logits: Array
    """z, (classes,)"""
    probability: float
    """p[label]"""
    count: int
    """N, the images of the batch."""
    mean: float
    """The batch's loss."""
    result: float

    @property
    def exponentials(self) -> NDArray[np.float64]:
        """exp(z − m), (classes,)"""
        shifted = self.logits.astype(np.float64) - float(self.logits.max())
        exponentials: NDArray[np.float64] = np.exp(shifted)
        return exponentials

    @property
    def total(self) -> float:
        """The formula once more, in float64."""
        shifted = float(self.logits[self.label]) - float(self.logits.max())
        return float(np.log(self.exponentials.sum()) - shifted)


@may_diverge
def explain_loss(dissection: Dissection, image: int) -> ImageLoss:
    """The loss of this image (0 to N − 1); raises IndexError for one there is not."""
    count = len(dissection.labels)
    if not 0 <= image < count:
        raise IndexError(f"a batch of {count} has no image {image}")
    label = int(dissection.labels[image])
    return ImageLoss(
        image,
        label,
        dissection.logits[image].copy(),
        float(dissection.probabilities[image, label]),
        count,
        dissection.loss,
        float(dissection.losses[image]),
    )
