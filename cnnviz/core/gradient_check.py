"""Is a gradient right? Move one weight a little both ways and see how the loss changes.

In float64, by a network of its own with the same weights: in float32 the two losses would differ
in their last digits only. Around a kink (a ReLU that opens, another winner of a pooling window) the
quotient is of both sides and means little, so kinks within the step are counted.

Source: Stanford's CS231n notes, "Gradient checks": the centred difference, h = 1e-5, the relative
error below, and kinks.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.backward_inspection import switches
from cnnviz.core.errors import SettingsError
from cnnviz.core.loss import loss_and_gradient
from cnnviz.core.microscope import Dissection
from cnnviz.core.network import Network
from cnnviz.core.parameter_arithmetic import Parameter, flat_index
from cnnviz.core.priority import let_others_first
from cnnviz.core.receptive_field import INPUT
from cnnviz.core.task import Task
from cnnviz.core.workspace import may_diverge

STEP = 1e-5


@dataclass(frozen=True)
class Check:
    """dL/dw ≈ (L(w + h) − L(w − h)) / 2h, beside the gradient that was trained with."""

    parameter: Parameter
    h: float
    weight: float
    loss_above: float
    """L(w + h)"""
    loss_below: float
    """L(w − h)"""
    gradient: float
    """The engine's, float32."""
    exact: float
    """By the same backward pass in float64."""
    kinks: dict[str, int]
    """How many ReLUs or windows of each layer are set otherwise between w − h and w + h."""

    @property
    def quotient(self) -> float:
        """(L(w + h) − L(w − h)) / 2h"""
        return (self.loss_above - self.loss_below) / (2 * self.h)

    @property
    def relative_error(self) -> float:
        """|quotient − gradient| / the greater of both; 0 where both are 0."""
        greater = max(abs(self.quotient), abs(self.gradient))
        return abs(self.quotient - self.gradient) / greater if greater else 0.0

    @property
    def in_words(self) -> str:
        """What to think of it."""
        count = sum(self.kinks.values())
        if count:
            return (
                f"{count} kink{'' if count == 1 else 's'} within h ({', '.join(self.kinks)}): "
                "the loss bends there, so the quotient need not be the gradient. Try a smaller h."
            )
        return "No ReLU and no pooling window changes within h: the loss is smooth there."


@may_diverge
def check_gradient(dissection: Dissection, parameter: Parameter, h: float = STEP) -> Check:
    """Two runs of the dissection's batch, and one for the gradient, all in float64.

    Raises SettingsError for an `h` that is no number above zero or too small to move the weight;
    KeyError or IndexError for a parameter there is not.
    """
    if not (math.isfinite(h) and h > 0):
        raise SettingsError(f"h must be a number above zero, not {h}. Try {STEP:g}.")
    moment = dissection.moment
    network = Network(moment.spec, dtype=np.float64)
    network.vector[...] = dissection.update.before
    at = flat_index(network, parameter)
    weight = float(network.vector[at])
    if not weight - h < weight < weight + h:
        raise SettingsError(f"h = {h:g} is too small to move the weight {weight:g}. Try {STEP:g}.")
    images, labels = dissection.outputs[INPUT], dissection.labels
    network.learn(images, labels)
    exact = float(network.gradient[at])
    losses, settings = [], []
    for moved in (weight - h, weight, weight + h):
        network.vector[at] = moved
        values = network.run(images)
        losses.append(loss_and_gradient(values[-1], labels, len(labels))[0])
        settings.append(
            {
                layer.name: found
                for layer, inputs in zip(network.layers, values, strict=False)
                if (found := switches(layer, inputs)) is not None
            }
        )
    return Check(
        parameter,
        h,
        weight,
        losses[2],
        losses[0],
        float(dissection.gradient[at]),
        exact,
        _kinks(settings),
    )


def _kinks(settings: list[dict[str, NDArray[np.generic]]]) -> dict[str, int]:
    below, here, above = settings
    counts = {
        name: int(((below[name] != here[name]) | (here[name] != above[name])).sum())
        for name in here
    }
    return {name: count for name, count in counts.items() if count}


@dataclass(frozen=True)
class Standing:
    """Where a check is; once `ended`, it stays so."""

    result: Check | None
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class Checking(Task[Standing]):
    """A check on a thread of its own, for it takes some tenths of a second; never given up."""

    def __init__(self, dissection: Dissection, parameter: Parameter, h: float = STEP) -> None:
        super().__init__("gradient-check", Standing(None, False, None))
        self._given = dissection, parameter, h

    def _work(self) -> dict[str, Any]:
        let_others_first()
        return {"result": check_gradient(*self._given)}
