"""Convolution by scipy.signal.correlate: somebody else's well-tested operation, one call a filter.

scipy.signal knows no stride. Strides are reached by what they mean: compute every position and keep
each s-th; backwards, put s − 1 zeros between the gradients.
"""

import numpy as np

from cnnviz.core.convolution.geometry import Pair, crop, output_size, pad, taps
from cnnviz.core.workspace import Array, Workspace


def forward(
    images: Array,
    weight: Array,
    bias: Array,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Correlate the stack of channels with each filter; the channel axis sums itself away."""
    workspace = workspace or Workspace()
    height, width = output_size(images.shape[2:], weight.shape[2:], stride, padding)
    padded = pad(images, padding)
    output = np.empty((len(images), len(weight), height, width), images.dtype)
    for f, kernel in enumerate(weight):
        workspace.pulse()
        every_position = correlate(padded, kernel[np.newaxis])
        output[:, f] = every_position[:, 0, :: stride[0], :: stride[1]] + bias[f]
    return output


def gradient_by_weight(
    images: Array,
    gradient: Array,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Correlate the images with the spread-out gradient; the batch axis sums itself away."""
    workspace = workspace or Workspace()
    channels_first = pad(images, padding).transpose(1, 0, 2, 3)
    spread = _spread(gradient, stride)
    by_weight = np.empty((gradient.shape[1], images.shape[1], *kernel), images.dtype)
    for f in range(len(by_weight)):
        workspace.pulse()
        every_shift = correlate(channels_first, spread[np.newaxis, :, f])
        by_weight[f] = every_shift[:, 0, : kernel[0], : kernel[1]]
    return by_weight


def gradient_by_input(
    gradient: Array,
    weight: Array,
    image_size: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Correlate the spread-out gradient with the flipped kernels (a true convolution)."""
    workspace = workspace or Workspace()
    kernel_h, kernel_w = weight.shape[2:]
    spread = pad(_spread(gradient, stride), (kernel_h - 1, kernel_w - 1))
    margin = (image_size[0] + 2 * padding[0], image_size[1] + 2 * padding[1])
    by_input = np.zeros((len(gradient), weight.shape[1], *margin), gradient.dtype)
    flipped = weight[:, :, ::-1, ::-1]
    for c in range(weight.shape[1]):
        workspace.pulse()
        reached = correlate(spread, flipped[np.newaxis, :, c])[:, 0]
        by_input[:, c, : reached.shape[1], : reached.shape[2]] = reached
    return crop(by_input, padding)


def correlate(images: Array, kernel: Array) -> Array:
    """scipy.signal.correlate where the kernel lies wholly inside the images."""
    # Imported here because it takes half a second, which only this way of convolution owes.
    from scipy import signal

    result: Array = signal.correlate(images, kernel, mode="valid")
    return result


def _spread(gradient: Array, stride: Pair) -> Array:
    """`gradient` (N, F, H, W) with s − 1 zeros between its values."""
    if stride == (1, 1):
        return gradient
    count, filters, height, width = gradient.shape
    size = ((height - 1) * stride[0] + 1, (width - 1) * stride[1] + 1)
    spread = np.zeros((count, filters, *size), gradient.dtype)
    spread[:, :, taps(0, height, stride[0]), taps(0, width, stride[1])] = gradient
    return spread
