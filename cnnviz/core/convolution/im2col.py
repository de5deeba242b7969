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

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnnviz.core.convolution.geometry import Pair, output_size
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
        columns = _columns(images, kernel, start, stride, (height, width), workspace, "columns")
    rows = in_memory_order(gradient).reshape(height, filters, -1)
    windows = _windows(columns, kernel[0], stride[0], height)
    # Transposed as a whole, since BLAS takes the tall matrix first a quarter faster.
    products = workspace.array("products", (height, windows.shape[1], filters), gradient)
    np.matmul(windows, rows.transpose(0, 2, 1), out=products)
    by_rows = products.sum(axis=0).reshape(kernel[0], channels, kernel[1], filters)
    return np.ascontiguousarray(by_rows.transpose(3, 1, 0, 2))


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
    height, width = output.shape[2:]
    kernel = (kernel_h, kernel_w)
    columns = _columns(maps, kernel, start, stride, (height, width), workspace, name)
    windows = _windows(columns, kernel_h, stride[0], height)
    flat = weight.transpose(0, 2, 1, 3).reshape(filters, kernel_h * channels * kernel_w)
    rows = output.transpose(2, 1, 3, 0)
    if rows.flags.c_contiguous:
        np.matmul(flat, windows, out=rows.reshape(height, filters, -1))
    else:
        rows[...] = np.matmul(flat, windows).reshape(rows.shape)
    return columns


def _columns(
    maps: Array,
    kernel: Pair,
    start: Pair,
    stride: Pair,
    size: Pair,
    workspace: Workspace,
    name: str,
) -> Array:
    """Patches unrolled along x: (rows, C·kernel_w, W_out·N), zero outside of `maps`."""
    count, channels, height, width = maps.shape
    rows = (size[0] - 1) * stride[0] + kernel[0]
    shape = (rows, channels, kernel[1], size[1], count)
    # What lies outside is zero from the beginning: the same places are written every time.
    columns = workspace.array(f"{name} of {height}×{width} from {start} by {stride}", shape, maps)
    seen = slice(max(-start[0], 0), min(height - start[0], rows))
    source = maps.transpose(2, 1, 3, 0)[seen.start + start[0] : seen.stop + start[0]]
    for j in range(kernel[1]):
        offset = start[1] + j
        first = max(-(offset // stride[1]), 0)
        last = min((width - 1 - offset) // stride[1], size[1] - 1)
        if first <= last:
            pixels = slice(first * stride[1] + offset, last * stride[1] + offset + 1, stride[1])
            columns[seen, :, j, first : last + 1] = source[:, :, pixels]
    return columns


def _windows(columns: Array, kernel_h: int, stride_y: int, height: int) -> Array:
    """For each output row the blocks under the kernel as one matrix; nothing is copied.

    (rows, C, kernel_w, W_out, N) to (H_out, kernel_h·C·kernel_w, W_out·N).
    """
    _, channels, kernel_w, width, count = columns.shape
    row, _, line, _, item = columns.strides
    return as_strided(
        columns,
        (height, kernel_h * channels * kernel_w, width * count),
        (row * stride_y, line, item),
        writeable=False,
    )
