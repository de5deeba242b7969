"""Every way of convolution against the formula, against each other and against PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.convolution import WAYS, correlate, way
from cnnviz.core.errors import SettingsError
from cnnviz.core.workspace import Array, Workspace

AssertClose = Callable[..., None]
Results = tuple[Array, Array, Array]
"""Output, gradient by weight, gradient by input."""


@dataclass(frozen=True)
class Case:
    images: Array
    weight: Array
    bias: Array
    gradient: Array
    stride: tuple[int, int]
    padding: tuple[int, int]


def make_case(
    images: tuple[int, int, int, int],
    filters: int,
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    seed: int = 0,
) -> Case:
    rng = np.random.default_rng(seed)
    places = (
        len(range(0, length + 2 * p - k + 1, s))
        for length, k, s, p in zip(images[2:], kernel, stride, padding, strict=True)
    )
    return Case(
        rng.normal(size=images).astype(np.float32),
        rng.normal(size=(filters, images[1], *kernel)).astype(np.float32),
        rng.normal(size=filters).astype(np.float32),
        rng.normal(size=(images[0], filters, *places)).astype(np.float32),
        stride,
        padding,
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    pairs = st.tuples
    size = draw(pairs(st.integers(1, 8), st.integers(1, 8)))
    padding = draw(pairs(st.integers(0, 2), st.integers(0, 2)))
    kernel = draw(pairs(*(st.integers(1, min(5, size[k] + 2 * padding[k])) for k in (0, 1))))
    stride = draw(pairs(st.integers(1, 3), st.integers(1, 3)))
    count, channels, filters = draw(pairs(*[st.integers(1, 4)] * 3))
    seed = draw(st.integers(0, 1000))
    return make_case((count, channels, *size), filters, kernel, stride, padding, seed)


def run(name: str, case: Case, workspace: Workspace | None = None) -> Results:
    """The three functions of a way; copies, since results may live in the workspace."""
    images, weight, bias, gradient, stride, padding = (getattr(case, f) for f in FIELDS)
    kernel, size = weight.shape[2:], images.shape[2:]
    module, rest = way(name), (stride, padding, workspace)
    return (
        module.forward(images, weight, bias, *rest).copy(),
        module.gradient_by_weight(images, gradient, kernel, *rest).copy(),
        module.gradient_by_input(gradient, weight, size, *rest).copy(),
    )


FIELDS = ("images", "weight", "bias", "gradient", "stride", "padding")


def by_definition(case: Case) -> Results:
    """Every product of the formula, one tap after the other, in float64."""
    images, weight, bias, gradient = (
        array.astype(np.float64) for array in (case.images, case.weight, case.bias, case.gradient)
    )
    output = np.zeros_like(gradient) + bias.reshape(-1, 1, 1)
    by_weight, by_input = np.zeros_like(weight), np.zeros_like(images)
    for y, x, i, j in np.ndindex(*gradient.shape[2:], *weight.shape[2:]):
        row = y * case.stride[0] + i - case.padding[0]
        column = x * case.stride[1] + j - case.padding[1]
        if 0 <= row < images.shape[2] and 0 <= column < images.shape[3]:
            pixel, tap = images[:, :, row, column], weight[:, :, i, j]
            output[:, :, y, x] += pixel @ tap.T
            by_weight[:, :, i, j] += gradient[:, :, y, x].T @ pixel
            by_input[:, :, row, column] += gradient[:, :, y, x] @ tap
    return output, by_weight, by_input


@settings(max_examples=100)
@given(case=cases())
def test_every_way_equals_the_formula(case: Case, assert_close: AssertClose) -> None:
    before = [np.copy(getattr(case, field)) for field in FIELDS]
    expected = by_definition(case)
    for results in [run(name, case) for name in WAYS]:
        for actual, exact in zip(results, expected, strict=True):
            assert actual.dtype == np.float32
            assert_close(actual, exact)
    for field, kept in zip(FIELDS, before, strict=True):
        np.testing.assert_array_equal(getattr(case, field), kept, f"{field} was written to")


@given(case=cases())
def test_every_way_equals_torch(case: Case, assert_close: AssertClose) -> None:
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: comparisons with it are skipped"
    )
    images, weight = (torch.tensor(a, requires_grad=True) for a in (case.images, case.weight))
    output = torch.nn.functional.conv2d(
        images, weight, torch.tensor(case.bias), case.stride, case.padding
    )
    output.backward(torch.tensor(case.gradient))
    expected = [output.detach().numpy(), weight.grad.numpy(), images.grad.numpy()]
    for results in [run(name, case) for name in WAYS]:
        for actual, theirs in zip(results, expected, strict=True):
            assert_close(actual, theirs)


def test_the_ways_agree_where_scipy_takes_the_fourier_transform(assert_close: AssertClose) -> None:
    case = make_case((3, 4, 40, 40), filters=2, kernel=(15, 13), padding=(2, 0))
    expected = run("loop", case)
    for results in [run("correlate", case), run("im2col", case)]:
        for actual, reference in zip(results, expected, strict=True):
            assert_close(actual, reference)


@pytest.mark.parametrize("fft", [False, True])
@given(case=cases())
def test_scipy_equals_the_formula_directly_and_by_fft(
    fft: bool, case: Case, assert_close: AssertClose
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(correlate, "seconds_by_fft", lambda *_: -1 if fft else np.inf)
        results = run("correlate", case)
    for actual, exact in zip(results, by_definition(case), strict=True):
        assert_close(actual, exact)


@given(first=cases(), second=cases())
def test_a_workspace_used_again_leaks_nothing(
    first: Case, second: Case, assert_close: AssertClose
) -> None:
    spoilt = replace(first, images=first.images * np.nan, gradient=first.gradient * np.nan)
    shared = Workspace()
    run("im2col", spoilt, shared)
    for case in (first, second, first):
        for used, fresh in zip(run("im2col", case, shared), run("im2col", case), strict=True):
            assert_close(used, fresh, within=1e-6)


def test_a_workspace_tells_apart_what_only_looks_alike(assert_close: AssertClose) -> None:
    alike = [
        make_case((2, 3, 9, 6), 4, (3, 2), stride=(1, 1)),
        make_case((2, 3, 9, 6), 4, (3, 2), stride=(2, 1)),
        make_case((2, 3, 9, 6), 4, (3, 2), stride=(3, 1)),
        make_case((2, 3, 7, 6), 4, (3, 2), padding=(1, 0)),
        make_case((2, 3, 5, 4), 4, (3, 2), padding=(2, 1)),
        make_case((2, 3, 9, 2), 4, (3, 2), padding=(0, 2)),
    ]
    shared = Workspace()
    for case in (*alike, *reversed(alike)):
        for used, fresh in zip(run("im2col", case, shared), run("im2col", case), strict=True):
            assert_close(used, fresh, within=1e-6)


def batch_last(array: Array) -> Array:
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 0, -1)), -1, 0)


def with_gaps(array: Array) -> Array:
    return np.repeat(np.repeat(array, 2, axis=3), 3, axis=1)[:, ::3, :, ::2]


def backwards(array: Array) -> Array:
    return np.ascontiguousarray(array[::-1, :, ::-1])[::-1, :, ::-1]


def transposed(array: Array) -> Array:
    return np.ascontiguousarray(array.transpose(3, 2, 1, 0)).transpose(3, 2, 1, 0)


@pytest.mark.parametrize("padding", [(0, 0), (1, 2)])
@pytest.mark.parametrize("order", [batch_last, with_gaps, backwards, transposed])
@pytest.mark.parametrize("name", WAYS)
def test_any_memory_order_gives_the_same_values(
    name: str,
    order: Callable[[Array], Array],
    padding: tuple[int, int],
    assert_close: AssertClose,
) -> None:
    case = make_case((3, 2, 7, 6), 4, (3, 2), stride=(2, 1), padding=padding)
    moved = replace(
        case, images=order(case.images), weight=order(case.weight), gradient=order(case.gradient)
    )
    np.testing.assert_array_equal(moved.images, case.images)
    for actual, expected in zip(run(name, moved), run(name, case), strict=True):
        assert_close(actual, expected, within=1e-6)


@pytest.mark.parametrize("name", WAYS)
def test_float64_stays_float64(name: str, assert_close: AssertClose) -> None:
    case = make_case((2, 3, 6, 5), 4, (3, 3), stride=(1, 2), padding=(1, 0))
    arrays = {f: getattr(case, f).astype(np.float64) for f in FIELDS[:4]}
    for actual, expected in zip(
        run(name, replace(case, **arrays)), by_definition(case), strict=True
    ):
        assert actual.dtype == np.float64
        assert_close(actual, expected, within=1e-12)


def test_an_unknown_way_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"“winograd”; there are loop, correlate, im2col"):
        way("winograd")
