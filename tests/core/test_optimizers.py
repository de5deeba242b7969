from collections.abc import Callable

import numpy as np
import pytest

from cnnviz.core.errors import SettingsError
from cnnviz.core.optimizers import OPTIMIZERS, Adam, optimizer
from cnnviz.core.workspace import Array

SIZE = 40


def gradients(steps: int, dtype: type = np.float32) -> np.ndarray:
    """Of very different sizes, and a few that are always zero."""
    rng = np.random.default_rng(0)
    sizes = 10 ** rng.uniform(-6, 3, SIZE)
    sizes[:3] = 0
    return (rng.normal(size=(steps, SIZE)) * sizes).astype(dtype)


def test_gradient_descent_steps_against_the_gradient() -> None:
    vector = np.array([1, 2], np.float32)
    optimizer("gradient-descent")(vector).update(vector, np.array([4, -2], np.float32), 0.25)
    np.testing.assert_array_equal(vector, [0, 2.5])


def test_momentum_keeps_nine_tenths_of_its_velocity() -> None:
    vector, gradient = np.zeros(1), np.ones(1)
    momentum = optimizer("momentum")(vector)
    for expected in (-1, -1 - 1.9, -1 - 1.9 - 2.71):
        momentum.update(vector, gradient, 1.0)
        assert vector[0] == pytest.approx(expected)


def test_adams_first_step_has_the_size_of_the_rate() -> None:
    vector = np.zeros(3)
    Adam(vector).update(vector, np.array([1e-3, -5.0, 1e4]), 0.1)
    np.testing.assert_allclose(vector, [-0.1, 0.1, -0.1], rtol=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(("dtype", "within"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_fifty_steps_equal_torchs(
    name: str, dtype: type, within: float, assert_close: Callable[..., None]
) -> None:
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: comparisons with it are skipped"
    )
    vector: Array = np.random.default_rng(1).normal(size=SIZE).astype(dtype)
    theirs = torch.tensor(vector, requires_grad=True)
    make = {
        "gradient-descent": lambda: torch.optim.SGD([theirs], lr=0.01),
        "momentum": lambda: torch.optim.SGD([theirs], lr=0.01, momentum=0.9),
        "adam": lambda: torch.optim.Adam([theirs], lr=0.01),
    }
    our_optimizer, their_optimizer = optimizer(name)(vector), make[name]()
    for step, gradient in enumerate(gradients(50, dtype)):
        rate = 0.01 if step < 25 else 0.003
        their_optimizer.param_groups[0]["lr"] = rate
        theirs.grad = torch.tensor(gradient)
        their_optimizer.step()
        our_optimizer.update(vector, gradient, rate)
        assert_close(vector, theirs.detach().numpy(), within=within)
    assert vector.dtype == dtype


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_copied_state_goes_on_with_the_same_bits(name: str) -> None:
    history = gradients(20)
    vector = np.ones(SIZE, np.float32)
    first = optimizer(name)(vector)
    for gradient in history[:10]:
        first.update(vector, gradient, 0.01)
    state, kept = first.copy_state(), vector.copy()
    for gradient in history[10:]:
        first.update(vector, gradient, 0.01)

    second = optimizer(name)(kept)
    second.load_state(state)
    for gradient in history[10:]:
        second.update(kept, gradient, 0.01)
    np.testing.assert_array_equal(kept, vector)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_gradient_is_not_written_to(name: str) -> None:
    vector, gradient = np.ones(SIZE, np.float32), gradients(1)[0]
    gradient.flags.writeable = False
    optimizer(name)(vector).update(vector, gradient, 0.01)


def test_an_unknown_optimizer_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="“sgd”; there are gradient-descent, momentum, adam"):
        optimizer("sgd")
