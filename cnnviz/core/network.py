"""A network: ordered layers over one flat vector of parameters, forward and backward."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cnnviz.core.activations import Activation
from cnnviz.core.architecture import build_architecture
from cnnviz.core.convolution import way
from cnnviz.core.errors import CnnvizError, WeightsError
from cnnviz.core.initializers import initializer
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D
from cnnviz.core.loss import loss_and_gradient, softmax
from cnnviz.core.spec import Spec
from cnnviz.core.workspace import Array, Workspace, may_diverge

Lap = Callable[[str, str], None]
"""Called after each layer with its name and "forward" or "backward"; may raise."""

Watch = Callable[[int, Array, Array], None]
"""Called on the way back with k, entry k of what `Network.run` returns, and the loss's gradient by
it: from the logits (k = number of layers) down to the images (k = 0). The entry lives until the
network's next run, the gradient only until `watch` returns: layers overwrite it."""

WEIGHT_STREAM = 0
"""Keeps the random numbers of the weights apart from those of the shuffles."""


class Network:
    """Layers whose parameters are views into `vector`, and their gradients into `gradient`.

    So an optimiser is a few vector operations, a snapshot one copy, a file one array.
    """

    def __init__(
        self,
        spec: Spec | Mapping[str, Any],
        seed: int | None = 0,
        convolution: str = "im2col",
        dtype: DTypeLike = np.float32,
    ) -> None:
        """Builds the layers of `spec` and draws their weights from `seed`; of None, all are zero.

        Raises SpecError naming the layer that does not fit, SettingsError for an unknown way of
        convolution. `dtype` is float32 but for gradient checks in float64.
        """
        self.spec = spec if isinstance(spec, Spec) else Spec.from_dict(spec)
        self.layers: list[Layer] = build_architecture(self.spec)
        self.vector: Array = np.zeros(sum(layer.parameter_count for layer in self.layers), dtype)
        self.gradient: Array = np.zeros_like(self.vector)
        self._weights = _views(self.layers, self.vector)
        self._gradients = _views(self.layers, self.gradient)
        self._workspaces = [Workspace() for _ in self.layers]
        self.convolution = convolution
        if seed is not None:
            self.draw(seed)

    @property
    def convolution(self) -> str:
        """The way of convolution by name; may be changed between two batches."""
        return self._convolution

    @convolution.setter
    def convolution(self, name: str) -> None:
        operation = way(name)
        for layer in self.layers:
            if isinstance(layer, Conv2D):
                layer.way = operation
        self._convolution = name

    @property
    def classes(self) -> int:
        """How many classes the last layer tells apart."""
        return self.layers[-1].output_shape[0]

    def twin(self) -> "Network":
        """A network of the same layers and weights with a gradient and workspaces of its own.

        So two threads can learn at once from one vector, as long as nobody writes to it.
        """
        twin = copy.copy(self)
        twin.gradient = np.zeros_like(self.vector)
        twin._gradients = _views(self.layers, twin.gradient)
        twin._workspaces = [Workspace() for _ in self.layers]
        return twin

    def use_memory(self, vector: Array, gradient: Array) -> None:
        """Takes these arrays for its own from now on, with the weights that are in `vector`."""
        self.vector, self.gradient = vector, gradient
        self._weights = _views(self.layers, vector)
        self._gradients = _views(self.layers, gradient)

    def set_pulse(self, pulse: Callable[[], None]) -> None:
        """Has slow operations call `pulse` now and then; what it raises gives them up."""
        for workspace in self._workspaces:
            workspace.pulse = pulse

    def draw(self, seed: int) -> None:
        """Draws all weights anew: the same seed gives the same vector."""
        draw = initializer(self.spec.initializer)
        for position, weights in enumerate(self._weights):
            for name, array in weights.items():
                rng = np.random.default_rng([seed, WEIGHT_STREAM, position])
                array[...] = 0 if name == "bias" else draw(rng, array.shape)

    def named_parameters(self) -> Iterator[tuple[str, Array]]:
        """("conv1.weight", view into `vector`) and so on, in the order of the vector."""
        return _named(self.layers, self._weights)

    @may_diverge
    def forward(self, images: Array) -> Array:
        """Logits (N, classes) of `images` (N, C, H, W), an array of the caller's own.

        Where only these matter this is quicker than `run`: activations write over what they read.
        """
        values = self._checked(images)
        for position, layer in enumerate(self.layers):
            workspace = self._workspaces[position]
            if position and isinstance(layer, Activation):
                layer.function(values, values, workspace)
            else:
                values = layer.forward(values, self._weights[position], workspace)
        return values.copy(order="C")

    def predict(self, images: Array) -> Array:
        """Probabilities (N, classes) of `images` (N, C, H, W)."""
        return softmax(self.forward(images))

    def loss_and_gradients(
        self, images: Array, labels: NDArray[np.integer[Any]]
    ) -> tuple[float, dict[str, Array]]:
        """The mean loss over the batch and a copy of its gradient by each parameter, by name."""
        loss, _ = self.learn(images, labels)
        return loss, self.gradients()

    def gradients(self) -> dict[str, Array]:
        """A copy of what is in `gradient`, by the name of each parameter."""
        gradients = _named(self.layers, self._gradients)
        return {name: array.copy() for name, array in gradients}

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter by name, in PyTorch's shapes."""
        return {name: array.copy() for name, array in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Takes over weights by name; raises WeightsError, and changes nothing, if any is off."""
        own = dict(self.named_parameters())
        missing, unknown = own.keys() - state.keys(), state.keys() - own.keys()
        if missing or unknown:
            raise WeightsError(
                f"These are weights of another network: missing {sorted(missing) or 'none'}, "
                f"unknown {sorted(unknown) or 'none'}."
            )
        arrays = {name: self._accepted(name, own[name], state[name]) for name in own}
        for name, array in arrays.items():
            own[name][...] = array

    @may_diverge
    def _accepted(self, name: str, own: Array, value: Array) -> Array:
        """`value` in our dtype; raises WeightsError for another shape or what is no number."""
        array = np.asarray(value)
        if array.shape != own.shape:
            raise WeightsError(
                f"{name} has the shape {array.shape}; this network needs {own.shape}."
            )
        if not np.can_cast(array.dtype, own.dtype, "same_kind"):
            raise WeightsError(f"{name} holds {array.dtype}, not numbers of {own.dtype}.")
        cast = array.astype(own.dtype)
        if not np.isfinite(cast).all():
            raise WeightsError(f"{name} holds values that are not finite numbers in {own.dtype}.")
        return cast

    @may_diverge
    def run(self, images: Array, lap: Lap | None = None) -> list[Array]:
        """Every layer's input and, last, the logits: entry k goes into layer k.

        The arrays live in the network's workspaces until its next run.
        """
        values = [self._checked(images)]
        for layer, weights, workspace in zip(
            self.layers, self._weights, self._workspaces, strict=True
        ):
            values.append(layer.forward(values[-1], weights, workspace))
            if lap:
                lap(layer.name, "forward")
        return values

    @may_diverge
    def learn(
        self,
        images: Array,
        labels: NDArray[np.integer[Any]],
        lap: Lap | None = None,
        count: int | None = None,
        watch: Watch | None = None,
        to_images: bool = True,
    ) -> tuple[float, Array]:
        """Runs a batch forward and backward, leaving the gradient in `gradient`.

        Returns the mean loss and the logits (N, classes), which live until the next run. Where
        these images are only a share of a batch of `count`, both are shares of the batch's mean.
        Only for `watch` is the gradient by the images computed, too, unless `to_images` is off.
        """
        last = 0 if watch and to_images else 1
        values = self.run(images, lap)
        loss, gradient = loss_and_gradient(
            values[-1], self._checked_labels(images, labels), count or len(images)
        )
        if lap:
            lap("loss", "forward")
        if watch:
            watch(len(self.layers), values[-1], gradient)
        for k in reversed(range(len(self.layers))):
            by_input = self.layers[k].backward(
                values[k],
                values[k + 1],
                gradient,
                self._weights[k],
                self._gradients[k],
                self._workspaces[k],
                to_input=k >= last,
            )
            if by_input is not None:
                gradient = by_input
            if watch and k >= last:
                watch(k, values[k], gradient)
            if lap:
                lap(self.layers[k].name, "backward")
        return loss, values[-1]

    def _checked(self, images: Array) -> Array:
        expected = self.spec.input_shape
        if images.ndim != 4 or images.shape[1:] != expected or len(images) == 0:
            raise CnnvizError(
                f"This network takes one or more images of shape "
                f"(N, {', '.join(map(str, expected))}), not {images.shape}."
            )
        return images.astype(self.vector.dtype, copy=False)

    def _checked_labels(
        self, images: Array, labels: NDArray[np.integer[Any]]
    ) -> NDArray[np.integer[Any]]:
        if labels.shape != (len(images),):
            raise CnnvizError(f"{len(images)} images need as many labels, not {labels.shape}.")
        if labels.dtype.kind not in "iu":
            raise CnnvizError(f"Labels must be whole numbers, not {labels.dtype}.")
        if not (0 <= labels.min() and labels.max() < self.classes):
            raise CnnvizError(
                f"Labels must be 0 to {self.classes - 1}; these are "
                f"{labels.min()} to {labels.max()}."
            )
        return labels


def _views(layers: list[Layer], vector: Array) -> list[dict[str, Array]]:
    """For each layer its parameters by name, as views into `vector`, one after the other."""
    views: list[dict[str, Array]] = []
    start = 0
    for layer in layers:
        views.append({})
        for name, shape in layer.parameter_shapes.items():
            size = int(np.prod(shape))
            views[-1][name] = vector[start : start + size].reshape(shape)
            start += size
    return views


def _named(layers: list[Layer], views: list[dict[str, Array]]) -> Iterator[tuple[str, Array]]:
    for layer, arrays in zip(layers, views, strict=True):
        for name, array in arrays.items():
            yield f"{layer.name}.{name}", array
