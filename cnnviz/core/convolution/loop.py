"""Convolution in plain Python loops, as in Numpy-CNN: the reference that the fast ways must equal.

Slow on purpose: it is the formula, one output value after the other.
"""

import numpy as np

from cnnviz.core.convolution.geometry import Pair, crop, output_size, pad
from cnnviz.core.workspace import Array, Workspace


def forward(
    images: Array,
    weight: Array,
    bias: Array,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Slide each kernel over each image; every output is the sum of a patch times the kernel."""
    workspace = workspace or Workspace()
    kernel = weight.shape[2:]
    height, width = output_size(images.shape[2:], kernel, stride, padding)
    padded = pad(images, padding)
    output = np.empty((len(images), len(weight), height, width), images.dtype)
    for n in range(len(images)):
        workspace.pulse()
        for f in range(len(weight)):
            for y in range(height):
                for x in range(width):
                    top, left = y * stride[0], x * stride[1]
                    patch = padded[n, :, top : top + kernel[0], left : left + kernel[1]]
                    output[n, f, y, x] = np.sum(patch * weight[f]) + bias[f]
    return output


def gradient_by_weight(
    images: Array,
    gradient: Array,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Each output value pulls its kernel towards the patch it saw, by its own gradient."""
    workspace = workspace or Workspace()
    padded = pad(images, padding)
    filters, height, width = gradient.shape[1:]
    by_weight = np.zeros((filters, images.shape[1], *kernel), images.dtype)
    for n in range(len(images)):
        workspace.pulse()
        for f in range(filters):
            for y in range(height):
                for x in range(width):
                    top, left = y * stride[0], x * stride[1]
                    patch = padded[n, :, top : top + kernel[0], left : left + kernel[1]]
                    by_weight[f] += gradient[n, f, y, x] * patch
    return by_weight


def gradient_by_input(
    gradient: Array,
    weight: Array,
    image_size: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Each output value hands its gradient back to the patch it saw, shared out by kernel."""
    workspace = workspace or Workspace()
    kernel = weight.shape[2:]
    count, filters, height, width = gradient.shape
    margin = (image_size[0] + 2 * padding[0], image_size[1] + 2 * padding[1])
    by_input = np.zeros((count, weight.shape[1], *margin), gradient.dtype)
    for n in range(count):
        workspace.pulse()
        for f in range(filters):
            for y in range(height):
                for x in range(width):
                    top, left = y * stride[0], x * stride[1]
                    patch = by_input[n, :, top : top + kernel[0], left : left + kernel[1]]
                    patch += gradient[n, f, y, x] * weight[f]
    return crop(by_input, padding)
