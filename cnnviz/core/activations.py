"""The activations: functions of one value, applied to each, that let layers bend what they see."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layer import Layer, Weights
from cnnviz.core.workspace import Array, Workspace, scratch


class Activation(Layer):
    """A function of one value, applied to each; `slope` is its derivative, seen from the output."""

    def forward(self, inputs: Array, weights: Weights, workspace: Workspace) -> Array:
        """The function of every value."""
        outputs = scratch(workspace, "output", inputs.shape, inputs)
        self.function(inputs, outputs, workspace)
        return outputs

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
        """The chain rule: gradient times slope, in place."""
        gradient *= self.slope(inputs, outputs)
        return gradient

    @abstractmethod
    def function(self, inputs: Array, outputs: Array, workspace: Workspace) -> None:
        """Writes the function of `inputs` to `outputs`."""

    @abstractmethod
    def slope(self, inputs: Array, outputs: Array) -> NDArray[Any]:
        """The derivative at each input."""


class ReLU(Activation):
    """max(0, z): positive values pass, the others are zero."""

    kind = "relu"
    title = "ReLU"

    def function(self, inputs: Array, outputs: Array, workspace: Workspace) -> None:
        """max(0, z)."""
        # Against an array of zeros, which NumPy does three times as fast as against one zero; a
        # row of pixels in all channels is enough, and stays in the cache.
        shape = inputs.shape if inputs.ndim == 2 else (*inputs.shape[:2], 1, inputs.shape[3])
        zeros = scratch(workspace, "zeros", shape, inputs)
        np.maximum(inputs, zeros, out=outputs)

    def slope(self, inputs: Array, outputs: Array) -> NDArray[np.bool_]:
        """1 where z > 0, else 0 (as PyTorch at 0)."""
        return outputs > 0


class Sigmoid(Activation):
    """1 / (1 + exp(−z)): between 0 and 1."""

    kind = "sigmoid"
    title = "Sigmoid"

    def function(self, inputs: Array, outputs: Array, workspace: Workspace) -> None:
        """By way of tanh, which cannot overflow: (1 + tanh(z / 2)) / 2."""
        np.multiply(inputs, 0.5, out=outputs)
        np.tanh(outputs, out=outputs)
        outputs += 1
        outputs *= 0.5

    def slope(self, inputs: Array, outputs: Array) -> Array:
        """s · (1 − s)."""
        slope: Array = outputs * (1 - outputs)
        return slope


class Arctan(Activation):
    """arctan(z): between −π/2 and π/2."""

    kind = "arctan"
    title = "Arctan"

    def function(self, inputs: Array, outputs: Array, workspace: Workspace) -> None:
        """arctan(z)."""
        np.arctan(inputs, out=outputs)

    def slope(self, inputs: Array, outputs: Array) -> Array:
        """1 / (1 + z²)."""
        slope: Array = 1 / (1 + inputs * inputs)
        return slope
