"""The four files are found wherever they may be; whatever is wrong with them is said exactly."""

import gzip
import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from cnnviz.core.datasets import (
    load_dataset,
    load_idx_folder,
    load_mnist,
    mnist,
    mnist_is_available,
)
from cnnviz.core.datasets.idx import read_idx
from cnnviz.core.errors import DataError

SHAPES = {
    mnist.TRAIN_IMAGES: (6, 4, 5),
    mnist.TRAIN_LABELS: (6,),
    mnist.TEST_IMAGES: (3, 4, 5),
    mnist.TEST_LABELS: (3,),
}


def write_idx(path: Path, array: np.ndarray) -> None:
    content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_folder(folder: Path, end: str = "", dotted: bool = False) -> Path:
    """Four small files whose values count up, so that each label is another class."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, shape in SHAPES.items():
        spelled = name.replace("-idx", ".idx") if dotted else name
        values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
        write_idx(folder / (spelled + end), values)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of this test's own, and no CNNVIZ_DATA; the folder mnist in it."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("CNNVIZ_DATA", raising=False)
    return tmp_path / "cache" / "cnnviz" / "mnist"


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_a_folder_is_read_in_every_spelling(tmp_path: Path, end: str, dotted: bool) -> None:
    folder = write_folder(tmp_path / "toy", end, dotted)
    data = load_idx_folder(folder)
    assert data.title == "toy"
    assert data.input_shape == (1, 4, 5)
    assert (len(data.train), len(data.test)) == (6, 3)
    assert data.train.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert np.array_equal(data.test.pixels.ravel(), np.arange(60))
    assert data.class_names == tuple("012345")


def test_the_name_of_a_folder_loads_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "toy")
    monkeypatch.chdir(tmp_path)
    data = load_dataset("toy")
    monkeypatch.chdir(tmp_path / "toy")
    assert load_dataset(data.name).name == data.name


def test_images_may_have_channels(tmp_path: Path) -> None:
    write_folder(tmp_path)
    write_idx(tmp_path / mnist.TRAIN_IMAGES, np.zeros((6, 3, 4, 5), np.uint8))
    write_idx(tmp_path / mnist.TEST_IMAGES, np.zeros((3, 3, 4, 5), np.uint8))
    assert load_idx_folder(tmp_path).input_shape == (3, 4, 5)


@pytest.mark.parametrize("name", mnist.FILES)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=rf"lacks {name}\. Put the missing .* --data digits"):
        load_idx_folder(tmp_path)


def test_all_missing_files_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks " + ", ".join(mnist.FILES)):
        load_idx_folder(tmp_path)


def test_a_folder_with_the_name_of_a_file_is_no_file(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / mnist.TEST_LABELS).unlink()
    (tmp_path / mnist.TEST_LABELS).mkdir()
    with pytest.raises(DataError, match=f"lacks {mnist.TEST_LABELS}"):
        load_idx_folder(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*nowhere\. Name one that holds"):
        load_idx_folder(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path)
    with pytest.raises(DataError, match=r"no folder .*t10k-labels"):
        load_idx_folder(tmp_path / mnist.TEST_LABELS)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        (mnist.TRAIN_LABELS, (5,), "6 images but .*train-labels.* has 5 labels"),
        (mnist.TEST_IMAGES, (4, 4, 5), "4 images but .*t10k-labels.* has 3 labels"),
        (mnist.TEST_IMAGES, (3, 5, 5), r"\(1, 4, 5\) but the test images \(1, 5, 5\)"),
        (mnist.TRAIN_IMAGES, (6, 20), "train-images.* has 2 dimensions; images need 3"),
        (mnist.TRAIN_IMAGES, (6,), "train-images.* has 1 dimensions; images need 3"),
        (mnist.TEST_LABELS, (3, 1), "t10k-labels.* has 2 dimensions; labels need 1"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    tmp_path: Path, name: str, shape: tuple[int, ...], message: str
) -> None:
    write_folder(tmp_path)
    write_idx(tmp_path / name, np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match=message):
        load_idx_folder(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / mnist.TEST_LABELS).write_bytes(b"\0\0")
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte is not an IDX file"):
        load_idx_folder(tmp_path)


def test_mnist_is_found_in_the_cache(cache: Path) -> None:
    assert not mnist_is_available()
    write_folder(cache)
    assert mnist_is_available()
    data = load_dataset("mnist")
    assert (data.name, data.title) == ("mnist", "MNIST")
    assert data.class_names == tuple("0123456789")
    assert "CC BY-SA 3.0" in data.source


def test_cnnviz_data_wins_over_the_cache(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(cache)
    chosen = write_folder(tmp_path / "mine" / "mnist")
    write_idx(chosen / mnist.TRAIN_LABELS, np.full(6, 9, np.uint8))
    monkeypatch.setenv("CNNVIZ_DATA", str(tmp_path / "mine"))
    assert load_mnist().train.labels.tolist() == [9] * 6


def test_without_mnist_in_cnnviz_data_the_cache_is_asked(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(cache)
    monkeypatch.setenv("CNNVIZ_DATA", str(tmp_path / "nowhere"))
    assert mnist_is_available()
    assert len(load_mnist().train) == 6


def test_mnist_nowhere_names_both_places_and_the_way_out(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNVIZ_DATA", str(tmp_path / "mine"))
    assert not mnist_is_available()
    with pytest.raises(DataError) as caught:
        load_mnist()
    message = str(caught.value)
    chosen = tmp_path / "mine" / "mnist"
    assert (
        f"MNIST is not in {chosen} nor in {cache}. Fetch it by `cnnviz data fetch mnist`" in message
    )
    assert f"into {cache}; or use --data digits." in message
    assert all(name in message for name in mnist.FILES)


@pytest.mark.parametrize("value", [None, ""])
def test_without_cnnviz_data_only_the_cache_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("CNNVIZ_DATA", value)
    with pytest.raises(DataError) as caught:
        load_mnist()
    assert str(caught.value).startswith(f"MNIST is not in {cache}. Fetch")


def test_incomplete_mnist_is_not_available(cache: Path) -> None:
    write_folder(cache)
    (cache / mnist.TEST_IMAGES).unlink()
    assert not mnist_is_available()
    with pytest.raises(DataError, match=f"lacks {mnist.TEST_IMAGES}"):
        load_mnist()


def test_mnist_with_other_classes_is_refused(cache: Path) -> None:
    write_folder(cache)
    write_idx(cache / mnist.TEST_LABELS, np.array([0, 1, 46], np.uint8))
    with pytest.raises(DataError, match="MNIST: the test labels contain 46"):
        load_mnist()


@pytest.fixture(scope="module")
def real_folder() -> Path:
    """The folder of the real MNIST files."""
    folder = Path(os.environ.get("CNNVIZ_DATA", "")) / "mnist"
    if not os.environ.get("CNNVIZ_DATA") or not folder.is_dir():
        pytest.skip("the real MNIST is not here; set CNNVIZ_DATA to the folder that holds mnist/")
    return folder


def test_the_real_training_images_are_the_published_ones(real_folder: Path) -> None:
    path = next(real_folder.glob("train-images?idx3-ubyte*"))
    packed = path.read_bytes()
    content = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert md5 == "6bbc9ace898e44ae57da46a324031adb"
    assert read_idx(path).tobytes() == content[16:]


def test_the_real_mnist_loads(real_folder: Path) -> None:
    data = load_mnist()
    assert data.input_shape == (1, 28, 28)
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
    assert data.train.labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert data.test.labels[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]
    assert np.bincount(data.train.labels).min() == 5421
    assert data.train.pixels.mean() == pytest.approx(33.318421, abs=1e-5)
    assert mnist_is_available()
