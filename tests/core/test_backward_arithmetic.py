"""What is added up on the way back is what the engine made, for every kind of value and weight."""

from contextlib import closing

import numpy as np
import pytest

from cnnviz.core.backward_arithmetic import (
    Parameter,
    ParameterGradient,
    ThroughActivation,
    ThroughConvolution,
    ThroughDense,
    ThroughFlatten,
    ThroughLoss,
    ThroughPooling,
    explain_gradient,
    explain_parameter,
    explain_step,
    flat_index,
)
from cnnviz.core.convolution import WAYS
from cnnviz.core.datasets import load_dataset
from cnnviz.core.microscope import Moment, dissect
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.presets import preset
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec, dense, flatten, max_pool2d
from cnnviz.core.trainer import Trainer
from tests.core.odd import ODD, odd_data


def dissected(spec=ODD, data=None, optimizer="adam", way="im2col", batches=3, size=20):
    settings = Settings(optimizer, 0.01, batch_size=size, convolution=way, threads=2)
    with closing(Trainer(spec, data or odd_data(), settings)) as trainer:
        for _ in range(batches):
            trainer.train_batch()
        return dissect(Moment.of(trainer))


@pytest.fixture(scope="module")
def odd():
    return dissected()


def magnitude(found):
    """The size of what is added up: rounding is relative to it."""
    if isinstance(found, ThroughConvolution | ThroughDense | ParameterGradient):
        return float(np.abs(found.products).sum())
    if isinstance(found, ThroughPooling):
        return sum(abs(window.gradient) for window in found.windows)
    return abs(found.result)


CASES = [(ODD, way) for way in WAYS] + [
    (preset(name), "im2col") for name in ("numpy-cnn", "lenet-5", "mlp", "tiny")
]


@pytest.mark.parametrize(("spec", "way"), CASES, ids=lambda case: getattr(case, "name", case))
def test_its_sum_is_what_the_engine_made(spec, way):
    data = odd_data() if spec is ODD else load_dataset("digits")
    seen = dissected(spec, data, way=way, batches=1)
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


@pytest.mark.parametrize(("spec", "way"), CASES, ids=lambda case: getattr(case, "name", case))
def test_a_parameters_contributions_add_up(spec, way):
    data = odd_data() if spec is ODD else load_dataset("digits")
    seen = dissected(spec, data, way=way, batches=1)
    network, rng = seen.network(), np.random.default_rng(2)
    for name, array in network.gradients().items():
        for _ in range(15):
            parameter = Parameter(name, tuple(int(rng.integers(n)) for n in array.shape))
            found = explain_parameter(seen, parameter)
            assert found.result == array[parameter.index]
            assert abs(found.total - found.result) <= 1e-5 * magnitude(found), parameter
            assert found.count == found.products.size
            largest = found.largest(7)
            sizes = [abs(each.product) for each in largest]
            assert sizes == sorted(np.abs(found.products).ravel(), reverse=True)[: len(sizes)]
            for each in largest:
                assert each.product == each.gradient * each.value
                at = (each.image, parameter.index[0], *each.at)
                assert each.gradient == seen.gradients[name.partition(".")[0]][at]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_is_the_optimisers(optimizer):
    seen = dissected(optimizer=optimizer)
    rng = np.random.default_rng(3)
    before, after = seen.network(), seen.network()
    after.vector[...] = seen.update.after
    old, new = dict(before.named_parameters()), dict(after.named_parameters())
    for name, array in old.items():
        parameter = Parameter(name, tuple(int(rng.integers(n)) for n in array.shape))
        found = explain_step(seen, parameter)
        assert found.before == array[parameter.index]
        assert found.after == found.total == new[name][parameter.index]
        assert found.gradient == before.gradients()[name][parameter.index]
        assert set(found.state_before) == set(seen.update.state_before)
        expected = by_hand(found)
        assert found.step == pytest.approx(expected, rel=1e-4, abs=1e-12)


def by_hand(found):
    gradient, rate, old = found.gradient, found.rate, found.state_before
    if found.optimizer == "gradient-descent":
        return -rate * gradient
    if found.optimizer == "momentum":
        velocity = 0.9 * old["velocity"] + gradient
        assert found.state_after["velocity"] == pytest.approx(velocity, rel=1e-5, abs=1e-12)
        return -rate * velocity
    mean = 0.9 * old["mean"] + 0.1 * gradient
    square = 0.999 * old["square"] + 0.001 * gradient**2
    steps = old["steps"] + 1
    assert found.state_after["steps"] == steps == 4
    assert found.state_after["mean"] == pytest.approx(mean, rel=1e-4, abs=1e-12)
    assert found.state_after["square"] == pytest.approx(square, rel=1e-4, abs=1e-15)
    return -rate * (mean / (1 - 0.9**steps)) / ((square / (1 - 0.999**steps)) ** 0.5 + 1e-8)


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


def test_a_value_that_no_kernel_met_learns_nothing(odd):
    met = [
        explain_gradient(odd, 0, Place("pool2", (0, y, x))).met.sum()
        for y, x in np.ndindex(*odd.gradients["pool2"].shape[2:])
    ]
    assert set(met) == {4}  # with a padding of 1, each by all of 2×2


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
    seen = dissected(spec, load_dataset("digits"))
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


def test_a_kernels_weight_by_hand(odd):
    found = explain_parameter(odd, Parameter("conv1.weight", (3, 2, 0, 1)))
    images = odd.outputs[INPUT]
    assert found.source == INPUT
    assert found.gradient.shape == found.inputs.shape == (20, 7, 10)
    assert not found.inputs[:, 0].any()  # two rows of padding above
    np.testing.assert_array_equal(found.inputs[:, 1:6, :9], images[:, 2, 0:10:2, :])
    assert not found.inputs[:, :, 9].any()  # x + 1 − 1 = 9 is the padding on the right


def test_biases_multiply_one(odd):
    found = explain_parameter(odd, Parameter("dense1.bias", (2,)))
    assert (found.inputs == 1).all()
    assert found.total == pytest.approx(odd.gradients["dense1"][:, 2].sum(), rel=1e-4)


def test_a_place_in_the_vector(odd):
    network = odd.network()
    network.vector[...] = np.arange(len(network.vector))
    for name, array in network.named_parameters():
        parameter = Parameter(name, tuple(n - 1 for n in array.shape))
        assert flat_index(network, parameter) == array[parameter.index]


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


@pytest.mark.parametrize(
    ("name", "index", "error"),
    [
        ("conv9.weight", (0, 0, 0, 0), KeyError),
        ("conv1", (0,), KeyError),
        ("conv1.bias", (4,), IndexError),
        ("conv1.weight", (0, 0, 0, -1), IndexError),
        ("dense1.weight", (0,), IndexError),
    ],
)
def test_a_parameter_that_is_none_is_refused(odd, name, index, error):
    for explain in (explain_parameter, explain_step):
        with pytest.raises(error):
            explain(odd, Parameter(name, index))
