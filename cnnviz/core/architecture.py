"""What layers must be together to make a network, asked before any memory is taken.

One layer alone is judged in layers.py. Here is the rest: that they end in a row of values, that all
of it has room in a machine, and that there is one value for each class.
"""

import math

from cnnviz.core.errors import SpecError
from cnnviz.core.initializers import initializer
from cnnviz.core.layer import Layer
from cnnviz.core.layers import build_layers
from cnnviz.core.spec import Spec

MOST_LAYERS = 200
MOST_PARAMETERS = 50_000_000
"""200 MB as float32, which training holds about four times: weights, gradient, Adam's two."""
MOST_VALUES = 10_000_000
"""Of all layers' outputs for one image; a batch of 64 then takes 2.6 GB."""


def build_architecture(spec: Spec) -> list[Layer]:
    """The layers of `spec`, sound together.

    Raises SpecError for a layer that cannot be (see build_layers), an end that is not one row of
    values, more than the sizes above, or an unknown initialisation.
    """
    if len(spec.layers) > MOST_LAYERS:
        raise SpecError(
            f"The network has {len(spec.layers)} layers, and {MOST_LAYERS} are the most. "
            "Leave some out.",
            "layers",
        )
    layers = build_layers(spec.input_shape, spec.layers)
    if not layers or len(layers[-1].output_shape) != 1:
        raise SpecError(
            "A network must end in one row of values, a unit per class. "
            "End it with a flatten and a dense layer."
        )
    _check_room(layers)
    initializer(spec.initializer)
    return layers


def check_classes(layers: list[Layer], classes: int) -> None:
    """Raises SpecError unless the last layer of a network gives one value for each class."""
    values = layers[-1].output_shape[0]
    if values != classes:
        raise SpecError(
            f"{layers[-1].name}: the last layer gives {values} values, but there are {classes} "
            "classes. End the network with a dense layer, a unit per class."
        )


def _check_room(layers: list[Layer]) -> None:
    """Raises SpecError naming the first layer with which the network becomes too large."""
    parameters, values = 0, math.prod(layers[0].input_shape)
    for position, layer in enumerate(layers):
        parameters += layer.parameter_count
        values += math.prod(layer.output_shape)
        for count, what, most in (
            (parameters, "parameters", MOST_PARAMETERS),
            (values, "values for each image", MOST_VALUES),
        ):
            if count > most:
                raise SpecError(
                    f"{layer.name}: with this layer the network has {_millions(count)} {what}, "
                    f"and {_millions(most)} are the most. Use fewer filters or units, or shrink "
                    "the maps more in the layers before.",
                    layer=position,
                )


def _millions(count: int) -> str:
    return f"{count // 10**6} million"
