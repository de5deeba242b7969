"""MNIST-in-CSV and its kin: a line for each image, its label first, then its pixels, row by row.

Lines are read one by one, so that a damaged one costs only itself.
"""

import csv
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets.dataset import Dataset
from cnnviz.core.datasets.idx import MOST_BYTES
from cnnviz.core.datasets.npz import square
from cnnviz.core.datasets.options import Options
from cnnviz.core.datasets.report import LeftOut, Report, check, printable
from cnnviz.core.datasets.tables import Table, Watch, dataset_of, label_text
from cnnviz.core.errors import DataError

KIND = "a CSV file"
LABEL_NAMES = ("label", "labels", "class", "target", "y", "digit")
LONGEST_LINE = 2**22
"""Characters; 512×512 pixels in colour."""
STAGE = "Reading lines"


class _Form(NamedTuple):
    """How lines are to be understood."""

    delimiter: str
    columns: int
    label: int
    """The column of the label."""
    has_header: bool


def read_csv(path: Path, options: Options, watch: Watch) -> tuple[Dataset, Report]:
    """The data set in a .csv file, with or without a header, and its report.

    The label is the column called so ("label", "class", …), or the first; the others are the pixels
    of a square image, in grey, or in red, green and blue planes. Fields stand between commas,
    semicolons or tabs. Raises DataError, naming the file, and ReadingCancelled.
    """
    try:
        form = _form(path)
        rows, labels, numbers = _read(path, form, watch)
    except PermissionError:
        raise DataError(f"{printable(path)} may not be read. Check its permissions.") from None
    except OSError as error:
        raise DataError(f"{printable(path)} cannot be read: {error.strerror}.") from None
    if not rows:
        first = f": {watch.left_out[0].where}, {watch.left_out[0].reason}" if watch.left_out else ""
        raise DataError(f"{printable(path)} has no line with an image{first}.")
    shape = square(form.columns - 1)
    assert shape  # or there would be no form
    pixels = np.stack(rows).reshape(len(rows), *shape)
    rows.clear()
    table = Table(pixels, labels, lambda n: _line(numbers[n]))
    return dataset_of(path, KIND, [table], (), options, watch)


def _line(number: int) -> str:
    return f"line {number}"


def _form(path: Path) -> _Form:
    """What the first lines say of all: how many columns most have, and if there is a header."""
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would have no end
        raise DataError(f"{printable(path)} is no regular file. Name a CSV file.")
    lines = [line for _, line in zip(range(50), _lines(path), strict=False) if line.strip()]
    if not lines:
        raise DataError(f"{printable(path)} is empty. Name a CSV file with a line for each image.")
    delimiter = max(",;\t", key=lambda mark: sum(line.count(mark) for line in lines))
    rows = [fields for line in lines if (fields := _fields(line, delimiter))]
    widths = [len(fields) for fields in rows]
    columns = max(set(widths), key=lambda width: (widths.count(width), width))
    if columns < 2 or not square(columns - 1):
        raise DataError(
            f"Most lines of {printable(path)} have {columns} columns; there must be one for the "
            "label and as many more as a square image has pixels, such as 1 + 784 for 28×28."
        )
    first = [field.strip().lower() for field in rows[0]]
    named = next((n for n, field in enumerate(first) if field in LABEL_NAMES), None)
    has_header = named is not None or not any(map(_is_number, first[1:]))
    return _Form(delimiter, columns, named or 0, has_header)


def _read(
    path: Path, form: _Form, watch: Watch
) -> tuple[list[NDArray[Any]], list[str | None], list[int]]:
    """Pixels and labels of each good line, and its number; the others are taken down."""
    rows: list[NDArray[Any]] = []
    labels: list[str | None] = []
    numbers: list[int] = []
    size, done, held = path.stat().st_size, 0, 0
    header_due = form.has_header
    for number, line in enumerate(_lines(path), start=1):
        done += len(line)
        if number % 64 == 0:
            check(watch.cancelled)
            watch.progress(STAGE, min(done, size), size)
        if not line.strip():
            continue
        if header_due:
            header_due = False
            continue
        values = _values(line, form)
        if isinstance(values, str):
            watch.left_out.append(LeftOut(_line(number), values))
            continue
        label, pixels = values
        text = label_text(label, _line, number, watch)
        if text is None:
            continue
        held += pixels.nbytes
        if held > MOST_BYTES:
            raise DataError(
                f"{printable(path)} has more than {MOST_BYTES // 2**20} MB of pixels, up to "
                f"{_line(number)}. Name a smaller file, or save the images as .npz."
            )
        rows.append(pixels)
        labels.append(text)
        numbers.append(number)
    watch.progress(STAGE, size, size)
    return rows, labels, numbers


def _values(line: str, form: _Form) -> tuple[str, NDArray[Any]] | str:
    """The label and the pixels in a line; or why there are none."""
    fields = _fields(line, form.delimiter)
    if not fields:
        return "it is damaged: its fields cannot be told apart"
    if len(fields) != form.columns:
        return f"it has {len(fields)} columns instead of {form.columns}"
    label = fields.pop(form.label)
    try:
        return label, np.frombuffer(bytes(map(int, fields)), np.uint8)  # the usual, and quick
    except ValueError:
        pass
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is left out
            return label, np.array(fields, np.float64).astype(np.float32)
    except (ValueError, OverflowError):
        wrong = next(field for field in fields if not _is_number(field))
        return f"“{wrong[:20]}” is no number" if wrong.strip() else "a pixel is missing"


def _fields(line: str, delimiter: str) -> list[str]:
    """What stands between the delimiters; nothing if that cannot be told."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lines(path: Path) -> Iterator[str]:
    """All lines; raises DataError at one so long that this is no CSV file."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        while line := file.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE:
                raise DataError(
                    f"{printable(path)} is no CSV file of images: a line has more than "
                    f"{LONGEST_LINE} characters."
                )
            yield re.sub(r"[\r\n]+$", "", line) or "\n"
