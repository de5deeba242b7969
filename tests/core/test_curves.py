"""Curves: what smoothing, thinning and round numbers promise, and which part of a run is shown."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core import curves
from cnnviz.core.curves import LossCurves, Scale, Smoother
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import BatchResult

losses = st.lists(st.floats(1e-6, 100), max_size=300)


def recorded(values, per_epoch=10, test_loss=0.5):
    timeline = Timeline()
    for step, loss in enumerate(values, start=1):
        timeline.record(BatchResult(step, float(loss), 0.9, 0.01, 0.001))
        if step % per_epoch == 0:
            epoch = step // per_epoch
            timeline.epochs.append(EpochResult(epoch, step, 0.5, test_loss, 0.9, 1.0, 1.0))
    return timeline


def shown(values, **keywords):
    made = LossCurves()
    made.update(recorded(values, **keywords))
    return made


def naive_mean(values, window):
    """Σ wᵢ vᵢ / Σ wᵢ, where the newest weighs 1 and each older one (1 − 1/window) times as much."""
    decay = 1 - 1 / window
    return [
        sum(decay ** (k - i) * values[i] for i in range(k + 1))
        / sum(decay ** (k - i) for i in range(k + 1))
        for k in range(len(values))
    ]


# Smoothing


@given(st.lists(st.floats(0, 100), max_size=60))
def test_smoothing_is_a_mean_whose_weights_add_up_to_one(values):
    smoothed = Smoother(10).smooth(np.array(values))
    np.testing.assert_allclose(smoothed, naive_mean(values, 10), rtol=1e-9, atol=1e-12)


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
    assert curves.without_gaps(values).tolist() == [0.0, 1.0, 1.0, 1.0, 2.0]


# Thinning


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=500), st.integers(1, 40), st.data())
def test_thinning_keeps_the_extremes_of_every_part_and_few_points(values, pixels, data):
    array = np.array(values)
    start = data.draw(st.integers(0, len(values) - 1))
    stop = data.draw(st.integers(start + 1, len(values)))
    chosen = curves.extremes(array, start, stop, pixels)
    assert (np.diff(chosen) >= 0).all()
    assert start <= chosen[0]
    assert chosen[-1] < stop
    assert array[chosen].min() == array[start:stop].min()
    assert array[chosen].max() == array[start:stop].max()
    assert len(chosen) <= 2 * pixels + 4


def test_a_single_spike_among_a_hundred_thousand_stays():
    values = np.full(100_000, 0.1)
    values[77_777] = 5.0
    assert 77_777 in curves.extremes(values, 0, len(values), 800)


def test_thinning_stands_still_while_the_curve_is_moved():
    values = np.random.default_rng(0).random(10_000)
    before = set(curves.extremes(values, 1000, 9000, 400).tolist())
    after = set(curves.extremes(values, 1100, 9100, 400).tolist())
    inside = {index for index in before if 1200 <= index < 8800}
    assert inside <= after


@given(losses.filter(len), st.integers(1, 50))
def test_means_of_pixels_end_at_the_newest_value(values, pixels):
    x, y = curves.bucket_means(np.array(values), 0, len(values), pixels)
    assert (x[-1], y[-1]) == (len(values) - 1, values[-1])
    assert (np.diff(x) > 0).all()
    assert len(x) <= pixels + 1
    assert min(values) * (1 - 1e-9) <= y.min()
    assert y.max() <= max(values) * (1 + 1e-9)


# Round numbers


@given(st.floats(1e-8, 1e8))
def test_rounding_up_goes_a_quarter_beyond_at_most(value):
    assert value * (1 - 1e-9) <= curves.round_up(value) <= 1.3 * value


def test_strides_are_one_two_five_times_a_power_of_ten():
    wanted = [0.3, 1, 1.1, 3, 6, 11, 21, 60, 101]
    assert [curves.round_stride(least) for least in wanted] == [1, 1, 2, 5, 10, 20, 50, 100, 200]


def test_a_logarithmic_scale_is_marked_at_powers_of_ten():
    assert curves.log_ticks(-2.2, 0.4) == pytest.approx([0.01, 0.1, 1])


def test_a_narrow_logarithmic_scale_is_marked_in_between():
    assert curves.log_ticks(-1.4, 0.2) == pytest.approx([0.1, 0.3, 1])
    assert curves.log_ticks(-0.4, 0.4) == pytest.approx([0.5, 1, 2])


def test_a_tiny_part_of_a_logarithmic_scale_has_marks_too():
    assert len(curves.log_ticks(-1.31, -1.29)) >= 3


@given(st.floats(-8, 5), st.floats(0.001, 12))
def test_marks_lie_inside_and_are_few(low, width):
    ticks = curves.log_ticks(low, low + width)
    assert 1 <= len(ticks) <= 12
    assert all(low - 1e-6 <= math.log10(tick) <= low + width + 1e-6 for tick in ticks)


def test_a_linear_scale_is_marked_at_round_values():
    assert curves.linear_ticks(0, 2.5) == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5])


@given(st.integers(1, 2000), st.floats(0, 50_000), st.floats(10, 50_000), st.integers(5, 20))
def test_labels_of_batches_keep_their_distance(per_epoch, low, width, labels):
    least = width / labels
    ticks = curves.batch_ticks((low, low + width), per_epoch, least)
    assert all(low <= tick <= low + width for tick in ticks)
    assert all(np.diff(ticks) >= 0.69 * least)


def test_whole_epochs_are_marked_where_they_end_and_batches_where_they_have_room():
    assert curves.batch_ticks((0, 5000), 468, 400) == [468 * epoch for epoch in range(1, 11)]
    assert curves.batch_ticks((0, 500), 468, 80) == [100, 200, 300, 400, 468]
    assert curves.batch_ticks((0, 500), 468, 120) == [200, 468]


@given(st.integers(1, 500), st.integers(1, 300), st.integers(1, 5000))
def test_labelled_epochs_are_apart_and_the_newest_is_one_of_them(per_epoch, epochs, least):
    ends = per_epoch * np.arange(1.0, epochs + 1)
    chosen = ends[curves.round_epochs(ends, per_epoch, least, ends[-1])]
    assert chosen[-1] == ends[-1]
    assert all(np.diff(chosen) >= least)


def test_accuracies_lie_in_the_upper_half_of_their_scale():
    assert curves.accuracy_floor(np.array([0.981, 0.99])) == 0.95
    assert curves.accuracy_floor(np.array([0.999])) == 0.995
    assert curves.accuracy_floor(np.array([0.1, 0.97])) == 0


def test_numbers_have_three_digits_that_count():
    values = [2.302585, 0.03117, 0.0000171, 0.0, 1.0, 1234567.0, math.nan]
    texts = ["2.3", "0.0312", "0.0000171", "0", "1", "1.23e+06", "nan"]
    assert [curves.short(value) for value in values] == texts


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
    assert curves.percent(share) == text


def test_shares_are_percent():
    assert curves.percent(0.98114, 2) == "98.11\u2009%"


def test_a_scale_maps_both_ways():
    up = Scale(-2, 0, 200, 100)
    assert up.pixel(-1) == 150
    assert up.value(150) == -1
    np.testing.assert_allclose(up.pixel(np.array([-2.0, 0.0])), [200, 100])


# Which part is shown


def test_nothing_recorded_gives_empty_curves_and_sound_ranges():
    empty = LossCurves()
    assert empty.following
    assert empty.x_range == pytest.approx((0, curves.FEWEST_BATCHES))
    for logarithmic in (True, False):
        empty.set_logarithmic(logarithmic)
        assert empty.y_range[0] < empty.y_range[1]
        for curve in (empty.raw_curve, empty.smoothed_curve, empty.test_curve):
            x, y = curve(100)
            assert len(x) == len(y) == 0


@given(losses.filter(len), st.booleans())
def test_following_shows_all_batches_and_all_of_the_smoothed_curve(values, logarithmic):
    followed = shown(values)
    followed.set_logarithmic(logarithmic)
    low, high = followed.x_range
    assert low == 0
    assert len(values) < high <= max(curves.FEWEST_BATCHES, 1.4 * len(values))
    heights = followed.heights(followed.smoothed)
    assert followed.y_range[0] <= heights.min()
    assert heights.max() <= followed.y_range[1]


def test_the_width_grows_in_steps():
    widths = {shown(np.ones(count)).x_range for count in range(100, 200)}
    assert len(widths) <= 5


def test_a_rare_spike_does_not_flatten_the_rest():
    values = np.full(2000, 0.1)
    values[1000] = 1000.0
    spiked = shown(values)
    spiked.set_logarithmic(False)
    assert spiked.y_range[1] < 100
    assert spiked.raw_curve(500)[1].max() == 1000.0


def test_zero_and_nan_reach_no_curve():
    strange = shown([2.0, 0.0, np.nan, 1.0] * 10, test_loss=math.nan)
    for logarithmic in (True, False):
        strange.set_logarithmic(logarithmic)
        assert np.isfinite(strange.y_range).all()
        for curve in (strange.raw_curve, strange.smoothed_curve, strange.test_curve):
            assert np.isfinite(curve(100)).all()
    assert len(strange.test_curve(100)[0]) == 0
    assert len(strange.tested()) == 4


def test_zooming_keeps_the_batch_it_is_about_in_place():
    zoomed = shown(np.ones(1000))
    low, high = zoomed.x_range
    zoomed.zoom_x(0.5, about=300)
    new_low, new_high = zoomed.x_range
    assert new_high - new_low == pytest.approx((high - low) / 2)
    assert (300 - new_low) / (new_high - new_low) == pytest.approx((300 - low) / (high - low))
    assert not zoomed.following


def test_zooming_ends_at_a_few_batches_and_at_all_of_them():
    zoomed = shown(np.ones(1000))
    for _ in range(50):
        zoomed.zoom_x(0.5, about=500)
    low, high = zoomed.x_range
    assert high - low == pytest.approx(curves.FEWEST_BATCHES / 2)
    for _ in range(50):
        zoomed.zoom_x(2)
    assert zoomed.following


def test_heights_follow_what_x_shows_until_they_are_zoomed():
    values = np.geomspace(1, 1e-3, 1000)
    zoomed = shown(values, test_loss=0.002)
    zoomed.show_x((800, 1000))
    assert zoomed.y_range[1] < -1
    zoomed.zoom_y(0.5, about=-2)
    fixed = zoomed.y_range
    zoomed.show_x((0, 200))
    assert zoomed.y_range == fixed


@pytest.mark.parametrize("logarithmic", [True, False])
def test_zooming_and_moving_heights_ends_near_the_curve(logarithmic):
    zoomed = shown(np.geomspace(1, 1e-3, 500))
    zoomed.set_logarithmic(logarithmic)
    fitting = zoomed.y_range
    height = fitting[1] - fitting[0]
    for factor, expected in ((0.5, curves.DEEPEST * height), (2.0, 3 * height)):
        for _ in range(100):
            zoomed.zoom_y(factor, about=fitting[0] + 0.6 * height)
        assert np.ptp(zoomed.y_range) == pytest.approx(expected)
        ticks = (curves.log_ticks if logarithmic else curves.linear_ticks)(*zoomed.y_range)
        assert len({curves.short(tick) for tick in ticks}) == len(ticks)
    zoomed.fit()
    for _ in range(100):
        zoomed.move(0, 0.3)
    assert zoomed.y_range == pytest.approx((fitting[1], fitting[1] + height))


def test_moving_stays_within_history():
    moved = shown(np.ones(1000))
    moved.show_x((100, 300))
    moved.move(-5, 0)
    assert moved.x_range == (0, 200)
    moved.move(100, 0)
    assert moved.x_range[1] == curves.round_up(1100)


def test_a_cut_that_leaves_nothing_to_see_follows_again():
    cut = shown(np.ones(1000))
    cut.show_x((800, 900))
    timeline = recorded(np.ones(1000))
    timeline.cut(850)
    cut.update(timeline)
    assert cut.x_range == (800, 900)
    timeline.cut(500)
    cut.update(timeline)
    assert cut.following


def test_epochs_are_those_of_the_timeline_after_any_cut():
    timeline = recorded(np.ones(40))
    shown_part = LossCurves()
    shown_part.update(timeline)
    timeline.cut(25)
    for step in range(26, 51):
        timeline.record(BatchResult(step, 1.0, 0.9, 0.01, 0.001))
        if step % 10 == 0:
            timeline.epochs.append(EpochResult(step // 10, step, 1, 0.25, 0.5, 1, 1))
    shown_part.update(timeline)
    assert shown_part.tests[:, 0].tolist() == [10, 20, 30, 40, 50]
    assert shown_part.tests[:, 1].tolist() == [0.5, 0.5, 0.25, 0.25, 0.25]
