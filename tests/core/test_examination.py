"""The test set examined in the background, against plain evaluation and inspection."""

import threading

import numpy as np
import pytest

from cnnviz.core import examination
from cnnviz.core.datasets import Split
from cnnviz.core.edits import Edits, Filter, edited
from cnnviz.core.evaluation import evaluate
from cnnviz.core.examination import Examination, Question
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from cnnviz.core.priority import LAST
from cnnviz.core.projection import principal_plane

PATIENCE = 20
NONE = Edits()


def asked(dataset, spec, layer=None, edits=NONE, split=None, seed=0):
    vector = Network(spec, seed).vector.copy()
    return Question(spec, vector, edits, 7, split or dataset.test, layer)


def examined(question):
    task = Examination(question)
    task.start()
    assert task.join(PATIENCE)
    assert task.standing.ended
    return task.standing


def network_of(question):
    network = Network(question.spec)
    network.vector[...] = question.vector
    return edited(network, question.edits)


@pytest.mark.parametrize("layer", [None, "flatten", "dense1"])
@pytest.mark.parametrize("muted", [False, True])
def test_it_gives_what_plain_evaluation_gives(dataset, small_spec, layer, muted):
    edits = Edits(frozenset({Filter("conv1", 1)})) if muted else NONE
    question = asked(dataset, small_spec, layer, edits)
    standing = examined(question)
    assert standing.failure is None
    assert standing.done == len(dataset.test)
    answer, network = standing.answer, network_of(question)
    expected = evaluate(network, dataset.test)
    assert answer.evaluation.loss == expected.loss
    assert (answer.evaluation.confusion == expected.confusion).all()
    looked = [inspect(network, image) for image in dataset.test.images]
    sure = [each.probabilities.max() for each in looked]
    np.testing.assert_allclose(answer.confidences, sure, rtol=1e-5)
    assert answer.undecided == 0
    if layer is None:
        assert answer.plane is None
    else:
        plane = principal_plane(np.array([each.outputs[layer] for each in looked]))
        np.testing.assert_allclose(answer.plane.points, plane.points, atol=1e-4)


def test_a_network_that_has_diverged_is_told_of(dataset, small_spec):
    question = asked(dataset, small_spec, "dense1")
    question.vector[...] = np.nan
    answer = examined(question).answer
    assert answer.undecided == len(dataset.test)
    assert np.isnan(answer.confidences).all()
    assert np.isnan(answer.plane.points).all()


@pytest.mark.parametrize("count", [1, 2])
def test_few_images_are_enough(dataset, small_spec, count):
    split = Split(dataset.test.pixels[:count].copy(), dataset.test.labels[:count].copy())
    answer = examined(asked(dataset, small_spec, "dense1", split=split)).answer
    assert answer.evaluation.confusion.sum() == count
    assert np.isfinite(answer.plane.points).all()


def test_cancelled_it_ends_without_an_answer(dataset, small_spec, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def wait(niceness):
        begun.set()
        go_on.wait(PATIENCE)

    monkeypatch.setattr(examination, "let_others_first", wait)
    task = Examination(asked(dataset, small_spec))
    task.start()
    begun.wait(PATIENCE)
    task.cancel()
    go_on.set()
    assert task.join(PATIENCE)
    assert (task.standing.answer, task.standing.failure, task.standing.done) == (None, None, 0)


def test_it_goes_last(dataset, small_spec, monkeypatch):
    asked_for = []
    monkeypatch.setattr(examination, "let_others_first", asked_for.append)
    examined(asked(dataset, small_spec))
    assert asked_for == [LAST]


def test_edits_of_another_network_are_a_failure_in_words(dataset, small_spec):
    edits = Edits(frozenset({Filter("conv9", 0)}))
    standing = examined(asked(dataset, small_spec, edits=edits))
    message, details = standing.failure
    assert "another network" in message
    assert details == ""
    assert standing.answer is None


def test_a_question_covers_what_asks_for_no_more(dataset, small_spec):
    question = asked(dataset, small_spec, "dense1")
    assert question.covers(asked(dataset, small_spec, "dense1"))
    assert question.covers(asked(dataset, small_spec))
    assert not asked(dataset, small_spec).covers(question)
    assert not question.covers(asked(dataset, small_spec, "flatten"))
    assert not question.covers(asked(dataset, small_spec, seed=1))
    assert not question.covers(asked(dataset, small_spec, edits=Edits(frozenset([Filter("c", 0)]))))
