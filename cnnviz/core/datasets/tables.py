"""Images and labels as arrays become a data set, whatever their range; for NPZ and CSV files."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets.dataset import Dataset, Shape, Split
from cnnviz.core.datasets.options import Options, full_name
from cnnviz.core.datasets.report import (
    Cancelled,
    LeftOut,
    Progress,
    Report,
    check,
    printable,
    report_on,
)
from cnnviz.core.datasets.shaping import (
    check_memory,
    common_size,
    fitted,
    is_grey,
    resize_note,
    split_note,
)
from cnnviz.core.datasets.splitting import natural, stratified
from cnnviz.core.errors import DataError

MOST_CLASSES = 1000
LONGEST_LABEL = 200
CHUNK = 1024
"""Images that are converted at once."""


@dataclass(frozen=True)
class Table:
    """Images with their labels, as they stand in a file.

    pixels  (N, C, H, W), numbers of any kind
    labels  N texts; None where a label cannot be used, and then that is reported already
    place   what a report calls image n
    """

    pixels: NDArray[Any]
    labels: Sequence[str | None]
    place: Callable[[int], str]


class Range(NamedTuple):
    """What stands for black and for white."""

    black: int
    white: int


class Watch(NamedTuple):
    """Who is told of the progress, who may give it up, and where what is left out is taken down."""

    progress: Progress
    cancelled: Cancelled
    left_out: list[LeftOut]


def dataset_of(
    path: Path,
    kind: str,
    tables: Sequence[Table],
    class_names: Sequence[str],
    options: Options,
    watch: Watch,
) -> tuple[Dataset, Report]:
    """The data set of one table, of which a part tests, or of two; and its report.

    Classes are the labels that occur, in natural order, unless there are `class_names`, which the
    labels number from 0 on. Raises DataError, ReadingCancelled.
    """
    names = tuple(class_names) or _names(path, tables)
    numbers = {
        text: n for n, text in enumerate(map(str, range(len(names))) if class_names else names)
    }
    span = _range(path, tables)
    parts = [_part(path, table, numbers, span, watch) for table in tables]
    notes = (
        []
        if span == (0, 255)
        else [f"Values from {span.black} to {span.white} were brought to 0 to 255."]
    )
    shape = _shape(parts, options, notes)
    splits = []
    for pixels, labels in parts:
        check_memory(len(pixels), shape)
        splits.append(Split(fitted(pixels, shape, watch.progress, watch.cancelled), labels))
    if len(splits) == 1:
        splits = _divided(splits[0], options)
        notes.append(split_note(options))
    else:
        notes.append("The file says which images test.")
    dataset = Dataset(
        name=full_name(path, options),
        title=printable(path.stem),
        train=splits[0],
        test=splits[1],
        class_names=names,
        source=f"From {kind}, {printable(path)}.",
    )
    return dataset, report_on(dataset, path, kind, watch.left_out, notes)


def label_texts(
    values: NDArray[Any], place: Callable[[int], str], watch: Watch
) -> list[str | None]:
    """Labels (N,), (N, 1) or one-hot (N, K), numbers or texts, as texts; None for what is none.

    Raises DataError if they are of another kind.
    """
    if values.ndim == 2 and values.shape[1] > 1 and values.dtype.kind in "buif":
        if not (np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all()):
            raise DataError(
                f"The labels have the shape {values.shape}, but are not one-hot: "
                "each row must be a single 1 and zeros. Give one label for each image."
            )
        values = values.argmax(axis=1)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or values.dtype.kind not in "buifUS":
        raise DataError(
            f"The labels are {values.dtype} with the shape {values.shape}; "
            "they must be whole numbers or texts, one for each image."
        )
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    plain = values.astype(np.int64) if values.dtype.kind == "b" else values
    return [label_text(value, place, n, watch) for n, value in enumerate(plain.tolist())]


def label_text(value: str | float, place: Callable[[int], str], n: int, watch: Watch) -> str | None:
    """One label as a text, "3" for 3.0 and "3.0"; None, and reported, if it is none."""
    text = str(value).strip()
    reason = "" if text else "it has no label"
    if len(text) > LONGEST_LABEL:
        reason = f"its label is longer than {LONGEST_LABEL} characters"
    try:
        number = float(text)
    except ValueError:
        pass  # a text is a label too
    else:
        if not number.is_integer():  # nor are infinity and what is not a number
            reason = f"its label {text} is no whole number"
        elif number < 0:
            reason = f"its label {text} is below zero"
        else:
            text = str(int(number))
    if reason:
        watch.left_out.append(LeftOut(place(n), reason))
    return None if reason else text


def _names(path: Path, tables: Sequence[Table]) -> tuple[str, ...]:
    names = {label for table in tables for label in table.labels if label is not None}
    if len(names) > MOST_CLASSES:
        raise DataError(
            f"{printable(path)} has {len(names)} different labels, more than {MOST_CLASSES}, so "
            "they seem to be no classes. Look whether labels and images are mixed up."
        )
    return tuple(sorted(names, key=natural))


def _range(path: Path, tables: Sequence[Table]) -> Range:
    """What black and white are: 0 to 1, 0 to 16 (the UCI digits), 0 to 255, 0 to 65535, −1 to 1.

    The smallest that holds the images; a few may go beyond 255, or beyond 1 in floats, and are left
    out for it.
    """
    ends = [_ends(table.pixels) for table in tables]
    lows, highs = (np.concatenate([pair[n] for pair in ends]) for n in (0, 1))
    finite = np.isfinite(lows) & np.isfinite(highs)
    lows, highs = lows[finite], highs[finite]
    has_floats = any(table.pixels.dtype.kind == "f" for table in tables)
    few = min(max(1, len(highs) // 5), len(highs) - 1)
    for white, strays in ((1, few if has_floats else 0), (16, 0), (255, few), (0xFFFF, 0)):
        if len(highs) and np.count_nonzero(highs > white) <= strays:
            signed = white == 1 and np.count_nonzero(lows < 0) > few
            return Range(-1 if signed else 0, white)
    found = f"go up to {highs.max():g}" if len(highs) else "are no numbers"
    raise DataError(
        f"The pixels in {printable(path)} {found}, so it is unknown what is white. Bring them to "
        "0 to 255, or to 0 to 1."
    )


def _ends(pixels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The least and the greatest value of each image; not a number if one of its values is none."""
    with np.errstate(invalid="ignore"):
        return pixels.min(axis=(1, 2, 3)), pixels.max(axis=(1, 2, 3))


def _part(
    path: Path, table: Table, numbers: dict[str, int], span: Range, watch: Watch
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The images that can be used, as bytes, and the numbers of their classes."""
    lows, highs = _ends(table.pixels)
    kept = []
    for n, label in enumerate(table.labels):
        if label is None:
            continue
        if reason := _unusable(label, float(lows[n]), float(highs[n]), numbers, span):
            watch.left_out.append(LeftOut(table.place(n), reason))
        else:
            kept.append(n)
    if not kept:
        first = f": {watch.left_out[0].where}, {watch.left_out[0].reason}" if watch.left_out else ""
        raise DataError(f"{printable(path)} has no image that can be used{first}.")
    labels = np.array([numbers[str(table.labels[n])] for n in kept], np.int64)
    return _bytes(table.pixels, np.array(kept), span, watch), labels


def _unusable(label: str, low: float, high: float, numbers: dict[str, int], span: Range) -> str:
    """Why an image cannot be used; nothing if it can."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return "it has values that are not finite numbers"
    if low < span.black:
        return f"its value {low:g} is below {span.black}, which is black"
    if high > span.white:
        return f"its value {high:g} is above {span.white}, which is white"
    if label not in numbers:
        return f"its label {label} is none of the {len(numbers)} classes, 0 to {len(numbers) - 1}"
    return ""


def _bytes(
    pixels: NDArray[Any], kept: NDArray[np.int64], span: Range, watch: Watch
) -> NDArray[np.uint8]:
    """The chosen images with black as 0 and white as 255, rounded."""
    values = np.empty((len(kept), *pixels.shape[1:]), np.uint8)
    for at in range(0, len(kept), CHUNK):
        check(watch.cancelled)
        watch.progress("Converting images", at, len(kept))
        part = pixels[kept[at : at + CHUNK]]
        if span != (0, 255) or part.dtype.kind == "f":
            share = (part.astype(np.float64) - span.black) / (span.white - span.black)
            part = np.rint(255 * share)
        values[at : at + CHUNK] = part
    watch.progress("Converting images", len(kept), len(kept))
    return values


def _shape(
    parts: Sequence[tuple[NDArray[np.uint8], NDArray[np.int64]]], options: Options, notes: list[str]
) -> Shape:
    """What all images shall have; adds to the notes what that changes."""
    sizes = Counter({(0, 0): 0})
    for pixels, _ in parts:
        sizes[pixels.shape[2], pixels.shape[3]] += len(pixels)
    sizes = +sizes
    size = options.size or common_size(sizes)
    notes += resize_note(sizes, size)
    most = max(pixels.shape[1] for pixels, _ in parts)
    channels = {"grey": 1, "rgb": 3}.get(options.colour, most)
    if options.colour == "auto" and most == 3 and all(is_grey(pixels) for pixels, _ in parts):
        channels = 1
        notes.append("Stored in colour, but all are grey: one channel is enough.")
    elif channels < most:
        notes.append("All images were made grey.")
    elif channels > most:
        notes.append("All images are grey, made three channels alike.")
    return channels, *size


def _divided(split: Split, options: Options) -> list[Split]:
    """What trains and what tests, each in the order of the file."""
    chosen = stratified(split.labels, options.test, options.seed)
    return [Split(split.pixels[part], split.labels[part]) for part in chosen]
