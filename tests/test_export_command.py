"""Saved runs exported, tested and begun from on the command line."""

import json
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cnnviz import cli
from cnnviz.core import Network, evaluate, load_dataset, load_run
from cnnviz.core.datasets import LOADERS
from cnnviz.core.export import FORMATS, Source, of_run, read_network, read_weights
from cnnviz.core.presets import PRESETS
from cnnviz.core.storage import write_run

TRAIN = ["train", "--data", "digits", "--network", "tiny", "--threads", "1", "--batch-size", "100"]


def status_of(*arguments):
    """The exit status, whether `main` returns it or argparse exits with it."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as done:
        return done.code


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of three epochs of the embedded digits."""
    path = tmp_path_factory.mktemp("runs") / "run.cnnviz"
    assert status_of(*TRAIN, "--epochs", 3, "--save", path) == 0
    return path


@pytest.fixture
def run(trained, tmp_path, capsys):
    """A copy that a test may spoil; its folder holds nothing else."""
    path = tmp_path / "run.cnnviz"
    path.write_bytes(trained.read_bytes())
    capsys.readouterr()
    return path


def refusal(capsys, *arguments):
    assert status_of(*arguments) == 2
    return capsys.readouterr().err


# Exporting.


def test_every_format_at_once(run, tmp_path, capsys):
    files = {name: tmp_path / f"{name}{each.suffix}" for name, each in FORMATS.items()}
    options = [part for name, file in files.items() for part in (f"--{name}", file)]
    assert status_of("export", run, *options) == 0
    output, errors = capsys.readouterr()
    first, *others = output.splitlines()
    assert first == "Tiny after 42 batches"
    assert [line.split(":")[0] for line in others] == list(map(str, files.values()))
    assert errors == ""
    assert {*tmp_path.iterdir()} == {run, *files.values()}
    newest = load_run(run).newest.vector
    for name in ("onnx", "safetensors", "npz"):
        np.testing.assert_array_equal(read_network(files[name]).vector, newest)
        assert json.loads(read_weights(files[name]).texts["class_names"]) == list("0123456789")
    assert "Tiny on" in files["html"].read_text("utf-8")
    assert len(files["epochs-csv"].read_text().splitlines()) == 4


def test_a_kept_moment(run, tmp_path, capsys):
    saved = load_run(run)
    best = max(saved.epochs, key=lambda epoch: epoch.test_accuracy).step
    first = saved.epochs[0].step
    for options, step in (
        (["--epoch", 1], first),
        (["--batch", first], first),
        (["--batch", 0], 0),
        (["--best"], best),
        ([], saved.step),
    ):
        file = tmp_path / "a.npz"
        assert status_of("export", run, *options, "--npz", file, "--force") == 0
        kept = {snapshot.step: snapshot.vector for snapshot in (*saved.snapshots, saved.newest)}
        np.testing.assert_array_equal(read_network(file).vector, kept[step])
        assert read_weights(file).texts["step"] == str(step)


def test_a_moment_that_was_edited_by_hand(run, tmp_path):
    """A batch is what the window shows there; an epoch is the network that was tested."""
    saved, file = load_run(run), tmp_path / "a.npz"
    end = saved.epochs[0].step
    before = next(each for each in saved.snapshots if each.step == end)
    edited = replace(before, vector=before.vector + 1)
    write_run(run, replace(saved, edited=(edited,)))
    for options, vector in (
        (["--batch", end], edited.vector),
        (["--epoch", 1], before.vector),
    ):
        assert status_of("export", run, *options, "--npz", file, "--force") == 0
        np.testing.assert_array_equal(read_network(file).vector, vector)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epoch", "4"], "has the epochs 1 to 3, not 4"),
        (["--epoch", "0"], "has the epochs 1 to 3, not 0"),
        (["--batch", "3"], "not kept. Nearest are those after 0, "),
        (["--batch", "-1"], "not kept"),
        (["--data", "nowhere"], "no data set “nowhere”"),
    ],
)
@pytest.mark.parametrize("command", ["export", "evaluate"])
def test_moments_and_data_that_are_not_there(command, options, message, run, tmp_path, capsys):
    file = ["--npz", tmp_path / "a.npz"] if command == "export" else []
    assert message in refusal(capsys, command, run, *options, *file)
    assert list(tmp_path.iterdir()) == [run]


def test_one_moment_at_a_time(run, capsys):
    assert "not allowed with" in refusal(capsys, "evaluate", run, "--best", "--epoch", 1)


def test_nothing_is_overwritten_unasked(run, tmp_path, capsys):
    old, new = tmp_path / "old.npz", tmp_path / "new.onnx"
    old.write_text("precious")
    arguments = ["export", run, "--onnx", new, "--npz", old]
    assert "exists already. Name another file, or add --force." in refusal(capsys, *arguments)
    assert old.read_text() == "precious"
    assert not new.exists()
    assert status_of(*arguments, "--force") == 0
    assert read_network(old).spec == PRESETS["tiny"]


def test_files_that_cannot_be(run, tmp_path, capsys):
    file = tmp_path / "a.csv"
    assert "Say what to write: one or several of --onnx" in refusal(capsys, "export", run)
    both = ["--csv", file, "--epochs-csv", file]
    assert "Two options name one file" in refusal(capsys, "export", run, *both)
    assert "must end in .npz" in refusal(capsys, "export", run, "--npz", tmp_path / "a.onnx")
    message = refusal(capsys, "export", run, "--npz", tmp_path / "nowhere" / "a.npz")
    assert "Cannot write" in message
    assert "does not exist" in refusal(capsys, "export", tmp_path / "b.cnnviz", "--csv", file)
    (tmp_path / "b.cnnviz").write_text("no run")
    assert "is damaged" in refusal(capsys, "export", tmp_path / "b.cnnviz", "--csv", file)
    assert not file.exists()


def test_a_network_cannot_be_chosen(run, capsys):
    for command in ("export", "evaluate"):
        assert "leave out --network" in refusal(capsys, "--network", "mlp", command, run)


def test_a_missing_package(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    message = refusal(capsys, "export", run, "--onnx", tmp_path / "a.onnx")
    assert "python -m pip install onnx" in message
    assert list(tmp_path.iterdir()) == [run]


@pytest.fixture
def moved(run, monkeypatch):
    """The run's data are no longer there."""
    monkeypatch.delitem(LOADERS, "digits")
    return run


def test_without_the_data_the_rest_is_exported(moved, tmp_path, capsys):
    page = tmp_path / "a.html"
    assert status_of("export", moved, "--html", page, "--npz", tmp_path / "a.npz") == 0
    assert "say where with --data. Until then" in capsys.readouterr().err
    assert "The data were not there" in page.read_text("utf-8")
    assert "say where with --data" in refusal(capsys, "evaluate", moved)


# Testing.


def test_evaluating_says_what_the_engine_says(run, tmp_path, capsys):
    file = tmp_path / "a.json"
    assert status_of("evaluate", run, "--epoch", 2, "--json", file) == 0
    output, errors = capsys.readouterr()
    saved, digits = load_run(run), load_dataset("digits")
    kept = next(each for each in saved.snapshots if each.step == saved.epochs[1].step)
    expected = evaluate(of_run(saved, kept).network, digits.test)
    assert expected.accuracy == saved.epochs[1].test_accuracy
    assert f"Accuracy {expected.accuracy:.2%}, loss {expected.loss:.4f}" in output
    assert errors == ""

    report = json.loads(file.read_text("utf-8"))
    assert (report["accuracy"], report["loss"]) == (expected.accuracy, expected.loss)
    assert (report["data"], report["step"]) == ("digits", kept.step)
    assert report["confusion"] == expected.confusion.tolist()
    assert [each["support"] for each in report["classes"]] == expected.confusion.sum(1).tolist()
    assert report["images"]["prediction"] == expected.predictions.tolist()
    np.testing.assert_allclose(report["images"]["loss"], expected.losses)
    *_, last = output.splitlines()
    cells = [int(cell) if cell != "·" else 0 for cell in last.split()[1:]]
    assert cells == expected.confusion[9].tolist()

    assert "add --force" in refusal(capsys, "evaluate", run, "--json", file)


def test_weights_that_diverged_are_told_without_numbers(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Network, "run", lambda self, images: [np.full((len(images), 10), np.nan)])
    assert status_of("evaluate", run, "--json", tmp_path / "a.json") == 0
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["loss"] is None
    assert report["classes"][5]["precision"] is None
    assert "–" in capsys.readouterr().out


# Beginning with weights from elsewhere.


def test_a_run_begins_where_the_weights_were(run, tmp_path, capsys):
    for name in ("onnx", "safetensors", "npz"):
        file, again = tmp_path / f"a{FORMATS[name].suffix}", tmp_path / f"{name}.cnnviz"
        assert status_of("export", run, f"--{name}", file) == 0
        arguments = ["train", "--data", "digits", "--threads", 1, "--epochs", 1]
        assert status_of(*arguments, "--weights", file, "--save", again) == 0
        saved = load_run(again)
        assert saved.spec == PRESETS["tiny"]
        assert saved.notes == f"Began with the weights in {file.name}."
        np.testing.assert_array_equal(saved.snapshots[0].vector, load_run(run).newest.vector)
        assert saved.history["loss"][0] < 1.5  # untrained it is log(10) or more


def test_weights_that_are_not_the_networks(run, tmp_path, capsys):
    file = tmp_path / "a.npz"
    FORMATS["npz"].write(file, Source(Network(PRESETS["mlp"])))
    message = refusal(capsys, *TRAIN, "--weights", file)
    assert "cannot be used: conv1.weight is missing" in message
    arguments = ["train", "--data", "digits", "--weights", file]
    assert "not allowed with" in refusal(capsys, *arguments, "--resume", run)
    state: dict[str, Any] = Network(PRESETS["tiny"]).state_dict()
    np.savez(file, **state)
    assert "do not say what network they are of" in refusal(capsys, *arguments)
    assert status_of(*TRAIN, "--weights", file, "--epochs", 1) == 0


def test_weights_for_other_images(tmp_path, capsys):
    file = tmp_path / "a.npz"
    spec = PRESETS["tiny"].fitted((3, 20, 20), 4)
    FORMATS["npz"].write(file, Source(Network(spec)))
    message = refusal(capsys, "train", "--data", "digits", "--weights", file)
    assert "takes (3, 20, 20)" in message
