"""The race: every way gets its turn, its pace and nothing else, on a thread that can be ended."""

import threading
from dataclasses import replace

import pytest

from cnnviz.core import race as racing
from cnnviz.core.convolution import WAYS
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.presets import PRESETS
from cnnviz.core.race import Course, Pace, Race, Underway, race
from cnnviz.core.trainer import BatchResult, Interrupted, Trainer

PATIENCE = 60
"""Seconds for what takes a fraction of one on an idle machine."""


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Little to wait for: what is tested is not how fast this machine is."""
    monkeypatch.setattr(racing, "SECONDS", 0.02)
    monkeypatch.setattr(racing, "WHOLE_SECONDS", 1000)


@pytest.fixture
def course(small_spec):
    """Small enough for the loops."""
    return Course(small_spec, batch_size=4, threads=1)


@pytest.fixture
def no_threads_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


def test_every_way_gets_a_pace_in_order(course):
    told = []
    paces = race(course, told.append)
    assert [pace.way for pace in paces] == list(WAYS)
    assert [news for news in told if isinstance(news, Pace)] == paces
    for pace in paces:
        assert pace.images_per_second > 0
        assert pace.images == 4
        assert 1 <= pace.steps <= racing.MOST_STEPS
        assert not pace.scaled


def test_it_tells_how_each_way_comes_along(course):
    told = []
    race(course, told.append)
    underway = [news for news in told if isinstance(news, Underway)]
    assert list(dict.fromkeys(news.way for news in underway)) == list(WAYS)
    for way in WAYS:
        mine = [news for news in underway if news.way == way]
        assert mine[0].seconds == 0
        assert [news.images for news in mine] == sorted(news.images for news in mine)
        assert all(0 <= news.share <= 1 for news in mine)


@pytest.mark.parametrize(("threads", "images"), [(1, 8), (2, 16), (8, 40)])
def test_a_slow_way_is_timed_on_a_share_for_each_core(monkeypatch, small_spec, threads, images):
    monkeypatch.setattr(racing, "WHOLE_SECONDS", 0)
    monkeypatch.setattr(racing, "WAYS", {"im2col": WAYS["im2col"]})
    (pace,) = race(Course(small_spec, 40, threads), lambda news: None)
    assert pace.images == images
    assert pace.scaled == (images < 40)


def test_a_pace_is_images_by_the_median_step(monkeypatch, course):
    times = iter([9.0, 8.0, 1.0, 3.0, 2.0])  # two of one image alone, then those that count
    monkeypatch.setattr(racing, "WAYS", {"im2col": WAYS["im2col"]})
    monkeypatch.setattr(racing, "SECONDS", 6.0)

    def step(trainer, stopwatch=None, interrupted=None):
        return BatchResult(1, 0.0, 0.0, 0.0, next(times))

    monkeypatch.setattr(Trainer, "train_batch", step)
    assert race(course, lambda news: None) == [Pace("im2col", 2.0, 4, 3, False)]


def test_the_timed_steps_are_of_the_way_that_is_named(monkeypatch, course):
    seen = []
    learn = Trainer.train_batch

    def step(trainer, *rest, **named):
        seen.append((trainer.convolution, trainer.settings.batch_size))
        return learn(trainer, *rest, **named)

    monkeypatch.setattr(Trainer, "train_batch", step)
    race(course, lambda news: None)
    alone = [way for way, images in seen if images == 1]
    assert alone == [way for way in WAYS for _ in range(2)]
    whole = [way for way, images in seen if images == 4]
    assert list(dict.fromkeys(whole)) == list(WAYS)


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("network", sorted(PRESETS))
def test_any_network_can_race(monkeypatch, network, optimizer):
    monkeypatch.setattr(racing, "WAYS", {"im2col": WAYS["im2col"]})
    (pace,) = race(Course(PRESETS[network], 3, 2, optimizer), lambda news: None)
    assert pace.images_per_second > 0


@pytest.mark.parametrize("way", WAYS)
def test_it_can_be_interrupted_anywhere(course, way):
    told = []
    with pytest.raises(Interrupted):
        race(course, told.append, lambda: told[-1].way == way)
    assert told[-1].way == way


def test_on_its_thread_it_ends_with_all_paces(course, no_threads_left):
    runs = Race(course)
    assert not runs.standing.ended
    runs.start()
    assert runs.join(PATIENCE)
    standing = runs.standing
    assert [pace.way for pace in standing.paces] == list(WAYS)
    assert standing.ended
    assert standing.underway is None
    assert standing.failure is None


def test_a_race_that_is_cancelled_ends_soon_and_has_not_failed(no_threads_left):
    runs = Race(Course(PRESETS["numpy-cnn"], 128, 2))
    runs.start()
    while runs.standing.underway is None:
        assert runs.is_alive
    runs.cancel()
    assert runs.join(PATIENCE)
    assert runs.standing.ended
    assert runs.standing.failure is None
    assert "im2col" not in {pace.way for pace in runs.standing.paces}


def test_what_the_user_can_mend_is_told_without_a_traceback(course, no_threads_left):
    runs = Race(replace(course, optimizer="magic"))
    runs.start()
    assert runs.join(PATIENCE)
    failure = runs.standing.failure
    assert failure
    message, details = failure
    assert "magic" in message
    assert details == ""


def test_a_bug_is_told_with_its_traceback(monkeypatch, course, no_threads_left):
    def broken(*_, **__):
        raise RuntimeError("the dog ate it")

    monkeypatch.setattr(Trainer, "train_batch", broken)
    runs = Race(course)
    runs.start()
    assert runs.join(PATIENCE)
    failure = runs.standing.failure
    assert failure
    message, details = failure
    assert message == "RuntimeError: the dog ate it"
    assert "Traceback" in details
