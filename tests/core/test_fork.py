"""A fork goes on as its parent would have, but for what was to differ; the parent stays."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnviz.core.datasets import Dataset
from cnnviz.core.errors import SettingsError
from cnnviz.core.fork import Differences, fork
from cnnviz.core.saved_run import Origin, SavedRun, capture
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.storage import load_run, write_run
from cnnviz.core.timeline import Timeline
from cnnviz.core.trainer import Snapshot, Trainer

EPOCH = 7


def train(trainer: Trainer, timeline: Timeline, until: int) -> None:
    while trainer.step < until:
        if trainer.step == 0:
            timeline.keep(trainer.snapshot())
        timeline.record(trainer.train_batch())
        if trainer.step % EPOCH == 0:
            timeline.epochs.append(timeline.epoch_result(trainer.step // EPOCH, EPOCH, 8, 0.5, 0.2))
            timeline.keep(trainer.snapshot())


@pytest.fixture
def parent(small_spec: Spec, dataset: Dataset) -> Iterator[tuple[SavedRun, Timeline]]:
    """20 batches with Adam; the rate changed after 4 and 16."""
    settings = Settings(batch_size=8, epochs=4, threads=1)
    timeline = Timeline()
    with closing(Trainer(small_spec, dataset, settings)) as trainer:
        trainer.set_learning_rate(0.003, 4)
        trainer.set_learning_rate(0.001, 16)
        train(trainer, timeline, 20)
        yield capture(trainer, timeline), timeline


def assert_same(first: Snapshot, second: Snapshot) -> None:
    np.testing.assert_array_equal(first.vector, second.vector, strict=True)
    assert first.optimizer_state.keys() == second.optimizer_state.keys()
    for name, array in first.optimizer_state.items():
        np.testing.assert_array_equal(array, second.optimizer_state[name], name)


@contextmanager
def going_on(run: SavedRun, dataset: Dataset, until: int) -> Iterator[tuple[Trainer, Timeline]]:
    timeline = run.timeline()
    with closing(run.trainer(dataset)) as trainer:
        train(trainer, timeline, until)
        yield trainer, timeline


def test_without_a_difference_it_gives_the_bits_of_its_parent(
    parent: tuple[SavedRun, Timeline], dataset: Dataset
) -> None:
    run, timeline = parent
    same = fork(run, timeline.nearest(7), EPOCH, Differences())
    assert (same.step, same.rates) == (7, ((0, 0.002), (4, 0.003)))
    with going_on(same, dataset, 16) as (trainer, its):
        np.testing.assert_array_equal(its.losses, timeline.losses[:16])
        assert_same(its.nearest(14), timeline.nearest(14))
        assert trainer.base_rate == 0.003  # the parent's later change is not the fork's


def test_another_rate_holds_from_where_it_forked(
    parent: tuple[SavedRun, Timeline], dataset: Dataset
) -> None:
    run, timeline = parent
    other = fork(run, timeline.nearest(14), EPOCH, Differences(learning_rate=0.05))
    with going_on(other, dataset, 20) as (trainer, its):
        np.testing.assert_array_equal(its.losses[:15], timeline.losses[:15])
        assert np.all(its.losses[15:] != timeline.losses[15:])
        np.testing.assert_allclose(its.rates[[3, 13, 14]], [0.002, 0.003, 0.05])
        trainer.restore(its.nearest(7))  # before the fork lies what lay there
        for step in range(7, 14):
            assert trainer.train_batch().loss == timeline.losses[step]


def test_it_sees_the_images_its_parent_saw_next(
    parent: tuple[SavedRun, Timeline], dataset: Dataset
) -> None:
    run, timeline = parent
    other = fork(run, timeline.nearest(14), EPOCH, Differences(optimizer="momentum"))
    with closing(run.trainer(dataset)) as old, closing(other.trainer(dataset)) as new:
        np.testing.assert_array_equal(old.batch_indices(14), new.batch_indices(14))
        assert new.train_batch().loss == timeline.losses[14]


@pytest.mark.parametrize(
    "difference", [{"optimizer": "gradient-descent"}, {"seed": 5}, {"optimizer": "momentum"}]
)
def test_what_cannot_be_trained_again_is_not_kept(
    difference: dict[str, Any], parent: tuple[SavedRun, Timeline], dataset: Dataset
) -> None:
    run, timeline = parent
    other = fork(run, timeline.nearest(14), EPOCH, Differences(**difference))
    assert [snapshot.step for snapshot in other.snapshots] == [14]
    assert other.timeline().first == 14
    assert other.pinned == {14}
    assert len(other.timeline()) == 14
    with going_on(other, dataset, 20) as (_, its):
        assert its.epochs[:2] == list(run.epochs[:2])


def test_another_optimizer_begins_without_memory(parent: tuple[SavedRun, Timeline]) -> None:
    run, timeline = parent
    other = fork(run, timeline.nearest(14), EPOCH, Differences(optimizer="momentum"))
    np.testing.assert_array_equal(other.newest.vector, timeline.nearest(14).vector)
    assert {name: array.max() for name, array in other.newest.optimizer_state.items()} == {
        "velocity": 0
    }


def test_with_another_batch_size_it_counts_from_zero(
    parent: tuple[SavedRun, Timeline], dataset: Dataset
) -> None:
    run, timeline = parent
    other = fork(run, timeline.nearest(14), EPOCH, Differences(batch_size=20))
    assert (other.step, len(other.timeline()), other.epochs) == (0, 0, ())
    assert other.origin == Origin("", 14, False, 14, 2.0, float(timeline.seconds[:14].sum()))
    assert_same(other.newest, timeline.nearest(14))
    with going_on(other, dataset, 6) as (trainer, its):
        assert trainer.batches_per_epoch == 3
        assert len(its) == 6


def test_a_difference_that_makes_no_sense(parent: tuple[SavedRun, Timeline]) -> None:
    run, timeline = parent
    with pytest.raises(SettingsError, match="above zero"):
        fork(run, timeline.nearest(14), EPOCH, Differences(learning_rate=-1))


@pytest.mark.parametrize("difference", [{}, {"batch_size": 20}, {"optimizer": "momentum"}])
def test_it_is_saved_and_opened(
    difference: dict[str, Any], parent: tuple[SavedRun, Timeline], tmp_path: Path, dataset: Dataset
) -> None:
    run, timeline = parent
    other = fork(run, timeline.nearest(14), EPOCH, Differences(**difference))
    write_run(tmp_path / "fork.cnnviz", other)
    back = load_run(tmp_path / "fork.cnnviz")
    assert (back.origin, back.step, back.rates) == (other.origin, other.step, other.rates)
    to = back.step + 5
    with going_on(back, dataset, to) as (opened, _), going_on(other, dataset, to) as (never, _):
        assert_same(opened.snapshot(), never.snapshot())


def test_a_fork_of_a_fork(parent: tuple[SavedRun, Timeline], dataset: Dataset) -> None:
    run, timeline = parent
    first = fork(run, timeline.nearest(7), EPOCH, Differences(learning_rate=0.01))
    with going_on(first, dataset, 14) as (trainer, its):
        second = fork(capture(trainer, its), its.nearest(14), EPOCH, Differences(seed=9))
    assert second.rates == ((0, 0.01),)
    assert second.timeline().first == 14
    np.testing.assert_array_equal(second.history["loss"][:8], timeline.losses[:8])


def test_what_was_trained_before_is_counted_through_all_forks(
    parent: tuple[SavedRun, Timeline], dataset: Dataset
) -> None:
    run, timeline = parent
    anew = fork(run, timeline.nearest(14), EPOCH, Differences(batch_size=20))
    with going_on(anew, dataset, 6) as (trainer, its):
        its.keep(trainer.snapshot())
        went_on = replace(capture(trainer, its), origin=anew.origin)
    counted = fork(went_on, its.nearest(6), 3, Differences(learning_rate=0.01))
    assert counted.origin
    assert (counted.origin.step, counted.origin.batches, counted.origin.epochs) == (6, 20, 4.0)
    before = counted.origin.before(counted.timeline(), 3)
    assert (before.batches, before.epochs) == (14, 2.0)
    assert before.seconds == pytest.approx(timeline.seconds[:14].sum())
