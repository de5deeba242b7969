"""What became of each image from epoch to epoch, against a plain loop; travel, thinning, words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core import learning_history
from cnnviz.core.evaluation import Evaluation
from cnnviz.core.image_history import ImageHistory
from cnnviz.core.inspection import inspect
from cnnviz.core.learning_history import Change, LearningHistory
from cnnviz.core.network import Network
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import Snapshot

PATIENCE = 20


def evaluation(labels, predictions, losses=None, classes=10):
    labels, predictions = np.array(labels), np.array(predictions)
    losses = np.full(len(labels), 0.5, np.float32) if losses is None else losses
    return Evaluation(
        0.5, float(np.mean(labels == predictions)), predictions, labels, losses, classes
    )


def epoch(number, step=None):
    return EpochResult(number, step or 10 * number, 0.1, 0.2, 0.9, 1.0, 100.0)


def timeline_of(*epochs, kept=None):
    timeline = Timeline()
    for each in epochs:
        timeline.epochs.append(each)
        if kept is None or each.epoch in kept:
            vector = np.array([each.epoch], np.float32)
            timeline.snapshots[each.step] = Snapshot(each.step, vector, {})
    return timeline


def history_of(rights):
    """`rights` (epochs, images) of bools."""
    rights = np.array(rights, bool)
    labels = np.zeros(rights.shape[1], np.int64)
    history = LearningHistory(labels)
    for number, row in enumerate(rights, 1):
        history.record(epoch(number), evaluation(labels, np.where(row, 0, 1)))
    return history


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=8))
def test_it_counts_what_a_loop_counts(rights):
    history = history_of(rights)
    for image in range(4):
        changes, before, forgotten = [], False, 0
        for number, row in enumerate(rights, 1):
            if row[image] != before:
                changes.append(Change(number, row[image]))
                forgotten += before
            before = row[image]
        record = history.image(image)
        assert record.changes == tuple(changes)
        assert record.forgotten == history.forgotten[image] == forgotten


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ("", ""),
        ("000", "never right at an epoch’s end"),
        ("111", "right since epoch 1, never forgotten"),
        ("0001", "right since epoch 4, never forgotten"),
        ("1011", "right since epoch 3, forgotten once before"),
        ("10101", "right since epoch 5, forgotten twice before"),
        ("0110", "right at first in epoch 2, forgotten once, last in 4"),
        ("1010100", "right at first in epoch 1, forgotten 3 times, last in 6"),
    ],
)
def test_it_says_so_in_words(rights, words):
    history = history_of([[right == "1"] for right in rights] or np.zeros((0, 1)))
    assert history.image(0).in_words == words


def test_probabilities_and_answers_are_kept():
    history = LearningHistory(np.array([3, 5]))
    losses = -np.log(np.array([0.25, 0.9], np.float32))
    history.record(epoch(1), evaluation([3, 5], [4, 5], losses))
    record = history.image(0)
    assert record.predictions.tolist() == [4]
    assert record.probabilities == pytest.approx([0.25])
    assert record.epochs.tolist() == [1]
    assert np.isnan(_with_nan().image(0).probabilities).all()


def _with_nan():
    history = LearningHistory(np.array([1]))
    history.record(epoch(1), evaluation([1], [0], np.array([np.nan], np.float32)))
    return history


def test_what_is_missing_is_what_is_kept_and_not_recorded():
    first, second, third = epoch(1), epoch(2), epoch(3)
    timeline = timeline_of(first, second, third, kept=(1, 3))
    history = LearningHistory(np.array([0]))
    assert [each.epoch for each, _ in history.missing(timeline)] == [1, 3]
    history.record(third, evaluation([0], [0]))
    [(each, snapshot)] = history.missing(timeline)
    assert each is first
    assert snapshot is timeline.snapshots[first.step]


def test_rows_stay_in_the_order_of_epochs():
    history = LearningHistory(np.array([0]))
    history.record(epoch(2), evaluation([0], [1]))
    history.record(epoch(1), evaluation([0], [0]))
    assert history.right.tolist() == [[True], [False]]


def test_going_back_forgets_what_is_void():
    epochs = [epoch(number) for number in (1, 2, 3)]
    timeline = timeline_of(*epochs)
    history = LearningHistory(np.array([0]))
    for each in epochs:
        history.record(each, evaluation([0], [0]))
    assert not history.follow(timeline)
    timeline.cut(20)
    assert history.follow(timeline)
    assert history.epochs == epochs[:2]
    again = epoch(3)  # it may differ though its number and its step are the same
    timeline.epochs.append(again)
    timeline.snapshots[again.step] = Snapshot(again.step, np.zeros(1, np.float32), {})
    assert not history.follow(timeline)
    assert [each for each, _ in history.missing(timeline)] == [again]


def test_going_back_and_on_between_two_looks_is_noticed():
    first, second = epoch(1), epoch(2)
    timeline = timeline_of(first, second)
    history = LearningHistory(np.array([0]))
    history.record(second, evaluation([0], [0]))
    timeline.cut(first.step)
    timeline.epochs.append(epoch(2))
    assert history.follow(timeline)
    assert history.epochs == []


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(learning_history, "MOST_EPOCHS", 4)
    timeline, history = timeline_of(), LearningHistory(np.array([0, 1]))
    for number in range(1, 40):
        each = epoch(number)
        timeline.epochs.append(each)
        timeline.snapshots[each.step] = Snapshot(each.step, np.zeros(1, np.float32), {})
        history.follow(timeline)
        for missing, _ in history.missing(timeline):
            history.record(missing, evaluation([0, 1], [0, 1]))
        assert len(history.epochs) <= 4
    assert [each.epoch for each in history.epochs] == [8, 16, 24, 32]


def test_a_hundred_epochs_of_mnist_are_some_megabytes():
    history = LearningHistory(np.zeros(10_000, np.int64))
    each = evaluation(
        np.zeros(10_000, np.int64), np.zeros(10_000, np.int64), np.zeros(10_000, "f4")
    )
    for number in range(1, 101):
        history.record(epoch(number), each)
    rows = history._rows
    assert sum(row.predictions.nbytes + row.losses.nbytes for row in rows) == 5_000_000
    assert history.forgotten.shape == (10_000,)


def test_many_classes_have_room():
    history = LearningHistory(np.array([299]))
    history.record(epoch(1), evaluation([299], [299], classes=300))
    assert history.right.tolist() == [[True]]
    assert history.image(0).predictions.tolist() == [299]


# One image at several moments.


def images_past(spec, networks, image):
    snapshots = [Snapshot(k, network.vector.copy(), {}) for k, network in enumerate(networks)]
    task = ImageHistory(spec, snapshots, image)
    task.start()
    assert task.join(PATIENCE)
    return task.standing


def test_all_classes_of_one_image_are_what_inspection_gives(dataset, small_spec):
    networks, image = [Network(small_spec, seed) for seed in range(3)], dataset.test.images[4]
    standing = images_past(small_spec, networks, image)
    assert standing.ended
    assert standing.failure is None
    expected = [inspect(network, image).probabilities for network in networks]
    np.testing.assert_allclose(standing.probabilities, expected, rtol=1e-5)


def test_no_moment_gives_no_row(dataset, small_spec):
    assert images_past(small_spec, [], dataset.test.images[0]).probabilities.shape == (0, 3)


def test_a_diverged_moment_is_no_number(dataset, small_spec):
    network = Network(small_spec)
    network.vector[...] = np.inf
    standing = images_past(small_spec, [network], dataset.test.images[0])
    assert np.isnan(standing.probabilities).all()
