"""The way back's arithmetic for whatever kernel, window, stride and padding: every value of it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.backward_arithmetic import explain_gradient
from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.parameter_arithmetic import Parameter, explain_parameter
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d
from tests.core.odd import dissected


def pairs(least, most):
    return st.tuples(*(2 * [st.integers(least, most)]))


@st.composite
def specs(draw):
    """A convolution, then a pooling if there is room for one, over small maps of any sides."""
    shape = (draw(st.integers(1, 2)), draw(st.integers(3, 7)), draw(st.integers(3, 7)))
    kernel, stride, padding = draw(pairs(1, 3)), draw(pairs(1, 3)), draw(pairs(0, 2))
    layers = [conv2d(2, kernel, stride, padding)]
    sides = [(shape[1 + k] + 2 * padding[k] - kernel[k]) // stride[k] + 1 for k in range(2)]
    size = draw(pairs(1, 3))
    if all(window <= side for window, side in zip(size, sides, strict=True)):
        layers.append(max_pool2d(size, draw(pairs(1, 3))))
    return Spec("any", "Any", shape, (*layers, flatten(), dense(2)))


def noise(shape):
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 256, (4, *shape), np.uint8), rng.integers(0, 2, 4))
    return Dataset("noise", "Noise", split, split, ("a", "b"), "Made for the tests.")


@settings(max_examples=40)
@given(spec=specs())
def test_every_value_and_every_parameter_adds_up(spec):
    seen = dissected(spec, noise(spec.input_shape), "gradient-descent", batches=0, size=4)
    names = [INPUT, "conv1", *(["pool1"] if "pool1" in seen.outputs else [])]
    for name in names:
        array, greatest = seen.gradients[name][1], np.abs(seen.gradients[name]).max()
        for index in np.ndindex(*array.shape):
            found = explain_gradient(seen, 1, Place(name, index))
            assert found.result == array[index]
            assert abs(found.total - found.result) <= 1e-5 * greatest + 1e-9
    for name, array in seen.network().gradients().items():
        for index in [*np.ndindex(*array.shape)][:30]:
            added = explain_parameter(seen, Parameter(name, index))
            assert added.result == array[index]
            size = np.abs(added.products).sum()
            assert abs(added.total - added.result) <= 1e-5 * size + 1e-9
