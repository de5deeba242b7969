"""Matrix products with few filters, cut into pieces that OpenBLAS multiplies where they lie.

BLAS first copies both operands into an order it likes. With 8 filters it then uses every copied
number 8 times only, and the copying takes longer than the products. On processors with AVX-512,
OpenBLAS has kernels that read the operands as they are; it takes them for a product of at most a
million multiplications (and then only if neither operand is transposed). Measured there, for 8
filters of 5×5 over 8 channels: 99 GFLOP/s in pieces, 57 as a whole. Where there are no such
kernels, nothing is cut.
"""

from collections.abc import Iterator

import numpy as np

from cnnviz.core.blas import has_small_kernels
from cnnviz.core.workspace import Array, Workspace

SMALL = 1_000_000
"""Multiplications that OpenBLAS counts as a small product, at most."""
LANES = 64
"""Columns that such a kernel takes at a time; pieces are multiples of it."""
WORTH_TURNING = 64
"""Rows of the left matrix for which it is worth while to copy the right one transposed."""


def multiply(left: Array, right: Array, out: Array) -> None:
    """out[b] = left · right[b]: (M, K) by (B, K, N) into (B, M, N), for large N."""
    for piece in pieces(right.shape[-1], left.size):
        np.matmul(left, right[..., piece], out=out[..., piece])


def multiply_and_sum(left: Array, right: Array, workspace: Workspace) -> Array:
    """The sum over b of left[b] · right[b] transposed: (B, M, N) by (B, K, N) to (M, K)."""
    batch, rows, length = left.shape
    shape = (batch, rows, right.shape[1])
    products = workspace.array(f"products {shape}", shape, right)
    total = np.zeros(shape[1:], right.dtype)
    turned = right.transpose(0, 2, 1)
    if rows >= WORTH_TURNING and has_small_kernels():
        turned = workspace.array(f"turned {turned.shape}", turned.shape, right)
        turned[...] = right.transpose(0, 2, 1)
    for piece in pieces(length, total.size):
        np.matmul(left[..., piece], turned[:, piece], out=products)
        total += products.sum(axis=0)
    return total


def pieces(length: int, weight: int) -> Iterator[slice]:
    """Cuts an axis evenly, so that a piece times `weight` is small; not at all if it can't be."""
    most = SMALL // max(weight, 1) // LANES * LANES
    if length <= most or most == 0 or not has_small_kernels():
        yield slice(0, length)
        return
    count = -(-length // most)
    size = -(-length // count // LANES) * LANES
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
