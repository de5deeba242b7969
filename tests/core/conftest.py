"""What several tests of the core need: data to learn from, a small network, a way to compare."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d, relu

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
