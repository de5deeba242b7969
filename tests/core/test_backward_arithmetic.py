"""What is added up on the way back is what the engine made, for every kind of value."""

import numpy as np
import pytest

from cnnviz.core.backward_arithmetic import (
    ThroughActivation,
    ThroughConvolution,
    ThroughDense,
    ThroughFlatten,
    ThroughLoss,
    ThroughPooling,
    explain_gradient,
)
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d
from tests.core.odd import CASES, dissected


@pytest.fixture(scope="module")
def odd():
    return dissected()


def magnitude(found):
    """The size of what is added up: rounding is relative to it."""
    if isinstance(found, ThroughConvolution | ThroughDense):
        return float(np.abs(found.products).sum())
    if isinstance(found, ThroughPooling):
        return sum(abs(window.gradient) for window in found.windows)
    return abs(found.result)


@pytest.mark.parametrize(("spec", "way"), CASES, ids=lambda case: getattr(case, "name", case))
def test_its_sum_is_what_the_engine_made(spec, way):
    seen = dissected(spec, way=way, batches=1)
    rng, kinds = np.random.default_rng(1), set()
    for name, array in seen.gradients.items():
        for _ in range(25):
            image, *index = (int(rng.integers(n)) for n in array.shape)
            place = Place(name, tuple(index))
            found = explain_gradient(seen, image, place)
            kinds.add(type(found))
            assert found.place == place
            assert found.result == array[(image, *index)]
            # p − y cancels where p is almost y, so there the rounding is relative to p.
            size = found.probability / found.count if isinstance(found, ThroughLoss) else 0
            assert abs(found.total - found.result) <= 1e-5 * max(magnitude(found), size), place
    expected = {ThroughLoss, ThroughDense, ThroughFlatten, ThroughActivation}
    if spec.name != "mlp":
        expected |= {ThroughConvolution, ThroughPooling}
    assert kinds == expected


def test_the_loss_pulls_towards_the_label(odd):
    label = int(odd.labels[4])
    for unit in range(3):
        found = explain_gradient(odd, 4, Place("dense2", (unit,)))
        assert isinstance(found, ThroughLoss)
        assert found.target == (unit == label)
        assert found.probability == odd.probabilities[4, unit]
        assert found.count == 20
        assert (found.result < 0) == (unit == label)


def test_a_convolution_by_hand(odd):
    """The input at y 1, x 8 of kernels 3×2, stride (2, 1), padding (2, 1)."""
    found = explain_gradient(odd, 2, Place(INPUT, (1, 1, 8)))
    assert isinstance(found, ThroughConvolution)
    assert found.through == "conv1"
    # 1 + 2 − i = 2y: only i = 1 with y = 1. 8 + 1 − j = x: x 9 and 8, both of ten columns.
    np.testing.assert_array_equal(found.met, [[False, False], [True, True], [False, False]])
    np.testing.assert_array_equal(found.outputs[1], [[1, 9], [1, 8]])
    gradient = odd.gradients["conv1"][2]
    np.testing.assert_array_equal(found.gradient[:, 1], gradient[:, 1, [9, 8]])
    weight = odd.network().state_dict()["conv1.weight"]
    np.testing.assert_array_equal(found.kernel, weight[:, 1])
    assert found.filter_sums.sum() == found.total


def test_a_value_that_no_kernel_met_gets_nothing():
    spec = Spec("gap", "Gap", (1, 28, 28), (conv2d(2, 2, stride=3), flatten(), dense(10)))
    seen = dissected(spec)
    for (y, x), count in {(2, 0): 0, (3, 5): 0, (0, 0): 1, (4, 6): 1, (27, 27): 0}.items():
        found = explain_gradient(seen, 0, Place(INPUT, (0, y, x)))
        assert isinstance(found, ThroughConvolution)
        assert found.met.sum() == count
        assert bool(found.gradient.any()) == bool(count)
        assert (found.result == 0) == (count == 0)


def test_overlapping_windows_share_a_winner(odd):
    gradients = odd.gradients["relu1"][3]
    channel, y, x = np.unravel_index(np.abs(gradients).argmax(), gradients.shape)
    found = explain_gradient(odd, 3, Place("relu1", (int(channel), int(y), int(x))))
    assert isinstance(found, ThroughPooling)
    assert 1 <= len(found.windows) <= 4
    won = [window for window in found.windows if window.won]
    assert won
    for window in found.windows:
        assert window.won == (window.winner == (y, x))
        assert window.gradient == odd.gradients["pool2"][(3, channel, *window.output)]
        assert max(abs(window.output[0] - y), abs(window.output[1] - x)) <= 1


def test_a_value_outside_all_windows_has_none():
    spec = Spec("gap", "Gap", (1, 28, 28), (max_pool2d(2, 3), flatten(), dense(10)))
    seen = dissected(spec)
    found = explain_gradient(seen, 0, Place(INPUT, (0, 2, 5)))
    assert isinstance(found, ThroughPooling)
    assert (found.windows, found.result, found.total) == ((), 0.0, 0)


def test_what_relu_blocks_and_lets_pass(odd):
    found = []
    for index in np.ndindex(*odd.gradients["conv2"].shape[1:]):
        each = explain_gradient(odd, 1, Place("conv2", index))
        assert isinstance(each, ThroughActivation)
        assert each.blocked == (each.value <= 0)
        assert each.result == (0 if each.blocked else each.gradient)
        found.append(each.blocked)
    assert 0 < sum(found) < len(found)
    sigmoid = explain_gradient(odd, 1, Place("conv1", (0, 0, 0)))
    assert isinstance(sigmoid, ThroughActivation)
    assert not sigmoid.blocked
    assert sigmoid.slope == pytest.approx(sigmoid.activated * (1 - sigmoid.activated))


@pytest.mark.parametrize(
    ("image", "layer", "index", "error"),
    [
        (0, "conv9", (0, 0, 0), KeyError),
        (0, "conv1", (4, 0, 0), IndexError),
        (0, "conv1", (-1, 0, 0), IndexError),
        (0, "conv1", (0,), IndexError),
        (20, "conv1", (0, 0, 0), IndexError),
        (0, "dense2", (3,), IndexError),
    ],
)
def test_a_value_that_is_none_is_refused(odd, image, layer, index, error):
    with pytest.raises(error):
        explain_gradient(odd, image, Place(layer, index))
