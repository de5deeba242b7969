"""A network with one of everything, in uneven shapes, and data for it."""

import numpy as np

from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.spec import Spec, arctan, conv2d, dense, flatten, max_pool2d, relu, sigmoid

ODD = Spec(
    "odd",
    "Odd",
    (3, 11, 9),
    (
        conv2d(4, (3, 2), stride=(2, 1), padding=(2, 1)),
        sigmoid(),
        max_pool2d((2, 3), (1, 2)),
        conv2d(5, 2),
        relu(),
        max_pool2d(2, 1),
        conv2d(2, 2, padding=1),
        arctan(),
        flatten(),
        dense(6),
        relu(),
        dense(3),
    ),
)


def odd_data(count: int = 60, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, *ODD.input_shape), np.uint8)
    split = Split(pixels, rng.integers(0, 3, count))
    return Dataset("odd", "Odd", split, split, ("a", "b", "c"), "Made for the tests.")
