"""What excites a map most, against a plain loop over single images."""

import threading

import numpy as np
import pytest

from cnnviz.core import excitement
from cnnviz.core.datasets import Split, load_dataset
from cnnviz.core.excitement import Question, Search, Standing, most_exciting
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from cnnviz.core.presets import preset
from cnnviz.core.receptive_field import Place

PATIENCE = 20


def asked(split, network="tiny", layer="conv1", channel=0, step=0, seed=0):
    spec = preset(network)
    return Question(spec, Network(spec, seed).vector.copy(), step, split, layer, channel)


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits").test


@pytest.fixture(scope="module")
def some(digits):
    """As many images as are no whole number of batches."""
    return Split(digits.pixels[:250].copy(), digits.labels[:250].copy())


def by_loop(question, count=12):
    """Image by image, pixel by pixel."""
    network = Network(question.spec)
    network.vector[...] = question.vector
    best = []
    for image, pixels in enumerate(question.split.images):
        values = inspect(network, pixels).outputs[question.layer][question.channel]
        y, x = divmod(int(values.argmax()), values.shape[1])
        best.append((-float(values[y, x]), image, (y, x)))
    return sorted(best)[:count]


@pytest.mark.parametrize(
    ("network", "layer", "channel"),
    [
        ("tiny", "conv1", 2),
        ("tiny", "pool1", 0),
        ("numpy-cnn", "conv2", 7),
        ("lenet-5", "relu2", 3),
    ],
)
def test_it_finds_what_a_loop_finds(some, network, layer, channel):
    question = asked(some, network, layer, channel)
    finds, loop = most_exciting(question), by_loop(question)
    assert [find.image for find in finds] == [image for _, image, _ in loop]
    assert [find.place for find in finds] == [Place(layer, (channel, *at)) for *_, at in loop]
    assert [-find.value for find in finds] == pytest.approx([value for value, *_ in loop], rel=1e-5)


def test_of_equal_images_the_lower_index_comes_first(some):
    pixels = np.tile(some.pixels[3:4], (230, 1, 1, 1))
    same = Split(pixels, np.zeros(230, np.int64))
    finds = most_exciting(asked(same, layer="pool1"))
    assert len({find.value for find in finds}) == 1
    assert [find.image for find in finds] == list(range(12))


def test_fewer_images_than_asked_for_are_all_found(some):
    few = Split(some.pixels[:5].copy(), some.labels[:5].copy())
    assert sorted(find.image for find in most_exciting(asked(few))) == list(range(5))


def test_a_map_without_numbers_finds_nothing(some):
    question = asked(some)
    question.vector[...] = np.nan
    assert most_exciting(question) == []


def test_infinities_are_found(some):
    question = asked(some)
    question.vector[...] = np.inf
    assert {find.value for find in most_exciting(question)} <= {np.inf}


def test_it_tells_how_far_it_is(some):
    told = []
    most_exciting(asked(some), told.append)
    assert told == [100, 200, 250]


def test_it_gives_up_when_interrupted(some):
    told = []
    assert most_exciting(asked(some), told.append, lambda: bool(told)) is None
    assert told == [100]


def test_a_search_ends_with_what_it_has_found(some):
    question = asked(some)
    search = Search(question)
    search.start()
    assert search.join(PATIENCE)
    standing = search.standing
    assert standing.ended
    assert standing.done == len(some)
    assert list(standing.finds or ()) == most_exciting(question)
    assert standing.failure is None


def test_a_cancelled_search_ends_and_has_found_nothing(some, monkeypatch):
    entered, go_on = threading.Event(), threading.Event()
    whole = excitement._Run.outputs

    def wait(run, images):
        entered.set()
        assert go_on.wait(PATIENCE)
        return whole(run, images)

    monkeypatch.setattr(excitement._Run, "outputs", wait)
    search = Search(asked(some))
    search.start()
    assert entered.wait(PATIENCE)
    search.cancel()
    go_on.set()
    assert search.join(PATIENCE)
    assert search.standing == Standing(100, None, True, None)


def test_what_goes_wrong_is_told(some, monkeypatch):
    def fail(run, images):
        raise RuntimeError("broken")

    monkeypatch.setattr(excitement._Run, "outputs", fail)
    search = Search(asked(some))
    search.start()
    assert search.join(PATIENCE)
    message, details = search.standing.failure or ("", "")
    assert message == "RuntimeError: broken"
    assert "Traceback" in details
    assert search.standing.ended


def test_training_on_does_not_change_what_is_found(some):
    spec = preset("tiny")
    network = Network(spec)
    question = Question(spec, network.vector.copy(), 0, some, "conv1", 1)
    before = most_exciting(question)
    network.vector[...] = 0
    assert most_exciting(question) == before
