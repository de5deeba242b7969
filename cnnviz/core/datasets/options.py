"""How own images are read: to which shape, and which of them test. It is part of a data's name."""

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

from cnnviz.core.datasets.lookup import exists
from cnnviz.core.datasets.report import printable
from cnnviz.core.errors import DataError

LONGEST_SIDE = 64
"""Pixels; unless a size is chosen, larger images are made smaller."""
LARGEST_SIDE = 1024
"""Of a size that may be chosen."""
COLOURS = ("auto", "grey", "rgb")
TEST_SHARE = 1 / 6
"""As in MNIST."""


@dataclass(frozen=True)
class Options:
    """What a caller may choose; the same options and seed give the same data set.

    size    (height, width) of every image; None is the most common one, at most LONGEST_SIDE a side
    colour  "grey" for one channel, "rgb" for three, "auto" for what most images are
    test    share of each class, above 0 and below 1, that tests, where the data say nothing of it
    seed    draws which images these are

    Raises DataError if one of them makes no sense.
    """

    size: tuple[int, int] | None = None
    colour: str = "auto"
    test: float = TEST_SHARE
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size and not all(1 <= side <= LARGEST_SIDE for side in self.size):
            raise DataError(
                f"Images cannot be {_by(self.size)} pixels; choose 1 to {LARGEST_SIDE} a side."
            )
        if self.colour not in COLOURS:
            raise DataError(
                f"“{self.colour}” is no way to read colours; there are {', '.join(COLOURS)}."
            )
        if not 0 < self.test < 1:  # also refuses what is not a number
            raise DataError(
                f"{self.test:g} of the images cannot test; choose a share above 0 and below 1."
            )
        if self.seed < 0:
            raise DataError(f"The seed must be a whole number from 0 on, not {self.seed}.")


def full_name(path: str | Path, options: Options) -> str:
    """The name that reads `path` again in this way: its absolute path, and what is not usual.

    A path whose bytes are no text is named as a file: address, so that a name can always be saved.
    """
    usual = Options()
    texts = {
        "size": _by(options.size or ()),
        "colour": options.colour,
        "test": repr(options.test),
        "seed": str(options.seed),
    }
    unusual = [
        f"{key}={text}"
        for key, text in texts.items()
        if getattr(options, key) != getattr(usual, key)
    ]
    place = str(Path(path).absolute())
    if printable(place) != place:
        place = Path(place).as_uri()
    return f"{place}?{'&'.join(unusual)}" if unusual else place


def split_name(name: str | Path) -> tuple[Path, Options]:
    """The path and the options in a name such as "photos?size=32x32&seed=1", or a file: address.

    What exists under the whole name is a path. Raises DataError if an option makes no sense.
    """
    text = str(name)
    path, mark, chosen = text.rpartition("?")
    try:
        pairs = parse_qsl(chosen, strict_parsing=True) if mark and not exists(text) else []
    except ValueError:  # an ordinary question mark
        pairs = []
    if not pairs:
        return _place(text), Options()
    readers: dict[str, Callable[[str], Any]] = {
        "size": size_from,
        "colour": str,
        "test": float,
        "seed": int,
    }
    try:
        values = {key: readers[key](value) for key, value in pairs}
    except (KeyError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"“?{chosen}” in {path}?{chosen} cannot be understood; it may be such as "
            "?size=28x28&colour=grey&test=0.2&seed=1."
        ) from None
    return _place(path), Options(**values)


def _place(text: str) -> Path:
    if text.startswith("file:///"):
        place = os.fsdecode(unquote_to_bytes(urlsplit(text).path))
        return Path(place.lstrip("/") if os.name == "nt" else place)
    return Path(text)


def size_from(text: str) -> tuple[int, int]:
    """(height, width) from a text such as "28x32"; raises DataError if it is another."""
    match = re.fullmatch(r"(\d{1,4})[x×](\d{1,4})", text)
    if not match:
        raise DataError(f"“{text}” is no size; it must be HEIGHTxWIDTH, such as 28x28.")
    return int(match[1]), int(match[2])


def limited(size: tuple[int, int]) -> tuple[int, int]:
    """The size with these proportions whose longer side is LONGEST_SIDE at most."""
    longest = max(size)
    if longest <= LONGEST_SIDE:
        return size
    height, width = (max(1, math.floor(side * LONGEST_SIDE / longest + 0.5)) for side in size)
    return height, width


def _by(size: tuple[int, ...]) -> str:
    return "x".join(map(str, size))
