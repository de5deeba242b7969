"""Curves of several runs: each batch where it belongs, by batches, epochs or time."""

import numpy as np
import pytest

from cnnviz.core.curves import WINDOW
from cnnviz.core.run_curves import Across, Height, Overlay, RunCurve
from cnnviz.core.saved_run import Before, Origin
from cnnviz.core.thinning import Smoother
from cnnviz.core.timeline import EpochResult, Timeline

PER_EPOCH = 10


def timeline(batches: int, seed: int = 0) -> Timeline:
    """Losses that fall, a second and a bit for each batch, the test set asked every 10."""
    random, made = np.random.default_rng(seed), Timeline()
    losses = 2 * np.exp(-np.arange(batches) / 50) + 0.1 * random.random(batches)
    columns = [losses, random.random(batches), np.full(batches, 0.01), 1 + random.random(batches)]
    made.extend(np.stack(columns))
    for epoch in range(1, batches // PER_EPOCH + 1):
        result = EpochResult(epoch, epoch * PER_EPOCH, 1.0, 2.0 / epoch, epoch / 100, 1.0, 1.0)
        made.epochs.append(result)
    return made


def curve(line: Timeline, before: Before | None = None) -> RunCurve:
    made = RunCurve()
    made.update(line, PER_EPOCH, before or Before())
    return made


@pytest.mark.parametrize("before", [Before(), Before(7, 0.25, 3.5)])
def test_where_each_batch_lies(before: Before) -> None:
    line = timeline(35)
    made = curve(line, before)
    steps = np.arange(1, 36)
    batches, losses = made.points(Height.LOSS, Across.BATCHES)
    np.testing.assert_array_equal(batches, before.batches + steps)
    np.testing.assert_array_equal(losses, Smoother(WINDOW).smooth(line.losses))
    epochs, shares = made.points(Height.TRAINING_ACCURACY, Across.EPOCHS)
    np.testing.assert_allclose(epochs, before.epochs + steps / PER_EPOCH)
    np.testing.assert_array_equal(shares, Smoother(WINDOW).smooth(line.accuracies))
    seconds, _ = made.points(Height.LOSS, Across.SECONDS)
    np.testing.assert_allclose(seconds, before.seconds + np.cumsum(line.seconds))
    assert made.end(Across.SECONDS) == pytest.approx(before.seconds + line.seconds.sum())


def test_where_the_test_set_was_asked() -> None:
    line = timeline(35)
    made = curve(line, Before(100, 5.0, 60.0))
    at, losses = made.points(Height.TEST_LOSS, Across.BATCHES)
    assert at.tolist() == [110, 120, 130]
    np.testing.assert_allclose(losses, [2, 1, 2 / 3])
    at, shares = made.points(Height.TEST_ACCURACY, Across.SECONDS)
    np.testing.assert_allclose(at, 60 + np.cumsum(line.seconds)[[9, 19, 29]])
    np.testing.assert_allclose(shares, [0.01, 0.02, 0.03])


def test_a_test_loss_that_is_no_number_is_no_point() -> None:
    line = timeline(30)
    line.epochs[1] = EpochResult(2, 20, 1.0, float("nan"), 0.1, 1.0, 1.0)
    assert curve(line).points(Height.TEST_LOSS, Across.BATCHES)[0].tolist() == [10, 30]


def test_a_loss_that_is_no_number_does_not_spread() -> None:
    line = timeline(30)
    line.losses[12] = float("inf")
    assert np.isfinite(curve(line).points(Height.LOSS, Across.BATCHES)[1]).all()


def test_a_run_that_grows_and_is_cut_has_the_curves_of_a_new_one() -> None:
    line, made = timeline(30), RunCurve()
    made.update(line, PER_EPOCH, Before())
    line.cut(12)
    line.extend(np.full((4, 30), 0.5))
    made.update(line, PER_EPOCH, Before())
    for height in Height:
        for grown, new in zip(
            made.points(height, Across.SECONDS),
            curve(line).points(height, Across.SECONDS),
            strict=True,
        ):
            np.testing.assert_allclose(grown, new)


@pytest.mark.parametrize("across", Across)
@pytest.mark.parametrize("height", Height)
def test_a_long_curve_is_thinned_and_keeps_its_ends(height: Height, across: Across) -> None:
    made = curve(timeline(20_000))
    whole_x, whole_y = made.points(height, across)
    end = made.end(across)
    x, y = made.shown(height, across, (0, end), 300 / end)
    assert len(x) == len(y) <= 2 * 300 + 4
    assert (np.diff(x) >= 0).all()
    assert (x[-1], y[-1]) == (whole_x[-1], whole_y[-1])
    assert (x[0], y[0]) == (whole_x[0], whole_y[0])
    assert whole_y.min() <= y.min()
    assert y.max() <= whole_y.max()


def test_a_part_of_it_reaches_beyond_both_edges() -> None:
    made = curve(timeline(100))
    x, y = made.shown(Height.LOSS, Across.BATCHES, (20.5, 30.5), 50)
    assert x.tolist() == list(range(20, 32))
    np.testing.assert_array_equal(y, made.points(Height.LOSS, Across.BATCHES)[1][19:31])


def test_nothing_of_it_is_shown_elsewhere() -> None:
    made = curve(timeline(100))
    x, _ = made.shown(Height.LOSS, Across.BATCHES, (500, 600), 1)
    assert x.tolist() == [100]
    empty, _ = RunCurve().shown(Height.LOSS, Across.BATCHES, (0, 20), 1)
    assert len(empty) == 0


def test_what_is_known_at_a_place() -> None:
    made = curve(timeline(35), Before(batches=100))
    _, losses = made.points(Height.LOSS, Across.BATCHES)
    assert made.at(Height.LOSS, Across.BATCHES, 107.4) == (107, losses[6])
    assert made.at(Height.LOSS, Across.BATCHES, 100.2) == (101, losses[0])
    assert made.at(Height.LOSS, Across.BATCHES, 98) is None
    assert made.at(Height.LOSS, Across.BATCHES, 137) is None
    assert made.at(Height.TEST_LOSS, Across.BATCHES, 134) == (130, 2 / 3)
    assert RunCurve().at(Height.LOSS, Across.BATCHES, 0) is None


# Forks


def test_a_counted_fork_has_its_parents_history() -> None:
    line = timeline(35)
    origin = Origin("Run 1", 20, True, 20, 2.0, float(line.seconds[:20].sum()))
    assert origin.before(line, PER_EPOCH) == Before()


def test_one_that_counts_anew_begins_where_it_forked_off() -> None:
    origin = Origin("Run 1", 20, False, 20, 2.0, 31.5)
    assert origin.before(timeline(9), PER_EPOCH) == Before(20, 2.0, 31.5)


def test_a_counted_fork_of_one_that_counts_anew() -> None:
    line = timeline(35)
    seconds = float(line.seconds[:5].sum())
    origin = Origin("Run 2", 5, True, 25, 2.5, 31.5 + seconds)
    before = origin.before(line, PER_EPOCH)
    assert (before.batches, before.epochs) == (20, 2.0)
    assert before.seconds == pytest.approx(31.5)


# What is shown


@pytest.fixture
def overlay() -> Overlay:
    made = Overlay()
    made.show([curve(timeline(100)), curve(timeline(40, 1), Before(100, 10.0, 150.0))])
    return made


@pytest.mark.parametrize(
    ("across", "end"), [(Across.BATCHES, 160), (Across.EPOCHS, 16), (Across.SECONDS, 250)]
)
def test_all_runs_are_in_it(across: Across, end: float, overlay: Overlay) -> None:
    overlay.count(across)
    assert list(overlay.x_range) == [0, end]
    for each in overlay.curves:
        assert len(overlay.drawn(each, 1000)[0]) == len(each.points(Height.LOSS, across)[0])


def test_an_empty_one_has_ranges_too() -> None:
    made = Overlay()
    for height in Height:
        made.measure(height)
        for across in Across:
            made.count(across)
            low, high = made.y_range(1)
            assert low < high
            assert made.x_range[0] < made.x_range[1]


@pytest.mark.parametrize("height", Height)
@pytest.mark.parametrize("logarithmic", [True, False])
def test_heights_fit_what_is_shown(height: Height, logarithmic: bool, overlay: Overlay) -> None:
    overlay.measure(height)
    overlay.logarithmic = logarithmic
    overlay.zoom(0.3, 40)
    low, high = overlay.y_range(10)
    for each in overlay.curves:
        _, y = overlay.drawn(each, 10)
        assert ((y >= low) & (y <= high)).all()
    if not overlay.is_logarithmic:
        assert low >= 0
    assert height.is_loss or high <= 1
    assert overlay.is_logarithmic == (logarithmic and height.is_loss)


def test_a_flat_curve_has_room_above_and_below() -> None:
    line, made = Timeline(), Overlay()
    line.extend(np.full((4, 30), 0.25))
    made.show([curve(line)])
    made.measure(Height.TRAINING_ACCURACY)
    low, high = made.y_range(10)
    assert low < 0.25 < high


def test_zoom_keeps_the_place_and_fit_goes_back(overlay: Overlay) -> None:
    overlay.zoom(0.5, 40)
    assert list(overlay.x_range) == [20, 100]
    overlay.move(0.25)
    assert list(overlay.x_range) == [40, 120]
    overlay.move(9)
    assert list(overlay.x_range) == [80, 160]
    overlay.zoom(1e-9)
    low, high = overlay.x_range
    assert high - low == pytest.approx(0.002 * 160)
    overlay.zoom(1e9)
    assert overlay.following
    overlay.zoom(0.5)
    overlay.fit()
    assert list(overlay.x_range) == [0, 160]


def test_counting_otherwise_shows_all_again(overlay: Overlay) -> None:
    overlay.zoom(0.5)
    overlay.count(Across.BATCHES)
    assert list(overlay.x_range) == [40, 120]
    overlay.count(Across.EPOCHS)
    assert overlay.following


def test_where_nothing_is_left_to_see_all_is_shown(overlay: Overlay) -> None:
    overlay.zoom(0.2, 160)
    overlay.show([curve(timeline(20))])
    assert overlay.following
