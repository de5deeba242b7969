"""How weights begin: large enough that signals survive the layers, small enough not to explode.

Biases begin at zero in every way.
"""

from collections.abc import Callable

import numpy as np

from cnnviz.core.errors import SpecError
from cnnviz.core.workspace import Array

Initializer = Callable[[np.random.Generator, tuple[int, ...]], Array]
"""Draws the weights of one layer, of shape (filters, channels, h, w) or (out, in)."""


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out): how many values one output sums, and how many outputs one input feeds."""
    receptive = int(np.prod(shape[2:]))
    return shape[1] * receptive, shape[0] * receptive


def he(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Normal with deviation sqrt(2 / fan_in) (He et al. 2015), made for ReLU."""
    return rng.normal(0.0, np.sqrt(2.0 / fans(shape)[0]), shape)


def glorot(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Uniform within ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010), made for sigmoids."""
    bound = np.sqrt(6.0 / sum(fans(shape)))
    return rng.uniform(-bound, bound, shape)


def numpy_cnn(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """As Escontrela's Numpy-CNN: kernels deviate by 1 / sqrt(their size), dense weights by 0.01."""
    deviation = 0.01 if len(shape) == 2 else 1.0 / np.sqrt(np.prod(shape))
    return rng.normal(0.0, deviation, shape)


INITIALIZERS: dict[str, Initializer] = {"he": he, "glorot": glorot, "numpy-cnn": numpy_cnn}


TITLES = {"he": "He (normal)", "glorot": "Glorot (uniform)", "numpy-cnn": "Numpy-CNN (normal)"}


def initializer(name: str) -> Initializer:
    """The initializer called `name`; raises SpecError for a name there is not."""
    try:
        return INITIALIZERS[name]
    except KeyError:
        known = ", ".join(INITIALIZERS)
        text = f"There is no initialisation “{name}”; there are {known}."
        raise SpecError(text, "initializer") from None
