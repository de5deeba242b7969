"""The image that goes through the network: of the test set, drawn, or any picture."""

from dataclasses import dataclass, field, replace

import numpy as np

from cnnviz.core.datasets import Dataset
from cnnviz.core.workspace import Array
from cnnviz.ui.theme import spaced


@dataclass(frozen=True, eq=False)
class ShownImage:
    """An image and what is known of it."""

    values: Array = field(repr=False)
    """float32 (C, H, W) in [0, 1]; nobody writes to it."""
    words: str
    """What it is, for people: “No. 5, a 3”, “a drawn digit”, “picture scan.jpg”."""
    number: int | None = None
    """Which of the test set it is; None for any other image."""
    label: int | None = None
    """Its true class, where that is known."""


def of_test_set(dataset: Dataset, index: int) -> ShownImage:
    """The test image of that number."""
    images, labels = dataset.test.batch(np.array([index]))
    label = int(labels[0])
    return ShownImage(
        images[0], f"No. {spaced(index)}, a {dataset.class_names[label]}", index, label
    )


def after_change(image: ShownImage | None, dataset: Dataset) -> ShownImage:
    """With other data: a picture stays if it fits, but its class has no name any more."""
    if image and image.number is None and image.values.shape == dataset.input_shape:
        return replace(image, label=None)
    return of_test_set(dataset, 0)
