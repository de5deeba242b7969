"""The same images with their pixels in another order: all that stays is which values there are.

Every image is shuffled alike, so no information is lost; but neighbours are neighbours no more,
which is what a convolution counts on. To a dense layer it is all the same.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets.dataset import Dataset, Scalar, Split

PIXEL_STREAM = 2
"""Keeps the random numbers of this order apart from those of weights and shuffled images."""


def with_shuffled_pixels(dataset: Dataset, seed: int = 0) -> Dataset:
    """The data with one order of the pixels, drawn from `seed`, in all images and channels.

    It has the dataset's name with “, pixels shuffled” after it, which `load_dataset` does not know.
    """

    def shuffled(split: Split) -> Split:
        return Split(shuffle_pixels(split.pixels, seed), split.labels)

    return replace(
        dataset,
        name=f"{dataset.name}, pixels shuffled",
        title=f"{dataset.title}, pixels shuffled",
        train=shuffled(dataset.train),
        test=shuffled(dataset.test),
    )


def shuffle_pixels(images: NDArray[Scalar], seed: int = 0) -> NDArray[Scalar]:
    """Images (N, C, H, W) with their pixels in that order; a copy."""
    order = np.random.default_rng([seed, PIXEL_STREAM]).permutation(int(np.prod(images.shape[2:])))
    rows = images.reshape(*images.shape[:2], -1)
    return np.take(rows, order, axis=2).reshape(images.shape)
