"""What a Split and a Dataset promise, and every way in which they refuse what does not fit."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core import datasets
from cnnviz.core.datasets import Dataset, Split, best_available, load_dataset
from cnnviz.core.errors import DataError


def split(count: int = 5, shape: tuple[int, int, int] = (1, 3, 4), classes: int = 3) -> Split:
    pixels = np.arange(count * int(np.prod(shape)), dtype=np.uint8).reshape(count, *shape)
    return Split(pixels, np.arange(count, dtype=np.int64) % classes)


def dataset(train: Split, test: Split, classes: int = 3) -> Dataset:
    names = tuple("abcdefgh"[:classes])
    return Dataset("toy", "Toy", train, test, names, "Made up.")


def test_a_split_knows_its_length_and_its_images() -> None:
    some = split()
    assert len(some) == 5
    assert some.images.shape == (5, 1, 3, 4)
    assert some.images.dtype == np.float32
    assert some.images is not some.images


def test_images_are_pixels_over_255_from_0_to_1() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    images = Split(pixels, np.zeros(1, np.int64)).images
    assert images.min() == 0.0
    assert images.max() == 1.0
    assert np.array_equal(images, pixels * np.float32(1 / 255))


@given(st.lists(st.integers(0, 4), max_size=9))
def test_a_batch_is_the_chosen_images_and_labels(chosen: list[int]) -> None:
    some = split()
    images, labels = some.batch(np.array(chosen, np.int64))
    assert images.dtype == np.float32
    assert images.transpose(2, 1, 3, 0).flags.c_contiguous  # the engine's memory order
    assert labels.dtype == np.int64
    assert np.array_equal(images, some.images[chosen])
    assert np.array_equal(labels, some.labels[chosen])


def test_a_batch_is_the_callers_own() -> None:
    some = split()
    images, labels = some.batch(np.array([0]))
    images[:] = 7
    labels[:] = 7
    assert some.labels[0] == 0
    assert some.images.max() <= 1


def test_a_batch_beyond_the_end_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        split().batch(np.array([5]))


def test_nothing_can_be_written_through_a_split() -> None:
    some = split()
    with pytest.raises(ValueError, match="read-only"):
        some.pixels[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        some.labels[0] = 1
    with pytest.raises(AttributeError):
        some.labels = np.zeros(5, np.int64)  # type: ignore[misc]


def test_the_callers_own_arrays_stay_writable() -> None:
    pixels = np.zeros((2, 1, 3, 3), np.uint8)
    labels = np.zeros(2, np.int64)
    Split(pixels, labels)
    assert pixels.flags.writeable
    assert labels.flags.writeable


def test_pixels_are_made_contiguous() -> None:
    pixels = np.moveaxis(np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1), -1, 1)
    some = Split(pixels, np.zeros(2, np.int64))
    assert some.pixels.flags.c_contiguous
    assert np.array_equal(some.pixels, pixels)


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (np.zeros((2, 1, 3, 3), np.float32), np.zeros(2, np.int64), "pixels must be uint8"),
        (np.zeros((2, 3, 3), np.uint8), np.zeros(2, np.int64), r"not uint8 with shape \(2, 3, 3\)"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.zeros(2, np.int32), "labels must be int64"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.zeros((2, 1), np.int64), "labels must be int64"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.zeros(3, np.int64), "2 images but 3 labels"),
        (np.zeros((0, 1, 3, 3), np.uint8), np.zeros(0, np.int64), "pixels are empty"),
        (np.zeros((2, 1, 0, 3), np.uint8), np.zeros(2, np.int64), "pixels are empty"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.zeros(0, np.int64), "labels are empty"),
    ],
)
def test_a_split_refuses_what_does_not_fit(
    pixels: np.ndarray, labels: np.ndarray, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        Split(pixels, labels)


def test_a_dataset_knows_the_shape_of_its_images() -> None:
    assert dataset(split(shape=(2, 3, 4)), split(shape=(2, 3, 4))).input_shape == (2, 3, 4)


def test_other_data_have_another_fingerprint() -> None:
    one = dataset(split(), split(3))
    assert one.fingerprint == dataset(split(), split(3)).fingerprint
    assert len(one.fingerprint) == 64
    pixels = split().pixels.copy()
    pixels[4, 0, 2, 3] ^= 1
    others = [
        dataset(split(), split(3), classes=4),
        dataset(split(6), split(3)),
        dataset(split(3), split()),
        dataset(split(shape=(1, 4, 3)), split(3, shape=(1, 4, 3))),
        dataset(split(classes=2), split(3)),
        dataset(Split(pixels, split().labels), split(3)),
    ]
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 7


def test_a_dataset_refuses_splits_of_different_shapes() -> None:
    with pytest.raises(DataError, match=r"\(1, 3, 4\) but the test images \(1, 4, 4\)"):
        dataset(split(), split(shape=(1, 4, 4)))


@pytest.mark.parametrize("label", [-1, 3])
def test_a_dataset_refuses_labels_without_a_class(label: int) -> None:
    bad = Split(np.zeros((1, 1, 3, 4), np.uint8), np.array([label], np.int64))
    with pytest.raises(DataError, match=f"training labels contain {label}, .* only 0 to 2"):
        dataset(bad, split())
    with pytest.raises(DataError, match=f"test labels contain {label}"):
        dataset(split(), bad)


def test_an_unknown_name_is_refused_with_what_there_is() -> None:
    with pytest.raises(DataError, match="“mnits”; there are digits, mnist, fashion-mnist, and "):
        load_dataset("mnits")


@pytest.mark.parametrize("name", ["", "\0", "long" * 1000])
def test_a_name_that_cannot_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="There is no data set"):
        load_dataset(name)


def test_a_file_is_not_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "photo.png").touch()
    with pytest.raises(DataError, match="There is no data set"):
        load_dataset(tmp_path / "photo.png")


def test_a_name_wins_over_a_folder_but_a_path_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_dataset("digits").title == "UCI digits"
    with pytest.raises(DataError, match="lacks"):
        load_dataset("./digits")
    with pytest.raises(DataError, match="lacks"):
        load_dataset(Path("digits"))


@pytest.mark.parametrize(("available", "best"), [(True, "mnist"), (False, "digits")])
def test_mnist_is_best_if_it_is_there(
    available: bool, best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "mnist_is_available", lambda: available)
    assert best_available() == best
