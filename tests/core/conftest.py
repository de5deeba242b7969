"""What several tests of the core need: data to learn from, a small network, a way to compare."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.layer_fields import LAYER_TYPES
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d, relu
from cnnviz.core.spec_edit import Design

# A busy machine is no reason to fail.
settings.register_profile(
    "core", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("core")


@pytest.fixture(scope="session")
def assert_close() -> Callable[..., None]:
    """Same shape, and equal to `within` of the greatest magnitude that is expected."""

    def check(actual: Any, expected: Any, within: float = 1e-4) -> None:
        actual, expected = np.asarray(actual), np.asarray(expected)
        assert actual.shape == expected.shape
        margin = within * np.abs(expected).max() + 1e-2 * within
        np.testing.assert_allclose(actual, expected, rtol=0, atol=margin)

    return check


def _stripes(count: int, shape: tuple[int, int, int], classes: int, seed: int) -> Split:
    """Noise with a bright column per class: easy to learn, no two images alike."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    pixels = rng.integers(0, 100, (count, *shape), dtype=np.uint8)
    pixels[np.arange(count), :, :, labels * shape[2] // classes] += 150
    return Split(pixels, labels)


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Dataset]:
    """A function that makes a dataset of so many images."""

    def make(
        train: int = 60,
        test: int = 30,
        shape: tuple[int, int, int] = (1, 8, 8),
        classes: int = 3,
    ) -> Dataset:
        names = tuple(f"column {k}" for k in range(classes))
        splits = _stripes(train, shape, classes, seed=1), _stripes(test, shape, classes, seed=2)
        return Dataset("stripes", "Stripes", *splits, names, "Made for the tests.")

    return make


@pytest.fixture(scope="session")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    """60 images of 1×8×8 to learn from, 30 to be tested on, three classes."""
    return make_dataset()


@pytest.fixture(scope="session")
def small_spec() -> Spec:
    """One layer of most kinds, for 1×8×8 and three classes."""
    layers = (conv2d(3, 3), relu(), max_pool2d(2), flatten(), dense(3))
    return Spec("small", "Small", (1, 8, 8), layers)


# Random designs. Most can be; some have what no network can have.

_NUMBERS = st.one_of(st.integers(1, 4), st.integers(-1, 12), st.just(10**9))
_ODD_VALUES = st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=3))
_VALUES = st.one_of(_NUMBERS, _NUMBERS, _NUMBERS, st.tuples(_NUMBERS, _NUMBERS), _ODD_VALUES)
_PAIRS = st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 4), st.integers(1, 4)))


def _sound(draw, field):
    """A value that may well fit."""
    return draw(_PAIRS if field.kind == "pair" else st.integers(1, 6))


@st.composite
def _layers(draw, odd=True):
    """One layer: mostly sound, now and then with a field that is odd, missing or unknown."""
    kind = LAYER_TYPES[draw(st.sampled_from(list(LAYER_TYPES)))]
    layer = {"type": kind.kind} | {field.name: _sound(draw, field) for field in kind.fields}
    if odd and draw(st.integers(0, 9)) == 0:
        name = draw(st.sampled_from([*layer, "slope"]))
        layer[name] = draw(_VALUES)
    if odd and draw(st.integers(0, 19)) == 0:
        del layer[draw(st.sampled_from(list(layer)))]
    return layer


@st.composite
def _designs(draw, odd=True):
    """Some layers, and mostly the usual end."""
    chosen = draw(st.lists(_layers(odd), max_size=6))
    if draw(st.integers(0, 3)):
        kinds = [layer.get("type") for layer in chosen]
        chosen += [] if "flatten" in kinds else [{"type": "flatten"}]
        chosen += [{"type": "dense", "units": 3}]
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12)))
    initializers = ["he", "glorot", "numpy-cnn"] + ["zeros"] * odd
    initializer = draw(st.sampled_from(initializers))
    return Design(tuple(chosen), shape, draw(st.integers(1, 4)), initializer, "Random", "random")


@pytest.fixture(scope="session")
def random_designs():
    """Draws designs, possible and impossible."""
    return _designs()


@pytest.fixture(scope="session")
def plain_designs():
    """Draws designs whose every field is a sound number; they may not fit together."""
    return _designs(odd=False)
