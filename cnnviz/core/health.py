"""How a network is doing inside, layer by layer: norms, dead units, saturation, histograms.

All is computed from a snapshot and a fixed probe batch. So a moment of the past gives the same
numbers again whenever it is looked at, and training itself need not measure anything.

Sources: Stanford's CS231n notes, "Babysitting the learning process" (ratio of updates to weights;
activations and gradients per layer); Glorot and Bengio 2010 (saturation, vanishing gradients).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.activations import Activation, Arctan, ReLU, Sigmoid
from cnnviz.core.datasets import Split
from cnnviz.core.layer import Layer
from cnnviz.core.network import Network
from cnnviz.core.optimizers import optimizer
from cnnviz.core.trainer import Snapshot
from cnnviz.core.workspace import Array, may_diverge

PROBE_IMAGES = 64
BARS = 40
MOST_VALUES = 8_192
"""In a histogram; of more values every k-th is counted."""
STEEPEST = {"sigmoid": 0.25, "arctan": 1.0}
"""The greatest slope that these have, at z = 0."""
SATURATED = 0.05
"""A value is saturated where the slope is less than this share of the steepest: a sigmoid beyond
1.3 % and 98.7 %, an arctan beyond |z| = 4.4."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many values lie between neighbouring edges; `counted` of `total` were looked at.

    The bars reach equally far to both sides of zero; none if no value is a finite number.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.intp]
    counted: int
    total: int


@dataclass(frozen=True, eq=False)
class LayerHealth:
    """One layer; what it has none of is None."""

    name: str
    label: str
    activations: Histogram
    """Of its outputs over the probe batch."""
    output_gradient: float
    """Norm of the probe loss's gradient by its outputs, per image (root of the mean square)."""
    weights: Histogram | None = None
    """Of its weights, without biases."""
    weight_norm: float | None = None
    """Of weights and biases, as all norms here."""
    gradient_norm: float | None = None
    """Of the probe loss's gradient by them."""
    update_norm: float | None = None
    """Of the update, per batch; see `Health.update_from`."""
    dead: float | None = None
    """The share of a ReLU's units that are zero for every image of the probe, 0 to 1."""
    saturated: float | None = None
    """The share of a sigmoid's or arctan's outputs where the slope is almost none, 0 to 1."""

    @property
    def update_ratio(self) -> float | None:
        """Update to weight, by their norms: about 1e-3 is usual (CS231n)."""
        if self.update_norm is None or not self.weight_norm:
            return None
        return self.update_norm / self.weight_norm


@dataclass(frozen=True, eq=False)
class Health:
    """A network at one step."""

    step: int
    loss: float
    """Mean over the probe."""
    accuracy: float
    """Over the probe, 0 to 1."""
    update_from: int | None
    """The step of the earlier snapshot, from which the update is the whole way divided by the
    batches between (a lower bound of the single updates, which partly undo each other). None: the
    update is the one that the optimiser would make now, were the probe its batch."""
    layers: tuple[LayerHealth, ...]


def probe(split: Split, images: int = PROBE_IMAGES) -> Split:
    """The first images of a split, always the same.

    Those of the training set tell what the updates are like; the test set's gradients are larger.
    """
    return Split(split.pixels[:images], split.labels[:images])


@may_diverge
def examine(
    network: Network,
    snapshot: Snapshot,
    images: Split,
    optimizer_name: str,
    rate: float,
    earlier: Snapshot | None = None,
) -> Health:
    """Examines the network of a snapshot by a probe batch.

    `network` is one of our own for the same spec; its vector and gradient are overwritten. With an
    `earlier` snapshot of the same run the update is the way from there; without one it is worked
    out by the optimiser's state in the snapshot.
    """
    network.vector[...] = snapshot.vector
    pixels, labels = images.batch(np.arange(len(images)))
    values: dict[int, Array] = {0: pixels}
    norms: dict[int, float] = {}

    def watch(k: int, value: Array, gradient: Array) -> None:
        values[k], norms[k] = value, _norm(gradient)

    loss, logits = network.learn(pixels, labels, watch=watch, to_images=False)
    moved: Array
    if earlier is not None and earlier.step < snapshot.step:
        moved = (snapshot.vector - earlier.vector) / (snapshot.step - earlier.step)
    else:
        earlier, moved = None, _next_update(network, snapshot, optimizer_name, rate)
    layers, start = [], 0
    for k, layer in enumerate(network.layers):
        own = slice(start, start := start + layer.parameter_count)
        layers.append(_layer(layer, values[k], values[k + 1], norms[k + 1], network, moved, own))
    return Health(
        snapshot.step,
        loss,
        float(np.mean(logits.argmax(axis=1) == labels)),
        earlier.step if earlier else None,
        tuple(layers),
    )


def _next_update(network: Network, snapshot: Snapshot, name: str, rate: float) -> Array:
    moved = np.zeros_like(network.vector)
    rule = optimizer(name)(moved)
    rule.load_state(snapshot.optimizer_state)
    rule.update(moved, network.gradient, rate)
    return moved


def _layer(
    layer: Layer,
    inputs: Array,
    outputs: Array,
    gradient: float,
    network: Network,
    moved: Array,
    own: slice,
) -> LayerHealth:
    # The loss is a mean over the images, so one image's own gradient is N times what is here.
    by_output = gradient * float(np.sqrt(len(outputs)))
    common = (layer.name, layer.label, histogram(outputs), by_output)
    if layer.parameter_count:
        weights = network.vector[own]
        biases = int(np.prod(layer.parameter_shapes.get("bias", (0,))))
        return LayerHealth(
            *common,
            weights=histogram(weights[: len(weights) - biases]),
            weight_norm=_norm(weights),
            gradient_norm=_norm(network.gradient[own]),
            update_norm=_norm(moved[own]),
        )
    if isinstance(layer, ReLU):
        return LayerHealth(*common, dead=float(np.mean(~(outputs > 0).any(axis=0))))
    if isinstance(layer, Sigmoid | Arctan):
        return LayerHealth(*common, saturated=_saturated(layer, inputs, outputs))
    return LayerHealth(*common)


def _saturated(layer: Activation, inputs: Array, outputs: Array) -> float:
    flat = layer.slope(inputs, outputs) < SATURATED * STEEPEST[layer.kind]
    return float(np.mean(flat))


def _norm(values: Array) -> float:
    """The root of the sum of squares, in float64 at its end."""
    flat = values.ravel(order="K")
    return float(np.sqrt(np.float64(flat @ flat)))


def histogram(values: Array) -> Histogram:
    """Of these values, or of every k-th in the order of their memory; see MOST_VALUES.

    What is no finite number is left out of the counts.
    """
    flat = values.ravel(order="K")
    some = flat[:: max(1, -(-flat.size // MOST_VALUES))]
    finite = some[np.isfinite(some)]
    level = float(np.abs(finite).max()) if len(finite) else 0.0
    if not len(finite):
        return Histogram(np.zeros(1), np.zeros(0, np.intp), 0, flat.size)
    level = level or 1.0  # all are zero
    # Of even bars the number can be told by arithmetic, ten times as fast as np.histogram.
    bars = ((finite.astype(np.float64) / level + 1) * (BARS / 2)).astype(np.intp)
    counts = np.bincount(bars.clip(0, BARS - 1), minlength=BARS)
    return Histogram(np.linspace(-level, level, BARS + 1), counts, len(finite), flat.size)
