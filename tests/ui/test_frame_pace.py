import pytest

from cnnviz.ui.frame_pace import (
    LONGEST_MS,
    RESTING_MS,
    SHARE,
    SHORTEST_MS,
    SMOOTH_SHARE,
    FramePace,
    rest_after,
)


def after(
    frames: int, cost: float, cores: int = 2, training: bool = True, smooth: bool = False
) -> int:
    """The interval after so many frames of `cost` seconds each."""
    seconds = iter([cost * k for k in range(frames + 1)])
    pace = FramePace(lambda: next(seconds), cores)
    pace.smooth = smooth
    for _ in range(frames):
        pace.next_interval(training)
    return pace.next_interval(training)


@pytest.mark.parametrize("cost", [0.004, 0.006, 0.01])
def test_frames_take_their_share_and_no_more(cost: float) -> None:
    assert cost / (after(100, cost) / 1000) == pytest.approx(SHARE * 2, rel=0.01)


def test_more_cores_allow_more_frames() -> None:
    assert after(100, 0.006, cores=4) == pytest.approx(after(100, 0.006) / 2, abs=1)


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
    for cores in (2, 8):
        whole = 0.02 + rest_after(0.02, cores) / 1000
        assert 0.02 / whole == pytest.approx(SHARE * cores, rel=0.1 * cores)
    assert rest_after(0.04, 2) == 2 * rest_after(0.02, 2) > 0
