"""The numbers about a map are NumPy's, and each bar of its histogram has one sign."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cnnviz.core.value_statistics import BARS_TO_LEVEL, statistics

numbers = st.floats(-1e6, 1e6, width=32)


@given(arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=numbers))
def test_they_are_numpys(values):
    told, exact = statistics(values), values.astype(np.float64)
    assert told.least == exact.min()
    assert told.greatest == exact.max()
    assert told.mean == pytest.approx(exact.mean())
    assert told.deviation == pytest.approx(exact.std())
    assert told.zeros == np.mean(values == 0)
    assert told.finite == told.total == values.size


@given(arrays(np.float32, 40, elements=numbers))
def test_each_value_but_zero_is_in_one_bar_of_its_sign(values):
    edges, counts = statistics(values).histogram
    positive = counts[edges[:-1] >= 0].sum()
    assert 0 in edges
    assert counts.sum() in (np.count_nonzero(values), 0)
    if counts.sum():
        assert positive == np.count_nonzero(values > 0)
        assert edges[0] <= values.min() * 0.999999 or values.min() > 0
        assert BARS_TO_LEVEL <= len(counts) <= 2 * BARS_TO_LEVEL


def test_what_is_no_number_is_counted_and_left_out():
    told = statistics(np.array([1.0, np.nan, np.inf, -3.0, 0.0], np.float32))
    assert (told.least, told.greatest, told.finite, told.total) == (-3.0, 1.0, 3, 5)
    assert told.zeros == pytest.approx(1 / 3)


def test_nothing_but_strange_values_tells_zero():
    told = statistics(np.full((2, 2), np.nan, np.float32))
    assert (told.least, told.greatest, told.zeros, told.finite, told.total) == (0, 0, 0, 0, 4)
    assert len(told.histogram.counts) == 0


def test_all_zero_has_no_bars():
    told = statistics(np.zeros((3, 3), np.float32))
    assert told.zeros == 1
    assert len(told.histogram.counts) == 0
