"""The history of times: every batch, bounded memory, cut where training goes back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core.time_history import BatchTimes, TimeHistory

CONV = ("conv1", "forward")
BACK = ("conv1", "backward")


def batch(step: int, way: str = "im2col") -> BatchTimes:
    """A millisecond forward and as many more backward as the batch's number."""
    return BatchTimes(step, way, {CONV: 0.001, BACK: 0.001 * step})


def filled(steps: int, most: int = 20_000) -> TimeHistory:
    history = TimeHistory(most=most)
    for step in range(1, steps + 1):
        history.record(batch(step))
    return history


def test_at_first_there_is_nothing() -> None:
    history = TimeHistory()
    assert (len(history), history.entries, history.rows, history.changes) == (0, 0, [], [])
    assert history.total().shape == (0,)
    assert history.seconds(CONV).shape == (0,)


def test_it_keeps_every_batch_of_a_short_run() -> None:
    history = filled(3000)
    steps = np.arange(1, 3001)
    assert (len(history), history.entries, history.span) == (3000, 3000, 1)
    np.testing.assert_allclose(history.seconds(CONV), 0.001, rtol=1e-6)
    np.testing.assert_allclose(history.seconds(BACK), 0.001 * steps, rtol=1e-6)
    np.testing.assert_allclose(history.seconds(CONV, BACK), 0.001 * (steps + 1), rtol=1e-6)
    np.testing.assert_allclose(history.total(), history.seconds(CONV, BACK))


def test_a_part_can_be_asked_for() -> None:
    history = filled(100)
    for part in (slice(-5, None), slice(10, None, 7), slice(3, 9)):
        np.testing.assert_array_equal(history.seconds(BACK, part=part), history.seconds(BACK)[part])


@pytest.mark.parametrize("step", [0, 3, 5])
def test_batches_must_follow_one_another(step: int) -> None:
    history = filled(3)
    with pytest.raises(ValueError, match=f"batch {step} does not follow batch 3"):
        history.record(batch(step))
    assert len(history) == 3


@pytest.mark.parametrize(("steps", "span"), [(8, 1), (9, 2), (16, 2), (17, 4), (100, 16)])
def test_a_long_run_is_merged_by_the_mean_of_neighbours(steps: int, span: int) -> None:
    history = filled(steps, most=8)
    assert (len(history), history.span) == (steps, span)
    assert history.entries == -(-steps // span) <= 8
    numbers = np.arange(1, steps + 1)
    means = [0.001 * part.mean() for part in np.split(numbers, range(span, steps, span))]
    np.testing.assert_allclose(history.seconds(BACK), means, rtol=1e-5)


@given(st.integers(1, 200))
def test_merging_keeps_the_time_that_was_spent(steps: int) -> None:
    history = filled(steps, most=8)
    batches = np.full(history.entries, history.span)
    batches[-1] = steps - history.span * (history.entries - 1)
    spent = float((history.seconds(BACK) * batches).sum())
    assert spent == pytest.approx(0.001 * steps * (steps + 1) / 2, rel=1e-4)


def test_memory_stays_bounded() -> None:
    history = filled(5000, most=1000)
    assert history.entries <= 1000
    assert history._means.nbytes <= 2 * 1024 * 4


def test_cut_forgets_what_came_after() -> None:
    history = filled(50)
    history.cut(20)
    assert (len(history), history.entries) == (20, 20)
    history.record(batch(21))
    np.testing.assert_allclose(history.seconds(BACK), 0.001 * np.arange(1, 22), rtol=1e-6)


def test_cut_beyond_the_end_changes_nothing() -> None:
    history = filled(5)
    history.cut(9)
    assert len(history) == 5


def test_an_entry_cut_in_two_keeps_its_mean_and_is_filled_up_again() -> None:
    history = filled(16, most=4)
    assert history.span == 4
    history.cut(6)
    assert history.entries == 2
    assert history.seconds(BACK)[1] == pytest.approx(0.0065)
    for step in (7, 8):
        history.record(batch(step))
    assert history.seconds(BACK)[1] == pytest.approx((2 * 0.0065 + 0.007 + 0.008) / 4)


def test_changes_of_the_way_are_remembered_and_cut() -> None:
    history = TimeHistory()
    for step, way in enumerate(["im2col", "im2col", "loop", "loop", "im2col"], start=1):
        history.record(batch(step, way))
    assert history.changes == [(1, "im2col"), (3, "loop"), (5, "im2col")]
    history.cut(4)
    assert history.changes == [(1, "im2col"), (3, "loop")]
    history.cut(0)
    assert history.changes == []
    history.record(batch(1, "correlate"))
    assert history.changes == [(1, "correlate")]


def test_a_row_that_comes_later_was_zero_before() -> None:
    history = filled(2)
    history.record(BatchTimes(3, "im2col", {CONV: 0.002, ("new", "forward"): 0.5}))
    assert history.rows == [CONV, BACK, ("new", "forward")]
    np.testing.assert_allclose(history.seconds(("new", "forward")), [0, 0, 0.5])
    np.testing.assert_allclose(history.seconds(BACK), [0.001, 0.002, 0])


def test_what_was_never_measured_took_no_time() -> None:
    np.testing.assert_array_equal(filled(3).seconds(("nothing", "forward")), [0, 0, 0])
