"""A run saved, opened, gone on with; and whatever a file may have suffered."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest

from cnnviz import __version__
from cnnviz.core import CnnvizError, Dataset, Settings, Snapshot, Spec, Timeline, Trainer
from cnnviz.core import load_dataset as load
from cnnviz.core.convolution import WAYS
from cnnviz.core.errors import StorageError
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.saved_run import SavedRun, capture
from cnnviz.core.spec import conv2d, dense, flatten
from cnnviz.core.storage import FORMAT, load_run, save_run, write_run

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "data" / "tiny-format-1.cnnviz"
EPOCH = 7


def go_on(trainer: Trainer, timeline: Timeline, until: int) -> None:
    """As a runner does, but for the test set, whose results are made up."""
    while trainer.step < until:
        if trainer.step == 0:
            timeline.keep(trainer.snapshot())
        timeline.record(trainer.train_batch())
        if trainer.step % EPOCH == 0:
            result = timeline.epoch_result(trainer.step // EPOCH, EPOCH, 8, 0.5, 0.25)
            timeline.epochs.append(result)
            timeline.keep(trainer.snapshot())


def trained(spec: Spec, dataset: Dataset, until: int, **settings: Any) -> tuple[Trainer, Timeline]:
    options: dict[str, Any] = {"batch_size": 8, "epochs": 3, "threads": 1}
    trainer, timeline = Trainer(spec, dataset, Settings(**options | settings)), Timeline()
    go_on(trainer, timeline, until)
    return trainer, timeline


def assert_same(first: Snapshot, second: Snapshot) -> None:
    assert first.step == second.step
    np.testing.assert_array_equal(first.vector, second.vector, strict=True)
    assert first.optimizer_state.keys() == second.optimizer_state.keys()
    for name, array in first.optimizer_state.items():
        np.testing.assert_array_equal(array, second.optimizer_state[name], name, strict=True)


@pytest.fixture
def file(tmp_path: Path, small_spec: Spec, dataset: Dataset) -> Path:
    """A run of 16 batches with Adam."""
    path = tmp_path / "run.cnnviz"
    save_run(path, *trained(small_spec, dataset, 16), "What I saw.")
    return path


def rewrite(path: Path, change: Callable[[dict[str, bytes]], None], packed: int = 0) -> None:
    """Makes the zip anew after `change` had its way with the entries."""
    with ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with ZipFile(path, "w", packed) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def rewrite_text(path: Path, **values: Any) -> None:
    def change(entries: dict[str, bytes]) -> None:
        entries["run.json"] = json.dumps(json.loads(entries["run.json"]) | values).encode()

    rewrite(path, change)


def text_of(path: Path) -> dict[str, Any]:
    with ZipFile(path) as archive:
        content: dict[str, Any] = json.loads(archive.read("run.json"))
    return content


def refusal(path: Path) -> str:
    with pytest.raises(StorageError) as refused:
        load_run(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    return message


# There and back.


def test_everything_comes_back(file: Path, small_spec: Spec, dataset: Dataset) -> None:
    trainer, timeline = trained(small_spec, dataset, 16)
    trainer.set_learning_rate(0.5, 10)
    trainer.set_convolution("loop", 40)
    timeline.pinned = {7, 9}  # nothing is kept at 9
    timeline.interval = 50
    save_run(file, trainer, timeline, "Two\nlines, “é”.")
    run = load_run(file)
    assert (run.cnnviz, run.step, run.notes) == (__version__, 16, "Two\nlines, “é”.")
    assert (run.spec, run.settings) == (trainer.network.spec, trainer.settings)
    assert (run.data, run.fingerprint) == ("stripes", dataset.fingerprint)
    assert run.rates == ((0, 0.002), (10, 0.5))
    assert run.convolutions == ((0, "im2col"), (40, "loop"))
    assert_same(run.newest, trainer.snapshot())

    back = run.timeline()
    assert (back.epochs, back.interval, back.pinned) == (timeline.epochs, 50, {7})
    for ours, theirs in [
        (back.losses, timeline.losses),
        (back.accuracies, timeline.accuracies),
        (back.rates, timeline.rates),
        (back.seconds, timeline.seconds),
    ]:
        np.testing.assert_array_equal(ours, theirs, strict=True)
    assert list(back.snapshots) == [0, 7, 14]
    for step, snapshot in back.snapshots.items():
        assert_same(snapshot, timeline.snapshots[step])


def test_a_run_that_has_not_begun(tmp_path: Path, small_spec: Spec, dataset: Dataset) -> None:
    path = tmp_path / "new.cnnviz"
    save_run(path, Trainer(small_spec, dataset, Settings(batch_size=8)), Timeline())
    run = load_run(path)
    assert (run.step, run.snapshots, run.epochs, len(run.timeline())) == (0, (), (), 0)


def test_the_same_run_gives_the_same_bytes(file: Path) -> None:
    run, other = load_run(file), file.with_name("other.cnnviz")
    write_run(other, run)
    assert other.read_bytes() == file.read_bytes()
    assert sorted(file.parent.iterdir()) == [other, file]


def test_losses_that_are_not_finite(file: Path, small_spec: Spec, dataset: Dataset) -> None:
    trainer, timeline = trained(small_spec, dataset, 7)
    timeline.epochs = [timeline.epoch_result(1, 7, 8, float("inf"), 0.1)]
    save_run(file, trainer, timeline)
    [epoch] = load_run(file).epochs
    assert np.isnan(epoch.test_loss)
    assert epoch.train_loss == timeline.epochs[0].train_loss


def test_what_was_captured_does_not_change(small_spec: Spec, dataset: Dataset) -> None:
    trainer, timeline = trained(small_spec, dataset, 9)
    run, before = capture(trainer, timeline), trainer.snapshot()
    go_on(trainer, timeline, 16)
    assert_same(run.newest, before)
    assert (run.step, len(run.history["loss"]), len(run.epochs)) == (9, 9, 1)
    timeline.cut(7)
    with pytest.raises(ValueError, match="trainer is at step 16, the history at 7"):
        capture(trainer, timeline)


@pytest.mark.parametrize("at", [5, 14])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_it_goes_on_with_the_same_bits(
    optimizer: str, way: str, at: int, tmp_path: Path, small_spec: Spec, dataset: Dataset
) -> None:
    path = tmp_path / "run.cnnviz"
    options = {"optimizer": optimizer, "convolution": way, "schedule": "one-cycle", "seed": 3}
    stopped, never = (trained(small_spec, dataset, 0, **options) for _ in range(2))
    for trainer, _ in (stopped, never):
        trainer.set_learning_rate(0.003, 4)
        trainer.set_learning_rate(0.001, 16)
    go_on(*stopped, at)
    save_run(path, *stopped)
    go_on(*never, 20)
    run = load_run(path)
    resumed = run.trainer(dataset), run.timeline()
    assert resumed[0].step == at
    go_on(*resumed, 20)
    assert_same(resumed[0].snapshot(), never[0].snapshot())
    for ours, theirs in [
        (resumed[1].losses, never[1].losses),
        (resumed[1].rates, never[1].rates),
        (resumed[1].accuracies, never[1].accuracies),
    ]:
        np.testing.assert_array_equal(ours, theirs, strict=True)
    assert resumed[1].snapshots.keys() == never[1].snapshots.keys()
    for step, snapshot in resumed[1].snapshots.items():
        assert_same(snapshot, never[1].snapshots[step])


def test_travelling_back_in_an_opened_run(file: Path, dataset: Dataset) -> None:
    run = load_run(file)
    trainer, timeline = run.trainer(dataset), run.timeline()
    trainer.restore(timeline.nearest(13))
    timeline.cut(trainer.step)
    assert trainer.step == 7
    go_on(trainer, timeline, 16)
    assert_same(trainer.snapshot(), run.newest)


def test_other_data_are_refused(
    file: Path, make_dataset: Callable[..., Dataset], dataset: Dataset
) -> None:
    run = load_run(file)
    for other in (make_dataset(train=61), make_dataset(classes=4), make_dataset(shape=(1, 9, 9))):
        with pytest.raises(StorageError, match="trained on other data than Stripes is now"):
            run.trainer(other)
    assert make_dataset().fingerprint == dataset.fingerprint


def test_a_network_that_does_not_fit_its_data_is_refused(file: Path, dataset: Dataset) -> None:
    rewrite_text(file, spec=text_of(file)["spec"] | {"input_shape": [1, 9, 9]})
    with pytest.raises(StorageError, match="other data"):
        load_run(file).trainer(dataset)


# The promise.


def test_a_file_of_format_1_opens() -> None:
    """Made by the first version that saved runs. It has to open for ever; never make it anew."""
    run = load_run(SAMPLE)
    assert SAMPLE.stat().st_size < 100_000
    assert (run.cnnviz, run.step, run.spec.name, run.data) == ("0.1.0", 22, "tiny", "digits")
    assert run.settings == Settings(epochs=3, seed=1, threads=1, schedule="one-cycle")
    assert run.notes == "The sample of format 1.\n"
    assert run.rates == ((0, 0.002), (11, 0.004))
    assert run.convolutions == ((0, "im2col"), (4, "correlate"), (6, "im2col"))
    assert [(epoch.epoch, epoch.step) for epoch in run.epochs] == [(1, 11), (2, 22)]
    timeline = run.timeline()
    assert list(timeline.snapshots) == [0, 11, 22]
    assert timeline.pinned == {11}
    assert_same(timeline.snapshots[22], run.newest)
    assert run.newest.optimizer_state["steps"] == 22
    digits = load("digits")
    with closing(run.trainer(digits)) as trainer:
        begin = Trainer(trainer.network.spec, digits, run.settings)
        np.testing.assert_array_equal(begin.network.vector, timeline.snapshots[0].vector)
        while begin.step < 11:
            begin.train_batch()
        # Another processor rounds otherwise.
        np.testing.assert_allclose(
            begin.network.vector, timeline.snapshots[11].vector, rtol=0, atol=1e-3
        )
        assert trainer.train_batch().loss < timeline.losses[0]


def test_a_newer_format_says_to_update(file: Path) -> None:
    def change(entries: dict[str, bytes]) -> None:
        text = json.dumps({"format": FORMAT + 1, "all": "else may differ"})
        entries.clear()
        entries["run.json"] = text.encode()
        entries["maps/new.npy"] = b"?"

    rewrite(file, change)
    message = refusal(file)
    assert f"saved by a newer cnnviz, in format {FORMAT + 1}" in message
    assert "Update cnnviz" in message


# Damage.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"garbage", "another kind of file"),
        (b"\x89PNG" * 1000, "another kind of file"),
        (b"PK\5\6" + bytes(18), "another kind of file"),
        (bytes(20) + b"PK\5\6" + bytes(18), "has no run.json"),
        (bytes(20) + b"PK\5\6" + b"\xff" * 18, "65535 entries, more than the 100"),
        (b"PK\6\7" + bytes(16) + b"PK\5\6" + bytes(18), "for more than 4 GB"),
    ],
)
def test_another_kind_of_file(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "run.cnnviz"
    path.write_bytes(content)
    assert said in refusal(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nothing.cnnviz")
    assert "is not a file" in refusal(tmp_path)
    assert "cannot be read: File name too long" in refusal(tmp_path / ("x" * 300))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "is not a file" in refusal(tmp_path / "pipe")


def test_every_truncation_is_noticed(file: Path) -> None:
    content = file.read_bytes()
    for length in [*range(0, len(content), 97), len(content) - 1]:
        file.write_bytes(content[:length])
        refusal(file)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"format": 0}, "the first was 1"),
        ({"format": "1"}, "“format” has '1' for a whole number"),
        ({"step": -1}, "“step” has -1"),
        ({"step": 17}, "shape (16,), not float64 of the shape (17,)"),
        ({"step": 17_000}, "not those of 17000 numbers"),
        ({"step": True}, "“step” has True"),
        ({"step": 10**30}, "for a whole number from 0 to"),
        ({"spec": []}, "“spec” is not an object"),
        ({"spec": {}}, "no “input_shape”"),
        ({"settings": {}}, "The settings lack"),
        ({"rates": []}, "“rates” do not begin at step 0"),
        ({"rates": [[1, 0.1]]}, "“rates” do not begin at step 0"),
        ({"rates": [[0, 0.1], [0, 0.2]]}, "“rates” are not in order"),
        ({"rates": [[0, -1]]}, "learning rate must be a number above zero, not -1"),
        ({"rates": [0]}, "“rates” has 0 for a step and a value"),
        ({"convolutions": [[0, "fft"]]}, "no way of convolution “fft”"),
        ({"epochs": [1]}, "not an object"),
        ({"epochs": [{}]}, "does not say the “epoch”"),
        ({"epochs": "many"}, "“epochs” is not a list"),
        ({"snapshots": [0, 7, 14, 15]}, "snapshots/vector.npy has"),
        ({"snapshots": [0, 14, 7]}, "“snapshots” are not in order"),
        ({"snapshots": [0, 7, 17]}, "go beyond step 16"),
        ({"pinned": [3]}, "pins a snapshot that it does not have"),
        ({"notes": None}, "“notes” is not a text"),
        ({"notes": "\ud800"}, "neither text nor number"),
        ({"interval": float("nan")}, "neither text nor number"),
        ({"cnnviz": "\x1b[2J"}, "“cnnviz” is not a line of text"),
        ({"data": {"name": "digits"}}, "does not say the “fingerprint”"),
    ],
)
def test_text_that_lies(values: dict[str, Any], said: str, file: Path) -> None:
    rewrite_text(file, **values)
    assert said in refusal(file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "magic"}, "no layer type “magic”"),
        ({"filters": 10**12}, "bytes, not those of"),
        ({"filters": 2**62}, "makes more than"),
        ({"padding": 10**6}, "makes more than"),
        ({"kernel": 9}, "conv1: "),
    ],
)
def test_networks_that_lie(change: dict[str, Any], said: str, file: Path) -> None:
    spec = text_of(file)["spec"]
    spec["layers"][0] |= change
    rewrite_text(file, spec=spec)
    message = refusal(file)
    assert said in message or "makes more than" in message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"threads": 10**6}, "“threads” has 1000000"),
        ({"epochs": 10**400}, "“epochs” has 1000"),
        ({"optimizer": []}, "“optimizer” cannot be []"),
        ({"optimizer": "magic"}, "no optimiser “magic”"),
        ({"optimizer": "momentum"}, "its edited/velocity.npy is missing"),
        ({"optimizer": "gradient-descent"}, "'edited/mean.npy', which does not belong"),
        ({"seed": 0.5}, "“seed” cannot be 0.5"),
        ({"more": 1}, "unknown “more”"),
    ],
)
def test_settings_that_lie(change: dict[str, Any], said: str, file: Path) -> None:
    rewrite_text(file, settings=text_of(file)["settings"] | change)
    assert said in refusal(file)


def npy(array: np.ndarray[Any, Any]) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


VECTOR = "newest/vector.npy"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (VECTOR, lambda old: npy(np.zeros(3, np.float32)), "its newest/vector.npy has 140 bytes"),
        (VECTOR, lambda old: npy(old.astype(np.int32)), "holds int32"),
        (VECTOR, lambda old: npy(old.astype(">f4")), "holds >f4"),
        (VECTOR, lambda old: npy(old[None]), "of the shape (1, "),
        (VECTOR, lambda old: b"\x93NUMPY\2\0" + npy(old)[8:], "version 1.0"),
        (VECTOR, lambda old: b"\x80\4" + npy(old)[2:], "magic"),
        ("newest/steps.npy", lambda old: npy(old - 17), "made -1 updates in 16 batches"),
        ("newest/steps.npy", lambda old: npy(old * np.nan), "updates in 16 batches"),
        ("history/loss.npy", lambda old: npy(-old), "loss of a batch"),
        ("history/rate.npy", lambda old: npy(old * np.inf), "rate of a batch"),
        ("snapshots/mean.npy", lambda old: npy(np.asfortranarray(old)), "snapshots/mean.npy holds"),
    ],
)
def test_arrays_that_lie(name: str, content: Callable[..., bytes], said: str, file: Path) -> None:
    def change(entries: dict[str, bytes]) -> None:
        entries[name] = content(np.load(io.BytesIO(entries[name])))

    rewrite(file, change)
    assert said in refusal(file)


def test_entries_that_are_missing_foreign_or_twice(file: Path) -> None:
    sound = file.read_bytes()
    with ZipFile(file) as archive:
        names = archive.namelist()
    for name in names:
        file.write_bytes(sound)
        rewrite(file, lambda entries, name=name: entries.pop(name))  # type: ignore[misc]
        assert name in refusal(file)
    for name in ("../../evil.npy", "/etc/evil", "history/loss.npy/", "a\n\x1b[2J"):
        file.write_bytes(sound)
        rewrite(file, lambda entries, name=name: entries.update({name: b""}))  # type: ignore[misc]
        assert "does not belong" in refusal(file)
    file.write_bytes(sound)
    with (
        ZipFile(file, "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("run.json", b"{}")
    assert "two of its entries have one name" in refusal(file)


def test_bombs_do_not_go_off(file: Path, small_spec: Spec) -> None:
    sound = file.read_bytes()
    rewrite(file, lambda entries: entries.update({VECTOR: bytes(50_000_000)}), ZIP_DEFLATED)
    assert file.stat().st_size < 200_000
    assert "is compressed" in refusal(file)
    file.write_bytes(sound)
    rewrite(file, lambda entries: entries.update({str(k): b"" for k in range(200)}))
    assert "more than the 100" in refusal(file)
    with file.open("r+b") as sparse:
        sparse.truncate(3 * 10**9)
    assert "more than the 2000000000" in refusal(file)
    file.write_bytes(sound)
    rewrite(file, lambda entries: entries.update({"run.json": b"[" * 100_000}))
    assert "RecursionError" in refusal(file)
    rewrite(file, lambda entries: entries.update({"run.json": b" " * (17 * 2**20)}))
    assert "is larger than" in refusal(file)


def test_a_run_too_large_for_a_file(
    file: Path, small_spec: Spec, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = file.read_bytes()
    monkeypatch.setattr("cnnviz.core.archive.MOST_BYTES", 0)
    with pytest.raises(StorageError, match=r"it would take 0.0 GB.*smaller budget"):
        save_run(file, *trained(small_spec, dataset, 7))
    assert_old(file, old)


# Saving where it goes wrong.


def assert_old(path: Path, old: bytes) -> None:
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path], "nothing is left lying about"


def test_a_full_disk_leaves_the_old_file(file: Path, small_spec: Spec, dataset: Dataset) -> None:
    resource = pytest.importorskip("resource")
    old, (trainer, timeline) = file.read_bytes(), trained(small_spec, dataset, 16)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for most in [0, 100, *range(1000, len(old), 1500)]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
        try:
            with pytest.raises(CnnvizError, match=r"Cannot write .*run.cnnviz: File too large"):
                save_run(file, trainer, timeline)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert_old(file, old)


def test_where_nothing_may_be_written(tmp_path: Path, small_spec: Spec, dataset: Dataset) -> None:
    run = trained(small_spec, dataset, 3)
    with pytest.raises(CnnvizError, match="Cannot write to .*: No such file or directory"):
        save_run(tmp_path / "missing" / "run.cnnviz", *run)
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("whoever may do all cannot be refused")
    with pytest.raises(CnnvizError, match="Cannot write to .*locked: Permission denied"):
        save_run(folder / "run.cnnviz", *run)


not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and getrusage")


def benchmark(name: str, *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "benchmarks" / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@not_on_windows
def test_a_killed_process_leaves_a_whole_file() -> None:
    assert "found whole" in benchmark("kill_while_saving.py", "--times", "20")


@not_on_windows
def test_random_damage() -> None:
    said = benchmark("mutate_run_file.py", "--count", "2000", "--seed", "1")
    assert "'refused': 1" in said, "most of them"


# Speed.


def test_a_long_run_opens_at_once(tmp_path: Path, dataset: Dataset) -> None:
    """As many numbers as ten epochs of MNIST give: in practice some hundredths of a second."""
    spec = Spec("big", "Big", (1, 8, 8), (conv2d(64, 3), flatten(), dense(46), dense(3)))
    trainer = Trainer(spec, dataset, Settings(batch_size=8, threads=1))
    run = capture(trainer, Timeline())
    state = run.newest
    assert state.vector.size > 100_000
    steps = range(0, 4681, 468)
    snapshots = tuple(Snapshot(step, state.vector, state.optimizer_state) for step in steps)
    newest = Snapshot(4680, state.vector, state.optimizer_state)
    history = {name: np.ones(4680) for name in run.history}
    path = tmp_path / "long.cnnviz"
    fields = {name: getattr(run, name) for name in SavedRun.__dataclass_fields__}
    fields |= {"snapshots": snapshots, "newest": newest, "history": history}
    write_run(path, SavedRun(**fields))
    begin = perf_counter()
    back = load_run(path)
    assert len(back.timeline()) == 4680
    assert perf_counter() - begin < 1
    assert all(a < b for a, b in pairwise(snapshot.step for snapshot in back.snapshots))


def test_a_file_of_format_2_opens() -> None:
    """Made by the first version with forks. It has to open for ever; never make it anew."""
    run = load_run(SAMPLE.with_name("tiny-format-2.cnnviz"))
    assert (run.step, run.name, run.notes) == (22, "Run 2", "The sample of format 2.\n")
    assert run.settings.optimizer == "momentum"
    assert (run.rates, run.convolutions) == (((0, 0.004),), ((0, "im2col"), (22, "correlate")))
    assert run.origin is not None
    assert (run.origin.run, run.origin.step, run.origin.counted) == ("Run 1", 11, True)
    assert run.origin.epochs == 1.0
    timeline = run.timeline()
    assert (len(timeline), timeline.first, list(timeline.snapshots)) == (22, 11, [11, 22])
    assert list(timeline.edited) == [16]
    assert timeline.marks == {14: "Look at this."}
    assert list(timeline.diverged) == [22]
    with closing(run.trainer(load("digits"))) as trainer:
        # To the right side of an edit the edited filter's weights are zero at first.
        assert not timeline.nearest(16).vector[2 * 25 : 3 * 25].any()
        assert trainer.train_batch().loss < timeline.losses[0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"edited": [3]}, "edited/"),
        ({"diverged": [[3, "nan"]]}, "“diverged”"),
        ({"marks": [[3, 4]]}, "“marks”"),
        ({"marks": [[3, "a"], [3, "b"]]}, "not in order"),
        ({"name": "a\nb"}, "not a line of text"),
        ({"origin": 3}, "“origin” is not an object"),
        ({"origin": {"run": "a"}}, "“step”"),
        (
            {
                "origin": {
                    "run": "a",
                    "step": 1,
                    "counted": 1,
                    "batches": 1,
                    "epochs": 1,
                    "seconds": 1,
                }
            },
            "true or false",
        ),
    ],
)
def test_what_format_2_adds_is_read_warily(values: dict[str, Any], said: str, file: Path) -> None:
    rewrite_text(file, **values)
    assert said in refusal(file)


def test_a_header_that_numpy_would_mend_gives_no_warning(file: Path) -> None:
    def change(entries: dict[str, bytes]) -> None:
        entries["history/loss.npy"] = entries["history/loss.npy"].replace(b"(16,)", b"(16L)", 1)

    rewrite(file, change)
    assert "damaged" in refusal(file)
