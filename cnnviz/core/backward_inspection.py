"""The way back for one image: how much each value, if it grew, would change the loss.

The twin of inspection.py: the same layers, names and shapes, with gradients in place of values.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cnnviz.core.activations import ReLU
from cnnviz.core.layer import Layer
from cnnviz.core.layers import MaxPool2D
from cnnviz.core.network import Network
from cnnviz.core.workspace import Array


@dataclass(frozen=True, eq=False)
class BackwardInspection:
    """The gradients of one image's loss; copies, in the order of the layers.

    `image` is the gradient by each pixel (C, H, W), whose size is called the saliency (Simonyan,
    Vedaldi and Zisserman 2013); `outputs` maps a layer's name to the gradient by its output,
    (C, H, W) or (units,); `parameters` maps "conv1.weight" and so on to the gradient by it.
    """

    label: int
    loss: float
    image: Array
    outputs: dict[str, Array]
    parameters: dict[str, Array]
    blocked: dict[str, NDArray[np.bool_]]
    """Of each ReLU: where z ≤ 0, so that nothing passes; in the shape of its output."""
    winners: dict[str, NDArray[np.intp]]
    """Of each pooling: which place of the window takes the gradient; see `winning_places`."""


def inspect_backward(network: Network, image: Array, label: int) -> BackwardInspection:
    """Runs one image (C, H, W) of class `label` both ways and keeps every gradient.

    Writes to the network's `gradient`. Raises CnnvizError for a class there is not.
    """
    values: dict[int, Array] = {}
    gradients: dict[int, Array] = {}

    def watch(k: int, value: Array, gradient: Array) -> None:
        values[k] = value
        gradients[k] = gradient[0].copy(order="C")

    loss, _ = network.learn(image[np.newaxis], np.array([label]), watch=watch)
    layers = network.layers
    pairs = [(layer, values[k]) for k, layer in enumerate(layers)]  # each with its input
    return BackwardInspection(
        label,
        loss,
        gradients[0],
        {layer.name: gradients[k] for k, layer in enumerate(layers, start=1)},
        network.gradients(),
        {layer.name: blocked(z)[0] for layer, z in pairs if isinstance(layer, ReLU)},
        {
            layer.name: winning_places(layer, z)[0]
            for layer, z in pairs
            if isinstance(layer, MaxPool2D)
        },
    )


def blocked(inputs: Array) -> NDArray[np.bool_]:
    """Where a ReLU lets no gradient pass: not z > 0."""
    return ~(np.ascontiguousarray(inputs) > 0)


def winning_places(layer: MaxPool2D, inputs: Array) -> NDArray[np.intp]:
    """Which place of each window is the first greatest, counted in reading order from 0.

    From the layer's `inputs` (N, C, H, W) to its output's shape (N, C, H_out, W_out); place k is
    row k // window_w of the window, column k % window_w.
    """
    windows = sliding_window_view(np.ascontiguousarray(inputs), layer.size, (2, 3))
    windows = windows[:, :, :: layer.stride[0], :: layer.stride[1]]
    places: NDArray[np.intp] = windows.reshape(*windows.shape[:4], -1).argmax(axis=-1)
    return places


def switches(layer: Layer, inputs: Array) -> NDArray[np.generic] | None:
    """Which way each ReLU or window is set, (N, ...): between two settings the loss has a kink.

    None for a layer without any.
    """
    if isinstance(layer, ReLU):
        return blocked(inputs)
    return winning_places(layer, inputs) if isinstance(layer, MaxPool2D) else None
