"""Runs that are saved and go on, on the command line."""

import os
import signal
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnviz import cli, resuming, terminal
from cnnviz.core import PRESETS, Settings, Timeline, Trainer, load_dataset
from cnnviz.core.convolution import WAYS
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.saved_run import Origin
from cnnviz.core.storage import load_run, save_run, write_run


def status_of(arguments):
    """The exit status, whether `main` returns it or argparse exits with it."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as done:
        return done.code


def write_idx(path, array):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def write_data(folder, count=48):
    digits = load_dataset("digits")
    folder.mkdir()
    for prefix, split in (("train", digits.train), ("t10k", digits.test)):
        write_idx(folder / f"{prefix}-images-idx3-ubyte", split.pixels[:count, 0])
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", split.labels[:count])
    return folder


@pytest.fixture
def data(tmp_path):
    """A folder of few digits, three batches an epoch."""
    return write_data(tmp_path / "few")


@pytest.fixture
def new(data):
    """The beginning of a command that trains on them."""
    network = ["--network", "tiny", "--threads", 1, "--batch-size", 16]
    return ["train", "--data", data, *network]


@pytest.fixture
def saved(new, tmp_path, capsys):
    """A run of two epochs."""
    path = tmp_path / "run.cnnviz"
    assert status_of([*new, "--epochs", 2, "--save", path]) == 0
    capsys.readouterr()
    return path


def assert_same_run(first, second):
    """But for the times that it took, and how many epochs were planned."""
    ours, theirs = load_run(first), load_run(second)
    assert ours.step == theirs.step
    for one, other in zip(
        [ours.newest, *ours.snapshots], [theirs.newest, *theirs.snapshots], strict=True
    ):
        assert one.step == other.step
        np.testing.assert_array_equal(one.vector, other.vector, strict=True)
        for name, array in one.optimizer_state.items():
            np.testing.assert_array_equal(array, other.optimizer_state[name], strict=True)
    for name in ("loss", "accuracy", "rate"):
        np.testing.assert_array_equal(ours.history[name], theirs.history[name], strict=True)
    untimed = {"seconds": 0, "images_per_second": 0}
    assert [replace(epoch, **untimed) for epoch in ours.epochs] == [
        replace(epoch, **untimed) for epoch in theirs.epochs
    ]


# Going on.


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_resumed_run_ends_with_the_same_bits(optimizer, way, new, tmp_path):
    whole, parts = tmp_path / "whole.cnnviz", tmp_path / "parts.cnnviz"
    options = ["--optimizer", optimizer, "--convolution", way]
    assert status_of([*new, *options, "--epochs", 3, "--save", whole]) == 0
    assert status_of([*new, *options, "--epochs", 1, "--save", parts]) == 0
    assert status_of(["train", "--resume", parts, "--epochs", 3, "--save", parts]) == 0
    assert_same_run(whole, parts)
    assert load_run(parts).settings == load_run(whole).settings


def test_with_helper_processes_and_in_another_process(tmp_path):
    """In a session of its own, as a person would, and on two cores."""
    whole, parts = tmp_path / "whole.cnnviz", tmp_path / "parts.cnnviz"
    new = ["train", "--data", "digits", "--network", "lenet-5", "--threads", 2]

    def run(*arguments):
        command = [sys.executable, "-m", "cnnviz", *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True)

    run(*new, "--epochs", 2, "--save", whole)
    run(*new, "--epochs", 1, "--save", parts)
    run("train", "--resume", parts, "--epochs", 2, "--save", parts)
    assert_same_run(whole, parts)


@pytest.mark.parametrize("step", [1, 3, 4, 6])
def test_a_run_saved_anywhere_goes_on_to_the_planned_end(step, data, new, tmp_path, capsys):
    """As the window may save it: between two epochs' ends, or before a test was made."""
    whole, path = tmp_path / "whole.cnnviz", tmp_path / "run.cnnviz"
    assert status_of([*new, "--schedule", "one-cycle", "--epochs", 3, "--save", whole]) == 0
    capsys.readouterr()
    settings = load_run(whole).settings
    trainer, timeline = Trainer(PRESETS["tiny"], load_dataset(str(data)), settings), Timeline()
    timeline.keep(trainer.snapshot())
    while trainer.step < step:
        timeline.record(trainer.train_batch())
    save_run(path, trainer, timeline, "Mine.")
    out = tmp_path / "out.cnnviz"
    assert status_of(["train", "--resume", path, "--save", out]) == 0
    output = capsys.readouterr().out
    assert f"Goes on after {step} batches\n" in output
    assert load_run(out).step == 9
    assert load_run(out).notes == "Mine."
    ours, theirs = load_run(out), load_run(whole)
    np.testing.assert_array_equal(ours.newest.vector, theirs.newest.vector)
    np.testing.assert_array_equal(ours.history["loss"], theirs.history["loss"])


def test_without_save_nothing_is_written(saved, capsys):
    before = saved.read_bytes()
    assert status_of(["train", "--resume", saved, "--epochs", 3]) == 0
    output = capsys.readouterr().out
    assert "Goes on after 6 batches; nothing is saved without --save" in output
    assert "mean over 3 batches" in output
    assert saved.read_bytes() == before


def test_rate_and_convolution_change_from_here_on(saved, tmp_path, capsys):
    out = tmp_path / "out.cnnviz"
    options = ["--learning-rate", 0.01, "--convolution", "correlate", "--epochs", 4]
    assert status_of(["train", "--resume", saved, *options, "--save", out]) == 0
    run = load_run(out)
    assert run.rates == ((0, 0.002), (6, 0.01))
    assert run.convolutions == ((0, "im2col"), (6, "correlate"))
    assert run.history["rate"].tolist() == [0.002] * 6 + [0.01] * 6
    assert (run.settings.epochs, run.settings.learning_rate) == (4, 0.002)
    assert "rate 0.01 (constant), batches of 16, correlate" in capsys.readouterr().out


def test_name_notes_marks_and_origin_stay(saved, tmp_path):
    run, out = load_run(saved), tmp_path / "out.cnnviz"
    origin = Origin("Run 1", 3, True, 3, 1.0, 0.5, "rate 0.1 → 0.01")
    told = replace(run, name="My fork", notes="A note.", marks=((2, "here"),), origin=origin)
    write_run(saved, told)
    assert status_of(["train", "--resume", saved, "--epochs", 3, "--save", out]) == 0
    after = load_run(out)
    assert (after.name, after.notes) == (told.name, told.notes)
    assert (after.marks, after.origin) == (told.marks, origin)


def test_options_that_say_the_same_are_welcome(saved, data, tmp_path):
    options = ["--network", "tiny", "--optimizer", "adam", "--seed", 0, "--data", data]
    assert status_of(["train", "--resume", saved, *options, "--epochs", 3]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seed", 1], "has --seed 0 and cannot go on with 1. Leave out --seed"),
        (["--batch-size", 8], "has --batch-size 16 and cannot go on with 8"),
        (["--optimizer", "momentum"], "has --optimizer adam"),
        (["--schedule", "one-cycle"], "has --schedule constant"),
        (["--threads", 2], "has --threads 1"),
        (["--network", "mlp"], "has --network tiny"),
        (["--network", "numpy-cnn"], "has --network tiny"),
        (["--epochs", 2], "has its 2 epochs already. Say with --epochs"),
        (["--epochs", 1], "has its 2 epochs already"),
        (["--epochs", 0], "number of epochs"),
        ([], "has its 2 epochs already"),
        (["--data", "digits", "--epochs", 3], "trained on other data than UCI digits is now"),
        (["--data", "nowhere", "--epochs", 3], "no data set “nowhere”"),
        (["--learning-rate", -1, "--epochs", 3], "learning rate must be a number above zero"),
        (["--convolution", "fft"], "'loop', 'correlate', 'im2col'"),
    ],
)
def test_what_contradicts_is_refused(options, message, saved, capsys):
    before = saved.read_bytes()
    assert status_of(["train", "--resume", saved, "--save", saved, *options]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert message in errors
    assert saved.read_bytes() == before


def test_a_schedule_keeps_its_length(new, tmp_path, capsys):
    path = tmp_path / "run.cnnviz"
    assert status_of([*new, "--schedule", "one-cycle", "--epochs", 1, "--save", path]) == 0
    assert status_of(["train", "--resume", path, "--epochs", 2]) == 2
    assert "follows one-cycle over 1 epochs, so it cannot have 2" in capsys.readouterr().err


def test_data_that_moved_or_changed(saved, data, tmp_path, capsys):
    data.rename(tmp_path / "moved")
    go_on = ["train", "--resume", saved, "--epochs", 3]
    assert status_of(go_on) == 2
    message = capsys.readouterr().err
    assert "data of the run in" in message
    assert "say where with --data" in message
    assert status_of([*go_on, "--data", tmp_path / "moved"]) == 0
    capsys.readouterr()
    write_data(data, count=47)
    assert status_of(go_on) == 2
    assert "trained on other data than few is now" in capsys.readouterr().err


def test_a_damaged_file_is_one_sentence(tmp_path, capsys):
    path = tmp_path / "run.cnnviz"
    path.write_bytes(b"garbage")
    assert status_of(["train", "--resume", path]) == 2
    assert capsys.readouterr().err.startswith(f"cnnviz: {path} is damaged: it is another kind")
    assert status_of(["train", "--resume", tmp_path / "none"]) == 2
    assert "does not exist" in capsys.readouterr().err


# Saving.


def test_a_saved_run_holds_the_beginning_and_each_end(saved):
    run = load_run(saved)
    assert [snapshot.step for snapshot in run.snapshots] == [0, 3, 6]
    assert [epoch.step for epoch in run.epochs] == [3, 6]


def test_an_existing_file_is_kept(new, tmp_path, capsys, monkeypatch):
    path = tmp_path / "run.cnnviz"
    path.write_text("precious")
    with monkeypatch.context() as patch:
        patch.setattr(cli, "load_dataset", lambda name: pytest.fail("it has begun"))
        assert status_of([*new, "--save", path]) == 2
    message = capsys.readouterr().err
    assert "run.cnnviz exists already. Name another file" in message
    assert "--overwrite" in message
    assert path.read_text() == "precious"
    assert status_of([*new, "--epochs", 1, "--save", path, "--overwrite"]) == 0
    assert load_run(path).step == 3


def test_only_the_resumed_file_is_overwritten(saved, tmp_path, capsys, monkeypatch):
    other = tmp_path / "other.cnnviz"
    other.write_text("precious")
    go_on = ["train", "--resume", saved, "--epochs", 3, "--save"]
    assert status_of([*go_on, other]) == 2
    assert other.read_text() == "precious"
    monkeypatch.chdir(tmp_path)
    assert status_of([*go_on, os.path.join(".", "run.cnnviz")]) == 0  # noqa: PTH118 - as typed
    assert load_run(saved).step == 9
    assert resuming.is_same_file(saved, Path("run.cnnviz"))
    assert not resuming.is_same_file(saved, None)
    assert not resuming.is_same_file(saved, Path("missing"))


def test_where_nothing_can_be_saved_training_does_not_begin(new, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli, "load_dataset", lambda name: pytest.fail("it has begun"))
    assert status_of([*new, "--save", tmp_path / "missing" / "run.cnnviz"]) == 2
    assert "No such file or directory" in capsys.readouterr().err
    assert status_of([*new, "--save", tmp_path, "--overwrite"]) == 2
    assert "is not a file" in capsys.readouterr().err
    both = tmp_path / "both"
    assert status_of([*new, "--save", both, "--json", both]) == 2
    assert "Name two files" in capsys.readouterr().err


def test_a_disk_that_fills_up_leaves_the_last_epoch(new, tmp_path, capsys, monkeypatch):
    path = tmp_path / "run.cnnviz"

    def full(where, run):
        if run.step > 3:
            monkeypatch.setattr(os, "fsync", lambda handle: os.write(9999, b""))
        write_run(where, run)

    monkeypatch.setattr(terminal, "write_run", full)
    assert status_of([*new, "--epochs", 3, "--save", path]) == 2
    assert f"Cannot write {path}: " in capsys.readouterr().err
    assert load_run(path).step == 3
    assert sorted(each.name for each in tmp_path.iterdir()) == ["few", "run.cnnviz"]


@pytest.mark.parametrize(("step", "held"), [(1, None), (4, 3)])
def test_ctrl_c_leaves_the_last_epoch(step, held, new, tmp_path, capsys, monkeypatch):
    train_batch = Trainer.train_batch

    def pressing_ctrl_c(self, *arguments):
        if self.step == step:
            signal.raise_signal(signal.SIGINT)
        return train_batch(self, *arguments)

    monkeypatch.setattr(Trainer, "train_batch", pressing_ctrl_c)
    path = tmp_path / "run.cnnviz"
    assert status_of([*new, "--epochs", 2, "--save", path]) == 130
    kept = f"; {path} holds the first {held}" if held else ""
    assert capsys.readouterr().err == f"cnnviz: stopped after {step} batches{kept}.\n"
    assert path.exists() == bool(held)
    monkeypatch.undo()
    if held:
        assert status_of(["train", "--resume", path, "--save", path]) == 0
        whole = tmp_path / "whole.cnnviz"
        assert status_of([*new, "--epochs", 2, "--save", whole]) == 0
        assert_same_run(path, whole)


def test_the_default_settings_are_those_of_a_run_without_options(new, tmp_path):
    path = tmp_path / "run.cnnviz"
    assert status_of([*new, "--save", path]) == 0
    assert load_run(path).settings == Settings(batch_size=16, epochs=3, threads=1)
