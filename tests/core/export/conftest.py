"""Networks and runs to export."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cnnviz.core import PRESETS, Dataset, Network, Settings, Spec, Timeline, Trainer
from cnnviz.core.saved_run import SavedRun, capture
from cnnviz.core.spec import arctan, conv2d, dense, flatten, max_pool2d, relu
from tests.core.odd import SIGMOIDS

ODD = {
    "sigmoids": SIGMOIDS,
    "arctans": Spec(
        "arctans",
        "Arctans and windows that overlap",
        (1, 12, 15),
        (max_pool2d((2, 3), 1), conv2d(6, 3), arctan(), max_pool2d(3, (1, 2)), flatten(), dense(3)),
    ),
    "flat": Spec("flat", "Ends in no dense layer", (2, 3, 3), (relu(), conv2d(4, 3), flatten())),
    "bare": Spec("bare", "No weights at all", (2, 3, 3), (flatten(), flatten())),
}
SPECS = {**PRESETS, **ODD}


def with_biases(spec: Spec, seed: int = 3) -> Network:
    """A network none of whose parameters is zero."""
    network = Network(spec, seed)
    rng = np.random.default_rng(seed)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter[...] = rng.normal(0, 0.2, parameter.shape)
    return network


def batch_for(network: Network, count: int = 5) -> np.ndarray:
    shape = (count, *network.spec.input_shape)
    return np.random.default_rng(count).random(shape, np.float32)


@pytest.fixture(scope="session")
def make_run(make_dataset: Callable[..., Dataset]) -> Callable[..., SavedRun]:
    """A function that trains so many batches of 10, of which six make an epoch."""

    def make(spec: Spec, dataset: Dataset, batches: int = 12, notes: str = "") -> SavedRun:
        options: dict[str, Any] = {"batch_size": 10, "epochs": 3, "threads": 1}
        trainer, timeline = Trainer(spec, dataset, Settings(**options)), Timeline()
        timeline.keep(trainer.snapshot())
        while trainer.step < batches:
            timeline.record(trainer.train_batch())
            if trainer.step % 6 == 0:
                epoch = timeline.epoch_result(trainer.step // 6, 6, 10, 0.5, 0.25)
                timeline.epochs.append(epoch)
                timeline.keep(trainer.snapshot())
        return capture(trainer, timeline, notes)

    return make


@pytest.fixture(scope="session")
def run(make_run: Callable[..., SavedRun], small_spec: Spec, dataset: Dataset) -> SavedRun:
    """A run of two epochs."""
    return make_run(small_spec, dataset)
