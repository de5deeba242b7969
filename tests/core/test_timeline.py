import numpy as np
import pytest

from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import BatchResult, Snapshot


def batch(step: int) -> BatchResult:
    return BatchResult(step, loss=1 / max(step, 1), accuracy=step / 5000, rate=0.1, seconds=0.5)


def snapshot(step: int) -> Snapshot:
    """120 bytes."""
    return Snapshot(step, np.full(20, step, np.float32), {"mean": np.zeros(10, np.float32)})


def filled(steps: int, budget: int = 2**20) -> Timeline:
    """As a runner fills it."""
    timeline = Timeline(budget)
    timeline.keep(snapshot(0))
    for step in range(1, steps + 1):
        timeline.record(batch(step))
        if timeline.wants_snapshot(step):
            timeline.keep(snapshot(step))
    return timeline


def test_it_records_every_batch() -> None:
    timeline = filled(3000)
    assert len(timeline) == 3000
    steps = np.arange(1, 3001)
    np.testing.assert_allclose(timeline.losses, 1 / steps)
    np.testing.assert_allclose(timeline.accuracies, steps / 5000)
    np.testing.assert_allclose(timeline.rates, np.full(3000, 0.1))
    np.testing.assert_allclose(timeline.seconds, np.full(3000, 0.5))


@pytest.mark.parametrize("step", [0, 3, 5])
def test_batches_must_follow_one_another(step: int) -> None:
    timeline = filled(3)
    with pytest.raises(ValueError, match=f"batch {step} does not follow batch 3"):
        timeline.record(batch(step))
    assert len(timeline) == 3


def test_cut_forgets_what_came_after() -> None:
    timeline = filled(120)
    timeline.epochs = [EpochResult(k, 40 * k, 1.0, 1.0, 0.5, 1.0, 1.0) for k in (1, 2, 3)]
    timeline.cut(80)
    assert len(timeline) == 80
    assert timeline.losses[-1] == 1 / 80
    assert [epoch.epoch for epoch in timeline.epochs] == [1, 2]
    assert list(timeline.snapshots) == [0, 25, 50, 75]
    timeline.record(batch(81))
    assert len(timeline) == 81


def test_cut_beyond_the_end_changes_nothing() -> None:
    timeline = filled(60)
    timeline.cut(100)
    assert len(timeline) == 60
    assert list(timeline.snapshots) == [0, 25, 50]


def test_snapshots_are_thinned_evenly_to_stay_within_the_budget() -> None:
    timeline = filled(2000, budget=1200)
    assert timeline.snapshot_bytes <= 1200
    steps = sorted(timeline.snapshots)
    assert steps[0] == 0, "the beginning is kept"
    assert set(np.diff(steps)) == {timeline.interval}
    assert len(steps) > 4
    assert steps[-1] > 2000 - timeline.interval


def test_a_tiny_budget_keeps_the_beginning() -> None:
    timeline = filled(300, budget=1)
    assert timeline.nearest(299).step <= 299
    assert 0 in timeline.snapshots
    assert len(timeline.snapshots) <= 2


def test_ends_of_epochs_and_what_is_pinned_outlast_all_others() -> None:
    timeline = Timeline(120 * 53)
    timeline.keep(snapshot(0))
    timeline.pinned.add(333)
    for step in range(1, 2001):
        timeline.record(batch(step))
        if step % 40 == 0:
            accuracy = 0.9 if step in (400, 800) else 0.5
            timeline.epochs.append(EpochResult(step // 40, step, 1.0, 1.0, accuracy, 1.0, 1.0))
        if step % 40 == 0 or step == 333 or timeline.wants_snapshot(step):
            timeline.keep(snapshot(step))
    assert timeline.snapshots.keys() >= {0, 333, *range(40, 2001, 40)}
    assert len(timeline.snapshots) <= 53
    assert timeline.best == timeline.epochs[9], "the first of two"
    assert timeline.why_kept(0) == "the beginning"
    assert timeline.why_kept(333) == "pinned"
    assert timeline.why_kept(40) == "the end of epoch 1"
    assert timeline.why_kept(400) == "the end of epoch 10, the best"
    assert timeline.why_kept(800) == "the end of epoch 20"
    assert timeline.why_kept(850) == f"one every {timeline.interval} batches"
    timeline.cut(333)
    assert timeline.pinned == {333}
    timeline.cut(332)
    assert timeline.pinned == set()


def test_ends_of_many_epochs_are_thinned_evenly_when_nothing_else_is_left() -> None:
    timeline = Timeline(120 * 20)
    timeline.keep(snapshot(0))
    timeline.pinned.add(7)
    for step in range(1, 5001):
        timeline.record(batch(step))
        if step % 10 == 0:
            accuracy = 0.9 if step == 130 else 0.5
            timeline.epochs.append(EpochResult(step // 10, step, 1.0, 1.0, accuracy, 1.0, 1.0))
        if step % 10 == 0 or step == 7 or timeline.wants_snapshot(step):
            timeline.keep(snapshot(step))
        assert len(timeline.snapshots) <= 20
        assert len(timeline.snapshots) > 6 or step < 100
    assert {0, 7, 130} <= timeline.snapshots.keys()
    gaps = np.diff(sorted(timeline.snapshots.keys() - {7, 130}))
    assert gaps.max() <= 640


def test_more_pinned_than_the_budget_allows_stay() -> None:
    timeline = Timeline(240)
    timeline.pinned = set(range(1, 10))
    for step in range(10):
        timeline.keep(snapshot(step))
    assert timeline.snapshots.keys() == set(range(10))


def test_there_is_no_best_epoch_before_the_first() -> None:
    assert Timeline().best is None


def test_nearest_is_the_last_snapshot_at_or_before_a_step() -> None:
    timeline = filled(60)
    nearest = {step: timeline.nearest(step).step for step in (0, 24, 25, 26, 49, 50, 1000)}
    assert nearest == {0: 0, 24: 0, 25: 25, 26: 25, 49: 25, 50: 50, 1000: 50}


def test_without_a_snapshot_there_is_no_nearest() -> None:
    with pytest.raises(LookupError, match="at or before step 3"):
        Timeline().nearest(3)


def test_a_snapshot_is_wanted_once_per_interval() -> None:
    timeline = filled(30)
    assert not timeline.wants_snapshot(25)
    assert not timeline.wants_snapshot(31)
    assert timeline.wants_snapshot(50)


def test_an_epoch_sums_up_its_own_batches() -> None:
    timeline = filled(20)
    epoch = timeline.epoch_result(2, batches=10, batch_size=8, loss=0.3, accuracy=0.9)
    assert epoch == EpochResult(
        epoch=2,
        step=20,
        train_loss=float(np.mean(1 / np.arange(11, 21))),
        test_loss=0.3,
        test_accuracy=0.9,
        seconds=5.0,
        images_per_second=16.0,
    )


def test_whether_all_snapshots_fit_is_known_before_they_are_thinned() -> None:
    timeline = filled(2000, budget=1200)
    taken, count = timeline.snapshot_bytes, len(timeline.snapshots)
    assert timeline.fits(taken)
    assert not timeline.fits(taken - 1)
    assert Timeline().fits(1)
    timeline.set_budget(taken)
    assert len(timeline.snapshots) == count
