import numpy as np
import pytest

from cnnviz.core.errors import SpecError
from cnnviz.core.initializers import INITIALIZERS, fans, initializer


def test_fans() -> None:
    assert fans((8, 3, 5, 4)) == (60, 160)
    assert fans((128, 800)) == (800, 128)


@pytest.mark.parametrize(
    ("name", "shape", "deviation"),
    [
        ("he", (64, 16, 5, 5), np.sqrt(2 / 400)),
        ("he", (100, 500), np.sqrt(2 / 500)),
        ("glorot", (64, 16, 5, 5), np.sqrt(2 / (400 + 1600))),
        ("glorot", (100, 500), np.sqrt(2 / 600)),
        ("numpy-cnn", (64, 16, 5, 5), 1 / np.sqrt(64 * 16 * 25)),
        ("numpy-cnn", (100, 500), 0.01),
    ],
)
def test_weights_have_the_deviation_they_should(
    name: str, shape: tuple[int, ...], deviation: float
) -> None:
    weights = initializer(name)(np.random.default_rng(0), shape)
    assert weights.shape == shape
    assert weights.std() == pytest.approx(deviation, rel=0.02)
    assert abs(weights.mean()) < 0.03 * deviation


def test_glorot_is_uniform_within_its_bound() -> None:
    weights = initializer("glorot")(np.random.default_rng(0), (100, 500))
    assert np.abs(weights).max() == pytest.approx(np.sqrt(6 / 600), rel=0.001)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_same_generator_draws_the_same(name: str) -> None:
    first, second = (initializer(name)(np.random.default_rng(3), (4, 5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_an_unknown_initialisation_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match="“zeros”; there are he, glorot, numpy-cnn"):
        initializer("zeros")
