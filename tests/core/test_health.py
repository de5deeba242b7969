"""Health: each number against a plain computation, and the same for the same moment."""

from contextlib import closing

import numpy as np
import pytest

from cnnviz.core.datasets import Dataset, Split, load_dataset
from cnnviz.core.health import BARS, MOST_VALUES, examine, histogram, probe
from cnnviz.core.network import Network
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec, arctan, conv2d, dense, flatten, relu, sigmoid
from cnnviz.core.trainer import Trainer
from tests.core.odd import ODD, odd_data


def trained(spec=ODD, data=None, optimizer="adam", steps=(5, 9)):
    """Snapshots at these steps, and the images to probe with."""
    data = data or odd_data()
    settings = Settings(optimizer, 0.01, batch_size=20, threads=1)
    kept = []
    with closing(Trainer(spec, data, settings)) as trainer:
        while trainer.step < steps[-1]:
            trainer.train_batch()
            if trainer.step in steps:
                kept.append(trainer.snapshot())
        return kept, probe(data.train), trainer.network.spec


def layers_of(health):
    return {layer.name: layer for layer in health.layers}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_norms_and_the_next_update(optimizer):
    (_, snapshot), images, spec = trained(optimizer=optimizer)
    network, plain = Network(spec), Network(spec)
    health = examine(network, snapshot, images, optimizer, 0.01)
    plain.vector[...] = snapshot.vector
    pixels, labels = images.batch(np.arange(len(images)))
    loss, gradients = plain.loss_and_gradients(pixels, labels)
    rule = OPTIMIZERS[optimizer](plain.vector)
    rule.load_state(snapshot.optimizer_state)
    before = plain.state_dict()
    rule.update(plain.vector, plain.gradient, 0.01)
    after = plain.state_dict()

    assert (health.step, health.loss, health.update_from) == (9, loss, None)
    assert [layer.name for layer in health.layers] == [layer.name for layer in plain.layers]

    def norm(arrays, name):
        mine = [array.astype(np.float64) for key, array in arrays.items() if key.startswith(name)]
        return np.sqrt(sum((array**2).sum() for array in mine))

    moved = {key: after[key].astype(np.float64) - before[key] for key in before}
    for name in ("conv1", "conv2", "conv3", "dense1", "dense2"):
        layer = layers_of(health)[name]
        assert layer.weight_norm == pytest.approx(norm(before, name), rel=1e-5)
        assert layer.gradient_norm == pytest.approx(norm(gradients, name), rel=1e-4)
        assert layer.update_norm == pytest.approx(norm(moved, name), rel=1e-3)
        assert layer.update_ratio == pytest.approx(layer.update_norm / layer.weight_norm)
        assert layer.weights.total == before[f"{name}.weight"].size
    for name in ("relu1", "pool1", "flatten"):
        layer = layers_of(health)[name]
        assert layer.weights is layer.weight_norm is layer.gradient_norm is None
        assert layer.update_norm is layer.update_ratio is None


def test_the_update_between_two_snapshots():
    (earlier, snapshot), images, spec = trained()
    health = examine(Network(spec), snapshot, images, "adam", 0.01, earlier)
    assert health.update_from == 5
    moved = (snapshot.vector - earlier.vector) / 4
    first = Network(spec).layers[0].parameter_count
    expected = np.linalg.norm(moved[:first])
    assert layers_of(health)["conv1"].update_norm == pytest.approx(expected, rel=1e-5)


def test_a_snapshot_that_is_not_earlier_is_not_used():
    (earlier, snapshot), images, spec = trained()
    for other in (earlier, snapshot):
        assert examine(Network(spec), earlier, images, "adam", 0.01, other).update_from is None


def test_gradients_by_outputs_are_those_of_single_images():
    (snapshot,), images, spec = trained(steps=(5,))
    health, network = examine(Network(spec), snapshot, images, "adam", 0.01), Network(spec)
    network.vector[...] = snapshot.vector
    pixels, labels = images.batch(np.arange(len(images)))
    squares: dict[int, list[float]] = {}
    for image, label in zip(pixels, labels, strict=True):
        network.learn(
            image[np.newaxis],
            np.array([label]),
            watch=lambda k, _, g: squares.setdefault(k, []).append(float((g**2).sum())),
        )
    for k, layer in enumerate(health.layers, start=1):
        assert layer.output_gradient == pytest.approx(np.sqrt(np.mean(squares[k])), rel=1e-4)


def test_dead_units_and_saturated_ones():
    spec = Spec(
        "s",
        "S",
        (1, 4, 4),
        (conv2d(4, 1), relu(), flatten(), dense(8), sigmoid(), dense(4), arctan(), dense(2)),
    )
    network = Network(spec)
    weights = dict(network.named_parameters())
    weights["conv1.weight"][...] = 1
    weights["conv1.bias"][...] = [0.1, -2, 0.1, -2]  # pixels are at most 1
    weights["dense1.weight"][...] = 0
    weights["dense1.bias"][...] = [9, -9, 0, 1, 2, -20, 0, 0]
    weights["dense2.weight"][...] = 0
    weights["dense2.bias"][...] = [4, 5, -6, 1]
    with closing(Trainer(spec, small_data(), Settings(batch_size=8, threads=1))) as trainer:
        trainer.network.vector[...] = network.vector
        snapshot = trainer.snapshot()
        images = probe(trainer.dataset.train)
    layers = layers_of(examine(Network(spec), snapshot, images, "adam", 0.01))
    assert layers["relu1"].dead == 0.5
    assert layers["relu1"].saturated is None
    assert layers["sigmoid1"].saturated == 3 / 8
    assert layers["arctan1"].saturated == 2 / 4
    assert layers["arctan1"].dead is None


def small_data():
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 256, (20, 1, 4, 4), np.uint8), rng.integers(0, 2, 20))
    return Dataset("small", "Small", split, split, ("a", "b"), "Made for the tests.")


def test_a_moment_gives_the_same_numbers_whenever_it_is_looked_at():
    (earlier, snapshot), images, spec = trained()
    network = Network(spec)
    first = examine(network, snapshot, images, "adam", 0.01, earlier)
    examine(network, earlier, images, "adam", 0.01)
    again = examine(network, snapshot, images, "adam", 0.01, earlier)
    assert first.loss == again.loss
    for one, other in zip(first.layers, again.layers, strict=True):
        assert one.output_gradient == other.output_gradient
        assert (one.update_norm, one.dead) == (other.update_norm, other.dead)
        np.testing.assert_array_equal(one.activations.counts, other.activations.counts)


def test_nothing_is_written_to_the_snapshot():
    (snapshot,), images, spec = trained(steps=(5,))
    vector, state = snapshot.vector.copy(), snapshot.optimizer_state["mean"].copy()
    examine(Network(spec), snapshot, images, "adam", 0.01)
    np.testing.assert_array_equal(snapshot.vector, vector)
    np.testing.assert_array_equal(snapshot.optimizer_state["mean"], state)


@pytest.mark.parametrize("network", PRESETS)
def test_every_preset(network):
    (snapshot,), images, spec = trained(PRESETS[network], load_dataset("digits"), steps=(2,))
    health = examine(Network(spec), snapshot, images, "adam", 0.002)
    assert len(images) == 64
    assert np.isfinite(health.loss)
    assert 0 <= health.accuracy <= 1
    for layer in health.layers:
        assert layer.activations.counts.sum() == layer.activations.counted > 0
        assert layer.activations.counted <= MOST_VALUES


def test_a_probe_is_the_first_images_or_all():
    split = odd_data(30).train
    assert len(probe(split)) == 30
    np.testing.assert_array_equal(probe(split, 7).pixels, split.pixels[:7])


def test_a_histogram_by_hand():
    values = np.array([-2, -1.95, -0.05, 0, 0.04, 1.9, 2, 2], np.float32)
    found = histogram(values)
    assert len(found.edges) == BARS + 1
    assert (found.edges[0], found.edges[BARS // 2], found.edges[-1]) == (-2, 0, 2)
    expected, _ = np.histogram(values, found.edges)
    np.testing.assert_array_equal(found.counts, expected)
    assert (found.counted, found.total) == (8, 8)


def test_of_many_values_evenly_spaced_ones_are_counted():
    values = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    found = histogram(values)
    some = values[::13]
    assert len(some) <= MOST_VALUES < len(values[::12])
    np.testing.assert_array_equal(found.counts, np.histogram(some, found.edges)[0])
    assert (found.counted, found.total) == (len(some), 100_000)


@pytest.mark.parametrize(
    ("values", "counted"),
    [([0, 0, 0], 3), ([np.nan, np.inf], 0), ([np.nan, 1], 1), ([3e-45, 0], 2), ([3e38, -3e38], 2)],
)
def test_a_histogram_of_strange_values(values, counted):
    found = histogram(np.array(values, np.float32))
    assert found.counts.sum() == found.counted == counted
    assert (np.diff(found.edges) > 0).all()


def test_a_network_that_diverged_is_examined_without_a_warning():
    (snapshot,), images, spec = trained(steps=(5,))
    for value in (1e38, np.nan, np.inf):
        snapshot.vector[...] = value
        health = examine(Network(spec), snapshot, images, "adam", 0.01)
        assert not np.isfinite(health.loss)
