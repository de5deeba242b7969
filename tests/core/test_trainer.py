from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from cnnviz.core.datasets import Dataset, load_dataset
from cnnviz.core.errors import SettingsError, SpecError
from cnnviz.core.evaluation import evaluate
from cnnviz.core.network import Network
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.presets import preset
from cnnviz.core.schedules import SCHEDULES, schedule
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.stopwatch import Stopwatch
from cnnviz.core.trainer import Diverged, Interrupted, Snapshot, Trainer

RATES = {"gradient-descent": 0.05, "momentum": 0.01, "adam": 0.002}


def train(trainer: Trainer, until: int) -> None:
    while trainer.step < until:
        trainer.train_batch()


def assert_same_bits(first: Snapshot, second: Snapshot) -> None:
    assert first.step == second.step
    np.testing.assert_array_equal(first.vector, second.vector, strict=True)
    assert first.optimizer_state.keys() == second.optimizer_state.keys()
    for name, array in first.optimizer_state.items():
        np.testing.assert_array_equal(array, second.optimizer_state[name], name, strict=True)


@pytest.fixture
def trainer(small_spec: Spec, dataset: Dataset) -> Trainer:
    return Trainer(small_spec, dataset, Settings(batch_size=8))


# Learning.


def test_it_learns(trainer: Trainer) -> None:
    first = trainer.train_batch()
    train(trainer, 400)
    last = trainer.train_batch()
    assert (first.step, last.step) == (1, 401)
    assert last.loss < first.loss / 4
    assert last.accuracy == 1
    assert last.rate == 0.002
    assert last.seconds > 0


def test_the_embedded_digits_are_learned_within_ten_epochs() -> None:
    digits = load_dataset("digits")
    trainer, accuracy = Trainer(preset("numpy-cnn"), digits), 0.0
    while accuracy < 0.95 and trainer.step < trainer.planned_steps:
        train(trainer, trainer.step + trainer.batches_per_epoch)
        result = evaluate(trainer.network, digits.test)
        assert result is not None
        accuracy = result.accuracy
    trainer.close()
    assert accuracy >= 0.95


def test_a_batch_is_one_update_of_the_optimizer(small_spec: Spec, dataset: Dataset) -> None:
    settings = Settings("gradient-descent", 0.5, batch_size=8)
    trainer, network = Trainer(small_spec, dataset, settings), Network(small_spec)
    images, labels = dataset.train.batch(trainer.batch_indices(0))
    logits = network.forward(images)
    loss, _ = network.loss_and_gradients(images, labels)

    result = trainer.train_batch()
    assert result.loss == loss
    assert result.accuracy == np.mean(logits.argmax(axis=1) == labels)
    expected = network.vector - np.float32(0.5) * network.gradient
    np.testing.assert_array_equal(trainer.network.vector, expected)


def test_the_network_is_fitted_to_the_data(make_dataset: Callable[..., Dataset]) -> None:
    data = make_dataset(shape=(3, 20, 16), classes=7)
    trainer = Trainer(preset("numpy-cnn"), data, Settings(batch_size=4))
    assert trainer.network.spec.input_shape == (3, 20, 16)
    assert trainer.network.classes == 7
    assert np.isfinite(trainer.train_batch().loss)


def test_a_network_that_does_not_fit_the_data_is_refused(dataset: Dataset) -> None:
    with pytest.raises(SpecError, match="^conv2: .*5×5.*4×4"):
        Trainer(preset("numpy-cnn"), dataset, Settings(batch_size=8))


def test_a_batch_larger_than_the_data_is_refused(small_spec: Spec, dataset: Dataset) -> None:
    with pytest.raises(SettingsError, match="batch of 61 is larger than the 60 training images"):
        Trainer(small_spec, dataset, Settings(batch_size=61))
    assert Trainer(small_spec, dataset, Settings(batch_size=60)).batches_per_epoch == 1


# Batches.


def test_batches_are_a_pure_function_of_seed_and_epoch(small_spec: Spec, dataset: Dataset) -> None:
    settings = Settings(batch_size=8, seed=5)
    forwards, backwards = (Trainer(small_spec, dataset, settings) for _ in range(2))
    steps = range(30)
    there = [forwards.batch_indices(step).tolist() for step in steps]
    back = [backwards.batch_indices(step).tolist() for step in reversed(steps)]
    assert there == back[::-1]
    other_seed = Trainer(small_spec, dataset, Settings(batch_size=8, seed=6))
    assert there[0] != other_seed.batch_indices(0).tolist()


def test_no_image_comes_twice_in_an_epoch_and_every_epoch_is_shuffled_anew(
    trainer: Trainer,
) -> None:
    batches = trainer.batches_per_epoch
    assert batches == 7
    epochs = [
        np.concatenate([trainer.batch_indices(e * batches + k) for k in range(batches)])
        for e in range(3)
    ]
    for order in epochs:
        assert order.shape == (56,)
        assert len(set(order.tolist())) == 56
        assert order.min() >= 0
        assert order.max() < 60
    assert epochs[0].tolist() != epochs[1].tolist() != epochs[2].tolist()


# The same bits.


@pytest.mark.parametrize("way", ["im2col", "correlate"])
@pytest.mark.parametrize("schedule_name", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_journey_back_ends_with_the_same_bits(
    optimizer: str, schedule_name: str, way: str, small_spec: Spec, dataset: Dataset
) -> None:
    settings = Settings(
        optimizer, RATES[optimizer], schedule_name, batch_size=8, epochs=60, convolution=way
    )
    trainer = Trainer(small_spec, dataset, settings)
    train(trainer, 125)
    before = trainer.snapshot()
    train(trainer, 137)
    at_137 = trainer.snapshot()
    train(trainer, 150)
    trainer.set_learning_rate(2 * RATES[optimizer])
    train(trainer, 300)
    at_300 = trainer.snapshot()
    assert not np.array_equal(at_137.vector, at_300.vector)

    trainer.restore(before)
    train(trainer, 137)
    assert_same_bits(trainer.snapshot(), at_137)
    train(trainer, 300)
    assert_same_bits(trainer.snapshot(), at_300)


@pytest.mark.parametrize(("batch_size", "threads"), [(8, 1), (48, 1), (48, 3)])
def test_the_same_seed_gives_the_same_bits(
    batch_size: int, threads: int, dataset: Dataset, small_spec: Spec
) -> None:
    first, second, other = (
        Trainer(small_spec, dataset, Settings(batch_size=batch_size, seed=seed, threads=threads))
        for seed in (3, 3, 4)
    )
    for trainer in (first, second, other):
        train(trainer, 40)
        trainer.close()
    assert_same_bits(first.snapshot(), second.snapshot())
    assert not np.array_equal(first.network.vector, other.network.vector)


def test_a_snapshot_is_a_copy(trainer: Trainer) -> None:
    train(trainer, 3)
    taken, kept = trainer.snapshot(), trainer.snapshot()
    train(trainer, 6)
    assert_same_bits(taken, kept)
    trainer.restore(taken)
    train(trainer, 6)
    assert_same_bits(taken, kept)
    arrays = taken.optimizer_state.values()
    assert taken.nbytes == taken.vector.nbytes + sum(array.nbytes for array in arrays)


# The rate.


def test_the_rate_is_the_base_rate_times_the_schedule(small_spec: Spec, dataset: Dataset) -> None:
    settings = Settings("momentum", 0.01, "one-cycle", batch_size=8, epochs=2)
    trainer = Trainer(small_spec, dataset, settings)
    assert trainer.planned_steps == 14
    rates = [trainer.train_batch().rate for _ in range(14)]
    assert rates == [0.01 * schedule("one-cycle")(step, 14) for step in range(14)]


def test_a_new_rate_holds_from_the_next_batch_on(trainer: Trainer) -> None:
    train(trainer, 2)
    trainer.set_learning_rate(0.5)
    trainer.set_learning_rate(0.1)
    assert (trainer.base_rate, trainer.train_batch().rate) == (0.1, 0.1)
    with pytest.raises(SettingsError):
        trainer.set_learning_rate(float("nan"))
    assert trainer.rate == 0.1


def test_a_new_rate_after_going_back_replaces_the_later_ones(trainer: Trainer) -> None:
    start = trainer.snapshot()
    for step, rate in ((2, 0.01), (4, 0.04)):
        train(trainer, step)
        trainer.set_learning_rate(rate)
    trainer.restore(start)
    assert [trainer.train_batch().rate for _ in range(3)] == [0.002, 0.002, 0.01]
    trainer.set_learning_rate(0.03)
    assert [trainer.train_batch().rate for _ in range(3)] == [0.03, 0.03, 0.03]


# Batches that come to nothing.


def after(calls: int) -> Callable[[], bool]:
    """Says yes from the call after so many on, in whichever thread that is."""
    counter = count()
    return lambda: next(counter) >= calls


@pytest.mark.parametrize(("batch_size", "shares"), [(8, 1), (48, 2)])
def test_a_batch_interrupted_at_any_layer_changes_nothing(
    batch_size: int, shares: int, small_spec: Spec, dataset: Dataset
) -> None:
    settings = Settings(batch_size=batch_size, threads=shares)
    trainer, undisturbed = (Trainer(small_spec, dataset, settings) for _ in range(2))
    train(trainer, 3)
    train(undisturbed, 4)
    before = trainer.snapshot()
    # Once for all data; then for each share its data, forward, the loss, backward.
    laps = 1 + shares * (2 * len(trainer.network.layers) + 2)
    for calls in range(laps):
        with pytest.raises(Interrupted):
            trainer.train_batch(interrupted=after(calls))
        assert_same_bits(trainer.snapshot(), before)
    trainer.train_batch(interrupted=after(laps))
    assert_same_bits(trainer.snapshot(), undisturbed.snapshot())


@pytest.mark.parametrize("way", ["im2col", "correlate", "loop"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_loss_that_is_not_finite_is_reported_and_changes_nothing(
    optimizer: str, way: str, small_spec: Spec, dataset: Dataset
) -> None:
    settings = Settings(optimizer, 1e30, batch_size=4, convolution=way)
    trainer = Trainer(small_spec, dataset, settings)
    sound = trainer.snapshot()
    with pytest.raises(Diverged) as diverged:
        train(trainer, 20)
    assert 0 < diverged.value.step == trainer.step < 20
    assert not np.isfinite(diverged.value.loss)
    assert f"batch {trainer.step + 1}" in str(diverged.value)

    before = trainer.snapshot()
    with pytest.raises(Diverged):
        trainer.train_batch()
    assert_same_bits(trainer.snapshot(), before)

    trainer.restore(sound)
    trainer.set_learning_rate(0.001)
    train(trainer, 5)
    assert np.isfinite(trainer.network.vector).all()


def test_an_infinite_loss_counts_as_well(trainer: Trainer) -> None:
    state = {name: 0 * array for name, array in trainer.network.state_dict().items()}
    state["dense1.bias"] = np.array([3e38, -3e38, -3e38], np.float32)
    trainer.network.load_state_dict(state)
    with pytest.raises(Diverged, match="became inf at batch 1"):
        trainer.train_batch()


def test_a_rate_beyond_float32_diverges_as_well(small_spec: Spec, dataset: Dataset) -> None:
    trainer = Trainer(small_spec, dataset, Settings(learning_rate=1e300, batch_size=8))
    with pytest.raises(Diverged):
        train(trainer, 3)


# The way of convolution.


def test_the_way_can_be_changed_between_batches(trainer: Trainer) -> None:
    for way in ("correlate", "loop", "im2col"):
        trainer.set_convolution(way)
        assert np.isfinite(trainer.train_batch().loss)
        assert (trainer.convolution, trainer.network.convolution) == (way, way)
    with pytest.raises(SettingsError):
        trainer.set_convolution("fft")
    assert trainer.convolution == "im2col"


def test_a_journey_repeats_the_ways_of_convolution(trainer: Trainer) -> None:
    start = trainer.snapshot()
    train(trainer, 4)
    trainer.set_convolution("correlate")
    train(trainer, 8)
    first = trainer.network.vector.copy()
    trainer.restore(start)
    train(trainer, 8)
    assert trainer.convolution == "correlate"
    np.testing.assert_array_equal(trainer.network.vector, first)


def test_a_stopwatch_sees_every_layer(trainer: Trainer) -> None:
    stopwatch = Stopwatch()
    trainer.train_batch(stopwatch)
    forward = ["data", *(layer.name for layer in trainer.network.layers), "loss"]
    assert list(stopwatch.seconds)[: len(forward)] == [(what, "forward") for what in forward]
    assert {("conv1", "backward"), ("optimizer", "forward")} <= stopwatch.seconds.keys()


# Changes, in and out.


def test_changes_go_out_and_in_again(trainer: Trainer, small_spec: Spec, dataset: Dataset) -> None:
    assert trainer.rate_changes == ((0, 0.002),)
    assert trainer.convolution_changes == ((0, "im2col"),)
    trainer.set_learning_rate(0.5, 3)
    trainer.set_learning_rate(0.25, 9)
    trainer.set_convolution("loop", 4)
    other = Trainer(small_spec, dataset, Settings(batch_size=8))
    for step, rate in trainer.rate_changes:
        other.set_learning_rate(rate, step)
    for step, name in trainer.convolution_changes:
        other.set_convolution(name, step)
    assert other.rate_changes == ((0, 0.002), (3, 0.5), (9, 0.25))
    assert other.convolution_changes == ((0, "im2col"), (4, "loop"))
