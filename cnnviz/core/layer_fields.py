"""The types of layers and their fields for people: what a form offers, and what each one does.

What is allowed is the business of layers.py; the tests hold this table against it, so that the two
cannot drift apart.
"""

from dataclasses import dataclass
from typing import Literal

from cnnviz.core.convolution.geometry import Pair
from cnnviz.core.layers import LAYERS
from cnnviz.core.spec import LayerSpec


@dataclass(frozen=True)
class LayerField:
    """One number of a layer, or two for y and x."""

    name: str
    """As in a spec."""
    title: str
    kind: Literal["whole", "pair"]
    least: int
    """The engine's own lower bound."""
    most: int
    """As far as a form goes; the engine has no such bound."""
    default: int | Pair
    """Of a new layer."""
    text: str
    """What it does, in one sentence."""


@dataclass(frozen=True)
class LayerType:
    """One type of layer."""

    kind: str
    title: str
    text: str
    fields: tuple[LayerField, ...] = ()

    def field(self, name: str) -> LayerField:
        """The field called `name`; raises KeyError if there is none."""
        return {field.name: field for field in self.fields}[name]

    def new_layer(self) -> LayerSpec:
        """A layer of this type with the defaults."""
        return {"type": self.kind} | {field.name: field.default for field in self.fields}


_STRIDE = "How far the {} moves at each step; 2 halves the maps."


def _layer_type(kind: str, text: str, *fields: LayerField) -> LayerType:
    return LayerType(kind, LAYERS[kind].title, text, fields)


LAYER_TYPES: dict[str, LayerType] = {
    each.kind: each
    for each in (
        _layer_type(
            "conv2d",
            "Slides small kernels over the maps; each looks for one pattern everywhere.",
            LayerField(
                "filters", "Filters", "whole", 1, 1024, 8, "How many patterns it looks for: maps."
            ),
            LayerField(
                "kernel",
                "Kernel",
                "pair",
                1,
                99,
                (3, 3),
                "How large a patch each filter sees at once, height × width.",
            ),
            LayerField("stride", "Stride", "pair", 1, 99, (1, 1), _STRIDE.format("kernel")),
            LayerField(
                "padding",
                "Padding",
                "pair",
                0,
                99,
                (0, 0),
                "Rows and columns of zeros put around each map, so that its edge is seen as well.",
            ),
        ),
        _layer_type(
            "max_pool2d",
            "Keeps the greatest value of each window: smaller maps that care less about where.",
            LayerField(
                "size", "Window", "pair", 1, 99, (2, 2), "Of how many values one is kept, h × w."
            ),
            LayerField("stride", "Stride", "pair", 1, 99, (2, 2), _STRIDE.format("window")),
        ),
        _layer_type("flatten", "Puts all maps into one row of values; a dense layer needs that."),
        _layer_type(
            "dense",
            "Every unit weighs all values of the row: it decides from everything at once.",
            LayerField("units", "Units", "whole", 1, 10_000, 64, "How many values it gives."),
        ),
        _layer_type("relu", "max(0, z): lets positive values pass and makes the others zero."),
        _layer_type("sigmoid", "1 / (1 + exp(−z)): squeezes every value between 0 and 1."),
        _layer_type("arctan", "arctan(z): squeezes every value between −π/2 and π/2."),
    )
}
