"""Any picture becomes an image for the network: read warily, then taken apart step by step.

For a network of grey digits the ink is looked for: light paper or dark, in uneven light, perhaps
with specks. It is then centred as MNIST's digits were. A network of colours gets the middle of the
picture as it is. Every step is kept with words, so that it can be shown.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cnnviz.core.centring import Centred, centre, resized, spread
from cnnviz.core.errors import CnnvizError
from cnnviz.core.task import Task
from cnnviz.core.workspace import Array

if TYPE_CHECKING:
    from cnnviz.core.ink import FoundInk

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO", "TGA", "PCX", "AVIF")
"""What is tried; formats that run other programs or fetch anything are not."""
ENDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".avif")
"""Of the names of files that are taken for pictures."""
MOST_BYTES = 100_000_000
MOST_PIXELS = 60_000_000
WORKING_SIDE = 512
"""Larger pictures are made this long at first: no digit needs more."""
Source = bytes | Path | Image.Image
"""A file's content, a file, or pixels from the clipboard."""


class PictureError(CnnvizError):
    """A picture that cannot be read, or in which nothing is found."""


@dataclass(frozen=True, eq=False)
class Step:
    """The picture after something was done to it."""

    words: str
    picture: Array
    """float32 (C, H, W) in [0, 1], one channel or three."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What the network gets, and how it came about."""

    values: Array
    """float32 (C, H, W) in [0, 1], of the network's shape."""
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Standing:
    """Where the reading of a picture is; once `ended`, it stays so."""

    picture: Picture | None = None
    ended: bool = False
    failure: tuple[str, str] | None = None


class Reading(Task[Standing]):
    """Reads a picture on a thread of its own; cancelled, it ends after the step under way."""

    def __init__(self, source: Source, shape: tuple[int, int, int]) -> None:
        super().__init__("picture", Standing())
        self._source, self._shape = source, shape

    def _work(self) -> dict[str, Any]:
        rgb = read_picture(self._source)
        if self._cancelled.is_set():
            return {}
        return {"picture": make_image(rgb, self._shape)}


def make_image(rgb: Array, shape: tuple[int, int, int]) -> Picture:
    """Makes an image of `shape` (C, H, W) of a picture (3, h, w) in [0, 1].

    Raises PictureError if there is no ink in it where ink is looked for.
    """
    channels, height, width = shape
    if channels == 3:
        return _cut_out(rgb, height, width)
    from cnnviz.core.ink import find_ink  # brings half of SciPy, which a window does not wait for

    found = find_ink(rgb)
    if found is None:
        raise PictureError(
            "Nothing was found in this picture: it looks like plain paper. "
            "Try one with a darker pen, or cut the digit out."
        )
    centred = centre(found.ink, height, width)
    return Picture(spread(centred.values, channels), _steps(rgb, found, centred))


def _steps(rgb: Array, found: "FoundInk", centred: Centred) -> tuple[Step, ...]:
    left, top, right, bottom = centred.crop
    cropped = found.ink[top:bottom, left:right]
    words = f"cropped to {right - left}×{bottom - top}"
    fitted = resized(found.ink, centred.size, centred.crop)
    across, down = centred.moved
    how = [f"{abs(across)} px {'right' if across > 0 else 'left'}"] if across else []
    how += [f"{abs(down)} px {'down' if down > 0 else 'up'}"] if down else []
    moved = f"moved {', '.join(how)}" if how else "centred already"
    return (
        Step(f"read: {rgb.shape[2]}×{rgb.shape[1]}", rgb),
        *(Step(each.words, each.picture[None]) for each in found.steps),
        Step(words, cropped[None]),
        Step(f"scaled to {centred.size[0]}×{centred.size[1]}", fitted[None]),
        Step(moved, centred.values[None]),
    )


def _cut_out(rgb: Array, height: int, width: int) -> Picture:
    """The middle of the picture in the network's proportions, as small as it takes it."""
    _, rows, columns = rgb.shape
    tall, wide = min(rows, columns * height / width), min(columns, rows * width / height)
    size = max(1, round(wide)), max(1, round(tall))
    left, top = (columns - size[0]) // 2, (rows - size[1]) // 2
    crop = left, top, left + size[0], top + size[1]
    part = rgb[:, crop[1] : crop[3], crop[0] : crop[2]]
    values = np.stack([resized(channel, (width, height)) for channel in part])
    return Picture(
        values,
        (
            Step(f"read: {columns}×{rows}", rgb),
            Step(f"cropped to {size[0]}×{size[1]}", part),
            Step(f"scaled to {width}×{height}", values),
        ),
    )


# Reading.


def read_picture(source: Source) -> Array:
    """A picture's colours, float32 (3, h, w) in [0, 1], no longer than WORKING_SIDE.

    It is turned as its camera says; what is transparent is white; of an animation it is the first
    frame. Raises PictureError for what is no picture, damaged or too large.
    """
    try:
        return _read(source)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except UnidentifiedImageError:
        raise PictureError(
            "This is no picture that can be read here. Use a PNG or a JPEG."
        ) from None
    except FileNotFoundError:
        raise PictureError("This file is not there any more.") from None
    except OSError as error:
        reason = error.strerror or "it is damaged or cut off"
        raise PictureError(f"This picture cannot be read: {reason}. Try another one.") from None
    except (ValueError, SyntaxError, EOFError, MemoryError, KeyError, IndexError, TypeError):
        raise PictureError("This picture cannot be read: it is damaged. Try another one.") from None


def _read(source: Source) -> Array:
    if isinstance(source, Image.Image):
        _check_size(source)
        return _colours(source)
    with _open(source) as image:
        _check_size(image)
        image.draft("RGB", (2 * WORKING_SIDE, 2 * WORKING_SIDE))  # large JPEGs are read at a share
        image.load()
        return _colours(ImageOps.exif_transpose(image))


def _open(source: bytes | Path) -> Image.Image:
    if isinstance(source, Path):
        if source.is_dir():
            raise PictureError("This is a folder. Choose one picture in it.")
        if source.stat().st_size > MOST_BYTES:
            raise _too_large()
        source = source.read_bytes()
    if not source:
        raise PictureError("This file is empty.")
    if len(source) > MOST_BYTES:
        raise _too_large()
    return Image.open(io.BytesIO(source), formats=FORMATS)


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise _too_large()


def _too_large() -> PictureError:
    return PictureError(
        f"This picture is too large. Up to {MOST_PIXELS // 1_000_000} million pixels are read: "
        "cut it or make it smaller."
    )


def _colours(image: Image.Image) -> Array:
    """On white, as numbers from 0 to 1."""
    image = _smaller(image)
    if image.mode.startswith(("I", "F")):
        return np.repeat(_deep(np.asarray(image, np.float32))[None], 3, axis=0)
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    pixels = np.asarray(image.convert("RGB"), np.float32)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) / np.float32(255)


def _smaller(image: Image.Image) -> Image.Image:
    longer = max(image.size)
    factor = longer // WORKING_SIDE
    if factor < 2 or image.mode in ("1", "P"):
        return image if longer <= WORKING_SIDE else _at_working_size(image)
    return _at_working_size(image.reduce(factor))


def _at_working_size(image: Image.Image) -> Image.Image:
    share = WORKING_SIDE / max(image.size)
    if image.mode in ("1", "P", "PA"):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if share >= 1:
        return image
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    return image.resize(size, Image.Resampling.BOX)


def _deep(values: Array) -> Array:
    """Of 16 bits, or of any range: the range that is there."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise PictureError("This picture holds no numbers.")
    low, high = min(float(finite.min()), 0.0), float(finite.max())
    full = next((top for top in (1, 255, 65535) if high <= top), high)
    shares: Array = (np.nan_to_num(values, posinf=full, neginf=low) - low) / (full - low or 1)
    return np.clip(shares, 0, 1)


def as_png(values: Array) -> bytes:
    """An image (C, H, W) in [0, 1] as a PNG of its own size: in colour if it has three channels."""
    pixels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    image = Image.fromarray(pixels.transpose(1, 2, 0) if len(values) == 3 else pixels[0])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
