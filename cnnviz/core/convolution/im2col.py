"""Convolution as matrix products: lay the patches out as columns ("im2col"), then multiply.

The plain form has a column for every output position, holding the whole patch under the kernel:

    Y (F, positions)  =  W (F, kernel_h·C·kernel_w)  ·  columns (kernel_h·C·kernel_w, positions)

which writes every pixel kernel_h·kernel_w times. Here patches are unrolled along x only, so every
pixel is written kernel_w times, a block of columns for each row of the input:

    columns[r] (C·kernel_w, W_out·N)        columns[r, (c, j), (x, n)]  =  X[n, c, r, x·s_x + j]

Output row y needs the blocks of the kernel_h input rows under it. They lie one after the other in
memory, so together they are one taller matrix that never has to be written:

    Y[y] (F, W_out·N)  =  W (F, kernel_h·C·kernel_w)  ·  columns[y·s_y : y·s_y + kernel_h]

The gradient by the weights is the same product transposed, summed over the output rows:

    dL/dW  =  sum over y of  dL/dY[y] (F, W_out·N)  ·  columns[y·s_y : y·s_y + kernel_h] transposed

and the gradient by the input is a convolution of its own: the output's gradient under the kernels
turned by 180°, with channels and filters exchanged (see `gradient_by_input`).

Memory is in the engine's order, (H, C, W, N) with the batch innermost (see workspace.py), so the
columns are copied in long runs and the products are wide.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnnviz.core.convolution.geometry import Pair, output_size
from cnnviz.core.convolution.products import multiply, multiply_and_sum
from cnnviz.core.workspace import Array, Workspace, in_memory_order, scratch


def forward(
    images: Array,
    weight: Array,
    bias: Array,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Y[y] = W · columns[y·s_y : y·s_y + kernel_h] + b."""
    workspace = workspace or Workspace()
    size = output_size(images.shape[2:], weight.shape[2:], stride, padding)
    output = scratch(workspace, "output", (len(images), len(weight), *size), images)
    start = (-padding[0], -padding[1])
    columns = _correlate(images, weight, start, stride, output, workspace, "columns")
    workspace.leave("columns", images, columns)
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
    """dL/dW = sum over y of dL/dY[y] · columns[y·s_y : y·s_y + kernel_h] transposed."""
    workspace = workspace or Workspace()
    filters, height, width = gradient.shape[1:]
    channels = images.shape[1]
    start = (-padding[0], -padding[1])
    columns = workspace.left("columns", images)
    if columns is None:
        columns = _columns(images, kernel[1], start[1], stride[1], width, workspace, "columns")
    rows = in_memory_order(gradient).reshape(height, filters, -1)
    # The sum is made transposed, since BLAS takes the tall matrix first a quarter faster.
    by_weight = np.zeros((kernel[0] * channels * kernel[1], filters), gradient.dtype)
    for under in _windows(columns, kernel[0], start[0], stride[0], height):
        by_weight[under.taps] += multiply_and_sum(under.columns, rows[under.rows], workspace)
    by_weight = by_weight.reshape(kernel[0], channels, kernel[1], filters)
    return np.ascontiguousarray(by_weight.transpose(3, 1, 0, 2))


def gradient_by_input(
    gradient: Array,
    weight: Array,
    image_size: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """The output's gradient under the kernels turned by 180°.

    Input row r (counted from the padded edge) met kernel row i at output row y where
    r = y·s_y + i. So the rows with r = a modulo s_y meet only every s_y-th kernel row, beginning
    with a: for each such phase of rows and columns this is a convolution of stride 1. With a
    stride of 1 there is one phase, and all of the kernel.
    """
    workspace = workspace or Workspace()
    count, channels = len(gradient), weight.shape[1]
    by_input = scratch(workspace, "by_input", (count, channels, *image_size), gradient)
    turned = weight.transpose(1, 0, 2, 3)
    for a_y in range(stride[0]):
        for a_x in range(stride[1]):
            phase = turned[:, :, a_y :: stride[0], a_x :: stride[1]]
            first = ((a_y - padding[0]) % stride[0], (a_x - padding[1]) % stride[1])
            target = by_input[:, :, first[0] :: stride[0], first[1] :: stride[1]]
            if 0 in target.shape:
                continue
            if 0 in phase.shape:
                target[...] = 0
                continue
            # The first of these rows is output row (r − a)/s_y with the phase's first tap.
            start = (
                (first[0] + padding[0] - a_y) // stride[0] - (phase.shape[2] - 1),
                (first[1] + padding[1] - a_x) // stride[1] - (phase.shape[3] - 1),
            )
            name = f"columns of phase {a_y}, {a_x}"
            kernels = phase[:, :, ::-1, ::-1]
            _correlate(gradient, kernels, start, (1, 1), target, workspace, name)
    return by_input


def _correlate(
    maps: Array,
    weight: Array,
    start: Pair,
    stride: Pair,
    output: Array,
    workspace: Workspace,
    name: str,
) -> Array:
    """Writes to `output` (N, F, H_out, W_out) the sums without bias; returns the columns.

    The kernel's first position is `start`, which is negative for padding: what lies outside of
    `maps` counts as zero.
    """
    filters, channels, kernel_h, kernel_w = weight.shape
    count, _, height, width = output.shape
    columns = _columns(maps, kernel_w, start[1], stride[1], width, workspace, name)
    flat = weight.transpose(0, 2, 1, 3).reshape(filters, kernel_h * channels * kernel_w)
    memory = output.transpose(2, 1, 3, 0)
    target = memory if memory.flags.c_contiguous else np.empty(memory.shape, memory.dtype)
    rows = target.reshape(height, filters, width * count)
    for under in _windows(columns, kernel_h, start[0], stride[0], height):
        multiply(flat[:, under.taps], under.columns, rows[under.rows])
    if target is not memory:
        memory[...] = target
    return columns


def _columns(
    maps: Array,
    kernel_w: int,
    start: int,
    stride: int,
    width: int,
    workspace: Workspace,
    name: str,
) -> Array:
    """Patches unrolled along x: (H, C, kernel_w, W_out, N), zero left and right of `maps`."""
    count, channels, rows, pixels = maps.shape
    # What lies outside is zero from the beginning: the same places are written every time.
    name = f"{name} of {pixels} pixels from {start} by {stride}"
    columns = workspace.array(name, (rows, channels, kernel_w, width, count), maps)
    source = maps.transpose(2, 1, 3, 0)
    for j in range(kernel_w):
        offset = start + j
        first = max(-(offset // stride), 0)
        last = min((pixels - 1 - offset) // stride, width - 1)
        if first <= last:
            seen = slice(first * stride + offset, last * stride + offset + 1, stride)
            columns[:, :, j, first : last + 1] = source[:, :, seen]
    return columns


class _Window(NamedTuple):
    """What lies under the kernel at some rows of the output."""

    rows: slice
    """Which rows of the output."""
    taps: slice
    """Which of the kernel's (row, channel, column) have pixels under them at all."""
    columns: Array
    """(rows, taps, W_out·N)"""


def _windows(
    columns: Array, kernel_h: int, start: int, stride: int, height: int
) -> Iterator[_Window]:
    """For each output row the blocks under the kernel as one matrix; nothing is copied.

    The rows with all of the kernel inside come together; then, one by one, those at the edges,
    where some kernel rows have only padding under them and are left out.
    """
    rows, channels, kernel_w, width, count = columns.shape
    line = channels * kernel_w
    blocks = columns.reshape(rows, line, width * count)
    first = max(-(start // stride), 0)
    last = max(min((rows - kernel_h - start) // stride + 1, height), first)
    if first < last:
        block, column, item = blocks.strides
        inside = as_strided(
            blocks[first * stride + start :],
            (last - first, kernel_h * line, width * count),
            (block * stride, column, item),
            writeable=False,
        )
        yield _Window(slice(first, last), slice(0, kernel_h * line), inside)
    for y in (*range(min(first, height)), *range(last, height)):
        top = y * stride + start
        begin, end = max(top, 0), max(min(top + kernel_h, rows), max(top, 0))
        under = blocks[begin:end].reshape(1, (end - begin) * line, width * count)
        yield _Window(slice(y, y + 1), slice((begin - top) * line, (end - top) * line), under)
