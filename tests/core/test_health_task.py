"""Examinations on a thread: in order, judged by what had happened until then, and given up."""

import math
import threading
from contextlib import closing

import numpy as np
import pytest

from cnnviz.core import health_task
from cnnviz.core.health import examine, probe
from cnnviz.core.health_task import Examining, Past, Question
from cnnviz.core.network import Network
from cnnviz.core.settings import Settings
from cnnviz.core.timeline import Timeline
from cnnviz.core.trainer import Trainer
from cnnviz.core.verdicts import judge
from tests.core.odd import ODD, odd_data

PATIENCE = 60


@pytest.fixture
def run():
    """The data, three snapshots, and the timeline of six batches."""
    data, timeline = odd_data(), Timeline()
    with closing(Trainer(ODD, data, Settings(batch_size=16))) as trainer:
        snapshots = [trainer.snapshot()]
        for _ in range(2):
            for _ in range(3):
                timeline.record(trainer.train_batch())
            snapshots.append(trainer.snapshot())
    return data, snapshots, timeline


def wait_for(task):
    task.start()
    assert task.join(PATIENCE)
    return task.standing


def test_answers_are_those_of_examine_and_judge(run):
    data, snapshots, timeline = run
    images = probe(data.train, 20)
    past = Past.of(timeline, 3, 6)
    questions = (Question(snapshots[2], 0.002, past), Question(snapshots[0], 0.001))
    standing = wait_for(Examining(ODD, images, "adam", questions))
    assert standing.failure is None
    first, second = standing.answers
    for answer, question in ((first, questions[0]), (second, questions[1])):
        network = Network(ODD)
        expected = examine(network, question.snapshot, images, "adam", question.rate)
        assert answer.health.step == question.snapshot.step
        assert answer.health.loss == expected.loss
        ratios = [layer.update_ratio for layer in answer.health.layers]
        assert ratios == [layer.update_ratio for layer in expected.layers]
    assert second.verdicts is None
    assert first.verdicts == tuple(judge(3, timeline.losses, [], first.health))


def test_the_past_ends_at_its_moment(run):
    _, _, timeline = run
    past = Past.of(timeline, 3, 4)
    np.testing.assert_array_equal(past.losses, timeline.losses[:4])
    timeline.cut(2)
    assert len(past.losses) == 4


def test_a_batch_that_diverged_is_judged(run):
    data, snapshots, timeline = run
    timeline.diverged[6] = math.nan
    past = Past.of(timeline, 3, 6)
    assert len(past.losses) == 7
    question = Question(snapshots[2], 0.002, past)
    (answer,) = wait_for(Examining(ODD, probe(data.train, 20), "adam", (question,))).answers
    assert [verdict.kind for verdict in answer.verdicts] == ["diverged"]


def test_it_is_given_up_between_two(run, monkeypatch):
    data, snapshots, _ = run
    begun, go_on = threading.Event(), threading.Event()

    def examine_slowly(*given):
        begun.set()
        assert go_on.wait(PATIENCE)
        return examine(*given)

    monkeypatch.setattr(health_task, "examine", examine_slowly)
    questions = tuple(Question(each, 0.001) for each in snapshots)
    task = Examining(ODD, probe(data.train, 20), "adam", questions)
    task.start()
    assert begun.wait(PATIENCE)
    task.cancel()
    go_on.set()
    assert task.join(PATIENCE)
    assert len(task.standing.answers) == 1
    assert task.standing.ended
