"""A dissected batch is the trainer's own batch, to the bit, whatever it is trained with."""

import threading
from contextlib import closing

import numpy as np
import pytest

from cnnviz.core import slices
from cnnviz.core.arithmetic import explain
from cnnviz.core.convolution import WAYS
from cnnviz.core.datasets import load_dataset
from cnnviz.core.evaluation import evaluate
from cnnviz.core.loss import softmax
from cnnviz.core.microscope import Dissecting, Moment, Stop, dissect
from cnnviz.core.network import Network
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.presets import preset
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.settings import Settings
from cnnviz.core.trainer import Interrupted, Trainer
from tests.core.odd import ODD, odd_data

PATIENCE = 60


def same(first, second):
    np.testing.assert_array_equal(first, second, strict=True)
    assert first.tobytes() == second.tobytes()


def compare(trainer):
    """Dissects the next batch, has the trainer take it, and compares all that it tells."""
    before = trainer.snapshot()
    moment = Moment.of(trainer)
    seen = dissect(moment)
    indices = trainer.batch_indices(trainer.step)
    np.testing.assert_array_equal(trainer.network.vector, before.vector)
    result = trainer.train_batch()
    after = trainer.snapshot()
    assert seen.loss == result.loss
    assert seen.update.rate == result.rate
    same(seen.labels, trainer.dataset.train.labels[indices])
    assert np.mean(seen.logits.argmax(axis=1) == seen.labels) == result.accuracy
    same(seen.update.before, before.vector)
    same(seen.gradient, trainer.network.gradient)
    same(seen.update.after, after.vector)
    same(seen.update.before + seen.update.step, after.vector)
    assert seen.update.state_before.keys() == after.optimizer_state.keys()
    for name, array in after.optimizer_state.items():
        same(seen.update.state_after[name], array)
        same(seen.update.state_before[name], before.optimizer_state[name])
    return seen


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_bit_is_the_trainers(optimizer, way, threads):
    settings = Settings(
        optimizer, 0.01, "one-cycle", batch_size=25, convolution=way, threads=threads
    )
    with closing(Trainer(ODD, odd_data(), settings)) as trainer:
        for _ in range(2 if way == "loop" else 5):
            compare(trainer)


@pytest.mark.parametrize("threads", [1, 2])
def test_slices_too(monkeypatch, threads):
    monkeypatch.setattr(slices, "CACHE", 1)  # slices of 8
    settings = Settings(batch_size=50, threads=threads)
    with closing(Trainer(ODD, odd_data(), settings)) as trainer:
        for _ in range(3):
            assert len(compare(trainer).losses) == 50


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", ["numpy-cnn", "lenet-5", "mlp"])
def test_with_helpers_at_work_too(network, optimizer):
    settings = Settings(optimizer, 0.01, batch_size=128, threads=2)
    with closing(Trainer(preset(network), load_dataset("digits"), settings)) as trainer:
        trainer.start_helpers()
        for _ in range(13):  # into the second epoch
            compare(trainer)


def test_the_shapes_and_the_order_of_everything():
    with closing(Trainer(ODD, odd_data(), Settings(batch_size=20, threads=2))) as trainer:
        seen = compare(trainer)
        layers = trainer.network.layers
    assert list(seen.outputs) == list(seen.gradients) == [INPUT, *(each.name for each in layers)]
    shapes = [ODD.input_shape, *(layer.output_shape for layer in layers)]
    for name, shape in zip(seen.outputs, shapes, strict=True):
        for array in (seen.outputs[name], seen.gradients[name]):
            assert array.shape == (20, *shape)
            assert array.flags.c_contiguous
            assert array.dtype == np.float32
    names = [layer.name for layer in layers]
    assert seen.stops == [
        *(Stop("forward", name) for name in names),
        Stop("loss"),
        *(Stop("backward", name) for name in names[::-1]),
        Stop("update"),
    ]
    np.testing.assert_allclose(seen.probabilities, softmax(seen.logits), rtol=1e-6)
    assert seen.loss == pytest.approx(seen.losses.mean(), rel=1e-6)
    same(seen.outputs[INPUT], seen.moment.batch.images)


def test_values_are_those_of_a_whole_batch(assert_close):
    with closing(Trainer(ODD, odd_data(), Settings(batch_size=40, threads=2))) as trainer:
        network, seen = Network(ODD), dissect(Moment.of(trainer))
    names, met = list(seen.outputs), []

    def watch(k, value, gradient):
        met.append(k)
        assert_close(seen.outputs[names[k]], value, 1e-5)
        assert_close(seen.gradients[names[k]], gradient, 1e-5)

    network.learn(seen.outputs[INPUT], seen.labels, watch=watch)
    assert met == list(range(len(names)))[::-1]


def test_a_moment_of_the_past_is_made_without_the_trainer():
    data, settings = odd_data(), Settings(batch_size=25, threads=1)
    with closing(Trainer(ODD, data, settings)) as trainer:
        for _ in range(3):
            trainer.train_batch()
        kept, rate, way = trainer.snapshot(), trainer.rate, trainer.convolution
        expected = dissect(Moment.of(trainer))
        for _ in range(3):
            trainer.train_batch()
    seen = dissect(Moment.at(kept, ODD, data, settings, rate, way))
    same(seen.update.after, expected.update.after)
    same(seen.outputs[INPUT], expected.outputs[INPUT])


def test_a_network_of_it_and_an_image_of_it():
    with closing(Trainer(ODD, odd_data(), Settings(batch_size=20))) as trainer:
        seen = dissect(Moment.of(trainer))
    network = seen.network()
    same(network.vector, seen.update.before)
    same(network.gradient, seen.gradient)
    one = seen.inspection(7)
    assert list(one.outputs) == [layer.name for layer in network.layers]
    same(one.image, seen.outputs[INPUT][7])
    same(one.outputs["pool1"], seen.outputs["pool1"][7])
    same(one.probabilities, seen.probabilities[7])


def test_the_arithmetic_of_the_way_forward_holds_for_each_image():
    with closing(Trainer(ODD, odd_data(), Settings(batch_size=20, threads=2))) as trainer:
        seen = dissect(Moment.of(trainer))
    network, rng = seen.network(), np.random.default_rng(0)
    for layer in network.layers:
        place = Place(layer.name, tuple(int(rng.integers(n)) for n in layer.output_shape))
        found = explain(network, seen.inspection(13), place)
        assert found.result == seen.outputs[layer.name][(13, *place.index)]
        assert found.total == pytest.approx(found.result, rel=1e-4, abs=1e-5)


def test_a_network_that_diverged_is_dissected_without_a_warning():
    with closing(Trainer(ODD, odd_data(), Settings(batch_size=20))) as trainer:
        trainer.network.vector[...] = 1e38
        seen = dissect(Moment.of(trainer))
    assert not np.isfinite(seen.loss)


def test_on_its_thread_it_ends_with_all_of_it():
    before = set(threading.enumerate())
    with closing(Trainer(ODD, odd_data(), Settings(batch_size=40, threads=2))) as trainer:
        moment = Moment.of(trainer)
    task = Dissecting(moment)
    assert task.standing.share == 0
    task.start()
    assert task.join(PATIENCE)
    standing = task.standing
    assert (standing.ended, standing.failure, standing.share) == (True, None, 1)
    same(standing.result.update.after, dissect(moment).update.after)
    assert set(threading.enumerate()) == before


def test_a_slow_one_is_given_up_soon():
    digits = load_dataset("digits")
    settings = Settings(batch_size=512, convolution="loop", threads=1)
    with closing(Trainer(preset("numpy-cnn"), digits, settings)) as trainer:
        task = Dissecting(Moment.of(trainer))
    task.start()
    task.cancel()
    assert task.join(10), "all of it takes minutes"
    assert task.standing.result is None
    assert task.standing.failure is None


def test_what_raises_in_a_lap_comes_through():
    with closing(Trainer(ODD, odd_data(), Settings(batch_size=20))) as trainer:
        moment = Moment.of(trainer)

    def stop(*_):
        raise Interrupted

    with pytest.raises(Interrupted):
        dissect(moment, stop)


def test_looking_leads_training_nowhere_else():
    vectors = []
    for look in (False, True):
        with closing(Trainer(ODD, odd_data(), Settings(batch_size=20))) as trainer:
            for _ in range(6):
                if look:
                    dissect(Moment.of(trainer))
                trainer.train_batch()
            vectors.append(trainer.network.vector.copy())
            assert evaluate(trainer.network, trainer.dataset.test)
    same(*vectors)
