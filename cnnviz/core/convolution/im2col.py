"""Convolution as one matrix product: lay the patches out as columns ("im2col"), then multiply.

The plain form has a column for every output position holding the whole patch under the kernel:

    Y (F, positions)  =  W (F, C·kernel_h·kernel_w)  ·  columns (C·kernel_h·kernel_w, positions)

With many channels that writes every pixel kernel_h·kernel_w times. The second form unrolls along x
only (kernel_w times the data) and multiplies all kernel rows at once; the y offsets come back as
shifted additions of the product's row blocks:

    P[i] (F, rows, W_out)  =  W[:, :, i, :] · columns (C·kernel_w, rows·W_out), a kernel row i each
    Y[y]  =  sum over i of  P[i][y·s_y + i]

which is the plain sum in another order. Both gradients are the same products transposed. `_along_x`
picks the form that touches less memory. The batch is innermost in memory (see workspace.py), so
`positions` runs over all images and the products are long.
"""

import numpy as np

from cnnviz.core.convolution.geometry import Pair, output_size, taps
from cnnviz.core.workspace import Array, Workspace, with_batch_last


def forward(
    images: Array,
    weight: Array,
    bias: Array,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """Y = W · columns + b."""
    workspace = workspace or Workspace()
    filters, _, kernel_h, _ = weight.shape
    height, width = output_size(images.shape[2:], weight.shape[2:], stride, padding)
    padded = _padded(images, padding, workspace)
    count = len(images)
    output = workspace.array("output", (filters, height, width, count), images)
    if _along_x(padded.shape, filters, weight.shape[2:], (height, width)):
        columns = _columns_along_x(padded, weight.shape[3], width, stride[1], workspace)
        rows = padded.shape[1]
        product = workspace.array("product", (kernel_h, filters, rows, width, count), images)
        np.matmul(_kernel_rows(weight), columns, out=product.reshape(kernel_h * filters, -1))
        np.add(product[0, :, taps(0, height, stride[0])], bias.reshape(-1, 1, 1, 1), out=output)
        for i in range(1, kernel_h):
            np.add(output, product[i, :, taps(i, height, stride[0])], out=output)
    else:
        columns = _columns(padded, weight.shape[2:], (height, width), stride, workspace)
        np.matmul(weight.reshape(filters, -1), columns, out=output.reshape(filters, -1))
        np.add(output, bias.reshape(-1, 1, 1, 1), out=output)
    return output.transpose(3, 0, 1, 2)


def gradient_by_weight(
    images: Array,
    gradient: Array,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """dL/dW = dL/dY · columns transposed."""
    workspace = workspace or Workspace()
    filters, height, width = gradient.shape[1:]
    padded = _padded(images, padding, workspace)
    channels, rows = padded.shape[:2]
    if _along_x(padded.shape, filters, kernel, (height, width)):
        columns = _columns_along_x(padded, kernel[1], width, stride[1], workspace)
        shifted = _shifted_rows(gradient, kernel[0], rows, stride[0], workspace)
        by_rows = (shifted @ columns.T).reshape(kernel[0], filters, channels, kernel[1])
        return np.ascontiguousarray(by_rows.transpose(1, 2, 0, 3))
    columns = _columns(padded, kernel, (height, width), stride, workspace)
    flat = with_batch_last(gradient).reshape(filters, -1)
    return (flat @ columns.T).reshape(filters, channels, *kernel)


def gradient_by_input(
    gradient: Array,
    weight: Array,
    image_size: Pair,
    stride: Pair,
    padding: Pair,
    workspace: Workspace | None = None,
) -> Array:
    """dL/dcolumns = W transposed · dL/dY; then every column is added back where it came from."""
    workspace = workspace or Workspace()
    filters, channels, kernel_h, kernel_w = weight.shape
    count, _, height, width = gradient.shape
    rows, margin_w = image_size[0] + 2 * padding[0], image_size[1] + 2 * padding[1]
    by_input = workspace.array("by_input", (channels, rows, margin_w, count), gradient)
    by_input.fill(0)
    if _along_x(by_input.shape, filters, (kernel_h, kernel_w), (height, width)):
        shifted = _shifted_rows(gradient, kernel_h, rows, stride[0], workspace)
        columns = workspace.array("columns", (channels, kernel_w, rows, width, count), gradient)
        np.matmul(_kernel_rows(weight).T, shifted, out=columns.reshape(channels * kernel_w, -1))
        for j in range(kernel_w):
            by_input[:, :, taps(j, width, stride[1])] += columns[:, j]
    else:
        patches = (channels, kernel_h, kernel_w, height, width, count)
        columns = workspace.array("columns", patches, gradient)
        flat = with_batch_last(gradient).reshape(filters, -1)
        flat_weight = weight.reshape(filters, -1)
        np.matmul(flat_weight.T, flat, out=columns.reshape(flat_weight.shape[1], -1))
        for i in range(kernel_h):
            for j in range(kernel_w):
                under = taps(i, height, stride[0]), taps(j, width, stride[1])
                by_input[:, under[0], under[1]] += columns[:, i, j]
    inner = by_input[:, padding[0] : rows - padding[0], padding[1] : margin_w - padding[1]]
    return inner.transpose(3, 0, 1, 2)


def _along_x(padded: tuple[int, ...], filters: int, kernel: Pair, output: Pair) -> bool:
    """Whether unrolling along x only touches less memory than unrolling whole patches.

    Values written per image: the columns and the product, in each form.
    """
    channels, rows = padded[:2]
    x_only = (channels * kernel[1] + kernel[0] * filters) * rows * output[1]
    whole = (channels * kernel[0] * kernel[1] + filters) * output[0] * output[1]
    return x_only < whole


def _padded(images: Array, padding: Pair, workspace: Workspace) -> Array:
    """Images (N, C, H, W) as (C, H + 2p_y, W + 2p_x, N), contiguous, zeros around."""
    inside = np.moveaxis(images, 0, -1)
    if padding == (0, 0) and inside.flags.c_contiguous:
        return inside
    channels, height, width, count = inside.shape
    shape = (channels, height + 2 * padding[0], width + 2 * padding[1], count)
    # The margin of a scratch array is zero from the start and nobody writes there.
    padded = workspace.array(f"padded by {padding}", shape, images)
    padded[:, padding[0] : padding[0] + height, padding[1] : padding[1] + width] = inside
    return padded


def _columns(
    padded: Array, kernel: Pair, output: Pair, stride: Pair, workspace: Workspace
) -> Array:
    """Whole patches: (C·kernel_h·kernel_w, H_out·W_out·N)."""
    channels, count = padded.shape[0], padded.shape[-1]
    columns = workspace.array("columns", (channels, *kernel, *output, count), padded)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            under = taps(i, output[0], stride[0]), taps(j, output[1], stride[1])
            columns[:, i, j] = padded[:, under[0], under[1]]
    return columns.reshape(channels * kernel[0] * kernel[1], -1)


def _columns_along_x(
    padded: Array, kernel_w: int, width: int, stride_x: int, workspace: Workspace
) -> Array:
    """Patches unrolled along x only: (C·kernel_w, rows·W_out·N)."""
    channels, rows, _, count = padded.shape
    columns = workspace.array("columns", (channels, kernel_w, rows, width, count), padded)
    for j in range(kernel_w):
        columns[:, j] = padded[:, :, taps(j, width, stride_x)]
    return columns.reshape(channels * kernel_w, -1)


def _kernel_rows(weight: Array) -> Array:
    """(F, C, kernel_h, kernel_w) as one matrix (kernel_h·F, C·kernel_w), a block a kernel row."""
    filters, channels, kernel_h, kernel_w = weight.shape
    return weight.transpose(2, 0, 1, 3).reshape(kernel_h * filters, channels * kernel_w)


def _shifted_rows(
    gradient: Array, kernel_h: int, rows: int, stride_y: int, workspace: Workspace
) -> Array:
    """The gradient as each kernel row saw it: (kernel_h·F, rows·W_out·N), zero where it did not."""
    count, filters, height, width = gradient.shape
    shape = (kernel_h, filters, rows, width, count)
    # The zeros stay: for one stride and shape, the same places are written every time.
    shifted = workspace.array(f"shifted by {stride_y}", shape, gradient)
    for i in range(kernel_h):
        shifted[i, :, taps(i, height, stride_y)] = np.moveaxis(gradient, 0, -1)
    return shifted.reshape(kernel_h * filters, -1)
