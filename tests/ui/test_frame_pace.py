import pytest

from cnnviz.ui.frame_pace import (
    BESIDE_SHARE,
    CALM_MS,
    CALMER_MS,
    CORE_MS,
    LONGEST_MS,
    RESTING_MS,
    SHARE,
    SHORTEST_MS,
    SMOOTH_SHARE,
    FramePace,
)


def after(
    frames: int, cost: float, training: bool = True, smooth: bool = False, cores: int = 0
) -> int:
    """The interval after so many frames of `cost` seconds each."""
    seconds = iter([cost * k for k in range(frames + 1)])
    pace = FramePace(lambda: next(seconds))
    pace.smooth, pace.cores = smooth, cores
    for _ in range(frames):
        pace.next_interval(training)
    return pace.next_interval(training)


@pytest.mark.parametrize("cost", [0.002, 0.004, 0.006])
def test_frames_take_their_share_and_no_more(cost: float) -> None:
    assert cost / (after(100, cost) / 1000) == pytest.approx(SHARE, rel=0.01)


def test_a_core_of_its_own_allows_more_frames_and_the_user_all() -> None:
    assert after(100, 0.006, cores=1) == CORE_MS
    assert 0.02 / (after(100, 0.02, cores=1) / 1000) == pytest.approx(SMOOTH_SHARE, rel=0.01)
    assert after(100, 0.006, cores=1, smooth=True) == SHORTEST_MS


def test_never_faster_nor_slower_than_is_sensible() -> None:
    assert after(100, 1e-5) == SHORTEST_MS
    assert after(100, 1.0) == LONGEST_MS


def test_one_dear_frame_does_not_stop_the_picture() -> None:
    assert after(1, 0.03) < LONGEST_MS


def test_nothing_is_held_back_while_nothing_trains() -> None:
    assert after(100, 0.1, training=False) == RESTING_MS


def test_smooth_pictures_come_as_fast_as_a_screen_shows_them() -> None:
    assert after(100, 0.006, smooth=True) == SHORTEST_MS


def test_smooth_pictures_leave_time_for_the_user() -> None:
    assert 0.02 / (after(100, 0.02, smooth=True) / 1000) == pytest.approx(SMOOTH_SHARE, rel=0.01)


def test_work_beside_the_training_rests_until_it_has_taken_its_share() -> None:
    pace = FramePace()
    for pace.cores, share in enumerate((SHARE, BESIDE_SHARE, BESIDE_SHARE)):
        assert 0.02 / (pace.rest_after(0.02) / 1000) == pytest.approx(share, rel=0.01)
        assert pace.rest_after(0.04) == pytest.approx(2 * pace.rest_after(0.02), abs=1)


def test_words_stand_still_longer_where_training_goes_first() -> None:
    pace = FramePace()
    assert pace.calm_ms() == CALMER_MS
    pace.smooth = True
    assert pace.calm_ms() == CALM_MS
    pace.smooth, pace.cores = False, 1
    assert pace.calm_ms() == CALM_MS
