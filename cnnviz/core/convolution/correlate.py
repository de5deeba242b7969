"""Convolution by scipy.signal, somebody else's well-tested operations: directly or by FFT.

scipy.signal.correlate is quick along one axis only. So for the direct way the batch is laid out as
lines, one for each channel, and correlated with one row of a kernel at a time:

    rows of Y[f]  =  sum over c, i of  correlate(rows of X[c] that kernel row i meets, W[f, c, i])

scipy.signal.fftconvolve takes whole kernels, whatever their size, but has to transform a map back
for each pair of a filter and a channel. Which is quicker depends on the shapes alone; the rule is
in `seconds_by_rows` and its neighbours. Nothing is timed while it runs, so that the same run always
gives the same bits.

scipy.signal knows no stride. Strides are reached by what they mean: compute every position and keep
each s-th; backwards, put s − 1 zeros between the gradients.
"""

from math import ceil

import numpy as np

from cnnviz.core.convolution.geometry import Pair, crop, output_length, output_size, pad, taps
from cnnviz.core.workspace import Array, Workspace

# scipy.signal is imported by the functions that use it because that takes half a second, which only
# this way of convolution owes.

Shape = tuple[int, ...]

LINE = 32_768
"""Values in a line, unless one map has more: longer ones leave the processor's cache."""
BLOCK = 400_000
"""Values transformed by one call, unless one image needs more; for the same reason."""


def forward(
    images: Array,
    weight: Array,
    bias: Array,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Correlate each channel with its kernel in each filter and sum over the channels."""
    output = _correlate(images, weight, stride, padding, workspace or Workspace())
    output += bias.reshape(-1, 1, 1)
    return output


def gradient_by_weight(
    images: Array,
    gradient: Array,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Correlate each channel with the spread-out gradient of each filter, sum over the batch."""
    workspace = workspace or Workspace()
    spread_size = output_size(images.shape[2:], kernel, (1, 1), padding)
    # As in forward, with images and channels exchanged: here the sum is over the images.
    maps, gradients = images.transpose(1, 0, 2, 3), gradient.transpose(1, 0, 2, 3)
    by_fft = seconds_by_fft(maps.shape, (*gradients.shape[:2], *spread_size), padding)
    if seconds_by_rows_to_weight(images.shape, gradient.shape, kernel, padding) < by_fft:
        return _weight_by_rows(images, gradient, kernel, stride, padding, workspace)
    spread = _spread(gradients, stride, spread_size)
    return _by_fft(maps, spread, (1, 1), padding, workspace).transpose(1, 0, 2, 3)


def gradient_by_input(
    gradient: Array,
    weight: Array,
    image_size: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Correlate the spread-out gradient with the flipped kernels (a true convolution)."""
    kernel_h, kernel_w = weight.shape[2:]
    spread = _spread(gradient, stride, output_size(image_size, weight.shape[2:], (1, 1), padding))
    flipped = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    reach = (kernel_h - 1, kernel_w - 1)
    return crop(_correlate(spread, flipped, (1, 1), reach, workspace or Workspace()), padding)


def _correlate(
    maps: Array, kernels: Array, stride: Pair, padding: Pair, workspace: Workspace
) -> Array:
    """(N, C, H, W) and (F, C, kernel_h, kernel_w) to (N, F, H_out, W_out), the quicker way."""
    by_fft = seconds_by_fft(maps.shape, kernels.shape, padding)
    by_rows = seconds_by_rows(maps.shape, kernels.shape, stride, padding)
    quicker = _by_rows if by_rows < by_fft else _by_fft
    return quicker(maps, kernels, stride, padding, workspace)


# The rule. What each takes was measured on one thread of a 2-core AMD EPYC (SciPy 1.17, NumPy 2.4,
# float32) for 400 random shapes: kernels 1…15, maps 5…64, channels and filters 1…64, batches 1…128,
# strides 1 and 2, some padding. For another 190 the rule then took 1 to 2 % longer than the quicker
# of both would have, 1.6 times as long at worst. Rows alone would have taken 1.7 times as long for
# the gradient by the weights and 6 to 9 times for the rest; FFT alone 2.5 times, and 2 to 6 % more.
# Another machine is faster or slower, but in much the same proportion.


def seconds_by_rows(maps: Shape, kernels: Shape, stride: Pair, padding: Pair) -> float:
    """What `_by_rows` takes: so much a call, and so much a value of a line.

    A kernel's row of up to 11 values costs little more if it is longer: NumPy has loops of its own
    for each length. Beyond that it makes a product of two vectors for every value.
    """
    filters, channels, kernel_h, kernel_w = kernels
    height = output_length(maps[2], kernel_h, stride[0], padding[0])
    line = height * (maps[3] + 2 * padding[1])
    lines = filters * channels * kernel_h
    value = 1.3e-9 + 0.18e-9 * kernel_w if kernel_w <= 11 else 15e-9
    return lines * (8e-6 * ceil(maps[0] / _share(LINE, line)) + value * maps[0] * line)


def seconds_by_rows_to_weight(images: Shape, gradient: Shape, kernel: Pair, padding: Pair) -> float:
    """What `_weight_by_rows` takes: so much a call, and so much a product."""
    count, channels, _, width = images
    line = gradient[2] * (width + 2 * padding[1])
    lines = gradient[1] * channels * kernel[0]
    return lines * (8e-6 * ceil(count / _share(LINE, line)) + 0.15e-9 * kernel[1] * count * line)


def seconds_by_fft(maps: Shape, kernels: Shape, padding: Pair) -> float:
    """What `_by_fft` takes: so much a call, and so much a value of each map transformed.

    With kernels of 1×1 fftconvolve transforms nothing and merely multiplies.
    """
    count, filters, channels = maps[0], kernels[0], kernels[1]
    area = _full_area((maps[2], maps[3]), (kernels[2], kernels[3]), padding)
    calls = ceil(count / _share(BLOCK, filters * area))
    transforms = count + calls * filters + count * filters
    call, value = (140e-6, 4.7e-9) if max(kernels[2:]) > 1 else (40e-6, 1e-9)
    return channels * (call * calls + value * transforms * area)


# The work. `pulse` comes every few milliseconds.


def _by_rows(
    maps: Array, kernels: Array, stride: Pair, padding: Pair, workspace: Workspace
) -> Array:
    """One row of a kernel at a time, along all rows of the maps that it meets."""
    from scipy import signal

    filters, channels, kernel_h, kernel_w = kernels.shape
    height, width = output_size(maps.shape[2:], kernels.shape[2:], stride, padding)
    row = maps.shape[3] + 2 * padding[1]
    output = np.empty((len(maps), filters, height, width), maps.dtype)
    for part in _parts(len(maps), _share(LINE, height * row)):
        planes = _channels_first(maps[part], padding)
        sums = np.zeros((filters, planes.shape[1], height, row), maps.dtype)
        for i in range(kernel_h):
            lines = _lines(planes[:, :, taps(i, height, stride[0])], kernel_w - 1)
            for c in range(channels):
                workspace.pulse()
                for f in range(filters):
                    line = signal.correlate(lines[c], kernels[f, c, i], "valid", "direct")
                    sums[f] += line.reshape(sums[f].shape)
        # Where the kernel lay over the end of one row and the beginning of the next means nothing.
        output[part] = sums[..., taps(0, width, stride[1])].transpose(1, 0, 2, 3)
    return output


def _weight_by_rows(
    images: Array,
    gradient: Array,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace,
) -> Array:
    """One row of the kernels at a time: one line with another is that row, summed over images.

    Rows of the gradient are made as long as those of the images, so that their lines fit together.
    """
    from scipy import signal

    filters, height = gradient.shape[1:3]
    channels, row = images.shape[1], images.shape[3] + 2 * padding[1]
    by_weight = np.zeros((filters, channels, *kernel), images.dtype)
    for part in _parts(len(images), _share(LINE, height * row)):
        planes = _channels_first(images[part], padding)
        spread = _spread(gradient[part], (1, stride[1]), (height, row))
        spread_lines = _lines(spread.transpose(1, 0, 2, 3), 0)
        for i in range(kernel[0]):
            lines = _lines(planes[:, :, taps(i, height, stride[0])], kernel[1] - 1)
            for c in range(channels):
                workspace.pulse()
                for f in range(filters):
                    by_weight[f, c, i] += signal.correlate(
                        lines[c], spread_lines[f], "valid", "direct"
                    )
    return by_weight


def _by_fft(
    maps: Array, kernels: Array, stride: Pair, padding: Pair, workspace: Workspace
) -> Array:
    """Whole maps with whole kernels: a channel of some images at a time, for all filters."""
    from scipy import signal

    filters, channels, kernel_h, kernel_w = kernels.shape
    size = output_size(maps.shape[2:], kernels.shape[2:], stride, padding)
    margin = _further(kernels.shape[2:], padding)
    rows = taps(kernel_h - 1 - padding[0] + margin[0], size[0], stride[0])
    columns = taps(kernel_w - 1 - padding[1] + margin[1], size[1], stride[1])
    flipped = kernels[:, :, ::-1, ::-1]
    area = _full_area(maps.shape[2:], kernels.shape[2:], padding)
    output = np.zeros((len(maps), filters, *size), maps.dtype)
    for part in _parts(len(maps), _share(BLOCK, filters * area)):
        planes = _channels_first(maps[part], margin)
        for c in range(channels):
            workspace.pulse()
            full = signal.fftconvolve(
                planes[c][:, np.newaxis], flipped[:, c][np.newaxis], axes=(2, 3)
            )
            output[part] += full[:, :, rows, columns]
    return output


def _further(kernel: Pair, padding: Pair) -> Pair:
    """The padding that is left to add: a full convolution itself reaches k − 1 beyond the maps."""
    return max(padding[0] - kernel[0] + 1, 0), max(padding[1] - kernel[1] + 1, 0)


def _full_area(maps: Pair, kernel: Pair, padding: Pair) -> int:
    """Values in the full convolution of one map, which is what has to be transformed."""
    margin = _further(kernel, padding)
    height = maps[0] + 2 * margin[0] + kernel[0] - 1
    return height * (maps[1] + 2 * margin[1] + kernel[1] - 1)


def _share(limit: int, size: int) -> int:
    """How many of `size` values a part holds, for `limit` values: one at least."""
    return max(limit // size, 1)


def _parts(count: int, share: int) -> list[slice]:
    """The batch in parts of `share` images, the last with what is left."""
    return [slice(start, min(start + share, count)) for start in range(0, count, share)]


def _channels_first(maps: Array, padding: Pair) -> Array:
    """(N, C, H, W) in any memory order to (C, N, H, W), padded and C-contiguous."""
    return np.ascontiguousarray(pad(maps, padding).transpose(1, 0, 2, 3))


def _lines(maps: Array, zeros: int) -> Array:
    """Each channel of (C, N, H, W) as one line, with so many zeros at its end."""
    length = maps[0].size
    lines = np.zeros((len(maps), length + zeros), maps.dtype)
    lines[:, :length].reshape(maps.shape)[...] = maps
    return lines


def _spread(gradient: Array, stride: Pair, size: Pair) -> Array:
    """`gradient` with s − 1 zeros between its values, and more after them up to `size`."""
    if gradient.shape[2:] == size:
        return gradient
    height, width = gradient.shape[2:]
    spread = np.zeros((*gradient.shape[:2], *size), gradient.dtype)
    spread[:, :, taps(0, height, stride[0]), taps(0, width, stride[1])] = gradient
    return spread
