"""Archives of arrays in every usual spelling; what is wrong is said, and costs only itself."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from cnnviz.core.datasets import Options, ReadingCancelled, load_dataset, npz, read_dataset
from cnnviz.core.errors import DataError

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (24, 5, 5), dtype=np.uint8)
IMAGES[:, 0, 0], IMAGES[:, 0, 1] = 0, 255
LABELS = np.arange(24) % 3


def keras(path: Path, **changes: Any) -> Path:
    arrays: dict[str, Any] = {
        "x_train": IMAGES,
        "y_train": LABELS,
        "x_test": IMAGES[:6],
        "y_test": LABELS[:6],
    }
    arrays |= changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.npz"


def test_an_archive_as_keras_has_it(path: Path) -> None:
    data, report = read_dataset(keras(path))
    assert np.array_equal(data.train.pixels[:, 0], IMAGES)
    assert np.array_equal(data.test.labels, LABELS[:6])
    assert data.class_names == ("0", "1", "2")
    assert (report.train, report.test, report.left_out) == ((8, 8, 8), (2, 2, 2), ())
    assert (data.name, data.title) == (str(path), "some")
    assert load_dataset(data.name).fingerprint == data.fingerprint


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("trainX", "trainY", "testX", "testY"),
        ("training-data", "training-targets", "val-data", "val-targets"),
        ("train_pixels", "train_labels", "test_pixels", "test_labels"),
    ],
)
def test_arrays_may_be_called_as_is_usual(path: Path, names: tuple[str, ...]) -> None:
    arrays = (IMAGES, LABELS, IMAGES[:6], LABELS[:6])
    named: dict[str, Any] = dict(zip(names, arrays, strict=True))
    np.savez_compressed(path, **named)
    data = load_dataset(path)
    assert np.array_equal(data.train.pixels[:, 0], IMAGES)
    assert np.array_equal(data.test.pixels[:, 0], IMAGES[:6])


@pytest.mark.parametrize("names", [("images", "labels"), ("X", "y"), ("data", "target"), ()])
def test_one_pair_is_divided_by_the_seed(path: Path, names: tuple[str, ...]) -> None:
    if names:
        named: dict[str, Any] = dict(zip(names, (IMAGES, LABELS), strict=True))
        np.savez(path, **named)
    else:
        np.savez(path, IMAGES, LABELS)
    data, report = read_dataset(path, Options(test=0.25, seed=1))
    assert (report.train, report.test) == ((6, 6, 6), (2, 2, 2))
    assert "25 % of each class were drawn with seed 1" in report.notes[-1]
    together = np.concatenate([data.train.pixels, data.test.pixels])[:, 0]
    assert sorted(map(bytes, together)) == sorted(map(bytes, IMAGES))


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (IMAGES[..., None], (1, 5, 5)),
        (IMAGES[:, None], (1, 5, 5)),
        (IMAGES.reshape(24, 25), (1, 5, 5)),
        (rng.integers(0, 256, (24, 4, 5, 3), dtype=np.uint8), (3, 4, 5)),
        (rng.integers(0, 256, (24, 3, 4, 5), dtype=np.uint8), (3, 4, 5)),
        (rng.integers(0, 256, (24, 48), dtype=np.uint8), (3, 4, 4)),
        (np.zeros((24, 100, 50), np.uint8), (1, 64, 32)),
    ],
)
def test_axes_in_any_usual_order(
    path: Path, images: np.ndarray, shape: tuple[int, int, int]
) -> None:
    np.savez(path, images=images, labels=LABELS)
    assert load_dataset(path).input_shape == shape


def test_the_last_axis_is_colour_as_keras_has_it(path: Path) -> None:
    images = rng.integers(0, 256, (24, 4, 5, 3), dtype=np.uint8)
    keras(path, x_train=images, x_test=images[:6])
    assert np.array_equal(load_dataset(path).train.pixels, images.transpose(0, 3, 1, 2))


def test_colour_becomes_grey_as_pillow_does_it(path: Path) -> None:
    from PIL import Image

    images = rng.integers(0, 256, (24, 4, 5, 3), dtype=np.uint8)
    keras(path, x_train=images, x_test=images[:6])
    data = read_dataset(path, Options(colour="grey"))[0]
    expected = [np.asarray(Image.fromarray(image).convert("L")) for image in images]
    assert np.array_equal(data.train.pixels[:, 0], expected)


@pytest.mark.parametrize(
    ("make", "note"),
    [
        (lambda x: x.astype(np.float64), None),
        (lambda x: x.astype(np.int32), None),
        (lambda x: x / np.float32(255), "Values from 0 to 1 "),
        (lambda x: x / np.float64(127.5) - 1, "Values from -1 to 1 "),
        (lambda x: x.astype(np.uint16) * 257, "Values from 0 to 65535 "),
    ],
)
def test_values_of_any_usual_range_become_bytes(path: Path, make, note: str | None) -> None:
    data, report = read_dataset(keras(path, x_train=make(IMAGES), x_test=make(IMAGES[:6])))
    assert np.array_equal(data.train.pixels[:, 0], IMAGES)
    assert [line for line in report.notes if "Values" in line] == (
        [f"{note}were brought to 0 to 255."] if note else []
    )


def test_bits_and_the_uci_digits_are_stretched(path: Path) -> None:
    bits = IMAGES > 100
    data = load_dataset(keras(path, x_train=bits, x_test=bits[:6]))
    assert np.array_equal(data.train.pixels[:, 0], bits * 255)
    digits = (IMAGES // 16 + 1).astype(np.float64)
    data = load_dataset(keras(path, x_train=digits, x_test=digits[:6]))
    assert np.array_equal(data.train.pixels[:, 0], np.rint(digits * 255 / 16))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (LABELS[:, None], ("0", "1", "2")),
        (np.eye(3)[LABELS], ("0", "1", "2")),
        (LABELS.astype(np.float32), ("0", "1", "2")),
        (LABELS == 1, ("0", "1")),
        (LABELS * 5 + 5, ("5", "10", "15")),
        (np.array(["cat", "dog", "emu"])[LABELS], ("cat", "dog", "emu")),
        (np.array([b"cat", b"dog", b"emu"])[LABELS], ("cat", "dog", "emu")),
    ],
)
def test_labels_of_any_usual_kind(path: Path, labels: np.ndarray, names: tuple[str, ...]) -> None:
    np.savez(path, images=IMAGES, labels=labels)
    assert load_dataset(path).class_names == names


def test_class_names_in_the_file_are_used(path: Path) -> None:
    names = np.array(["cat", "dog", "emu"])
    data, report = read_dataset(keras(path, class_names=names))
    assert data.class_names == ("cat", "dog", "emu")
    assert report.left_out == ()
    y = LABELS.copy()
    y[4] = 7
    data, report = read_dataset(keras(path, class_names=names, y_train=y))
    assert [*map(tuple, report.left_out)] == [
        ("x_train[4]", "its label 7 is none of the 3 classes, 0 to 2")
    ]
    assert report.images == 29


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.nan, "it has values that are not finite numbers"),
        (np.inf, "it has values that are not finite numbers"),
        (-3.0, "its value -3 is below 0, which is black"),
        (300.0, "its value 300 is above 255, which is white"),
    ],
)
def test_an_image_with_impossible_values_is_left_out_alone(
    path: Path, value: float, reason: str
) -> None:
    images = IMAGES.astype(np.float32)
    images[7, 2, 2] = value
    data, report = read_dataset(keras(path, x_train=images))
    assert [*map(tuple, report.left_out)] == [("x_train[7]", reason)]
    assert np.array_equal(data.train.pixels[:, 0], np.delete(IMAGES, 7, 0))
    assert np.array_equal(data.train.labels, np.delete(LABELS, 7))


@pytest.mark.parametrize(
    ("label", "reason"),
    [(-1.0, "its label -1.0 is below zero"), (0.5, "its label 0.5 is no whole number")],
)
def test_an_image_with_an_impossible_label_is_left_out_alone(
    path: Path, label: float, reason: str
) -> None:
    labels = LABELS.astype(np.float64)
    labels[3] = label
    _, report = read_dataset(keras(path, y_train=labels))
    assert [*map(tuple, report.left_out)] == [("x_train[3]", reason)]
    assert report.images == 29


def test_other_arrays_are_named(path: Path) -> None:
    _, report = read_dataset(keras(path, val_images=IMAGES, val_labels=LABELS, seed=np.array(3)))
    assert {item.where for item in report.left_out} == {"val_images", "val_labels", "seed"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": LABELS[:5]}, "has 24 images in x_train, but labels of the shape"),
        ({"y_train": np.array(3)}, "labels of the shape"),
        ({"y_train": np.ones((24, 3))}, "are not one-hot"),
        ({"y_train": np.zeros((24, 2, 2))}, r"the shape \(24, 2, 2\); they must be whole numbers"),
        ({"x_train": np.zeros((24, 7), np.uint8)}, r"shape \(24, 7\); images must be"),
        ({"x_train": np.zeros((24, 5, 5, 4), np.uint8)}, "images must be numbers"),
        ({"x_train": np.zeros((24, 5, 5, 1, 1), np.uint8)}, "images must be numbers"),
        ({"x_train": np.zeros((0, 5, 5), np.uint8), "y_train": LABELS[:0]}, "images must be"),
        ({"x_train": np.full((24, 5, 5), "a")}, "images must be numbers"),
        ({"x_train": IMAGES.astype(complex)}, "holds complex128; cnnviz reads"),
        ({"x_train": IMAGES.astype(object)}, r"holds Python objects \(a pickle\)"),
        ({"y_train": np.array([None] * 24)}, r"holds Python objects \(a pickle\)"),
        ({"x_train": np.full((24, 5, 5), np.nan)}, "pixels in .* unknown what is white|no image"),
        ({"x_train": np.full((24, 5, 5), 1e9), "x_test": np.full((6, 5, 5), 1e9)}, "go up to 1e"),
        ({"x_train": None, "x_test": None}, "has no images and labels that cnnviz can tell"),
    ],
)
def test_arrays_that_make_no_data_set_are_refused(path: Path, changes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(keras(path, **changes))
    assert caught.value.__cause__ is None


def test_too_many_labels_are_no_classes(path: Path) -> None:
    np.savez(path, x=np.zeros((1001, 1, 1), np.uint8), y=np.arange(1001))
    with pytest.raises(DataError, match="1001 different labels"):
        load_dataset(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no more", b"text", b"\x93NUMPY\x01\0" + b"\0" * 99]
)
def test_what_is_no_archive_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError, match="some.npz cannot be read as a NumPy archive"):
        load_dataset(path)


def test_a_damaged_archive_is_refused_wherever_it_is_cut_or_changed(path: Path) -> None:
    whole = keras(path).read_bytes()
    for at in range(0, len(whole), 97):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            path.write_bytes(damaged)
            with suppress(DataError):  # and nothing else
                load_dataset(path)


def test_a_header_that_claims_too_much_takes_no_memory(path: Path) -> None:
    header = io.BytesIO()
    claim = {"descr": "|u1", "fortran_order": False, "shape": (10**7, 10**6, 10**6)}
    npy.write_array_header_1_0(header, claim)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", header.getvalue() + b"\0" * 100)
        archive.writestr("y.npy", header.getvalue())
    with pytest.raises(DataError, match=f"x in .* claims {10**19} bytes"):
        load_dataset(path)


def test_a_file_that_may_not_be_read_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    keras(path)
    monkeypatch.setattr(zipfile, "ZipFile", refuse)
    with pytest.raises(DataError, match=r"may not be read\. Check its permissions"):
        load_dataset(path)


def test_reading_can_be_cancelled(path: Path) -> None:
    with pytest.raises(ReadingCancelled):
        read_dataset(keras(path), cancelled=lambda: True)


def test_square_numbers() -> None:
    assert npz.square(784) == (1, 28, 28)
    assert npz.square(3072) == (3, 32, 32)
    assert npz.square(785) is npz.square(0) is None
