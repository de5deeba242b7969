"""Pictures that travel inside the page: images of the data, and the kernels of a convolution."""

import base64
import io
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnviz.core.export.report.elements import element
from cnnviz.core.export.report.style import DARK, LIGHT, Colours
from cnnviz.core.workspace import Array

MOST_FILTERS, MOST_CHANNELS = 32, 16
"""Of a layer, so that it fits the page."""
WIDTH = 1000
"""Of all kernels side by side, in pixels; fewer are shown no larger than LARGEST."""
LARGEST = 48
GAP = 6
MARGIN = 26
"""For the numbers of filters and channels."""

Pixels = NDArray[np.uint8]


def data_uri(pixels: Pixels) -> str:
    """A PNG of grey (H, W), RGB (H, W, 3) or RGBA (H, W, 4) as a data: address."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def image(pixels: Pixels, text: str) -> Element:
    """One image of the data (C, H, W): grey as ink on paper, three channels as colours."""
    if len(pixels) == 3:
        return element("img", src=data_uri(np.moveaxis(pixels, 0, -1).copy()), alt=text)
    grey = pixels.mean(axis=0).round().astype(np.uint8)  # of one channel, that channel
    return element("img", src=data_uri(grey), alt=text, class_="ink")


def shown(weights: Array) -> Array:
    """What `kernels` shows of them: so many, and zero for what is not a finite number."""
    some = weights[:MOST_FILTERS, :MOST_CHANNELS]
    finite: Array = np.where(np.isfinite(some), some, 0)
    return finite


def kernels(weights: Array) -> Element:
    """The kernels (filters, channels, y, x): a column a filter, a row an input channel.

    All on one scale; orange is positive, blue is negative, the ground is zero.
    """
    weights = shown(weights)
    filters, channels, height, width = weights.shape
    pixel = _pixel(filters, max(height, width))
    across, down = width * pixel + GAP, height * pixel + GAP
    total = (MARGIN + filters * across, MARGIN + channels * down)
    places = [
        (MARGIN + f * across, MARGIN + c * down) for f in range(filters) for c in range(channels)
    ]
    ground = [
        element("rect", x=x, y=y, width=width * pixel, height=height * pixel, class_="zero")
        for x, y in places
    ]
    pictures = [
        element(
            "image",
            x=MARGIN,
            y=MARGIN,
            width=filters * across,
            height=channels * down,
            href=data_uri(_mosaic(weights, pixel, colours)),
            class_=f"of-{name}",
        )
        for name, colours in (("light", LIGHT), ("dark", DARK))
    ]
    columns = [
        element(
            "text", str(f), x=MARGIN + f * across + (across - GAP) / 2, y=16, text_anchor="middle"
        )
        for f in range(filters)
    ]
    rows = [
        element("text", str(c), x=16, y=MARGIN + c * down + (down - GAP) / 2 + 4, text_anchor="end")
        for c in range(channels)
    ]
    return element(
        "svg",
        *ground,
        *pictures,
        *columns,
        *(rows if channels > 1 else []),
        viewBox=f"0 0 {total[0]} {total[1]}",
        width=total[0],
        role="img",
        aria_label=f"{filters} filters of {channels} channels",
    )


def _pixel(filters: int, side: int) -> int:
    """Screen pixels for one weight."""
    room = min(LARGEST, (WIDTH - MARGIN) / filters - GAP)
    return max(1, int(room // side))


def _mosaic(weights: Array, pixel: int, colours: Colours) -> Pixels:
    """RGBA: the colour says the sign, how much it covers the ground the magnitude."""
    peak = float(np.abs(weights).max()) or 1.0
    signed = np.array([_rgb(colours.negative), _rgb(colours.positive)], np.uint8)
    rgb = signed[(weights > 0).astype(int)]
    alpha = np.rint(np.abs(weights) / peak * 255).astype(np.uint8)
    cells: NDArray[Any] = np.concatenate([rgb, alpha[..., None]], axis=-1)
    cells = cells.repeat(pixel, axis=2).repeat(pixel, axis=3)
    cells = np.pad(cells, ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)))
    filters, channels, height, width, _ = cells.shape
    mosaic: Pixels = cells.transpose(1, 2, 0, 3, 4).reshape(channels * height, filters * width, 4)
    return mosaic


def _rgb(colour: str) -> tuple[int, int, int]:
    """Of #rrggbb."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
