"""Experiments: all learn as they would alone, from the same batches, and can be ended."""

import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from cnnviz.core import experiments
from cnnviz.core.datasets import Split, load_dataset
from cnnviz.core.datasets.shuffled import with_shuffled_pixels
from cnnviz.core.errors import SettingsError, SpecError
from cnnviz.core.evaluation import evaluate
from cnnviz.core.experiments import (
    EXPERIMENTS,
    Contestant,
    Experiment,
    Experimenting,
    Terms,
    experiment,
    run,
)
from cnnviz.core.network import Network
from cnnviz.core.presets import preset
from cnnviz.core.settings import Settings, usual_rate
from cnnviz.core.spec import Spec, dense, flatten
from cnnviz.core.trainer import Interrupted, Trainer

PATIENCE = 60


@pytest.fixture(scope="module")
def digits():
    """Few of them, so that an epoch is a moment."""
    data = load_dataset("digits")
    return replace(data, train=Split(data.train.pixels[:300], data.train.labels[:300]))


TWO = Experiment(
    "two",
    "Two",
    "Which of two?",
    (Contestant("Tiny", preset("tiny")), Contestant("Steady", preset("tiny"), "momentum")),
)
TERMS = Terms(epochs=2, batch_size=50, seed=3)


@pytest.fixture
def no_threads_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


def alone(contestant, data, terms=TERMS):
    """What the contestant's trainer does by itself."""
    settings = Settings(
        contestant.optimizer,
        usual_rate(contestant.optimizer),
        batch_size=terms.batch_size,
        epochs=terms.epochs,
        seed=terms.seed,
        threads=terms.threads,
    )
    with closing(Trainer(contestant.spec, data, settings)) as trainer:
        losses = [trainer.train_batch().loss for _ in range(trainer.planned_steps)]
        return losses, trainer.network.vector.copy(), evaluate(trainer.network, data.test)


@pytest.mark.parametrize("shuffled", [False, True])
def test_each_learns_as_it_would_alone(digits, shuffled):
    data = with_shuffled_pixels(digits) if shuffled else digits
    outcomes = run(replace(TWO, shuffled=shuffled), digits, TERMS)
    assert [outcome.contestant for outcome in outcomes] == list(TWO.contestants)
    for outcome in outcomes:
        losses, vector, test = alone(outcome.contestant, data)
        assert list(outcome.losses) == losses
        np.testing.assert_array_equal(outcome.vector, vector, strict=True)
        assert outcome.accuracy == test.accuracy == outcome.epochs[-1].test_accuracy
        assert [epoch.epoch for epoch in outcome.epochs] == [1, 2]
        assert outcome.parameters == len(vector)
        assert outcome.seed == 3
        assert outcome.diverged_at is None
        assert outcome.seconds > 0


def test_they_take_turns_and_nobody_is_always_first(digits, monkeypatch):
    learned = []
    learn = Trainer.train_batch

    def note(trainer, *rest, **named):
        learned.append((trainer.settings.optimizer, tuple(trainer.batch_indices(trainer.step))))
        return learn(trainer, *rest, **named)

    monkeypatch.setattr(Trainer, "train_batch", note)
    run(TWO, digits, TERMS)
    assert [name for name, _ in learned[:8]] == 2 * ["adam", "momentum", "momentum", "adam"]
    for first, second in zip(learned[::2], learned[1::2], strict=True):
        assert first[1] == second[1]


def test_it_tells_how_far_everybody_is(digits, monkeypatch):
    monkeypatch.setattr(experiments, "TELL_SECONDS", 0)
    told = []
    run(TWO, digits, TERMS, lambda share, outcomes: told.append((share, outcomes)))
    assert [share for share, _ in told] == pytest.approx([k / 12 for k in range(1, 13)])
    for step, (_, outcomes) in enumerate(told, start=1):
        assert [len(outcome.losses) for outcome in outcomes] == [step, step]
        assert outcomes[0].vector is None
        assert (outcomes[0].accuracy is None) == (step < 6)


def test_who_diverges_stops_and_the_others_go_on(digits, monkeypatch):
    monkeypatch.setattr(experiments, "usual_rate", lambda name: {"adam": 0.002}.get(name, 1e30))
    steady, lost = run(TWO, digits, TERMS)
    assert steady.accuracy is not None
    assert lost.accuracy is None
    assert lost.diverged_at is not None
    assert lost.diverged_at <= 3
    assert len(steady.losses) == 12
    assert len(lost.losses) < 12


def test_a_test_loss_that_is_no_number_has_diverged_too(digits, monkeypatch):
    monkeypatch.setattr(experiments, "usual_rate", lambda name: 1e30)
    one = replace(TWO, contestants=TWO.contestants[1:])
    (lost,) = run(one, digits, Terms(epochs=1, batch_size=300))
    assert (len(lost.losses), lost.diverged_at, lost.epochs) == (1, 1, ())


@pytest.mark.parametrize("after", [0, 5, 40])
def test_it_can_be_interrupted(digits, after):
    asked = []

    def interrupted():
        asked.append(None)
        return len(asked) > after

    with pytest.raises(Interrupted):
        run(TWO, digits, TERMS, interrupted=interrupted)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_those_that_are_shipped(name, digits):
    chosen = experiment(name)
    assert chosen.name == name
    outcomes = run(chosen, digits, Terms(epochs=1, batch_size=100))
    assert 2 <= len(outcomes) <= 4
    titles = [outcome.contestant.title for outcome in outcomes]
    assert len(set(titles)) == len(titles)
    for outcome in outcomes:
        assert len(outcome.losses) == 3
        assert np.isfinite(outcome.losses).all()


def test_what_differs_is_one_thing():
    for name in ("activations", "initializers", "optimizers"):
        sizes = {Network(each.spec).vector.size for each in experiment(name).contestants}
        assert len(sizes) == 1
    small, large = sorted(
        Network(each.spec).vector.size for each in experiment("cnn-vs-mlp").contestants
    )
    assert large / small < 1.01
    assert {each.spec.initializer for each in experiment("initializers").contestants} == {
        "he",
        "glorot",
        "numpy-cnn",
    }


def test_several_seeds_on_a_thread(digits, no_threads_left):
    task = Experimenting(TWO, digits, TERMS, (3, 4))
    task.start()
    assert task.join(PATIENCE)
    standing = task.standing
    assert (standing.ended, standing.failure, standing.underway) == (True, None, ())
    assert standing.share == 1
    assert [outcome.seed for outcome in standing.outcomes] == [3, 3, 4, 4]
    np.testing.assert_array_equal(standing.outcomes[0].losses, run(TWO, digits, TERMS)[0].losses)


def test_cancelled_it_keeps_what_is_through(digits, no_threads_left):
    task = Experimenting(TWO, digits, replace(TERMS, epochs=50), tuple(range(1000)))
    task.start()
    while not task.standing.outcomes:
        assert task.is_alive
    task.cancel()
    assert task.join(PATIENCE)
    standing = task.standing
    assert standing.ended
    assert standing.failure is None
    assert 2 <= len(standing.outcomes) < 2000


def test_what_the_user_can_mend_is_told_without_a_traceback(digits, no_threads_left):
    task = Experimenting(TWO, digits, replace(TERMS, batch_size=301))
    task.start()
    assert task.join(PATIENCE)
    message, details = task.standing.failure or ("", None)
    assert "batch of 301 is larger than the 300" in message
    assert details == ""


def test_too_many_networks_or_none_are_refused():
    with pytest.raises(SettingsError, match="1 to 4 networks, not 5"):
        replace(TWO, contestants=5 * TWO.contestants[:1])
    with pytest.raises(SettingsError, match="not 0"):
        replace(TWO, contestants=())


def test_what_does_not_fit_is_refused(digits):
    spec = Spec("bad", "Bad", (1, 28, 28), (dense(3), flatten()))
    with pytest.raises(SpecError):
        run(replace(TWO, contestants=(Contestant("Bad", spec),)), digits, TERMS)


def test_a_name_there_is_not_is_refused():
    with pytest.raises(SettingsError, match="no experiment “magic”; there are cnn-vs-mlp"):
        experiment("magic")
