"""`cnnviz experiment`: its table, its report, and what it says to what cannot be."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from cnnviz import cli, experiment_command
from cnnviz.core import experiments
from cnnviz.core.datasets import load_dataset
from cnnviz.core.experiments import EXPERIMENTS, Terms

QUICK = ["experiment", "initializers", "--data", "digits", "--epochs", "1", "--threads", "1"]


def status_of(*arguments):
    """The exit status, whether `main` returns it or argparse exits with it."""
    try:
        return cli.main([*map(str, arguments)])
    except SystemExit as done:
        return done.code


@pytest.fixture(scope="module")
def outcomes():
    """Of two seeds."""
    data, chosen = load_dataset("digits"), EXPERIMENTS["strides"]
    terms = [Terms(epochs=1, batch_size=400, seed=seed) for seed in (0, 7)]
    return [outcome for each in terms for outcome in experiments.run(chosen, data, each)]


def plain(text):
    return text.replace("\u00a0", " ")


def test_a_row_for_each_network_and_a_report(tmp_path, capsys):
    file = tmp_path / "result.json"
    assert status_of(*QUICK, "--seeds", "4,5", "--json", file) == 0
    output, errors = capsys.readouterr()
    assert errors == ""  # the bar shows itself only in a terminal
    question, about, empty, heads, *rows = plain(output).splitlines()
    assert question == EXPERIMENTS["initializers"].question
    assert about.startswith("UCI digits with 1 437 training and 360 test images, 1 epoch, batches")
    assert about.endswith("1 core")
    assert empty == ""
    assert heads.split()[-5:] == ["4", "Seed", "5", "Mean", "Seconds"]
    assert [row.split()[0] for row in rows] == ["He", "Glorot", "Numpy-CNN"]
    assert {len(row) for row in rows} == {len(heads)}

    report = json.loads(file.read_text("utf-8"))
    assert (report["experiment"], report["data"]) == ("initializers", "digits")
    assert (report["epochs"], report["threads"]) == (1, 1)
    assert [(run["title"], run["seed"]) for run in report["runs"]] == [
        (title, seed) for seed in (4, 5) for title in ("He", "Glorot", "Numpy-CNN")
    ]
    for run in report["runs"]:
        assert len(run["losses"]) == 11
        assert run["accuracy"] == run["epochs"][-1]["test_accuracy"]
        assert f"{run['accuracy']:.2%}" in output


def test_the_mean_is_that_of_the_seeds(outcomes):
    chosen = EXPERIMENTS["strides"]
    _, *rows = experiment_command.table(chosen, outcomes).splitlines()
    for k, row in enumerate(rows):
        mine = [outcomes[k].accuracy, outcomes[k + 3].accuracy]
        assert row.split()[-4:-1] == [f"{each:.2%}" for each in (*mine, np.mean(mine))]


def test_one_that_diverged_says_so(outcomes):
    lost = replace(outcomes[0], diverged_at=3)
    text = experiment_command.table(EXPERIMENTS["strides"], [lost, *outcomes[1:]])
    row = text.splitlines()[1]
    assert "diverged" in row
    assert row.split()[-2] == "–"
    assert text.endswith("diverged: its loss became no finite number, and there it stopped.")
    report = experiment_command.report(
        EXPERIMENTS["strides"], load_dataset("digits"), Terms(), [lost]
    )
    (entry,) = report["runs"]
    assert (entry["accuracy"], entry["diverged_at_batch"]) == (None, 3)
    json.dumps(report, allow_nan=False)


def test_the_bar_shows_itself_in_a_terminal(monkeypatch, capsys):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    assert status_of(*QUICK, "--seeds", "4,5") == 0
    for said in ("Seed 4 (1/2)", "Seed 5 (2/2)", " 100 % ["):
        assert said in screen.getvalue()


def test_ctrl_c_keeps_the_seeds_that_are_through(tmp_path, monkeypatch, capsys):
    real = experiments.run

    def run(chosen, dataset, terms, tell):
        if terms.seed == 1:
            raise KeyboardInterrupt
        return real(chosen, dataset, terms, tell)

    monkeypatch.setattr(experiments, "run", run)
    file = tmp_path / "result.json"
    assert status_of(*QUICK, "--json", file) == 130
    output, errors = capsys.readouterr()
    assert errors == "cnnviz: stopped after 1 of 3 seeds.\n"
    assert "Glorot" in output
    assert len(json.loads(file.read_text("utf-8"))["runs"]) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["experiment"], "NAME"),
        (["--network", "tiny", *QUICK], "brings its own network; leave out --network"),
        (["--play", *QUICK], "--play is for the window"),
        (["experiment", "magic"], "magic"),
        ([*QUICK, "--epochs", "0"], "number of epochs must be a whole number of at least 1"),
        ([*QUICK, "--epochs", "many"], "many"),
        ([*QUICK, "--seeds", "1,x"], "“1,x” is not one or more whole numbers from 0 on"),
        ([*QUICK, "--seeds=-1"], "“-1” is not one or more whole numbers"),
        ([*QUICK, "--batch-size", "0"], "batch size must be"),
        ([*QUICK, "--batch-size", "5000"], "larger than the 1437 training images"),
        ([*QUICK, "--threads", "0"], "number of threads must be"),
        ([*QUICK, "--data", "nowhere"], "no data set “nowhere”"),
        ([*QUICK, "--json", "/nowhere/file"], "Cannot write"),
    ],
)
def test_what_cannot_be_is_told(arguments, message, capsys):
    assert status_of(*arguments) == 2
    assert message in capsys.readouterr().err


def test_a_file_is_not_overwritten_unasked(tmp_path, capsys):
    file = tmp_path / "result.json"
    file.write_text("mine")
    assert status_of(*QUICK, "--json", file) == 2
    assert "exists already" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert status_of(*QUICK, "--seeds", "0", "--json", file, "--force") == 0
    assert json.loads(file.read_text("utf-8"))["cnnviz"]


def test_the_help_names_every_experiment(capsys):
    assert status_of("experiment", "--help") == 0
    output = capsys.readouterr().out
    for each in EXPERIMENTS.values():
        assert each.name in output
        assert each.title in output
