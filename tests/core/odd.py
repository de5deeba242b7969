"""Networks of uneven shapes: one with one of everything, with data and a batch in stops."""

from contextlib import closing

import numpy as np

from cnnviz.core.convolution import WAYS
from cnnviz.core.datasets import Dataset, Split, load_dataset
from cnnviz.core.microscope import Moment, dissect
from cnnviz.core.presets import preset
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec, arctan, conv2d, dense, flatten, max_pool2d, relu, sigmoid
from cnnviz.core.trainer import Trainer

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

SIGMOIDS = Spec(
    "sigmoids",
    "RGB, sigmoids, strides and padding",
    (3, 13, 10),
    (
        conv2d(5, (4, 3), stride=(2, 1), padding=(1, 2)),
        sigmoid(),
        conv2d(4, (1, 3), padding=(2, 0)),
        sigmoid(),
        flatten(),
        dense(6),
        sigmoid(),
        dense(4),
    ),
)


def odd_data(count: int = 60, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, *ODD.input_shape), np.uint8)
    split = Split(pixels, rng.integers(0, 3, count))
    return Dataset("odd", "Odd", split, split, ("a", "b", "c"), "Made for the tests.")


CASES = [(ODD, way) for way in WAYS] + [
    (preset(name), "im2col") for name in ("numpy-cnn", "lenet-5", "mlp", "tiny")
]
"""Networks, and ways of convolution to train them by."""


def dissected(spec=ODD, data=None, optimizer="adam", way="im2col", batches=3, size=20):
    """The batch after these, dissected; of digits where the data are not told, or are ours."""
    data = data or (odd_data() if spec is ODD else load_dataset("digits"))
    settings = Settings(optimizer, 0.01, batch_size=size, convolution=way, threads=2)
    with closing(Trainer(spec, data, settings)) as trainer:
        for _ in range(batches):
            trainer.train_batch()
        return dissect(Moment.of(trainer))
