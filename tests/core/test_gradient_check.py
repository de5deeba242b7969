"""The numeric gradient agrees with ours, and says so where there is a kink between."""

import math

import numpy as np
import pytest

from cnnviz.core.datasets import load_dataset
from cnnviz.core.errors import SettingsError
from cnnviz.core.gradient_check import Checking, check_gradient
from cnnviz.core.parameter_arithmetic import Parameter
from cnnviz.core.presets import preset
from tests.core.odd import dissected


@pytest.fixture(scope="module")
def odd():
    return dissected()


def steepest(seen, name):
    """The parameter of that array with the greatest gradient."""
    gradient = seen.network().gradients()[name]
    at = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    return Parameter(name, tuple(int(k) for k in at))


def test_every_array_passes(odd):
    for name, array in odd.network().named_parameters():
        parameter = steepest(odd, name)
        check = check_gradient(odd, parameter, h=1e-6)
        assert check.weight == array[parameter.index]
        assert check.loss_above != check.loss_below
        assert check.gradient == odd.network().gradients()[name][parameter.index]
        assert check.exact == pytest.approx(check.gradient, rel=1e-3, abs=1e-8)
        assert not check.kinks
        assert check.quotient == pytest.approx(check.exact, rel=1e-5, abs=1e-9)
        assert check.relative_error < 1e-3
        assert "smooth" in check.in_words


def test_on_the_network_it_begins_with():
    seen = dissected(preset("numpy-cnn"), load_dataset("digits"))
    check = check_gradient(seen, steepest(seen, "conv1.weight"), h=1e-7)
    assert check.relative_error < 1e-4


def test_a_kink_within_h_is_told(odd):
    parameter = steepest(odd, "conv2.bias")
    check = check_gradient(odd, parameter, h=5)
    assert check.kinks["relu1"] > 0
    assert f"{sum(check.kinks.values())} kinks within h (relu1" in check.in_words
    assert "smaller h" in check.in_words
    assert not check_gradient(odd, parameter, h=1e-9).kinks


def test_a_weight_that_changes_nothing_has_no_error(odd):
    seen = dissected(batches=0)
    seen.update.before[...] = 0  # every ReLU is shut
    seen.gradient[...] = 0
    check = check_gradient(seen, Parameter("dense1.weight", (0, 0)))
    assert (check.quotient, check.relative_error) == (0, 0)


@pytest.mark.parametrize("h", [0, -1, math.inf, math.nan, 1e-40])
def test_a_step_that_cannot_be_is_refused(odd, h):
    with pytest.raises(SettingsError, match="h "):
        check_gradient(odd, Parameter("conv1.weight", (0, 0, 0, 0)), h)


def test_a_parameter_there_is_not_is_refused(odd):
    with pytest.raises(KeyError):
        check_gradient(odd, Parameter("conv9.weight", (0,)))


def test_on_its_thread_it_ends_with_the_check(odd):
    parameter = steepest(odd, "conv1.weight")
    task = Checking(odd, parameter)
    task.start()
    assert task.join(60)
    assert task.standing.result == check_gradient(odd, parameter)
    task = Checking(odd, parameter, h=0)
    task.start()
    assert task.join(60)
    message, details = task.standing.failure or ("", None)
    assert message.startswith("h must be a number above zero")
    assert details == ""
