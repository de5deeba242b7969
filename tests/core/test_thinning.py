"""Curves for a small screen: what smoothing and thinning promise."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core import thinning
from cnnviz.core.thinning import Smoother

losses = st.lists(st.floats(1e-6, 100), max_size=300)


def naive_mean(values, window):
    """Of each value and up to window − 1 before it."""
    return [np.mean(values[max(0, k + 1 - window) : k + 1]) for k in range(len(values))]


# Smoothing


@given(st.lists(st.floats(0, 100), max_size=60))
def test_smoothing_is_the_mean_of_the_last_values(values):
    smoothed = Smoother(10).smooth(np.array(values))
    np.testing.assert_allclose(smoothed, naive_mean(values, 10), rtol=1e-9, atol=1e-12)


def test_smoothing_forgets_what_is_longer_ago_than_its_window():
    fallen = np.concatenate([np.full(50, 2.3), np.full(50, 1e-5)])
    np.testing.assert_allclose(Smoother(20).smooth(fallen)[69:], 1e-5)


@given(losses, losses, st.integers(0, 300))
def test_smoothing_in_pieces_after_a_cut_equals_smoothing_at_once(first, second, kept):
    smoother = Smoother(20)
    smoother.smooth(np.array(first))
    history = np.array(first[:kept] + second)
    np.testing.assert_allclose(smoother.smooth(history), Smoother(20).smooth(history), rtol=1e-9)


def test_smoothing_sees_values_that_changed_behind_an_equal_length():
    smoother = Smoother(5)
    values = np.ones(50)
    smoother.smooth(values)
    values[30:] = 9.0  # as a timeline does, which reuses its memory
    np.testing.assert_allclose(smoother.smooth(values), Smoother(5).smooth(values))


def test_gaps_are_bridged_by_the_value_before_them():
    values = np.array([np.nan, 1.0, np.inf, np.nan, 2.0])
    assert thinning.without_gaps(values).tolist() == [0.0, 1.0, 1.0, 1.0, 2.0]


# Thinning


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=500), st.integers(1, 40), st.data())
def test_thinning_keeps_the_extremes_of_every_part_and_few_points(values, pixels, data):
    array = np.array(values)
    start = data.draw(st.integers(0, len(values) - 1))
    stop = data.draw(st.integers(start + 1, len(values)))
    chosen = thinning.extremes(array, start, stop, pixels)
    assert (np.diff(chosen) >= 0).all()
    assert start <= chosen[0]
    assert chosen[-1] < stop
    assert array[chosen].min() == array[start:stop].min()
    assert array[chosen].max() == array[start:stop].max()
    assert len(chosen) <= 2 * pixels + 4


def test_a_single_spike_among_a_hundred_thousand_stays():
    values = np.full(100_000, 0.1)
    values[77_777] = 5.0
    assert 77_777 in thinning.extremes(values, 0, len(values), 800)


def test_thinning_stands_still_while_the_curve_is_moved():
    values = np.random.default_rng(0).random(10_000)
    before = set(thinning.extremes(values, 1000, 9000, 400).tolist())
    after = set(thinning.extremes(values, 1100, 9100, 400).tolist())
    inside = {index for index in before if 1200 <= index < 8800}
    assert inside <= after


@given(losses.filter(len), st.integers(1, 50))
def test_means_of_pixels_end_at_the_newest_value(values, pixels):
    x, y = thinning.bucket_means(np.array(values), 0, len(values), pixels)
    assert (x[-1], y[-1]) == (len(values) - 1, values[-1])
    assert (np.diff(x) > 0).all()
    assert len(x) <= pixels + 1
    assert min(values) * (1 - 1e-9) <= y.min()
    assert y.max() <= max(values) * (1 + 1e-9)
