"""Training in the terminal, on few enough images to be done at once."""

import io
import json
from contextlib import closing

import numpy as np
import pytest

from cnnviz import __version__, terminal
from cnnviz.core import PRESETS, Dataset, Evaluation, Settings, Split, Trainer, load_dataset
from cnnviz.core.datasets import mnist_is_available
from cnnviz.core.trainer import Diverged


@pytest.fixture(scope="module")
def few_digits():
    digits = load_dataset("digits")
    train = Split(digits.train.pixels[:64], digits.train.labels[:64])
    test = Split(digits.test.pixels[:20], digits.test.labels[:20])
    return Dataset("few", "Few digits", train, test, digits.class_names, digits.source)


def run_of(dataset, network="tiny", **settings):
    settings = {"batch_size": 16, "epochs": 2, "threads": 1} | settings
    return terminal.Run(Trainer(PRESETS[network], dataset, Settings(**settings)))


def no_constant(name):
    raise AssertionError(f"{name} is not JSON")


def test_the_report_holds_every_field(few_digits, capsys):
    run = run_of(few_digits, seed=3)
    terminal.train(run)
    report = json.loads(json.dumps(terminal.report(run)), parse_constant=no_constant)
    epochs, layers = report.pop("epochs"), report.pop("layers")
    other, step = report.pop("other_ms"), report.pop("step_ms")
    assert report == {
        "cnnviz": __version__,
        "data": "few",
        "network": "tiny",
        "parameters": 1554,
        "settings": run.trainer.settings.to_dict(),
        "threads": 1,
    }
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    for epoch in epochs:
        assert set(epoch) == {
            "epoch", "train_loss", "test_loss", "test_accuracy", "seconds", "images_per_second",
        }  # fmt: skip
        assert 0 < epoch["train_loss"] < 10
        assert 0 < epoch["test_loss"] < 10
        assert 0 <= epoch["test_accuracy"] <= 1
        assert epoch["images_per_second"] * epoch["seconds"] == pytest.approx(64)
    assert [layer["name"] for layer in layers] == ["conv1", "relu1", "pool1", "flatten", "dense1"]
    assert {"data", "loss", "optimizer", "other"} <= set(other)
    rows = [layer[key] for layer in layers for key in ("forward_ms", "backward_ms")]
    rows += other.values()
    assert min(rows) > 0
    assert sum(rows) == pytest.approx(step)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_rows_add_up_to_the_wall_time(threads, few_digits, capsys):
    run = run_of(few_digits, "numpy-cnn", batch_size=32, threads=threads)
    terminal.train(run)
    wall = 1000 * run.timeline.seconds.mean()  # by another clock, without the progress bar
    assert sum(run.milliseconds().values()) == pytest.approx(wall, rel=0.05)


def test_a_line_for_each_epoch_under_its_heading(few_digits, capsys):
    terminal.train(run_of(few_digits))
    output, bar = capsys.readouterr()
    introduction, settings, empty, heads, first, second = output.splitlines()
    assert "tiny" in introduction
    assert "1\u00a0554 parameters" in introduction
    assert "Few digits" in introduction
    assert settings.startswith("Adam, rate 0.002 (constant), batches of 16")
    assert empty == ""
    assert heads.split()[:3] == ["Epoch", "Train", "loss"]
    assert len(heads) == len(first) == len(second)
    assert first.split()[0] == "1"
    assert "%" in first
    assert second.split()[0] == "2"
    assert bar == ""  # for nobody is there to watch it


def test_the_bar_shows_itself_in_a_terminal(few_digits, capsys, monkeypatch):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    terminal.train(run_of(few_digits))
    assert "Epoch 1/2" in screen.getvalue()
    assert "Epoch 2/2" in screen.getvalue()
    assert "64.0/64.0" in screen.getvalue()
    assert "images/s" in screen.getvalue()
    assert "testing" in screen.getvalue()


def test_the_table_of_times_is_aligned_and_complete(few_digits, capsys):
    run = run_of(few_digits, "numpy-cnn", epochs=1)
    terminal.train(run)
    title, heads, *rows = terminal.times_table(run).splitlines()
    assert "batch of 16" in title
    assert "4 batches" in title
    assert {len(row) for row in rows} == {len(heads)}
    names = [layer.name for layer in run.trainer.network.layers]
    *shown, last = (row.split()[0] for row in rows)
    assert shown[: len(names)] == names
    assert {"data", "loss", "optimizer", "other"} <= set(shown)
    assert last == "sum"
    sums = [float(row.split()[-1]) for row in rows]
    assert sum(sums[:-1]) == pytest.approx(sums[-1], abs=0.1)


def test_every_way_of_convolution_trains(few_digits, capsys):
    losses = []
    for way in ("loop", "correlate", "im2col"):
        run = run_of(few_digits, convolution=way, epochs=1)
        terminal.train(run)
        losses.append(run.timeline.epochs[0].test_loss)
    np.testing.assert_allclose(losses, losses[0], rtol=1e-3)


def go_astray(run, step):
    """Spoils the weights before the batch after `step`, as much too large an update would."""
    train_batch = run.trainer.train_batch

    def spoilt(stopwatch):
        if run.trainer.step == step:
            run.trainer.network.vector *= np.float32(1e38)
        return train_batch(stopwatch)

    run.trainer.train_batch = spoilt


def test_divergence_keeps_the_epochs_done(few_digits, capsys):
    run = run_of(few_digits, epochs=3)
    go_astray(run, step=9)
    with pytest.raises(Diverged, match="batch 10"):
        terminal.train(run)
    report = terminal.report(run)
    assert report["diverged_at_batch"] == 10
    assert len(report["epochs"]) == 2
    assert report["step_ms"] > 0
    json.dumps(report, allow_nan=False)


def evaluation(loss):
    return Evaluation(loss, 0.1, np.zeros(20, int), np.zeros(20, int), np.full(20, loss), 10)


def test_an_infinite_loss_on_the_test_set_alone(few_digits, capsys, monkeypatch):
    run = run_of(few_digits)
    nowhere = evaluation(loss=float("inf"))
    monkeypatch.setattr(Trainer, "evaluate", lambda trainer: nowhere)
    with pytest.raises(Diverged, match="inf at batch 4"):
        terminal.train(run)
    report = terminal.report(run)
    assert report["diverged_at_batch"] == 4
    assert report["epochs"] == []
    json.dumps(report, allow_nan=False)


def test_a_huge_loss_keeps_to_its_column(few_digits, capsys, monkeypatch):
    huge = evaluation(loss=1.5e37)
    monkeypatch.setattr(Trainer, "evaluate", lambda trainer: huge)
    terminal.train(run_of(few_digits))
    *_, heads, first, second = capsys.readouterr().out.splitlines()
    assert "1.50e+37" in first
    assert len(heads) == len(first) == len(second)


def test_a_report_before_the_first_batch_has_no_times(few_digits):
    report = terminal.report(run_of(few_digits))
    assert report["epochs"] == []
    assert report["step_ms"] is None
    assert report["layers"][0] == {"name": "conv1", "forward_ms": None, "backward_ms": None}
    assert report["other_ms"] == {}


def best_accuracy(data, epochs):
    run = terminal.Run(Trainer(PRESETS["numpy-cnn"], load_dataset(data), Settings(epochs=epochs)))
    with closing(run.trainer):
        terminal.train(run)
    return max(result.test_accuracy for result in run.timeline.epochs)


def test_digits_reach_95_percent_within_10_epochs(capsys):
    assert best_accuracy("digits", epochs=10) >= 0.95


@pytest.mark.skipif(
    not mnist_is_available(), reason="needs MNIST: set CNNVIZ_DATA to the folder that has mnist/"
)
def test_mnist_reaches_98_percent_in_one_epoch(capsys):
    assert best_accuracy("mnist", epochs=1) >= 0.98
