"""`cnnviz data`: what it lists, fetches and finds wrong; and --data with data of one's own."""

import hashlib
import json
import shlex
import signal
import sys
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from PIL import Image

from cnnviz import cli, data_command
from cnnviz.core.datasets import fetch, load_dataset, mnist
from cnnviz.core.datasets.fetch import RemoteFile, Source
from tests.core.datasets.test_mnist import write_folder
from tests.mirror_server import Mirror, serve


def status_of(*arguments: object) -> int | str | None:
    """The exit status, whether `main` returns it or argparse exits with it."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as done:
        return done.code


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, and no CNNVIZ_DATA."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("CNNVIZ_DATA", raising=False)
    return tmp_path / "cache" / "cnnviz"


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two classes of six images, and one file that is none."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "my pets" / name).mkdir(parents=True)
        for number in range(6):
            image = Image.fromarray(rng.integers(0, 256, (28, 28), dtype=np.uint8))
            image.save(tmp_path / "my pets" / name / f"{number}.png")
    (tmp_path / "my pets" / "cat" / "notes.png").write_text("none")
    return tmp_path / "my pets"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A server of small files in the place of MNIST's."""
    made = write_folder(tmp_path / "made", ".gz")
    files = {f"{name}.gz": (made / f"{name}.gz").read_bytes() for name in mnist.FILES}
    remote = [
        RemoteFile(name, f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
        for name, content in files.items()
    ]
    monkeypatch.setenv("NO_PROXY", "*")
    with serve(files) as server:
        source = Source(mnist.MNIST, (server.address,), tuple(remote))
        monkeypatch.setitem(fetch.SOURCES, "mnist", source)
        yield server


def test_the_list_says_what_is_here_and_what_can_be_fetched(cache: Path, capsys) -> None:
    assert status_of("data") == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    heads, digits, *rest = output.splitlines()
    assert heads.split()[:4] == ["Name", "Title", "Images", "Shape"]
    assert "1437 + 360" in digits
    assert "comes with cnnviz" in digits
    assert "MNIST is not here. `cnnviz data fetch mnist` downloads it (11.6 MB)." in rest
    assert any("`cnnviz data fetch fashion-mnist` downloads it (30.9 MB)" in line for line in rest)
    write_folder(cache / "fashion-mnist")
    assert status_of("data") == 0
    output = capsys.readouterr().out
    line = next(line for line in output.splitlines() if line.startswith("fashion-mnist"))
    assert line.split() == [
        *("fashion-mnist", "Fashion-MNIST", "6", "+", "3", "1×4×5", "0.0", "MB"),
        str(cache / "fashion-mnist"),
    ]


def test_the_list_goes_on_after_damaged_data(cache: Path, capsys) -> None:
    write_folder(cache / "mnist")
    (cache / "mnist" / mnist.TEST_LABELS).write_bytes(b"damaged")
    assert status_of("data") == 0
    output, errors = capsys.readouterr()
    assert "t10k-labels-idx1-ubyte is not an IDX file" in errors
    assert "Fashion-MNIST is not here" in output


def test_fetching_makes_mnist_available(cache: Path, mirror: Mirror, capsys) -> None:
    assert status_of("data", "fetch", "mnist") == 0
    output, errors = capsys.readouterr()
    assert output == f"MNIST is in {cache / 'mnist'}. Train on it with --data mnist.\n"
    assert errors == ""
    assert load_dataset("mnist").train.labels.tolist() == [0, 1, 2, 3, 4, 5]
    mirror.requests.clear()
    assert status_of("data", "fetch", "mnist") == 0
    assert mirror.requests == []


def test_what_is_in_cnnviz_data_need_not_be_fetched(
    cache: Path, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    write_folder(tmp_path / "mine" / "mnist")
    monkeypatch.setenv("CNNVIZ_DATA", str(tmp_path / "mine"))
    assert status_of("data", "fetch", "mnist") == 0
    assert "already. There is nothing to fetch." in capsys.readouterr().out
    assert mirror.requests == []
    assert not cache.exists()


def test_a_mirror_that_fails_is_named(cache: Path, mirror: Mirror, capsys) -> None:
    mirror.moods[:] = ["missing", "good"]
    assert status_of("data", "fetch", "mnist") == 0
    assert f"cnnviz: {mirror.address} answers 404 Not Found. Trying" in capsys.readouterr().err
    mirror.moods[:] = ["missing"]
    (cache / "mnist" / "train-labels-idx1-ubyte.gz").unlink()
    assert status_of("data", "fetch", "mnist") == 2
    assert "train-labels-idx1-ubyte.gz cannot be fetched" in capsys.readouterr().err


def test_ctrl_c_keeps_what_has_arrived(
    cache: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    arrived = fetch._Meter.arrived

    def stop(meter, done, of):
        arrived(meter, done, of)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(fetch._Meter, "arrived", stop)
    assert status_of("data", "fetch", "mnist") == 130
    errors = capsys.readouterr().err
    assert "stopped. What has arrived is kept in " in errors
    assert "the same command goes on from there" in errors
    assert [path.name for path in (cache / "mnist").iterdir()] == [
        ".train-images-idx3-ubyte.gz.part"
    ]


def test_only_what_can_be_fetched_is_accepted(capsys) -> None:
    assert status_of("data", "fetch", "imagenet") == 2
    assert "'mnist', 'fashion-mnist'" in capsys.readouterr().err
    assert status_of("--data", "digits", "data") == 2
    assert "“data” does without it; leave out --data" in capsys.readouterr().err


def test_check_prints_the_report(pets: Path, capsys) -> None:
    assert status_of("data", "check", pets) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    lines = output.splitlines()
    assert lines[0] == (f"{pets}: a folder of class folders, 12 images of 1×28×28, 2 classes.")
    table = [line.split() for line in lines[2:6]]
    assert table == [
        ["Class", "Training", "Test"],
        ["cat", "5", "1"],
        ["dog", "5", "1"],
        ["All", "10", "2"],
    ]
    assert "Left out: 1" in lines
    assert "  1 × it is no picture, or damaged at its beginning, whatever .png says:" in lines
    assert f"      {pets / 'cat' / 'notes.png'}" in lines
    assert lines[-1] == f"Train on it: cnnviz train --data '{pets}'"


def test_the_name_that_check_prints_can_be_trained_on(pets: Path, tmp_path: Path, capsys) -> None:
    options = ["--size", "12x14", "--colour", "rgb", "--test", "0.5", "--seed", "3"]
    assert status_of("data", "check", pets, *options) == 0
    output = capsys.readouterr().out
    assert "12 images of 3×12×14" in output
    name = shlex.split(output.splitlines()[-1])[-1]
    assert load_dataset(name).input_shape == (3, 12, 14)
    assert status_of("data", "check", name) == 0
    assert capsys.readouterr().out == output


def test_a_folder_can_be_trained_on(pets: Path, tmp_path: Path, capsys) -> None:
    options = ["--network", "mlp", "--epochs", "1", "--batch-size", "5", "--threads", "1"]
    file = tmp_path / "run.json"
    assert status_of("train", "--data", pets, *options, "--json", file) == 0
    errors = capsys.readouterr().err
    assert errors == (
        f"cnnviz: 1 files or lines were left out; `cnnviz data check {shlex.quote(str(pets))}` "
        "says why.\n"
    )
    assert json.loads(file.read_text())["data"] == str(pets)


def test_many_places_are_named_on_request(pets: Path, capsys) -> None:
    for number in range(5):
        (pets / "dog" / f"empty {number}.png").touch()
    assert status_of("data", "check", pets) == 0
    output = capsys.readouterr().out
    assert "5 × it is empty:" in output
    assert "and 2 more (--all names them)" in output
    assert status_of("data", "check", pets, "--all") == 0
    output = capsys.readouterr().out
    assert all(f"empty {number}.png" in output for number in range(5))
    assert "more (--all" not in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "There is no data set “nowhere”"),
        (["digits", "--seed", "3"], "“digits” is as it is; leave out seed"),
        ([".", "--size", "5"], "“5” is no size; it must be HEIGHTxWIDTH"),
        ([".", "--test", "2"], "2 of the images cannot test"),
        ([".", "--colour", "pink"], "'auto', 'grey', 'rgb'"),
        ([".?size=x"], "“x” is no size"),
    ],
)
def test_what_cannot_be_checked_is_said(arguments: list[str], message: str, capsys) -> None:
    assert status_of("data", "check", *arguments) == 2
    assert message in capsys.readouterr().err


def test_names_can_be_checked(capsys) -> None:
    assert status_of("data", "check", "digits") == 0
    assert "digits: UCI digits, 1797 images of 1×28×28, 10 classes." in capsys.readouterr().out


def test_progress_is_shown_on_a_terminal(
    pets: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(data_command, "PATIENCE", 0)
    assert status_of("data", "check", pets) == 0
    errors = capsys.readouterr().err
    assert "Looking at images" in errors
    assert "Reading images" in errors
    assert errors.rstrip(" \r") != errors  # and is wiped away


def test_fetching_shows_its_progress_on_a_terminal(
    cache: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert status_of("data", "fetch", "mnist") == 0
    errors = capsys.readouterr().err
    assert "Fetching MNIST" in errors
    assert "train-images-idx3-ubyte.gz" in errors
