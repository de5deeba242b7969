"""Scales: which pixel is which number, and what their round marks promise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core import scales
from cnnviz.core.scales import Scale


@given(st.floats(1e-8, 1e8))
def test_rounding_up_goes_a_quarter_beyond_at_most(value):
    assert value * (1 - 1e-9) <= scales.round_up(value) <= 1.3 * value


def test_strides_are_one_two_five_times_a_power_of_ten():
    wanted = [0.3, 1, 1.1, 3, 6, 11, 21, 60, 101]
    assert [scales.round_stride(least) for least in wanted] == [1, 1, 2, 5, 10, 20, 50, 100, 200]


def test_a_logarithmic_scale_is_marked_at_powers_of_ten():
    assert scales.log_ticks(-2.2, 0.4) == pytest.approx([0.01, 0.1, 1])


def test_a_narrow_logarithmic_scale_is_marked_in_between():
    assert scales.log_ticks(-1.4, 0.2) == pytest.approx([0.1, 0.3, 1])
    assert scales.log_ticks(-0.4, 0.4) == pytest.approx([0.5, 1, 2])


def test_a_tiny_part_of_a_logarithmic_scale_has_marks_too():
    assert len(scales.log_ticks(-1.31, -1.29)) >= 3


@given(st.floats(-8, 5), st.floats(0.001, 12))
def test_marks_lie_inside_and_are_few(low, width):
    ticks = scales.log_ticks(low, low + width)
    assert 1 <= len(ticks) <= 12
    assert all(low - 1e-6 <= math.log10(tick) <= low + width + 1e-6 for tick in ticks)


def test_a_linear_scale_is_marked_at_round_values():
    assert scales.linear_ticks(0, 2.5) == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5])


@given(st.integers(1, 2000), st.floats(0, 50_000), st.floats(10, 50_000), st.integers(5, 20))
def test_labels_of_batches_keep_their_distance(per_epoch, low, width, labels):
    least = width / labels
    ticks = scales.batch_ticks((low, low + width), per_epoch, least)
    assert all(low <= tick <= low + width for tick in ticks)
    assert all(np.diff(ticks) >= 0.69 * least)


def test_whole_epochs_are_marked_where_they_end_and_batches_where_they_have_room():
    assert scales.batch_ticks((0, 5000), 468, 400) == [468 * epoch for epoch in range(1, 11)]
    assert scales.batch_ticks((0, 500), 468, 80) == [100, 200, 300, 400, 468]
    assert scales.batch_ticks((0, 500), 468, 120) == [200, 468]


@given(st.integers(1, 500), st.integers(1, 300), st.integers(1, 5000))
def test_labelled_epochs_are_apart_and_the_newest_is_one_of_them(per_epoch, epochs, least):
    ends = per_epoch * np.arange(1.0, epochs + 1)
    chosen = ends[scales.round_epochs(ends, per_epoch, least, ends[-1])]
    assert chosen[-1] == ends[-1]
    assert all(np.diff(chosen) >= least)


def test_accuracies_lie_in_the_upper_half_of_their_scale():
    assert scales.accuracy_floor(np.array([0.981, 0.99])) == 0.95
    assert scales.accuracy_floor(np.array([0.999])) == 0.995
    assert scales.accuracy_floor(np.array([0.1, 0.97])) == 0


def test_numbers_have_three_digits_that_count():
    values = [2.302585, 0.03117, 0.0000171, 0.0, 1.0, 1234567.0, math.nan]
    texts = ["2.3", "0.0312", "0.0000171", "0", "1", "1.23e+06", "nan"]
    assert [scales.short(value) for value in values] == texts


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100.0\u2009%"),
        (0.99999, ">\u200999.9\u2009%"),
        (0.5, "50.0\u2009%"),
        (0.0, "0.0\u2009%"),
        (float("nan"), "–"),
    ],
)
def test_a_share_is_never_more_than_it_is(share, text):
    assert scales.percent(share) == text


def test_shares_are_percent():
    assert scales.percent(0.98114, 2) == "98.11\u2009%"


def test_a_scale_maps_both_ways():
    up = Scale(-2, 0, 200, 100)
    assert up.pixel(-1) == 150
    assert up.value(150) == -1
    np.testing.assert_allclose(up.pixel(np.array([-2.0, 0.0])), [200, 100])
