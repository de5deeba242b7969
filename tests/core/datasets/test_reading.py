"""Reading as a task: it goes on, is cancelled at once, and says what went wrong."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnviz.core.datasets import Options, Reading, is_there, load_dataset, pictures, read_dataset
from cnnviz.core.datasets.mnist import FILES
from tests.core.datasets.test_mnist import write_folder, write_idx


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(100):
            Image.new("L", (3, 3), number).save(tmp_path / "pets" / name / f"{number}.png")
    return tmp_path / "pets"


def test_a_task_reads_and_reports(folder: Path) -> None:
    task = Reading(folder, Options(seed=2))
    assert (task.standing.ended, task.standing.dataset) == (False, None)
    task.start()
    assert task.join(30)
    standing = task.standing
    assert (standing.ended, standing.failure) == (True, None)
    assert (standing.stage, standing.done, standing.of) == ("Reading images", 200, 200)
    assert standing.dataset.fingerprint == load_dataset(f"{folder}?seed=2").fingerprint
    assert standing.report.images == 200


def test_a_task_is_cancelled_between_two_images(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_one, go_on, read_images = threading.Event(), threading.Event(), []
    read = pictures.read

    def slowly(path: str, *more):
        read_images.append(path)
        at_one.set()
        assert go_on.wait(30)
        return read(path, *more)

    monkeypatch.setattr(pictures, "read", slowly)
    task = Reading(folder)
    task.start()
    assert at_one.wait(30)
    task.cancel()
    go_on.set()
    assert task.join(30)
    assert len(read_images) == 1
    standing = task.standing
    assert (standing.ended, standing.dataset, standing.failure) == (True, None, None)


def test_what_goes_wrong_is_said(tmp_path: Path) -> None:
    task = Reading(tmp_path)
    task.start()
    assert task.join(30)
    assert task.standing.failure
    message, trace = task.standing.failure
    assert "has no class folders" in message
    assert trace == ""


def test_progress_never_goes_back(folder: Path) -> None:
    told: list[tuple[str, int, int]] = []
    read_dataset(folder, progress=lambda *news: told.append(news))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "Looking at images",
        "Reading images",
    ]
    for stage in ("Looking at images", "Reading images"):
        done = [news[1:] for news in told if news[0] == stage]
        assert done == [(0, 200), (64, 200), (128, 200), (192, 200), (200, 200)]


def test_idx_files_are_as_they_are_unless_a_size_is_chosen(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "toy")
    data, report = read_dataset(folder)
    assert data.input_shape == (1, 4, 5)
    assert (report.kind, report.train) == ("a folder of IDX files", (1,) * 6)
    data, report = read_dataset(f"{folder}?size=8x10&colour=rgb")
    assert data.input_shape == (3, 8, 10)
    assert load_dataset(data.name).fingerprint == data.fingerprint


def test_one_idx_file_makes_a_folder_of_idx_files(tmp_path: Path) -> None:
    write_idx(tmp_path / FILES[0], np.zeros((2, 3, 3), np.uint8))
    with pytest.raises(ValueError, match=r"lacks train-labels-idx1-ubyte, .*\. Put the missing"):
        load_dataset(tmp_path)


def test_names_are_read_with_a_report() -> None:
    data, report = read_dataset("digits")
    assert (data.name, report.images, report.left_out) == ("digits", 1797, ())


def test_what_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "photo.png").touch()
    (folder / "some.npz").touch()
    monkeypatch.chdir(folder)
    for name in ("digits", folder, ".", "cat", "cat?seed=1", "some.npz", Path("some.npz")):
        assert is_there(name)
    for name in ("", "nowhere", "photo.png", "\0", Path("digits")):
        assert not is_there(name)
