"""A share of a batch learned a few images at a time, so that what is worked on stays in the cache.

The patches of a convolution (see convolution/im2col.py) are written once and read by two products.
With 32 filters those of 64 images take 20 MB, more than a core's cache holds, and all waits for
memory; 16 images at a time were measured to be 1.3 times faster. The gradient is the sum over all
images in any case.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D
from cnnviz.core.network import Lap, Network, Watch
from cnnviz.core.workspace import Array

CACHE = 5_000_000
"""Bytes of patches that are quick to work on, measured with caches of 2 MB a core."""
FLOAT = 4
LEAST = 8
"""Images to work on at once; with fewer, products get thin."""
MOST_IN_A_CHUNK, CHUNK_BYTES = 250, 16_000_000
"""Images, and bytes of them as floats: helpers have room for two chunks in shared memory, of which
there may be little."""


def learn_in_slices(
    network: Network,
    images: Array,
    labels: NDArray[np.integer[Any]],
    lap: Lap | None = None,
    count: int | None = None,
    watch: Watch | None = None,
) -> tuple[float, Array]:
    """As `Network.learn`, which it calls for one slice after the other."""
    slices = -(-len(images) // slice_size(network.layers))
    count = count or len(images)
    if slices <= 1:
        return network.learn(images, labels, lap, count, watch)
    bounds = [len(images) * k // slices for k in range(slices + 1)]
    loss, logits = 0.0, []
    gradient = np.zeros_like(network.gradient)
    for start, stop in pairwise(bounds):
        part, scores = network.learn(images[start:stop], labels[start:stop], lap, count, watch)
        loss += part
        logits.append(scores.copy())
        gradient += network.gradient
    network.gradient[...] = gradient
    return loss, np.concatenate(logits)


def chunk_size(layers: list[Layer]) -> int:
    """How many images to run forward at once, where nothing is to be learned from them."""
    fitting = CHUNK_BYTES // (FLOAT * math.prod(layers[0].input_shape))
    return min(slice_size(layers), MOST_IN_A_CHUNK, max(fitting, LEAST))


def chunks(count: int, layers: list[Layer]) -> list[slice]:
    """`count` images in chunks, in order.

    The same chunks everywhere, since how many images are run together changes the last digits.
    """
    size = chunk_size(layers)
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def slice_size(layers: list[Layer]) -> int:
    """How many images to work on at once: as many as fit, and not too few."""
    most = max((_patches(layer) for layer in layers if isinstance(layer, Conv2D)), default=1)
    return max(LEAST, CACHE // (FLOAT * most))


def _patches(layer: Conv2D) -> int:
    """Numbers in the patches of one image, unrolled along x."""
    channels, height, _ = layer.input_shape
    return channels * height * layer.kernel[1] * layer.output_shape[2]
