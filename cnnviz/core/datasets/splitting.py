"""Which images are kept back to test on, and in which order classes stand."""

import re

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import DataError


def stratified(
    labels: NDArray[np.int64], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the images to learn from, and of those to test on; each ascending.

    Of each class `share` tests, rounded, but at least one does and one does not if it has two. The
    same labels, share and seed give the same indices. Raises DataError if no class has two images.
    """
    rng = np.random.default_rng(seed)
    tests = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        count = min(max(1, round(len(mine) * share)), len(mine) - 1)
        tests[rng.permutation(mine)[:count]] = True
    if not tests.any():
        raise DataError(
            "There is only one image of each class, so none is left to test on. Add more images."
        )
    return np.flatnonzero(~tests), np.flatnonzero(tests)


def natural(name: str) -> tuple[list[str | int], str]:
    """Sorts "2" before "10" and "a" beside "A"."""
    parts = re.split(r"(\d+)", name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name
