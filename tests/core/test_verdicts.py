"""What is warned of: in runs that go wrong on purpose, and never in one that goes well."""

from contextlib import closing
from dataclasses import replace
from math import log

import numpy as np
import pytest

from cnnviz.core.datasets import load_dataset
from cnnviz.core.evaluation import evaluate
from cnnviz.core.health import Health, LayerHealth, examine, histogram, probe
from cnnviz.core.network import Network
from cnnviz.core.presets import preset
from cnnviz.core.settings import Settings
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import Diverged, Trainer
from cnnviz.core.verdicts import WARM_UP, WINDOW, judge

NO_BARS = histogram(np.zeros(1, np.float32))


def layer(name="conv1", **more):
    label = f"{name[:-1].title()} {name[-1]}"
    return LayerHealth(name, label, NO_BARS, **{"output_gradient": 1.0, **more})


def learning(ratio, name="conv1", gradient=1.0):
    return layer(name, output_gradient=gradient, weight_norm=2.0, update_norm=2 * ratio)


def healthy(*layers, accuracy=0.5, loss=1.0):
    return Health(500, loss, accuracy, None, layers)


def flat(count=400):
    return np.full(count, 1.0)


def epoch(number, train, test):
    return EpochResult(number, 100 * number, train, test, 0.9, 1.0, 1.0)


def falling(count=400, end=0.1):
    return np.linspace(log(10), end, count)


def kinds(*given):
    return [verdict.kind for verdict in judge(10, *given)]


def test_nothing_is_said_of_what_goes_well():
    epochs = [epoch(1, 1.0, 0.9), epoch(2, 0.5, 0.5), epoch(3, 0.3, 0.4)]
    layers = learning(1e-3), layer("relu1", dead=0.1), learning(2e-3, "dense1")
    assert judge(10, falling(), epochs, healthy(*layers)) == []
    assert judge(10, np.empty(0), []) == []


def test_updates_that_are_too_large_or_too_small():
    for ratio, said in ((2e-2, ["rate-high"]), (1e-3, []), (1e-5, ["rate-low"])):
        assert kinds(flat(), [], healthy(learning(ratio / 2), learning(ratio, "conv2"))) == said
    (verdict,) = judge(10, flat(), [], healthy(learning(1e-3), learning(0.02, "conv2")))
    assert verdict.layer == "conv2"
    assert verdict.words.startswith("Conv 2: a batch moves the weights by 0.02 of their size")
    assert verdict.advice == "Lower the learning rate."
    assert verdict.numbers["update to weight at conv2"] == pytest.approx(0.02)


def test_large_updates_of_a_loss_that_falls_are_borne_with():
    assert kinds(falling(), [], healthy(learning(0.05))) == []
    assert kinds(falling(), [], healthy(learning(0.11))) == ["rate-high"]


def test_small_updates_of_what_is_learned_worry_nobody():
    assert kinds(falling(), [], healthy(learning(1e-5), accuracy=0.97)) == []


def test_ratios_of_the_first_batches_mean_nothing():
    assert kinds(flat(WARM_UP - 1), [], healthy(learning(0.2))) == []
    assert kinds(flat(WARM_UP), [], healthy(learning(0.2))) == ["rate-high"]


def test_dead_and_saturated_layers():
    layers = layer("relu1", dead=0.41), layer("relu2", dead=0.4), layer("sigmoid1", saturated=0.6)
    found = judge(10, falling(), [], healthy(*layers))
    assert [(verdict.kind, verdict.layer) for verdict in found] == [
        ("dead", "relu1"),
        ("saturated", "sigmoid1"),
    ]
    assert "41\u2009% of the units" in found[0].words
    assert found[0].numbers == {"dead": 0.41}


def test_a_gradient_that_vanishes():
    layers = learning(1e-3, gradient=1e-4), learning(1e-3, "dense1", gradient=0.1)
    (verdict,) = judge(10, falling(), [], healthy(*layers))
    assert verdict.kind == "vanishing"
    assert "at Conv 1 it is 0.10\u2009% of what it is at Dense 1" in verdict.words
    assert verdict.numbers == {"gradient at conv1": 1e-4, "gradient at dense1": 0.1}
    assert kinds(falling(), [], healthy(layers[0])) == []
    none = learning(1e-3, gradient=0.0), learning(1e-3, "dense1", gradient=0.0)
    assert kinds(falling(), [], healthy(*none)) == []


def test_a_gradient_that_dead_units_stop_is_said_to_be_zero_and_why():
    layers = learning(1e-3, gradient=0.0), layer("relu1", dead=1.0), learning(1e-3, "dense1")
    *_, verdict = judge(10, falling(), [], healthy(*layers))
    assert verdict.kind == "vanishing"
    assert "at Conv 1 it is 0, so the first layers learn nothing" in verdict.words
    assert "dead units" in verdict.advice


def test_a_loss_that_rises():
    losses = np.concatenate([falling(200, 0.5), np.linspace(0.5, 3, 200)])
    assert kinds(losses, []) == ["rising"]
    assert kinds(losses[:220], []) == []


def test_a_loss_that_jumps():
    losses = falling()
    losses[-WINDOW:] += np.resize([-0.7, 0.7], WINDOW)
    assert kinds(losses, []) == ["jumping"]


def test_a_loss_that_stays_where_it_began():
    assert kinds(np.full(WARM_UP, log(10)), []) == ["guessing"]
    assert kinds(np.full(WARM_UP - 1, log(10)), []) == []


def test_a_loss_that_is_no_number_is_all_that_is_said():
    losses = falling()
    losses[-1] = np.nan
    (verdict,) = judge(10, losses, [], healthy(learning(0.1)))
    assert verdict.kind == "diverged"
    assert "batch 400" in verdict.words
    assert kinds(falling(), [], healthy(learning(0.1), loss=np.inf)) == ["diverged"]


def test_overfitting_takes_two_epochs_to_be_believed():
    epochs = [epoch(1, 1.0, 0.8), epoch(2, 0.5, 0.5), epoch(3, 0.3, 0.6), epoch(4, 0.1, 0.7)]
    assert kinds(falling(), epochs[:2]) == kinds(falling(), epochs[:3]) == []
    (verdict,) = judge(10, falling(), epochs)
    assert verdict.kind == "overfitting"
    assert verdict.advice.startswith("Stop at epoch 2")
    assert verdict.numbers["best test loss"] == 0.5
    assert kinds(falling(), [*epochs[:3], replace(epochs[3], train_loss=0.55)]) == []


def test_underfitting():
    assert kinds(falling(), [epoch(1, 1.0, 1.0), epoch(2, 0.99, 1.0)]) == ["underfitting"]
    assert kinds(falling(), [epoch(1, 1.0, 1.0), epoch(2, 0.8, 1.0)]) == []
    assert kinds(falling(), [epoch(1, 0.1, 0.1), epoch(2, 0.1, 0.1)]) == []


def said_of(optimizer, rate, epochs=10):
    """All kinds of verdicts in the course of a real run, judged every 25 batches."""
    data, network = load_dataset("digits"), preset("tiny")
    settings = Settings(optimizer, rate, batch_size=128, epochs=epochs, threads=1)
    found, timeline = set(), Timeline()
    with closing(Trainer(network, data, settings)) as trainer:
        ours, images = Network(trainer.network.spec), probe(data.train)
        while trainer.step < trainer.planned_steps:
            try:
                timeline.record(trainer.train_batch())
            except Diverged:
                break
            if trainer.step % trainer.batches_per_epoch == 0:
                test = evaluate(trainer.network, data.test)
                count = trainer.batches_per_epoch
                number = trainer.step // count
                timeline.epochs.append(
                    timeline.epoch_result(number, count, 128, test.loss, test.accuracy)
                )
            if trainer.step % 25 == 0:
                health = examine(ours, trainer.snapshot(), images, optimizer, rate)
                verdicts = judge(10, timeline.losses, timeline.epochs, health)
                found |= {verdict.kind for verdict in verdicts}
    return found


@pytest.mark.parametrize(
    ("optimizer", "rate"), [("adam", 0.002), ("momentum", 0.02), ("gradient-descent", 0.1)]
)
def test_the_usual_rates_are_not_blamed(optimizer, rate):
    assert said_of(optimizer, rate) == set()


def test_a_rate_that_is_far_too_high_or_low_is():
    assert said_of("adam", 0.5) & {"rate-high", "dead", "rising", "jumping"}
    assert said_of("adam", 1e-6) >= {"rate-low", "guessing"}
