"""Folders of images: what is read, what is left out and why, and that nothing else is lost."""

import os
import re
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from cnnviz.core.datasets import (
    Options,
    Report,
    folder_scan,
    load_dataset,
    pictures,
    read_dataset,
    shaping,
)
from cnnviz.core.errors import DataError

rng = np.random.default_rng(0)


def picture(path: Path, size: tuple[int, int] = (6, 5), mode: str = "L", **options: Any) -> Path:
    """A picture of noise, (width, height) as Pillow has it."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    shape = (size[1], size[0], channels) if channels > 1 else (size[1], size[0])
    image = Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8), mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of four pictures."""
    for name in ("cat", "dog"):
        for number in range(4):
            picture(tmp_path / "pets" / name / f"{number}.png")
    return tmp_path / "pets"


def reasons(report: Report) -> dict[str, str]:
    return {Path(item.where).name: item.reason for item in report.left_out}


def test_each_folder_is_a_class(folder: Path) -> None:
    data, report = read_dataset(folder)
    assert data.class_names == ("cat", "dog")
    assert data.input_shape == report.shape == (1, 5, 6)
    assert (report.train, report.test) == ((3, 3), (1, 1))
    assert report.left_out == ()
    assert (data.title, data.name) == ("pets", str(folder))
    assert "16.7 % of each class were drawn with seed 0" in report.notes[-1]


def test_pixels_and_labels_are_those_of_the_files(tmp_path: Path) -> None:
    for label in range(3):
        for number in range(4):
            path = tmp_path / str(label) / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(np.full((3, 2), 10 * label + number, np.uint8)).save(path)
    data = load_dataset(tmp_path)
    for split in (data.train, data.test):
        values = split.pixels[:, 0, 0, 0]
        assert (split.pixels == values[:, None, None, None]).all()
        assert (values // 10 == split.labels).all()
    everything = sorted([*data.train.pixels[:, 0, 0, 0], *data.test.pixels[:, 0, 0, 0]])
    assert everything == [10 * label + number for label in range(3) for number in range(4)]


def test_classes_are_in_natural_order(tmp_path: Path) -> None:
    for name in ("10", "9", "b", "A", "image 2", "image 10"):
        picture(tmp_path / name / "1.png")
        picture(tmp_path / name / "2.png")
    assert load_dataset(tmp_path).class_names == ("9", "10", "A", "b", "image 2", "image 10")


@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("Training", "val")])
def test_nested_train_and_test_folders_are_the_split(tmp_path: Path, train: str, test: str) -> None:
    for name in ("cat", "dog"):
        for number in range(3):
            picture(tmp_path / train / name / f"{number}.png")
        picture(tmp_path / test / name / "9.png")
    picture(tmp_path / test / "emu" / "9.png")
    (tmp_path / "notes.txt").write_text("x")
    data, report = read_dataset(tmp_path)
    assert data.class_names == ("cat", "dog", "emu")
    assert (report.train, report.test) == ((3, 3, 0), (1, 1, 1))
    assert "The folders say which images test." in report.notes
    assert "Class emu without an image to learn from." in report.notes
    assert "neither in the training nor the test folder" in reasons(report)["notes.txt"]


def test_test_wins_over_validation_which_is_named(tmp_path: Path) -> None:
    for part in ("train", "test", "val"):
        for name in ("cat", "dog"):
            picture(tmp_path / part / name / "1.png")
    _, report = read_dataset(tmp_path)
    assert report.images == 4
    assert list(reasons(report)) == ["val"]


def test_train_alone_is_refused_as_one_class(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "cat" / "1.png")
    with pytest.raises(DataError, match="one class only, “train”.*a folder for each class"):
        load_dataset(tmp_path)


def test_the_split_does_not_depend_on_the_order_of_the_file_system(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_dataset(folder).fingerprint
    scandir = os.scandir

    class Reversed:
        def __init__(self, path: str) -> None:
            with scandir(path) as entries:
                self.entries = list(entries)[::-1]

        def close(self) -> None:
            pass

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Reversed)
    assert load_dataset(folder).fingerprint == before
    assert read_dataset(folder, Options(seed=1))[0].fingerprint != before


def test_options_are_part_of_the_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(size=(9, 7), colour="rgb", test=0.5, seed=3)
    data, report = read_dataset(folder, options)
    assert data.input_shape == (3, 9, 7)
    assert report.test == (2, 2)
    monkeypatch.chdir(folder.parent)
    again = load_dataset(data.name)
    assert (again.name, again.fingerprint) == (data.name, data.fingerprint)
    assert load_dataset("pets?size=9x7&colour=rgb&test=0.5&seed=3").name == data.name


def test_the_most_common_size_is_that_of_all(folder: Path) -> None:
    picture(folder / "cat" / "large.png", (20, 30))
    data, report = read_dataset(folder)
    assert data.input_shape == (1, 5, 6)
    assert "1 image resized to 5×6 (height × width), from 30×20 (1)." in report.notes


def test_large_images_become_at_most_64_pixels_a_side(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for number in range(2):
            picture(tmp_path / name / f"{number}.jpg", (320, 160), "RGB")
    data, report = read_dataset(tmp_path)
    assert data.input_shape == (3, 32, 64)
    assert "4 images resized to 32×64 (height × width), from 160×320 (4)." in report.notes


def test_most_images_decide_on_colour(folder: Path) -> None:
    picture(folder / "cat" / "colour.png", mode="RGB")
    data, report = read_dataset(folder)
    assert data.input_shape[0] == 1
    assert "1 image in colour, made grey." in report.notes
    data, report = read_dataset(folder, Options(colour="rgb"))
    assert data.input_shape[0] == 3
    assert "8 images grey, made three channels alike." in report.notes


def test_grey_images_stored_in_colour_need_one_channel(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for number in range(2):
            path = picture(tmp_path / name / f"{number}.png")
            Image.open(path).convert("RGB").save(path)
    data, report = read_dataset(tmp_path)
    assert data.input_shape[0] == 1
    assert "Stored in colour, but all are grey: one channel is enough." in report.notes


# Unusual, but images: none may be lost.


def _animated(path: Path) -> None:
    frames = [Image.new("L", (6, 5), value) for value in (10, 200)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def _palette(path: Path) -> None:
    Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)).quantize(8).save(path, "PNG")


def _sixteen_bits(path: Path) -> None:
    Image.fromarray(np.full((5, 6), 0x8000, np.uint16)).save(path, "PNG")


def _see_through(path: Path) -> None:
    Image.new("RGBA", (6, 5), (0, 0, 0, 0)).save(path, "PNG")


def _turned(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.repeat(np.array([[0, 250]], np.uint8), 30, 1).reshape(6, 10)[:, :5]).save(
        path, "JPEG", exif=exif
    )


def _bad_exif(path: Path) -> None:
    picture(path, exif=b"Exif\0\0II*\0\xff\xff\xff\xff", format="JPEG")


UNUSUAL: dict[str, Callable[[Path], object]] = {
    "animated.gif": _animated,
    "palette.png": _palette,
    "16-bit.png": _sixteen_bits,
    "see-through.png": _see_through,
    "turned.jpg": _turned,
    "bad-exif.jpg": _bad_exif,
    "cmyk.jpg": lambda path: picture(path, mode="CMYK"),
    "grey-alpha.png": lambda path: picture(path, mode="LA"),
    "one-bit.png": lambda path: Image.new("1", (6, 5), 1).save(path),
    "really-a-png.jpg": lambda path: picture(path, format="PNG"),
    "without-extension": lambda path: picture(path, format="PNG"),
    "LOUD.BMP": lambda path: picture(path),
    "page.tiff": lambda path: picture(path, compression="tiff_lzw"),
    "web.webp": lambda path: picture(path, mode="RGB", lossless=True),
    "net.ppm": lambda path: picture(path, mode="RGB"),
    "16-bit.pgm": lambda path: path.write_bytes(b"P5 6 5 65535\n" + b"\x80\0" * 30),
    "link.png": lambda path: path.symlink_to("0.png"),
    "below/and-below/deep.png": lambda path: picture(path),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_images_are_read(folder: Path, name: str) -> None:
    UNUSUAL[name](folder / "cat" / name)
    _, report = read_dataset(folder)
    assert report.left_out == ()
    assert report.images == 9


def _moved(folder: Path, odd: Path) -> Path:
    """Two of the classes in a folder of the odd one's name."""
    inner = folder.parent / odd.name
    inner.mkdir()
    for name in ("cat", "dog"):
        (folder / name).rename(inner / name)
    return inner


def test_a_name_that_is_no_text_is_read(folder: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux lets a name be no text")
    (folder / "0.png").write_bytes(b"")
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe"))
    odd.mkdir()
    for number in range(3):
        os.link(folder / "cat" / "0.png", odd / os.fsdecode(b"\xe9%d.png" % number))
    data, report = read_dataset(folder)
    assert report.images == 11
    assert data.class_names == ("cat", "dog", "\ufffd\ufffd")
    str(report).encode()  # it can be printed
    assert data.title.encode()
    inside, report = read_dataset(_moved(folder, odd))
    assert inside.name.encode()  # and a run on it saved
    assert load_dataset(inside.name).fingerprint == inside.fingerprint


def pixels_of(tmp_path: Path, name: str, channels: int = 1) -> np.ndarray:
    UNUSUAL[name](tmp_path / name)
    return pictures.read(str(tmp_path / name), (5, 6), channels)[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("animated.gif", 10),  # the first of its frames
        ("16-bit.png", 128),
        ("16-bit.pgm", 128),
        ("see-through.png", 255),  # onto white
        ("one-bit.png", 255),
    ],
)
def test_values_of_unusual_images(tmp_path: Path, name: str, value: int) -> None:
    assert (pixels_of(tmp_path, name) == value).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    """A quarter in each corner has another shade; Pillow's own turning is the judge."""
    values = np.kron(np.array([[10, 90], [160, 240]], np.uint8), np.ones((16, 24), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    Image.fromarray(values).save(path, exif=exif, quality=100)

    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    assert pictures.glance(str(path)).size == upright.shape
    pixels, changes = pictures.read(str(path), upright.shape, 1)
    assert np.array_equal(pixels[0], upright)
    assert (pictures.UPRIGHT in changes) == (orientation > 1)


def test_a_palette_of_greys_is_grey(tmp_path: Path) -> None:
    Image.fromarray(rng.integers(0, 256, (5, 6), dtype=np.uint8)).quantize(8).save(
        tmp_path / "grey.png"
    )
    _palette(tmp_path / "colour.png")
    assert pictures.glance(str(tmp_path / "grey.png")).is_grey
    assert not pictures.glance(str(tmp_path / "colour.png")).is_grey


# Broken: each is left out with the reason, and the eight good ones stay.


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def _png_of(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + body + _chunk(b"IEND", b"")


def _cut(path: Path, **options: Any) -> None:
    whole = picture(path, (60, 50), **options).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _bad_checksum(path: Path) -> None:
    content = bytearray(picture(path).read_bytes())
    content[29] ^= 0xFF  # the checksum of the header
    path.write_bytes(content)


def _bad_tiff(path: Path) -> None:
    """One whose LZW codes are damaged, of which libtiff would complain on the terminal."""
    content = bytearray(picture(path, (60, 50), compression="tiff_lzw").read_bytes())
    content[8:200] = b"\xff" * 192
    path.write_bytes(content)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.png", b"x")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty.png": (lambda path: path.touch(), "it is empty"),
    "cut.png": (_cut, "damaged: .*truncated"),
    "cut.jpg": (_cut, "damaged: .*truncated"),
    "cut.gif": (_cut, "damaged: "),
    "cut.bmp": (_cut, "damaged: .*truncated"),
    "cut.tif": (lambda path: _cut(path, compression="tiff_lzw"), "no picture|damaged"),
    "codes.tif": (_bad_tiff, "damaged: "),
    "cut.webp": (lambda path: _cut(path, mode="RGB"), "no picture|damaged"),
    "cut.ppm": (lambda path: _cut(path, mode="RGB"), "damaged: .*truncated"),
    "text.png": (lambda path: path.write_text("hello"), "it is no picture, .* whatever .png says"),
    "page.jpg": (lambda path: path.write_text("<html>404"), "it is no picture, .* .jpg says"),
    "zip.jpg": (_zip, "it is no picture"),
    "notes.txt": (lambda path: path.write_text("x"), "no picture of a kind that cnnviz reads"),
    "program.eps": (
        lambda path: path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 5\n"),
        "no picture of a kind",
    ),
    "head.png": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "no picture|damaged"),
    "checksum.png": (_bad_checksum, "no picture|damaged"),
    "bomb.png": (lambda path: path.write_bytes(_png_of(30_000, 30_000)), "more than 67 million"),
    "wide.png": (lambda path: path.write_bytes(_png_of(2**31 - 1, 1)), "more than 67 million"),
    "large.png": (lambda path: path.write_bytes(_png_of(9000, 9000)), "more than 67 million"),
    "flat.png": (lambda path: path.write_bytes(_png_of(0, 5)), "no picture|no pixels|damaged"),
    "float.tif": (
        lambda path: Image.fromarray(np.zeros((5, 6), np.float32)).save(path),
        "its values are floats",
    ),
    "int.tif": (
        lambda path: Image.fromarray(np.full((5, 6), 10**6, np.int32)).save(path),
        "beyond 16 bits",
    ),
    "nowhere.png": (lambda path: path.symlink_to("gone.png"), "a link that leads nowhere"),
    "itself.png": (lambda path: path.symlink_to(path.name), "a link that leads to itself"),
    "above": (lambda path: path.symlink_to(path.parent.parent), "no such thing"),
    "pipe.png": (os.mkfifo if hasattr(os, "mkfifo") else Path.touch, "a device or a pipe|empty"),
    ".hidden.png": (picture, "it is hidden"),
    "Thumbs.db": (lambda path: path.write_bytes(b"x"), "left there by the system"),
}


def break_one(folder: Path, name: str) -> None:
    BROKEN[name][0](folder / "cat" / name)


@pytest.mark.parametrize("name", [name for name in BROKEN if name != "above"])
def test_a_broken_file_is_left_out_with_the_reason(
    folder: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    break_one(folder, name)
    _, report = read_dataset(folder)
    assert list(reasons(report)) == [name]
    assert capfd.readouterr() == ("", "")
    assert re.search(BROKEN[name][1], report.left_out[0].reason)
    assert (report.train, report.test) == ((3, 3), (1, 1))


def test_links_that_lead_back_are_followed_once(folder: Path) -> None:
    (folder / "cat" / "above").symlink_to(folder)
    (folder / "cat" / "me").symlink_to(folder / "cat")
    _, report = read_dataset(folder)
    assert report.images == 8
    assert set(reasons(report)) == {"above", "me"}
    assert all("link back to a folder that it is in" in why for why in reasons(report).values())


def test_all_broken_and_unusual_files_at_once(
    folder: Path, recwarn: pytest.WarningsRecorder, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in BROKEN:
        break_one(folder, name)
    for name, make in UNUSUAL.items():
        make(folder / "dog" / name)
    (folder / "empty class").mkdir()
    (folder / "stray.png").write_bytes((folder / "cat" / "0.png").read_bytes())
    before = load_dataset(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        data, report = read_dataset(folder)
    assert set(reasons(report)) == {*BROKEN, "empty class", "stray.png"}
    assert sum(report.train) + sum(report.test) == 8 + len(UNUSUAL)
    assert data.class_names == ("cat", "dog")
    assert data.fingerprint == before.fingerprint
    assert [str(warning.message) for warning in recwarn] == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_what_may_not_be_read_is_left_out(folder: Path) -> None:
    (folder / "cat" / "0.png").chmod(0)
    (folder / "secret").mkdir(0)
    _, report = read_dataset(folder)
    assert reasons(report)["0.png"] == "it may not be read: permission denied"
    assert "permission denied" in " ".join(reasons(report).values())
    assert report.images == 7


def test_what_may_not_be_read_is_left_out_for_root_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, opener, scandir = folder / "cat" / "0.png", Path.open, os.scandir
    (folder / "secret").mkdir()

    def refuse(path: Path, *more: Any, **rest: Any) -> Any:
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return opener(path, *more, **rest)

    def refuse_folder(path: str | Path) -> object:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(os, "scandir", refuse_folder)
    _, report = read_dataset(folder)
    assert reasons(report)["0.png"] == "it may not be read: permission denied"
    assert "the folder cannot be opened: permission denied" in str(report.left_out)
    assert report.images == 7


def test_a_folder_that_may_not_be_opened_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"pets cannot be opened: permission denied\. Check"):
        load_dataset(folder)


def test_a_folder_without_images_is_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no class folders, and lacks train-images"):
        load_dataset(tmp_path)
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "0.png").touch()
    with pytest.raises(DataError, match=r"has no image in its 1 class folders .*it is empty"):
        load_dataset(tmp_path)


def test_one_image_a_class_leaves_none_to_test_on(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png")
    picture(tmp_path / "b" / "1.png")
    with pytest.raises(DataError, match="only one image of each class"):
        load_dataset(tmp_path)
    picture(tmp_path / "b" / "2.png")
    _, report = read_dataset(tmp_path)
    assert (report.train, report.test) == ((1, 1), (0, 1))
    assert "Class a without an image to test on." in report.notes


def test_the_whole_disk_is_refused_at_once() -> None:
    with pytest.raises(DataError, match="is the whole disk, and lacks train-images"):
        load_dataset(Path(Path.cwd().anchor))


def test_too_many_files_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_scan, "MOST_FILES", 7)
    with pytest.raises(DataError, match="more than 7 files"):
        load_dataset(folder)


def test_more_than_fits_is_refused_before_it_is_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaping, "MOST_BYTES", 8 * 5 * 6 - 1)
    with pytest.raises(DataError, match="8 images of 1×5×6 would take .* Choose a smaller size"):
        load_dataset(folder)
