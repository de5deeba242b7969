"""What every layer is: two functions of arrays, forward and backward, and the shapes they imply.

A layer holds no weights and no memory of a batch. Weights arrive as views into the network's flat
vector, inputs and outputs are handed back for the backward pass, scratch memory comes as a
Workspace. Arrays are (N, ...) with whatever memory order the layer before gave.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from cnnviz.core.errors import SpecError
from cnnviz.core.workspace import Array, Workspace

Shape = tuple[int, ...]
"""The shape of one image's value, without the batch: (C, H, W) or (units,)."""
Weights = Mapping[str, Array]
"""A layer's parameters (or their gradients) by name: "weight", "bias"."""


class Layer(ABC):
    """What every layer has; `__init__` refuses shapes that do not fit, saying why."""

    kind: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, name: str, input_shape: Shape) -> None:
        self.name = name
        self.input_shape = input_shape
        self.output_shape = input_shape
        self.parameter_shapes: dict[str, Shape] = {}

    @abstractmethod
    def forward(self, inputs: Array, weights: Weights, workspace: Workspace) -> Array:
        """The output (N, *output_shape); it may live in `workspace` until the next call."""

    @abstractmethod
    def backward(
        self,
        inputs: Array,
        outputs: Array,
        gradient: Array,
        weights: Weights,
        weight_gradients: Weights,
        workspace: Workspace,
        to_input: bool = True,
    ) -> Array | None:
        """Writes the loss's gradient by each weight and returns the one by `inputs`.

        `gradient` is the one by `outputs` and may be overwritten. With `to_input` false the
        gradient by the input is not needed and None is returned.
        """

    def refuse(self, reason: str, field: str | None = None) -> SpecError:
        """The error that names this layer, and the field that is off if it is one."""
        return SpecError(f"{self.name}: {reason}", field)

    @property
    def label(self) -> str:
        """The name for people: "Conv 1" for conv1."""
        number = self.name.lstrip("abcdefghijklmnopqrstuvwxyz")
        return f"{self.title} {number}".strip()

    @property
    def parameter_count(self) -> int:
        """How many numbers this layer learns."""
        return sum(math.prod(shape) for shape in self.parameter_shapes.values())
