"""What a weight's gradient is added up of, and how the optimiser moves it, as the engine has it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.parameter_arithmetic import (
    Parameter,
    _greatest,
    explain_parameter,
    explain_step,
    flat_index,
)
from cnnviz.core.receptive_field import INPUT
from tests.core.odd import CASES, dissected


@pytest.fixture(scope="module")
def odd():
    return dissected()


@pytest.mark.parametrize(("spec", "way"), CASES, ids=lambda case: getattr(case, "name", case))
def test_a_parameters_contributions_add_up(spec, way):
    seen = dissected(spec, way=way, batches=1)
    network, rng = seen.network(), np.random.default_rng(2)
    for name, array in network.gradients().items():
        for _ in range(15):
            parameter = Parameter(name, tuple(int(rng.integers(n)) for n in array.shape))
            found = explain_parameter(seen, parameter)
            assert found.result == array[parameter.index]
            assert abs(found.total - found.result) <= 1e-5 * np.abs(found.products).sum()
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


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, np.inf]), min_size=1), st.integers(1, 12))
def test_the_greatest_are_those_of_a_stable_sort(values, count):
    array = np.array(values)
    expected = np.argsort(-array, kind="stable")[:count]
    np.testing.assert_array_equal(_greatest(array, count), expected)
