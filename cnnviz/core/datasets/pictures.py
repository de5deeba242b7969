"""One picture file to pixels, by Pillow; what is wrong with it becomes a reason in plain words.

Formats are told by content, not by name. Only those are tried that hold pixels and nothing else:
Pillow would run Ghostscript for EPS, for instance.
"""

import errno
import logging
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF", "JPEG2000", "QOI")
MOST_PIXELS = 64 * 2**20
"""Of one picture; 200 MB in colour while it is made smaller."""
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by EXIF's orientation; as in PIL.ImageOps.exif_transpose, which
would also write the EXIF data anew, and fail where they are damaged."""
FIRST_OF_SEVERAL = (
    "with several pictures in the file (an animation, say), of which the first is taken"
)
UPRIGHT = "turned upright, as the camera noted"
OPAQUE = "with transparent parts, which became white"
FROM_16_BITS = "with 16 bits per value, brought to 8"
LOST_COLOUR = "in colour, made grey"


_STDERR = threading.Lock()


class UnreadableError(Exception):
    """A file that gives no image; its text is the reason."""


class Glance(NamedTuple):
    """What a file's first bytes say of its picture, before anything is decoded."""

    size: tuple[int, int]
    """(height, width) as it is to be seen."""
    is_grey: bool


def keep_pillow_quiet() -> None:
    """Whatever Pillow warns of, the reasons here say in words for people."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logger = logging.getLogger("PIL")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # or Python prints what nobody handles


@contextmanager
def _quiet_libtiff() -> Iterator[None]:
    """Sends to nowhere what is written to the standard error output meanwhile.

    libtiff, in C, prints there what it finds damaged, and Pillow has no way to tell it not to. One
    thread at a time, or the true output could get lost.
    """
    with _STDERR, ExitStack() as stack:
        with suppress(OSError):  # a program without a console may have none
            kept = os.dup(2)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, 2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            stack.callback(os.close, nowhere)
            os.dup2(nowhere, 2)
        yield


def glance(path: str) -> Glance:
    """Looks at a file without decoding it; raises UnreadableError with the reason if it cannot."""
    with _opened(path) as image:
        width, height = image.size
        if _orientation(image) >= 5:  # those that lie on their side
            width, height = height, width
        return Glance((height, width), _is_grey(image))


def read(path: str, size: tuple[int, int], channels: int) -> tuple[NDArray[np.uint8], list[str]]:
    """The picture as uint8 (channels, *size), stretched to the size, and what was done to it.

    Raises UnreadableError with the reason if it cannot be read to its end.
    """
    with _opened(path) as image:
        changes = [FIRST_OF_SEVERAL] if _has_several(image) else []
        mode = "L" if channels == 1 else "RGB"
        if channels == 1 and not _is_grey(image):
            changes.append(LOST_COLOUR)
        # A JPEG that is to become small is decoded small at once, many times faster.
        image.draft(mode, (max(size), max(size)))
        with _quiet_libtiff() if image.format == "TIFF" else nullcontext():
            image.load()
        plain = _plain(image, changes).convert(mode)
        if (turn := TURNS.get(_orientation(image))) is not None:
            plain = plain.transpose(turn)
            changes.append(UPRIGHT)
        height, width = size
        values = np.asarray(plain.resize((width, height), Image.Resampling.BILINEAR))
    return (values[np.newaxis] if channels == 1 else values.transpose(2, 0, 1)), changes


def resized(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """One image (C, H, W) as (C, *size), in the same way as `read` does it."""
    height, width = size
    planes = [
        Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR)
        for plane in pixels
    ]
    return np.stack([np.asarray(plane) for plane in planes])


@contextmanager
def _opened(path: str) -> Iterator[ImageFile.ImageFile]:
    """The picture in a file; everything that goes wrong, also in the body, is an UnreadableError.

    A damaged file can make Pillow raise almost anything, hence `except Exception`.
    """
    try:
        _check_file(path)
        with Path(path).open("rb") as file, Image.open(file, formats=FORMATS) as image:
            width, height = image.size
            if width < 1 or height < 1:
                raise UnreadableError("it has no pixels")
            if width * height > MOST_PIXELS:
                raise Image.DecompressionBombError
            yield image
    except UnreadableError:
        raise
    except UnidentifiedImageError:
        raise UnreadableError(_no_picture(path)) from None
    except Image.DecompressionBombError:
        raise UnreadableError(
            f"it claims to have more than {MOST_PIXELS // 10**6} million pixels"
        ) from None
    except PermissionError:
        raise UnreadableError("it may not be read: permission denied") from None
    except MemoryError:
        raise UnreadableError("it needs more memory than there is") from None
    except Exception as error:
        text = str(error).splitlines()
        raise UnreadableError(
            f"it is damaged: {text[0] if text else type(error).__name__}"
        ) from None


def _check_file(path: str) -> None:
    """Refuses what cannot hold a picture, before it is opened; a pipe would have no end."""
    try:
        found = Path(path).stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnreadableError("it is a link that leads to itself") from None
        if error.errno == errno.ENOENT:
            raise UnreadableError("it is a link that leads nowhere, or has gone") from None
        raise
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableError("it is no file but a device or a pipe")
    if found.st_size == 0:
        raise UnreadableError("it is empty")


def _no_picture(path: str) -> str:
    end = Path(path).suffix.lower()
    if end in (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"):
        return f"it is no picture, or damaged at its beginning, whatever {end} says"
    return f"it is no picture of a kind that cnnviz reads ({', '.join(FORMATS)})"


def _is_grey(image: Image.Image) -> bool:
    if image.mode != "P":
        return image.mode in GREY_MODES
    palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def _orientation(image: ImageFile.ImageFile) -> int:
    """EXIF's, 1 to 8; 1, upright, if it says nothing or is damaged.

    Asked only if EXIF is at hand, for Pillow would decode a whole PNG to look for it. Pillow turns
    a TIFF by itself.
    """
    if "exif" not in image.info or image.format == "TIFF":
        return 1
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # damaged EXIF: the picture may well be whole
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _has_several(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # damaged after the first picture
        return True


def _plain(image: Image.Image, changes: list[str]) -> Image.Image:
    """With 8 bits per value and nothing transparent."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        changes.append(FROM_16_BITS)
        return Image.fromarray(_from_16_bits(np.asarray(image)))
    if image.mode == "F":
        raise UnreadableError("its values are floats, whose white is unknown; save it with 8 bits")
    if not image.has_transparency_data:
        return image.convert("RGB") if image.mode == "P" else image
    clear = image.convert("RGBA")
    if clear.getchannel("A").getextrema() == (255, 255):  # an alpha channel without use
        return clear
    changes.append(OPAQUE)
    white = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(white, clear)


def _from_16_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    wide = values.astype(np.int64)
    if wide.min() < 0 or wide.max() > 0xFFFF:
        raise UnreadableError("its values go beyond 16 bits, so white is unknown; save it with 8")
    return (wide >> 8).astype(np.uint8)
