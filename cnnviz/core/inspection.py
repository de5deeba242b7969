"""Every layer's input and output for one image: what the views draw."""

from dataclasses import dataclass

from cnnviz.core.loss import softmax
from cnnviz.core.network import Network
from cnnviz.core.workspace import Array


@dataclass(frozen=True)
class Inspection:
    """One image's way through a network; copies, in the order of the layers.

    `image` is (C, H, W); `outputs` maps a layer's name to its output, (C, H, W) or (units,);
    `probabilities` is (classes,).
    """

    image: Array
    outputs: dict[str, Array]
    probabilities: Array


def inspect(network: Network, image: Array) -> Inspection:
    """Runs one image (C, H, W) through `network` and keeps what every layer made of it."""
    values = network.run(image[None])
    return Inspection(
        image=image.copy(),
        outputs={
            layer.name: value[0].copy(order="C")
            for layer, value in zip(network.layers, values[1:], strict=True)
        },
        probabilities=softmax(values[-1])[0],
    )
