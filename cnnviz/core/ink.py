"""Finds the ink in a picture of paper: which is the dark one, what is light, what a speck."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cnnviz.core.workspace import Array

Mask = NDArray[np.bool_]
SMALL_SIDE = 56
"""The light on the paper is looked for in a picture this small."""
PAPER_SHARE = 30
"""Per cent of the pixels about each that are taken for darker than paper at the least."""
LEAST_SHEET, MOST_SHEET = 0.2, 0.95
"""Share of the picture that a sheet of paper on a table has."""
LEAST_UPRIGHT = 0.85
"""Share of the box around it that a sheet fills, or it is none."""
LEAST_DARK, MOST_DARK = 0.003, 0.15
"""Share of the sheet that is inked."""
LEAST_EDGE = 0.15
"""How much lighter a sheet is at its edge than what lies around: light alone has no edges."""
EVEN = 0.04
"""Light that varies less over the paper is left alone."""
LEAST_CONTRAST = 0.08
"""Between paper and ink; less is no ink."""
NOISE_TIMES = 4.0
"""Ink differs by so many standard deviations of the paper from it."""
SPECK = 0.05
"""Parts smaller than this share of the largest are dirt."""
LEAST_WIDTH = 0.09
"""Of a stroke, as a share of the digit's longer side; MNIST's are about 0.12."""


@dataclass(frozen=True, eq=False)
class InkStep:
    """The picture in grey after something was done to it, float32 (H, W)."""

    words: str
    picture: Array


@dataclass(frozen=True, eq=False)
class FoundInk:
    """Ink (H, W), 0 without and 1 with it, and how it was found."""

    ink: Array
    steps: tuple[InkStep, ...]


def find_ink(rgb: Array) -> FoundInk | None:
    """The ink in a picture (3, H, W) from 0 to 1; None if there is only paper."""
    values: Array = np.tensordot(np.array([0.299, 0.587, 0.114], np.float32), rgb, axes=1)
    steps = [InkStep("made grey", values)]
    sheet = _sheet(values)
    if sheet is not None:
        values = np.where(sheet, values, np.median(values[sheet]))
        steps.append(InkStep("what is around the sheet taken away", values))
    if paper_is_light(values):
        values = 1 - values
        steps.append(InkStep("inverted: the ink was dark", values))
    light = _light(values)
    if np.ptp(light) > EVEN:
        values = np.clip(values - light, 0, 1)
        steps.append(InkStep("uneven light taken away", values))
    cut = otsu(values)
    mask = values > cut
    if not mask.any() or mask.all() or not _differ(values, mask):
        return None
    whole = _without_specks(mask)
    ink = _soft(values, mask, whole)
    specks = "" if (whole == mask).all() else ", without specks"
    steps.append(InkStep(f"ink: above {cut:.2f}{specks}", ink))
    thicker, times = _thick_enough(ink, whole)
    if times > 1:
        ink = thicker
        steps.append(InkStep(f"made {times:.1f} times as thick", ink))
    return FoundInk(ink, tuple(steps))


def _sheet(values: Array) -> Mask | None:
    """Where a sheet of light paper lies on something darker; None if there is none to be seen.

    It is a large light part, about upright, with little dark in it.
    """
    parts, count = ndimage.label(values > otsu(values))
    if not count:
        return None
    largest = parts == 1 + int(np.bincount(parts.ravel())[1:].argmax())
    whole = ndimage.binary_fill_holes(largest)
    rows, columns = np.flatnonzero(whole.any(axis=1)), np.flatnonzero(whole.any(axis=0))
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    dark = 1 - largest.sum() / whole.sum()
    fills = LEAST_SHEET <= whole.mean() <= MOST_SHEET and whole.sum() >= LEAST_UPRIGHT * box
    if not (fills and LEAST_DARK <= dark <= MOST_DARK):
        return None
    rim = max(1, round(0.02 * max(values.shape)))
    inside: Mask = ndimage.binary_erosion(whole, iterations=rim)
    return inside if inside.any() and _has_edge(values, whole, 2 * rim + 1) else None


def _has_edge(values: Array, part: Mask, width: int) -> bool:
    """Whether brightness falls within `width` pixels almost wherever `part` ends."""
    smooth = ndimage.gaussian_filter(values, 2)
    falls = ndimage.maximum_filter(smooth, width) - ndimage.minimum_filter(smooth, width)
    ends = part & ~ndimage.binary_erosion(part, border_value=1)
    return bool(ends.any()) and float(np.quantile(falls[ends], 0.1)) >= LEAST_EDGE


def paper_is_light(values: Array) -> bool:
    """Whether what stands out from the paper is darker than it.

    Paper is what the border is: a plane through its brightness, since light often falls from one
    side. What differs most from it is ink, so differences count by their third power.
    """
    height, width = values.shape
    y, x = np.mgrid[:height, :width]
    rim = max(1, min(height, width) // 20)
    inside = (y >= rim) & (y < height - rim) & (x >= rim) & (x < width - rim)
    plane = np.stack([np.ones(values.size), y.ravel(), x.ravel()], axis=1)
    border = ~inside.ravel()
    slope = np.linalg.lstsq(plane[border], values.ravel()[border])[0]
    differences = values.ravel() - plane @ slope
    return float((differences**3).sum()) < 0


def otsu(values: Array) -> float:
    """The threshold that parts values in [0, 1] into the two most distinct classes.

    N. Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low
    counts, edges = np.histogram(values, 256, (low, high))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts).astype(np.float64)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    apart = np.nan_to_num(apart[:-1])
    best = np.flatnonzero(apart == apart.max())
    return float(edges[1:][(best[0] + best[-1]) // 2])


def _light(values: Array) -> Array:
    """How bright the paper is everywhere: a low percentile of all that is around, smoothed."""
    height, width = values.shape
    share = min(1.0, SMALL_SIDE / max(height, width))
    small = ndimage.zoom(values, share, order=1, grid_mode=True, mode="nearest")
    window = max(3, max(small.shape) // 2)
    low = ndimage.percentile_filter(small, PAPER_SHARE, size=window, mode="reflect")
    low = ndimage.gaussian_filter(low, window / 4, mode="nearest")
    ratio = height / low.shape[0], width / low.shape[1]
    light = ndimage.zoom(low, ratio, order=1, grid_mode=True, mode="nearest")
    return np.asarray(light[:height, :width], np.float32)


def _differ(values: Array, mask: Mask) -> bool:
    """Whether what is taken for ink differs from paper by more than chance."""
    paper, ink = values[~mask], values[mask]
    contrast = float(ink.mean() - np.median(paper))
    spread = 1.4826 * float(np.median(np.abs(paper - np.median(paper))))
    return contrast >= max(LEAST_CONTRAST, NOISE_TIMES * spread)


def _without_specks(mask: Mask) -> Mask:
    parts, count = ndimage.label(mask, np.ones((3, 3)))
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    kept: Mask = (sizes >= SPECK * sizes.max())[parts]
    return kept


def _soft(values: Array, mask: Mask, whole: Mask) -> Array:
    """The ink with its soft edges: 0 on the paper, 1 where the ink is as strong as it mostly is."""
    paper, full = float(np.median(values[~mask])), float(np.median(values[whole]))
    low = paper + 0.25 * (full - paper)
    near = ndimage.binary_dilation(whole, iterations=1)
    soft = np.clip((values - low) / max(full - low, 1e-6), 0, 1)
    return np.where(near, soft, 0).astype(np.float32)


def _thick_enough(ink: Array, mask: Mask) -> tuple[Array, float]:
    """Thin strokes would all but vanish when scaled down: they are made as thick as a pen's.

    The mean distance of ink from paper is a quarter of a stroke's width.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    inside = np.pad(mask, 1)
    width = 4 * float(ndimage.distance_transform_edt(inside)[inside].mean()) - 1
    wanted = LEAST_WIDTH * longer
    if width >= 0.85 * wanted or wanted < 3:
        return ink, 1.0
    more = (wanted - width) / 2
    room = int(np.ceil(more)) + 1
    away = ndimage.distance_transform_edt(~np.pad(mask, room))
    return np.clip(more + 1 - away, 0, 1).astype(np.float32), wanted / width
