"""An architecture as plain data: what a network is, before any number is drawn.

A layer is a small dict such as {"type": "conv2d", "filters": 8, "kernel": [5, 5]}, so a spec can be
written to JSON or TOML, compared and shared. The functions below spell those dicts; which types and
fields exist is the business of layers.py.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from cnnviz.core.errors import SpecError

LayerSpec = Mapping[str, Any]
"""{"type": …, and the fields of that type}."""


@dataclass(frozen=True)
class Spec:
    """An architecture: the shape of one image (C, H, W), the layers in order, how weights begin."""

    name: str
    title: str
    input_shape: tuple[int, int, int]
    layers: tuple[LayerSpec, ...]
    initializer: str = "he"

    def __post_init__(self) -> None:
        shape = self.input_shape
        if len(shape) != 3 or not all(type(length) is int and length > 0 for length in shape):
            raise SpecError(
                f"input_shape must be three whole numbers of at least 1, not {list(shape)}.",
                "input_shape",
            )

    def to_dict(self) -> dict[str, Any]:
        """The spec as dicts, lists, strings and numbers, ready for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Spec":
        """The spec that `to_dict` gave; raises SpecError naming the field that is off."""
        try:
            return Spec(
                name=str(data.get("name", "custom")),
                title=str(data.get("title", data.get("name", "Custom"))),
                input_shape=_shape(data["input_shape"]),
                layers=tuple(_layer(layer) for layer in data["layers"]),
                initializer=str(data.get("initializer", "he")),
            )
        except KeyError as missing:
            name = missing.args[0]
            raise SpecError(f"The network has no “{name}”.", name) from None
        except (AttributeError, TypeError, ValueError) as error:
            raise SpecError(f"The network cannot be read: {error}") from None

    def fitted(self, input_shape: tuple[int, int, int], classes: int) -> "Spec":
        """The same architecture for images of `input_shape` and a last dense layer of `classes`."""
        if not self.layers or self.layers[-1].get("type") != "dense":
            return replace(self, input_shape=input_shape)
        last = {**self.layers[-1], "units": classes}
        return replace(self, input_shape=input_shape, layers=(*self.layers[:-1], last))


def conv2d(
    filters: int,
    kernel: int | tuple[int, int],
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> LayerSpec:
    """A convolution; kernel, stride and padding are one number or (y, x)."""
    return {
        "type": "conv2d",
        "filters": filters,
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
    }


def max_pool2d(
    size: int | tuple[int, int], stride: int | tuple[int, int] | None = None
) -> LayerSpec:
    """Max pooling; the stride is the window's size unless given."""
    return {"type": "max_pool2d", "size": size, "stride": size if stride is None else stride}


def dense(units: int) -> LayerSpec:
    """A fully connected layer."""
    return {"type": "dense", "units": units}


def flatten() -> LayerSpec:
    """From maps (C, H, W) to one row of values."""
    return {"type": "flatten"}


def relu() -> LayerSpec:
    """max(0, z)."""
    return {"type": "relu"}


def sigmoid() -> LayerSpec:
    """1 / (1 + exp(−z))."""
    return {"type": "sigmoid"}


def arctan() -> LayerSpec:
    """arctan(z)."""
    return {"type": "arctan"}


def _shape(value: Any) -> tuple[int, int, int]:
    channels, height, width = value
    return channels, height, width


def _layer(value: Any) -> LayerSpec:
    """A layer as it was before JSON made lists of its (y, x) pairs."""
    fields = dict(value).items()
    return {name: tuple(field) if isinstance(field, list) else field for name, field in fields}
