"""A moment between two snapshots comes back to the last bit, beside whatever else goes on."""

from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest

from cnnviz.core.convolution import WAYS
from cnnviz.core.datasets import Dataset
from cnnviz.core.moment import Moment
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.trainer import Trainer

PATIENCE = 20


@pytest.fixture
def build(small_spec: Spec, dataset: Dataset) -> Callable[..., Trainer]:
    def make(**settings: object) -> Trainer:
        options: dict[str, object] = {"batch_size": 8, "threads": 2} | settings
        return Trainer(small_spec, dataset, Settings(**options))  # type: ignore[arg-type]

    return make


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_bits_are_those_that_were_there(
    way: str, optimizer: str, build: Callable[..., Trainer]
) -> None:
    with closing(build(optimizer=optimizer, convolution=way)) as trainer:
        while trainer.step < 5:
            trainer.train_batch()
        begin = trainer.snapshot()
        while trainer.step < 12:
            trainer.train_batch()
        there = trainer.snapshot()
    moment = Moment(lambda: build(optimizer=optimizer, convolution=way), begin, 12)
    assert moment.standing.batches == 7
    moment.start()
    assert moment.join(PATIENCE)
    found = moment.standing
    assert (found.done, found.ended, found.failure) == (7, True, None)
    assert found.snapshot
    assert found.snapshot.step == 12
    np.testing.assert_array_equal(found.snapshot.vector, there.vector, strict=True)
    for name, array in there.optimizer_state.items():
        np.testing.assert_array_equal(found.snapshot.optimizer_state[name], array, strict=True)


def test_it_can_be_cancelled(build: Callable[..., Trainer]) -> None:
    with closing(build()) as trainer:
        begin = trainer.snapshot()
    moment = Moment(build, begin, 10**9)
    moment.start()
    moment.cancel()
    assert moment.join(PATIENCE)
    assert moment.standing.ended
    assert moment.standing.snapshot is None
    assert moment.standing.failure is None


def test_what_goes_wrong_is_told(build: Callable[..., Trainer]) -> None:
    def fail() -> Trainer:
        raise OSError("no memory")

    with closing(build()) as trainer:
        moment = Moment(fail, trainer.snapshot(), 3)
    moment.start()
    assert moment.join(PATIENCE)
    assert moment.standing.failure
    assert moment.standing.failure[0] == "OSError: no memory"
