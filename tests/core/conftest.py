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


# Random designs. About half can be; some have what no network can have.

_NUMBERS = st.one_of(st.integers(1, 4), st.integers(-1, 12), st.just(10**9))
_ODD_VALUES = st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=3))
_VALUES = st.one_of(_NUMBERS, st.tuples(_NUMBERS, _NUMBERS), _ODD_VALUES)
_PAIRS = st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 4), st.integers(1, 4)))
_ACTIVATIONS = ["relu", "sigmoid", "arctan"]


def _layers(kinds, most):
    """Some layers of these types, every field a sound number by itself."""

    def one(kind):
        fields = {
            field.name: _PAIRS if field.kind == "pair" else st.integers(1, 6)
            for field in LAYER_TYPES[kind].fields
        }
        return st.fixed_dictionaries({"type": st.just(kind)} | fields)

    return st.lists(st.sampled_from(kinds).flatmap(one), max_size=most)


@st.composite
def _designs(draw, odd=True):
    """Maps, a flatten, rows, a dense layer; sometimes in another order, or with odd values."""
    maps = draw(_layers(["conv2d", "conv2d", "max_pool2d", *_ACTIVATIONS], 5))
    rows = draw(_layers(["dense", *_ACTIVATIONS], 3))
    chosen = [*maps, {"type": "flatten"}, *rows, {"type": "dense", "units": 3}]
    if draw(st.sampled_from([False, False, False, True])):
        chosen = draw(st.permutations(chosen))
    if draw(st.sampled_from([False, False, False, True])):
        chosen = chosen[: draw(st.integers(0, len(chosen)))]
    if odd and chosen and draw(st.sampled_from([False, False, True])):
        layer = draw(st.sampled_from(chosen))
        name = draw(st.sampled_from([*layer, *layer, "slope"]))
        layer[name] = draw(_VALUES)
        if draw(st.sampled_from([False, False, True])):
            del layer[name]
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 16), st.integers(1, 16)))
    initializers = ["he", "glorot", "numpy-cnn"] * 3 + ["zeros"] * odd
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
