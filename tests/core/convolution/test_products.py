"""Products in pieces are those as a whole, and every piece is small where that is possible."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core.convolution import products
from cnnviz.core.convolution.products import LANES, SMALL, multiply, multiply_and_sum, pieces
from cnnviz.core.workspace import Workspace


@pytest.fixture(params=[False, True], ids=["copying kernels", "small kernels"])
def small_kernels(request, monkeypatch):
    """As if OpenBLAS had, or had not, kernels for small products."""
    monkeypatch.setattr(products, "has_small_kernels", lambda: request.param)
    return request.param


@pytest.mark.parametrize(("filters", "taps", "length"), [(8, 200, 1300), (3, 5, 7), (64, 320, 130)])
def test_pieces_give_what_the_whole_gives(small_kernels, filters, taps, length, assert_close):
    random = np.random.default_rng(0)
    weight = random.standard_normal((filters, taps)).astype(np.float32)
    columns = random.standard_normal((3, taps, length)).astype(np.float32)
    gradient = random.standard_normal((3, filters, length)).astype(np.float32)

    out = np.empty((3, filters, length), np.float32)
    multiply(weight, columns, out)
    assert_close(out, weight @ columns, 1e-5)

    total = multiply_and_sum(columns, gradient, Workspace())
    assert_close(total, np.einsum("btn,bfn->tf", columns, gradient, dtype=np.float64), 1e-5)


@given(length=st.integers(1, 20_000), weight=st.integers(1, 100_000))
def test_pieces_cover_the_axis_once_and_are_small(length, weight):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "has_small_kernels", lambda: True)
        cut = list(pieces(length, weight))
    assert [k for piece in cut for k in range(piece.start, piece.stop)] == list(range(length))
    sizes = [piece.stop - piece.start for piece in cut]
    if weight * LANES <= SMALL:
        assert max(sizes) * weight <= SMALL
        assert all(size % LANES == 0 for size in sizes[:-1])
    else:
        assert len(sizes) == 1


def test_nothing_is_cut_where_there_are_no_small_kernels(monkeypatch):
    monkeypatch.setattr(products, "has_small_kernels", lambda: False)
    assert list(pieces(20_000, 1600)) == [slice(0, 20_000)]
