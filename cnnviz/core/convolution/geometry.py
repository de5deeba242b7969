"""The arithmetic of sizes that the three ways share: output size, padding and where taps land."""

import numpy as np

from cnnviz.core.workspace import Array

Pair = tuple[int, int]
"""(y, x), as in (height, width)."""


def output_length(length: int, kernel: int, stride: int, padding: int) -> int:
    """How many positions a kernel takes along one axis: floor((n + 2p − k) / s) + 1."""
    return (length + 2 * padding - kernel) // stride + 1


def output_size(image_size: Pair, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    """(H_out, W_out) of a convolution or pooling over images of (H, W)."""
    return (
        output_length(image_size[0], kernel[0], stride[0], padding[0]),
        output_length(image_size[1], kernel[1], stride[1], padding[1]),
    )


def taps(offset: int, count: int, stride: int) -> slice:
    """The `count` places that one kernel tap visits along an axis, `stride` apart."""
    return slice(offset, offset + (count - 1) * stride + 1, stride)


def pad(images: Array, padding: Pair) -> Array:
    """`images` (N, C, H, W) with zeros around; the same array if there is nothing to add."""
    if padding == (0, 0):
        return images
    return np.pad(images, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))


def crop(images: Array, padding: Pair) -> Array:
    """`images` (N, C, H + 2p_y, W + 2p_x) without its margin: the opposite of `pad`."""
    height, width = images.shape[2:]
    return images[:, :, padding[0] : height - padding[0], padding[1] : width - padding[1]]
