"""The rule by which `correlate` goes directly or by FFT, and what holds for both."""

import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from cnnviz.core.convolution import correlate, im2col
from cnnviz.core.convolution.geometry import output_size
from cnnviz.core.workspace import Array, Workspace

AssertClose = Callable[..., None]
Method = Callable[..., Array]
Pair = tuple[int, int]
RULES = ("seconds_by_rows", "seconds_by_rows_to_weight", "seconds_by_fft")
METHODS = ("_by_rows", "_weight_by_rows", "_by_fft")


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that were used, in order: "rows" or "fft"."""
    names: list[str] = []
    for method in METHODS:
        original = getattr(correlate, method)

        def noted(*args: object, method: str = method, original: Method = original) -> Array:
            names.append("fft" if method == "_by_fft" else "rows")
            return original(*args)

        monkeypatch.setattr(correlate, method, noted)
    return names


@pytest.fixture(params=["rows", "fft"])
def only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Has the rule always choose one of the two."""
    for rule in RULES:
        chosen = ("fft" in rule) == (request.param == "fft")
        monkeypatch.setattr(correlate, rule, lambda *_, cost=0 if chosen else 1: cost)
    return str(request.param)


def operations(
    images: tuple[int, int, int, int],
    filters: int,
    kernel: int,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    workspace: Workspace | None = None,
) -> dict[str, Callable[..., Array]]:
    """Forward and both gradients by name, to be called with a way of convolution."""
    rng = np.random.default_rng(0)
    count, channels, *size = images
    out = output_size((size[0], size[1]), (kernel, kernel), stride, padding)
    draw = partial(rng.standard_normal, dtype=np.float32)
    maps, weight = draw(images), draw((filters, channels, kernel, kernel))
    bias, gradient = draw(filters), draw((count, filters, *out))
    rest = (stride, padding, workspace)
    return {
        "forward": lambda way: way.forward(maps, weight, bias, *rest),
        "by weight": lambda way: way.gradient_by_weight(maps, gradient, (kernel, kernel), *rest),
        "by input": lambda way: way.gradient_by_input(gradient, weight, (size[0], size[1]), *rest),
    }


# Cases where one of both was measured about twice as fast or more: batch, channels, height, width,
# then filters and kernel.
CLEAR = [
    ("forward", (32, 8, 24, 24), 8, 2, "rows"),
    ("forward", (32, 3, 28, 28), 8, 3, "rows"),
    ("forward", (32, 8, 24, 24), 8, 13, "fft"),
    ("forward", (8, 8, 50, 50), 8, 15, "fft"),
    ("forward", (4, 64, 20, 20), 32, 1, "fft"),
    ("by weight", (32, 1, 28, 28), 8, 5, "rows"),
    ("by weight", (32, 8, 24, 24), 8, 5, "rows"),
    ("by weight", (32, 16, 14, 14), 16, 3, "rows"),
    ("by weight", (4, 8, 5, 5), 64, 5, "fft"),
    ("by weight", (1, 16, 14, 14), 16, 13, "fft"),
    ("by input", (32, 8, 24, 24), 8, 5, "fft"),
    ("by input", (8, 8, 50, 50), 8, 15, "fft"),
]


@pytest.mark.parametrize(("operation", "images", "filters", "kernel", "method"), CLEAR)
def test_the_rule_takes_the_quicker_one_where_that_is_clear(
    operation: str,
    images: tuple[int, int, int, int],
    filters: int,
    kernel: int,
    method: str,
    used: list[str],
) -> None:
    operations(images, filters, kernel)[operation](correlate)
    assert used == [method]


@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("padding", [(0, 0), (1, 2), (6, 5)])
@pytest.mark.parametrize("kernel", [1, 3, 6])
def test_both_are_right_in_parts_too(
    kernel: int,
    padding: Pair,
    stride: Pair,
    only: str,
    monkeypatch: pytest.MonkeyPatch,
    assert_close: AssertClose,
) -> None:
    monkeypatch.setattr(correlate, "LINE", 300)
    monkeypatch.setattr(correlate, "BLOCK", 1000)
    for run in operations((5, 2, 9, 8), 3, kernel, stride, padding).values():
        assert_close(run(correlate), run(im2col), within=1e-5)


def test_both_are_exact_enough_for_large_sums(only: str, assert_close: AssertClose) -> None:
    for run in operations((48, 12, 28, 28), 4, 7, padding=(3, 3)).values():
        assert_close(run(correlate), run(im2col), within=1e-5)


def test_the_same_bits_every_time(only: str) -> None:
    for run in operations((20, 3, 15, 14), 4, 5, padding=(2, 2)).values():
        first = run(correlate).tobytes()
        garbage = [np.ones(k, np.float32) for k in range(1, 50)]  # the memory is another one
        assert run(correlate).tobytes() == first
        del garbage


@pytest.mark.parametrize("value", [np.inf, np.nan, np.float32(3e38)])
def test_what_diverged_makes_no_warning(only: str, value: float) -> None:
    images = np.full((2, 2, 6, 6), value, np.float32)
    weight = np.full((3, 2, 3, 3), value, np.float32)
    gradient = np.full((2, 3, 4, 4), value, np.float32)
    rest = ((1, 1), (0, 0))
    with np.errstate(over="ignore", invalid="ignore"):  # as the network runs it
        results = (
            correlate.forward(images, weight, np.zeros(3, np.float32), *rest),
            correlate.gradient_by_weight(images, gradient, (3, 3), *rest),
            correlate.gradient_by_input(gradient, weight, (6, 6), *rest),
        )
    assert not any(np.isfinite(result).any() for result in results)


HEAVY = [((16, 24, 20, 20), 24, 3), ((4, 16, 40, 40), 16, 9), ((2, 4, 64, 64), 32, 15)]


@pytest.mark.parametrize(("images", "filters", "kernel"), HEAVY)
def test_it_can_be_given_up_often(
    images: tuple[int, int, int, int],
    filters: int,
    kernel: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the rule's own reckoning, which no busy machine disturbs."""
    workspace, pulses, costs = Workspace(), [0], []

    def pulse() -> None:
        pulses[0] += 1

    workspace.pulse = pulse
    for rule in RULES:
        original = getattr(correlate, rule)

        def noted(*args: object, original: Callable = original) -> float:
            costs.append(original(*args))
            return float(costs[-1])

        monkeypatch.setattr(correlate, rule, noted)
    for run in operations(images, filters, kernel, workspace=workspace).values():
        pulses[0] = 0
        costs.clear()
        run(correlate)
        assert min(costs) / pulses[0] < 0.02


@pytest.mark.parametrize("kernel", [3, 9])
def test_memory_stays_bounded(kernel: int) -> None:
    """All pairs of 64 filters and 64 channels of 32 images at once would take 75 MB and more."""
    for run in operations((32, 64, 12, 12), 64, kernel, padding=(1, 1)).values():
        tracemalloc.start()
        run(correlate)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 40e6
