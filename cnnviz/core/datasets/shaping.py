"""What shape all images of a data set shall have, and how arrays are brought to it."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets.dataset import Shape
from cnnviz.core.datasets.idx import MOST_BYTES
from cnnviz.core.datasets.options import Options, limited
from cnnviz.core.datasets.report import Cancelled, Progress, images, watched
from cnnviz.core.errors import DataError

Size = tuple[int, int]
"""(height, width) in pixels."""


def common_size(counts: Counter[Size]) -> Size:
    """The size that most have, of several the largest; made smaller if a side is too long."""
    return limited(max(counts, key=lambda size: (counts[size], size[0] * size[1], size)))


def check_memory(count: int, shape: Shape) -> None:
    """Raises DataError if so many images would take more memory than cnnviz gives them."""
    needed = count * int(np.prod(shape))
    if needed > MOST_BYTES:
        raise DataError(
            f"{images(count)} of {by(shape)} would take {needed / 2**30:.1f} GB, more than the "
            f"{MOST_BYTES / 2**30:.0f} GB that cnnviz takes. Choose a smaller size."
        )


def fitted(
    pixels: NDArray[np.uint8], shape: Shape, progress: Progress, cancelled: Cancelled
) -> NDArray[np.uint8]:
    """Images (N, C, H, W) as (N, *shape): stretched to its size, with one channel or three."""
    channels, *size = shape
    if channels == 1 and pixels.shape[1] == 3:
        pixels = _luma(pixels)
    if pixels.shape[2:] != tuple(size):
        from cnnviz.core.datasets import pictures  # Pillow, only where it is needed

        fit = np.empty((len(pixels), pixels.shape[1], *size), np.uint8)
        places = range(len(pixels))
        for at in watched("Resizing images", places, progress, cancelled):
            fit[at] = pictures.resized(pixels[at], (size[0], size[1]))
        pixels = fit
    return np.repeat(pixels, 3, axis=1) if channels > pixels.shape[1] else pixels


def _luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey from red, green and blue by ITU-R 601-2, with the rounding of Pillow's convert("L")."""
    grey = np.empty((len(pixels), 1, *pixels.shape[2:]), np.uint8)
    for at in range(0, len(pixels), 1024):
        part = pixels[at : at + 1024].astype(np.uint32)
        sums = part[:, 0] * 19595 + part[:, 1] * 38470 + part[:, 2] * 7471 + 0x8000
        grey[at : at + 1024, 0] = sums >> 16
    return grey


def is_grey(pixels: NDArray[np.uint8]) -> bool:
    """Whether all channels (N, C, H, W) hold one and the same everywhere."""
    first, *others = pixels.transpose(1, 0, 2, 3)
    return all(np.array_equal(first, other) for other in others)


def resize_note(counts: Counter[Size], size: Size) -> list[str]:
    """A sentence on the images whose size was another, if there are any."""
    others = Counter({was: count for was, count in counts.items() if was != size})
    if not others:
        return []
    listed = [f"{by(was)} ({count})" for was, count in others.most_common(3)]
    more = f" and {len(others) - 3} other sizes" if len(others) > 3 else ""
    return [
        f"{images(others.total())} resized to {by(size)} (height × width), "
        f"from {', '.join(listed)}{more}."
    ]


def split_note(options: Options) -> str:
    """How it was chosen which images test, if the data did not say."""
    return (
        f"The data do not say which images test: {100 * options.test:.3g} % of each class were "
        f"drawn with seed {options.seed}."
    )


def by(shape: tuple[int, ...]) -> str:
    """A shape for people: 28×28."""
    return "×".join(map(str, shape))
