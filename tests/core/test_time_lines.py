"""What is drawn of a history of times: means what it says, fits the screen, shows a slow-down."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core import time_lines
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.time_history import BatchTimes, TimeHistory

A, B = ("conv1", "forward"), ("conv1", "backward")


def filled(times: list[float], most: int = 20_000, ways: list[str] | None = None) -> TimeHistory:
    """Milliseconds forward; backward twice as many."""
    history = TimeHistory(most=most)
    for step, time in enumerate(times, start=1):
        way = ways[step - 1] if ways else "im2col"
        history.record(BatchTimes(step, way, {A: time / 1000, B: 2 * time / 1000}))
    return history


def test_the_lines_are_the_step_the_layers_and_the_rest() -> None:
    network = Network(PRESETS["tiny"])
    rows = [("data", "forward")]
    rows += [(layer.name, "forward") for layer in network.layers]
    rows += [("news", "forward"), ("other", "forward"), ("optimizer", "forward")]
    lines = time_lines.lines(network.layers, rows)
    assert [line.label for line in lines] == [
        "Whole step",
        "Conv 1",
        "ReLU 1",
        "Max pool 1",
        "Flatten",
        "Dense 1",
        "Loading data",
        "Optimiser",
        "Everything else",
        "News",
    ]
    assert lines[0].rows == tuple(rows)
    assert lines[1].rows == (("conv1", "forward"), ("conv1", "backward"))


def test_a_short_run_is_drawn_batch_by_batch() -> None:
    x, y = time_lines.curve(filled([3.0, 5.0, 4.0]), (A, B), 100)
    np.testing.assert_allclose(x, [1, 2, 3])
    np.testing.assert_allclose(y, [9, 15, 12], rtol=1e-6)


@given(st.integers(1, 400), st.integers(1, 60))
def test_a_line_has_as_many_points_as_fit_and_ends_at_the_newest_batch(
    batches: int, points: int
) -> None:
    history = filled([1.0 + batch % 7 for batch in range(batches)], most=64)
    x, y = time_lines.curve(history, (A,), points)
    assert len(x) == len(y) <= points + 1
    assert (np.diff(x) > 0).all()
    assert x[0] >= 1
    assert batches - time_lines.entries_a_point(history, points) * history.span < x[-1] <= batches
    assert y.min() > 0.99
    assert y.max() < 7.01


def test_a_point_is_the_median_so_one_slow_batch_does_not_show() -> None:
    times = [2.0] * 300
    times[100] = 500.0
    _, y = time_lines.curve(filled(times), (A,), 50)
    np.testing.assert_allclose(y, 2, rtol=1e-6)


def test_a_slow_down_shows_where_it_is() -> None:
    history = filled([2.0] * 500 + [3.0] * 500)
    x, y = time_lines.curve(history, (A,), 60)
    np.testing.assert_allclose(y[x < 480], 2, rtol=1e-6)
    np.testing.assert_allclose(y[x > 520], 3, rtol=1e-6)


def test_merged_batches_lie_in_their_middle() -> None:
    history = filled([1.0] * 8, most=4)
    assert history.span == 2
    x, _ = time_lines.curve(history, (A,), 100)
    np.testing.assert_allclose(x, [1.5, 3.5, 5.5, 7.5])


def test_now_is_the_median_of_the_last_batches() -> None:
    history = filled([9.0] * 200 + [2.0] * time_lines.RECENT)
    assert time_lines.now(history, (A,)) == pytest.approx(2)
    assert time_lines.now(TimeHistory(), (A,)) == 0


def test_usual_is_not_known_at_first_and_then_the_median() -> None:
    assert time_lines.usual(filled([2.0] * 99), (A,)) is None
    assert time_lines.usual(filled([2.0] * 300 + [9.0] * 50), (A,)) == pytest.approx(2)
    long = filled([2.0] * 9000)
    assert time_lines.usual(long, (A,)) == pytest.approx(2)


def test_usual_is_that_of_the_way_of_now() -> None:
    ways = ["loop"] * 300 + ["im2col"] * 150
    history = filled([50.0] * 300 + [2.0] * 150, ways=ways)
    assert time_lines.usual(history, (A,)) == pytest.approx(2)
    history.cut(350)
    assert time_lines.usual(history, (A,)) is None


def test_what_takes_next_to_nothing_has_no_line_at_first() -> None:
    history = TimeHistory()
    network = Network(PRESETS["tiny"])
    seconds = {("conv1", "forward"): 0.010, ("flatten", "forward"): 0.00001}
    history.record(BatchTimes(1, "im2col", seconds))
    lines = time_lines.lines(network.layers, history.rows)
    assert time_lines.worth_a_line(history, lines) == {"Whole step", "Conv 1"}


@pytest.mark.parametrize("logarithmic", [False, True])
@given(values=st.lists(st.floats(0, 1e5), min_size=1, max_size=50))
def test_every_height_is_in_view_of_a_short_line(logarithmic: bool, values: list[float]) -> None:
    drawn = np.array(values)
    low, high = time_lines.y_range([drawn], logarithmic)
    heights = time_lines.heights(drawn, logarithmic)
    assert low < high
    assert low <= heights.min()
    assert heights.max() <= high


def test_without_lines_there_are_ranges_all_the_same() -> None:
    assert time_lines.y_range([], False) == (0, 1)
    assert time_lines.y_range([], True) == (-1, 1)
    assert time_lines.x_range(TimeHistory()) == (0, 20)
