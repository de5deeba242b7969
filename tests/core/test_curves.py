"""Curves of a run: which part of them is shown, and what of it is drawn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core import curves, scales
from cnnviz.core.curves import LossCurves
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
        ticks = (scales.log_ticks if logarithmic else scales.linear_ticks)(*zoomed.y_range)
        assert len({scales.short(tick) for tick in ticks}) == len(ticks)
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
    assert moved.x_range[1] == scales.round_up(1100)


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
