"""CSV files in every usual form; a damaged line costs only itself."""

import os
from pathlib import Path

import numpy as np
import pytest

from cnnviz.core.datasets import Options, ReadingCancelled, csv_table, load_dataset, read_dataset
from cnnviz.core.errors import DataError

rng = np.random.default_rng(0)
PIXELS = rng.integers(0, 256, (12, 9))
PIXELS[:, 0] = 255
LABELS = np.arange(12) % 3
ROWS = [[str(label), *map(str, pixels)] for label, pixels in zip(LABELS, PIXELS, strict=True)]
HEADER = ["label", *(f"pixel{n}" for n in range(9))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.csv"


def write(path: Path, rows: list[list[str]], mark: str = ",", end: str = "\n") -> Path:
    path.write_bytes("".join(mark.join(row) + end for row in rows).encode())
    return path


def all_pixels(path: Path) -> list[bytes]:
    data = load_dataset(path)
    return sorted(image.tobytes() for split in (data.train, data.test) for image in split.pixels)


EXPECTED = sorted(row.astype(np.uint8).tobytes() for row in PIXELS)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("header", [[], [HEADER]])
def test_lines_in_any_usual_form(path: Path, header, mark: str, end: str) -> None:
    _, report = read_dataset(write(path, header + ROWS, mark, end))
    assert report.shape == (1, 3, 3)
    assert report.class_names == ("0", "1", "2")
    assert (report.train, report.test, report.left_out) == ((3, 3, 3), (1, 1, 1), ())
    assert all_pixels(path) == EXPECTED


def test_the_label_may_be_the_last_column_if_it_is_called_so(path: Path) -> None:
    rows = [[*row[1:], row[0]] for row in ROWS]
    write(path, [[*HEADER[1:], "class"], *rows])
    assert all_pixels(path) == EXPECTED
    assert load_dataset(path).class_names == ("0", "1", "2")


def test_a_header_of_numbers_is_one_if_it_names_the_label(path: Path) -> None:
    write(path, [["label", *map(str, range(9))], *ROWS])
    assert all_pixels(path) == EXPECTED


def test_quotes_blank_lines_and_a_byte_order_mark_do_not_matter(path: Path) -> None:
    quoted = [[f'"{field}"' for field in row] for row in ROWS]
    write(path, [*quoted[:5], [""], *quoted[5:], [""]])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert all_pixels(path) == EXPECTED
    assert read_dataset(path)[1].left_out == ()


def test_labels_may_be_words(path: Path) -> None:
    write(path, [[f"kind {row[0]}", *row[1:]] for row in ROWS])
    assert load_dataset(path).class_names == ("kind 0", "kind 1", "kind 2")


def test_floats_from_0_to_1_are_stretched(path: Path) -> None:
    write(path, [[row[0], *(f"{int(x) / 255:.6f}" for x in row[1:])] for row in ROWS])
    assert all_pixels(path) == EXPECTED


def test_three_planes_are_colour(path: Path) -> None:
    planes = rng.integers(0, 256, (6, 3 * 4))
    rows = [[str(n % 2), *map(str, row)] for n, row in enumerate(planes)]
    data = load_dataset(write(path, rows))
    assert data.input_shape == (3, 2, 2)


def test_options_hold(path: Path) -> None:
    data, report = read_dataset(write(path, ROWS), Options(size=(6, 6), colour="rgb", test=0.5))
    assert (data.input_shape, report.test) == ((3, 6, 6), (2, 2, 2))
    assert load_dataset(data.name).fingerprint == data.fingerprint


BROKEN = {
    "0,1,2": "it has 3 columns instead of 10",
    "0,1,2,3,4,5,6,7,8,9,10": "it has 11 columns instead of 10",
    "0,1,2,3,4,x,6,7,8,9": "“x” is no number",
    "0,1,2,3,4,,6,7,8,9": "a pixel is missing",
    "0,1,2,3,4,nan,6,7,8,9": "it has values that are not finite numbers",
    "0,1,2,3,4,1e300,6,7,8,9": "it has values that are not finite numbers",
    "0,1,2,3,4,300,6,7,8,9": "its value 300 is above 255, which is white",
    "0,1,2,3,4,-5,6,7,8,9": "its value -5 is below 0, which is black",
    "-1,1,2,3,4,5,6,7,8,9": "its label -1 is below zero",
    "0.5,1,2,3,4,5,6,7,8,9": "its label 0.5 is no whole number",
    "nan,1,2,3,4,5,6,7,8,9": "its label nan is no whole number",
    ",1,2,3,4,5,6,7,8,9": "it has no label",
    "a" + "9" * 5000 + ",1,2,3,4,5,6,7,8,9": "its label is longer than 200 characters",
    '0,"1,2,3,4,5,6,7,8,9': "it is damaged: its fields cannot be told apart",
    "\0\0\0": "it has 1 columns instead of 10",
    "\udcff\udcfe": "it has 1 columns instead of 10",
}


@pytest.mark.parametrize("line", BROKEN)
def test_a_broken_line_is_left_out_alone(path: Path, line: str) -> None:
    write(path, ROWS)
    lines = path.read_bytes().splitlines()
    lines.insert(7, line.encode(errors="surrogateescape"))
    path.write_bytes(b"\n".join(lines))
    _, report = read_dataset(path)
    assert [*map(tuple, report.left_out)] == [("line 8", BROKEN[line])]
    assert report.images == 12


def test_all_broken_lines_at_once(path: Path) -> None:
    write(path, ROWS * 3)
    lines = path.read_bytes().splitlines()
    lines[5:5] = [line.encode(errors="surrogateescape") for line in BROKEN]
    path.write_bytes(b"\n".join(lines))
    _, report = read_dataset(path)
    assert sorted(item.reason for item in report.left_out) == sorted(BROKEN.values())
    assert report.images == 36


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("hello\n", "Most lines of .* have 1 columns"),
        ("1,2,3\n1,2,3\n", "have 3 columns; there must be one for the label"),
        (",".join(HEADER) + "\n", "has no line with an image"),
        (",".join(HEADER) + "\nx,1\n", "has no line with an image: line 2, it has 2 columns"),
    ],
)
def test_what_is_no_table_of_images_is_refused(path: Path, content: str, message: str) -> None:
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        load_dataset(path)


def test_a_line_without_end_takes_no_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "LONGEST_LINE", 100)
    path.write_bytes(b"1" * 1000)
    with pytest.raises(DataError, match="a line has more than 100 characters"):
        load_dataset(path)


def test_more_than_fits_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "MOST_BYTES", 50)
    with pytest.raises(DataError, match="more than 0 MB of pixels, up to line 6"):
        load_dataset(write(path, ROWS))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(DataError, match="There is no data set"):
        load_dataset(path)


def test_a_file_that_may_not_be_read_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    write(path, ROWS)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"may not be read\. Check its permissions"):
        load_dataset(path)


def test_reading_can_be_cancelled(path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    write(path, ROWS * 20)
    with pytest.raises(ReadingCancelled):
        read_dataset(
            path, progress=lambda *news: told.append(news), cancelled=lambda: len(told) > 1
        )
    assert 0 < told[0][1] < told[1][1] < told[1][2]
