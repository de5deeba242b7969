"""What a person can ask on the command line, and what comes of asking for what cannot be."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnnviz import __version__, cli
from cnnviz.__main__ import window
from cnnviz.core import Settings, Trainer, benchmark
from cnnviz.core.spec import conv2d, dense, flatten, relu
from cnnviz.core.spec_edit import Design
from cnnviz.core.spec_file import load_spec, save_design

TRAIN_TINY = ["train", "--data", "digits", "--network", "tiny", "--epochs", "1"]


def status_of(arguments):
    """The exit status, whether `main` returns it or argparse exits with it."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as done:
        return done.code


def report_in(file):
    return json.loads(file.read_text("utf-8"))


@pytest.fixture
def no_display(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")


@pytest.fixture
def ui(monkeypatch):
    """Stands in for the window and its picture, and notes what it was asked for."""
    calls: list[tuple] = []

    def open_window(*arguments):
        calls.append(arguments)
        return 0

    def take_screenshot(*arguments):
        calls.append((*arguments, os.environ["QT_QPA_PLATFORM"], os.environ["QT_SCALE_FACTOR"]))

    application = SimpleNamespace(open_window=open_window)
    screenshot = SimpleNamespace(take_screenshot=take_screenshot)
    monkeypatch.setitem(sys.modules, "cnnviz.ui.application", application)
    monkeypatch.setitem(sys.modules, "cnnviz.ui.screenshot", screenshot)
    monkeypatch.setenv("QT_QPA_PLATFORM", "somewhere")
    monkeypatch.setenv("QT_SCALE_FACTOR", "1")
    return calls


# The window.


def test_without_a_display_it_names_the_commands_that_need_none(no_display, capsys):
    assert cli.main([]) == 2
    message = capsys.readouterr().err
    assert message.startswith("cnnviz: There is no display")
    assert "cnnviz train" in message
    assert "cnnviz screenshot" in message


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_any_display_will_do(name, ui, no_display, monkeypatch):
    monkeypatch.setenv(name, "something")
    assert window() == 0
    assert ui == [(None, "numpy-cnn", None, False, None, None)]


def test_the_window_gets_its_options(ui):
    options = ["--data", "digits", "--network", "mlp", "--theme", "light", "--play"]
    assert cli.main([*options, "--threads", "3"]) == 0
    assert ui == [("digits", "mlp", "light", True, None, 3)]


def test_a_file_of_a_run_opens_the_window_on_it(ui, tmp_path, capsys):
    sample = Path(__file__).parent / "data" / "tiny-format-1.cnnviz"
    assert cli.main([str(sample), "--theme", "dark"]) == 0
    assert ui == [(None, "numpy-cnn", "dark", False, sample, None)]
    assert cli.main([str(tmp_path / "none.cnnviz")]) == 2
    assert "does not exist" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main([str(sample), "train"])
    assert len(ui) == 1


def test_the_command_line_starts_without_what_is_slow_to_load():
    code = "import sys, cnnviz.cli; print({'PySide6', 'scipy.signal'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


# Training.


def test_training_reports_to_people_and_programs(tmp_path, capsys):
    file = tmp_path / "run.json"
    assert status_of([*TRAIN_TINY, "--threads", 1, "--seed", 7, "--json", file]) == 0
    output, errors = capsys.readouterr()
    assert "Test accuracy" in output
    assert "Milliseconds per batch" in output
    assert errors == ""
    report = report_in(file)
    assert report["cnnviz"] == __version__
    assert (report["data"], report["network"], report["threads"]) == ("digits", "tiny", 1)
    assert report["settings"] == Settings(epochs=1, seed=7, threads=1).to_dict()
    assert len(report["epochs"]) == 1
    assert "diverged_at_batch" not in report
    assert list(tmp_path.iterdir()) == [file]


def test_each_optimizer_has_its_own_rate_and_options_may_come_first(tmp_path):
    file = tmp_path / "run.json"
    before = ["--data", "digits", "--network", "mlp"]
    after = ["--epochs", 1, "--optimizer", "momentum", "--json", file]
    assert status_of([*before, "train", *after]) == 0
    report = report_in(file)
    assert (report["data"], report["network"]) == ("digits", "mlp")
    assert report["settings"]["learning_rate"] == 0.02


def own_network(tmp_path, **changes):
    """A file with a network of one's own."""
    file = tmp_path / "mine.toml"
    layers = (flatten(), dense(12), relu(), dense(10))
    save_design(file, Design(**{"layers": layers, "title": "Mine", "name": "mine"} | changes))
    return file


def test_a_network_of_ones_own_is_trained(tmp_path, capsys):
    file = tmp_path / "run.json"
    arguments = ["train", "--data", "digits", "--epochs", 1, "--json", file]
    assert status_of([*arguments, "--spec", own_network(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("mine with 9\u00a0550 parameters")
    assert report_in(file)["network"] == "mine"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--network", "tiny"], "leave out --network and --resume"),
        (["--resume", "run.cnnviz"], "leave out --network and --resume"),
        (["--spec", "none.toml"], "Cannot read none.toml"),
    ],
)
def test_a_network_of_ones_own_that_cannot_be_meant(more, message, tmp_path, capsys):
    assert status_of(["train", "--spec", own_network(tmp_path), *more]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", [["train"], ["screenshot", "--out", "new.png"]])
def test_a_network_of_ones_own_that_does_not_fit(command, ui, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = own_network(tmp_path, layers=(conv2d(2, 99), flatten(), dense(10)))
    assert status_of([*command, "--spec", file]) == 2
    assert "mine.toml, line 12: conv1: its kernel 99×99 is larger" in capsys.readouterr().err
    assert ui == []


@pytest.mark.parametrize(("step", "epochs"), [(0, 0), (15, 1)])  # 11 batches make an epoch
def test_ctrl_c_reports_what_was_trained(step, epochs, tmp_path, capsys, monkeypatch):
    train_batch = Trainer.train_batch

    def pressing_ctrl_c(self, *arguments):
        if self.step == step:
            signal.raise_signal(signal.SIGINT)
        return train_batch(self, *arguments)

    monkeypatch.setattr(Trainer, "train_batch", pressing_ctrl_c)
    file = tmp_path / "run.json"
    assert status_of([*TRAIN_TINY, "--epochs", 5, "--json", file]) == 130
    output, errors = capsys.readouterr()
    assert errors == f"cnnviz: stopped after {step} batches.\n"
    assert (f"mean over {step} batches" in output) == (step > 0)
    assert len(report_in(file)["epochs"]) == epochs


def test_ctrl_c_while_loading(capsys, monkeypatch):
    monkeypatch.setattr(cli, "load_dataset", lambda name: signal.raise_signal(signal.SIGINT))
    assert status_of(TRAIN_TINY) == 130
    assert capsys.readouterr().err == "cnnviz: stopped.\n"


def test_divergence_names_the_batch_and_a_way_out(tmp_path, capsys):
    file = tmp_path / "run.json"
    wild = ["--learning-rate", "1e30"]
    assert status_of([*TRAIN_TINY, *wild, "--json", file]) == 1
    errors = capsys.readouterr().err
    report = report_in(file)
    assert f"at batch {report['diverged_at_batch']}." in errors
    assert "Try a smaller rate, such as --learning-rate 0.002." in errors


def test_a_closed_pipe_is_quiet():
    command = [sys.executable, "-m", "cnnviz", *TRAIN_TINY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--learning-rate", "nan"], "above zero"),
        (["--learning-rate", "0"], "above zero"),
        (["--learning-rate", "inf"], "above zero"),
        (["--learning-rate", "fast"], "invalid float value: 'fast'"),
        (["--threads", "0"], "number of threads must be a whole number of at least 1, not 0"),
        (["--epochs", "0"], "number of epochs"),
        (["--batch-size", "0"], "batch size"),
        (["--batch-size", "1438"], "larger than the 1437 training images"),
        (["--seed", "-1"], "seed"),
        (["--data", "nowhere"], "no data set “nowhere”; there are digits, mnist"),
        (["--data", os.sep], "lacks train-images"),
        (["--network", "alexnet"], "'numpy-cnn', 'lenet-5', 'mlp', 'tiny'"),
        (["--optimizer", "magic"], "'gradient-descent', 'momentum', 'adam'"),
        (["--schedule", "bus"], "'constant', 'one-cycle'"),
        (["--convolution", "fft"], "'loop', 'correlate', 'im2col'"),
    ],
)
def test_what_cannot_be_trained_leaves_no_file(arguments, message, tmp_path, capsys):
    assert status_of([*TRAIN_TINY, *arguments, "--json", tmp_path / "run.json"]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert message in errors
    assert "cnnviz" in errors
    assert list(tmp_path.iterdir()) == []


def test_playing_is_for_the_window(capsys):
    assert status_of(["--play", *TRAIN_TINY]) == 2
    assert "--play is for the window" in capsys.readouterr().err


def test_cores_named_before_a_command_are_for_the_window(capsys):
    assert status_of(["--threads", 1, *TRAIN_TINY]) == 2
    assert "--threads is for the window" in capsys.readouterr().err


def test_a_saved_run_keeps_its_cores(capsys):
    assert status_of(["--threads", 1, "--open", "some.cnnviz"]) == 2
    assert "leave out --threads" in capsys.readouterr().err


def test_a_window_needs_a_core_to_train_on(monkeypatch, capsys):
    monkeypatch.setenv("DISPLAY", ":1")
    assert status_of(["--threads", 0]) == 2
    assert "number of threads" in capsys.readouterr().err


def test_an_existing_file_is_kept(tmp_path, capsys):
    file = tmp_path / "run.json"
    file.write_text("precious")
    assert status_of([*TRAIN_TINY, "--json", file]) == 2
    assert "run.json exists already" in (message := capsys.readouterr().err)
    assert "--force" in message
    assert file.read_text() == "precious"
    assert status_of([*TRAIN_TINY, "--json", file, "--force"]) == 0
    assert report_in(file)["network"] == "tiny"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("missing/run.json", "No such file or directory"),
        ("a_file/run.json", "Not a directory"),
        (".", "is not a file"),
    ],
)
def test_where_nothing_can_be_written_training_does_not_begin(
    file, message, tmp_path, capsys, monkeypatch
):
    (tmp_path / "a_file").touch()
    monkeypatch.setattr(cli, "load_dataset", lambda name: pytest.fail("it has begun"))
    assert status_of([*TRAIN_TINY, "--json", tmp_path / file, "--force"]) == 2
    assert message in capsys.readouterr().err


def test_a_full_disk_leaves_the_old_file(tmp_path, capsys, monkeypatch):
    file = tmp_path / "run.json"
    file.write_text("precious")

    def full(*arguments, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert status_of([*TRAIN_TINY, "--json", file, "--force"]) == 2
    assert "run.json: No space left" in capsys.readouterr().err
    assert file.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [file]


# The benchmark.


@pytest.fixture
def at_once(monkeypatch):
    """Real training on a few images, each timing one step."""
    monkeypatch.setattr(benchmark, "IMAGES", 64)
    monkeypatch.setattr(benchmark, "SLICE", 0.0)


BENCH_TINY = ["bench", "--network", "tiny", "--threads", 1, "--repeats", 2, "--batch-sizes", "8,16"]


def test_a_benchmark_reports_to_people_and_programs(at_once, tmp_path, capsys):
    file = tmp_path / "bench.json"
    assert status_of([*BENCH_TINY, "--convolution", "loop,im2col", "--json", file]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    *_, heads, _, _, _, last = output.splitlines()
    assert heads.split()[-2:] == ["×", "loop"]
    assert last.split()[:4] == ["16", "4", "28", "im2col"]
    report = report_in(file)
    assert [(row["batch_size"], row["convolution"]) for row in report["rows"]] == [
        (8, "loop"), (8, "im2col"), (16, "loop"), (16, "im2col"),
    ]  # fmt: skip
    for row in report["rows"]:
        assert (row["network"], row["threads"], row["filters"]) == ("tiny", 1, 4)
        assert 0 < row["min"] <= row["images_per_second"] <= row["max"]
    for ratio, (ours, theirs) in zip(report["ratios"], [(1, 0), (3, 2)], strict=True):
        rows = report["rows"][ours]["timings"], report["rows"][theirs]["timings"]
        assert ratio["pairs"] == [our / their for our, their in zip(*rows, strict=True)]
    assert list(tmp_path.iterdir()) == [file]


def test_a_benchmark_of_scaling_against_torch(at_once, tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(benchmark, "FILTERS", (2, 4))
    monkeypatch.setattr(benchmark, "SIDES", (28, 30))
    monkeypatch.setattr(benchmark, "BATCH_SIZES", (16, 24))
    file = tmp_path / "bench.json"
    assert status_of([*BENCH_TINY, "--scaling", "--against", "torch", "--json", file]) == 0
    ratios = report_in(file)["ratios"]
    assert {ratio["versus"] for ratio in ratios} == {"torch"}
    assert [(each["batch_size"], each["filters"], each["image_side"]) for each in ratios] == [
        (8, 4, 28), (16, 4, 28), (24, 4, 28), (16, 2, 28), (16, 4, 30),
    ]  # fmt: skip


def test_ctrl_c_reports_the_cases_that_were_measured(at_once, tmp_path, capsys, monkeypatch):
    measure = benchmark.measure

    def pressing_ctrl_c(case, *arguments):
        if case.batch_size == 16:
            signal.raise_signal(signal.SIGINT)
        return measure(case, *arguments)

    monkeypatch.setattr(benchmark, "measure", pressing_ctrl_c)
    file = tmp_path / "bench.json"
    assert status_of([*BENCH_TINY, "--json", file]) == 130
    assert capsys.readouterr().err == "cnnviz: stopped after 1 of 2 cases.\n"
    assert [row["batch_size"] for row in report_in(file)["rows"]] == [8]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-sizes", "0"], "batch size must be a whole number of at least 1, not 0"),
        (["--batch-sizes", "32,-1"], "batch size must be a whole number of at least 1, not -1"),
        (["--batch-sizes", "abc"], "“abc” is not one or more whole numbers such as 32,64,128"),
        (["--batch-sizes", "32,,64"], "“32,,64” is not one or more whole numbers"),
        (["--batch-sizes", ""], "is not one or more whole numbers"),
        (["--batch-sizes", "100000"], "at most"),
        (["--repeats", "0"], "number of repeats"),
        (["--threads", "0"], "number of threads"),
        (["--network", "alexnet"], "'numpy-cnn', 'lenet-5', 'mlp', 'tiny'"),
        (["--convolution", "fft"], "no way of convolution “fft”; there are loop, correlate"),
        (["--convolution", "im2col,"], "no way of convolution “”"),
        (["--against", "jax"], "'torch'"),
        (["--json", "missing/bench.json"], "Cannot write"),
        (["--json", "old.json"], "exists already"),
        (["--json", "."], "is not a file"),
    ],
)
def test_what_cannot_be_measured(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(benchmark, "measure", lambda *_: pytest.fail("it has begun"))
    monkeypatch.chdir(tmp_path)
    Path("old.json").write_text("precious")
    assert status_of([*BENCH_TINY, "--json", "new.json", *arguments]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert message in errors
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


def test_a_benchmark_may_overwrite_when_told_to(at_once, tmp_path, capsys):
    file = tmp_path / "bench.json"
    file.write_text("not precious")
    assert status_of([*BENCH_TINY, "--json", file, "--force"]) == 0
    assert len(report_in(file)["rows"]) == 2


def test_a_comparison_without_torch_says_how_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    file = tmp_path / "bench.json"
    assert status_of([*BENCH_TINY, "--against", "torch", "--json", file]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("cnnviz: PyTorch cannot be imported")
    assert "pip install torch" in errors
    assert list(tmp_path.iterdir()) == []


def test_a_benchmark_makes_up_its_images(capsys):
    assert status_of(["--data", "digits", *BENCH_TINY]) == 2
    assert "leave out --data" in capsys.readouterr().err


# Pictures.


def test_a_screenshot_needs_no_display(ui, tmp_path, no_display):
    file = tmp_path / "window.png"
    assert status_of(["screenshot", "--out", file]) == 0
    size = (1600, 1000)
    assert ui == [(file, None, "numpy-cnn", 1, 0, size, 2.0, "dark", "offscreen", "2")]


def test_a_screenshot_gets_its_options(ui, tmp_path):
    file = tmp_path / "window.png"
    options = ["--data", "digits", "--network", "lenet-5", "--epochs", 0, "--digit", 5]
    options += ["--size", "800x600", "--scale", "1.5", "--theme", "light"]
    assert status_of(["screenshot", "--out", file, *options]) == 0
    size = (800, 600)
    assert ui == [(file, "digits", "lenet-5", 0, 5, size, 1.5, "light", "offscreen", "1.5")]


def test_a_screenshot_shows_a_network_of_ones_own(ui, tmp_path):
    file = own_network(tmp_path)
    assert status_of(["screenshot", "--out", tmp_path / "window.png", "--spec", file]) == 0
    assert ui[0][2] == load_spec(file)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "big"], "640x480"),
        (["--size", "639x480"], "640x480"),
        (["--size", "7681x4320"], "7680x4320"),
        (["--scale", "0.4"], "0.5 to 4"),
        (["--scale", "nan"], "0.5 to 4"),
        (["--scale", "5"], "0.5 to 4"),
        (["--epochs", "-1"], "number of epochs"),
        (["--digit", "-1"], "digit"),
        (["--theme", "pink"], "'dark', 'light'"),
        (["--out", "window.jpg"], ".png"),
        (["--out", "missing/window.png"], "Cannot write"),
        (["--out", "old.png"], "exists already"),
    ],
)
def test_what_cannot_be_pictured(arguments, message, ui, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("old.png").write_text("precious")
    assert status_of(["screenshot", "--out", "new.png", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert ui == []
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


# The whole program.


def test_help_names_every_choice_and_default(capsys):
    assert status_of(["--help"]) == 0
    assert "screenshot" in capsys.readouterr().out
    assert status_of(["train", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for said in ("numpy-cnn,lenet-5", "gradient-descent,momentum", "0.002 for adam", "default: 3"):
        assert said in text


def test_python_dash_m():
    command = [sys.executable, "-m", "cnnviz", "--version"]
    assert subprocess.check_output(command, text=True) == f"cnnviz {__version__}\n"


@pytest.mark.parametrize(
    ("options", "rate"),
    [
        ([], 0.002),
        (["--schedule", "one-cycle"], 0.01),
        (["--schedule", "one-cycle", "--learning-rate", "0.003"], 0.003),
        (["--optimizer", "momentum"], 0.02),
    ],
)
def test_the_rate_suits_the_optimiser_and_the_schedule(tmp_path, options, rate):
    report = tmp_path / "run.json"
    assert status_of([*TRAIN_TINY, *options, "--json", report]) == 0
    assert json.loads(report.read_text())["settings"]["learning_rate"] == pytest.approx(rate)
