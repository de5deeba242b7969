"""Edits by hand, as plain data: which filters are muted, which weights are painted; and their past.

A muted filter has weights and bias 0, so its map is 0. Edits are laid over a network's weights and
never read back from them: without an edit the weights are what was learned, to the bit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cnnviz.core.errors import WeightsError
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Flatten
from cnnviz.core.network import Network
from cnnviz.core.receptive_field import Place
from cnnviz.core.workspace import Array


class Filter(NamedTuple):
    """A filter of a conv layer: all its kernels, and its bias."""

    layer: str
    number: int

    @property
    def place(self) -> tuple[int, ...]:
        """Where it is in the layer's weights."""
        return (self.number,)


class Weight(NamedTuple):
    """One weight of a kernel."""

    layer: str
    filter: int
    channel: int
    y: int
    x: int

    @property
    def place(self) -> tuple[int, ...]:
        """Where it is in the layer's weights."""
        return (self.filter, self.channel, self.y, self.x)


@dataclass(frozen=True)
class Edits:
    """What is to be otherwise than learned. Never changed: another edit makes another one."""

    muted: frozenset[Filter] = frozenset()
    painted: Mapping[Weight, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.muted or self.painted)

    def toggled(self, which: Filter) -> "Edits":
        """With that filter muted if it was not, else without; what is painted stays."""
        return replace(self, muted=self.muted ^ {which})

    def with_paint(self, weight: Weight, value: float) -> "Edits":
        """With that weight painted; raises WeightsError for what is no finite number."""
        if not math.isfinite(value):
            raise WeightsError(f"A weight cannot be painted {value}. Choose a finite number.")
        return replace(self, painted={**self.painted, weight: float(value)})

    def beyond(self, others: "Edits") -> "Edits":
        """These without those of `others`."""
        painted = {w: value for w, value in self.painted.items() if others.painted.get(w) != value}
        return Edits(self.muted - others.muted, painted)

    @property
    def in_words(self) -> str:
        """How many there are: "1 filter muted, 3 weights painted"."""
        parts = [
            f"{count} {what}{'' if count == 1 else 's'} {done}"
            for count, what, done in (
                (len(self.muted), "filter", "muted"),
                (len(self.painted), "weight", "painted"),
            )
            if count
        ]
        return ", ".join(parts)


def apply_edits(network: Network, edits: Edits) -> None:
    """Writes the edits into the network's weights.

    Raises WeightsError, and changes nothing, if they are those of another network.
    """
    weights = dict(network.named_parameters())
    filters = {layer.name: layer for layer in network.layers if isinstance(layer, Conv2D)}
    touched: list[Filter | Weight] = [*edits.muted, *edits.painted]
    for each in touched:
        shape = filters[each.layer].parameter_shapes["weight"] if each.layer in filters else ()
        if not shape or any(not 0 <= k < n for k, n in zip(each.place, shape, strict=False)):
            raise WeightsError(
                f"These are edits of another network: {each.layer} has no weights at {each.place}."
            )
    for weight, value in edits.painted.items():
        weights[f"{weight.layer}.weight"][weight.place] = value
    for layer, number in edits.muted:
        weights[f"{layer}.weight"][number] = 0
        weights[f"{layer}.bias"][number] = 0


def edited(network: Network, edits: Edits, vector: Array | None = None) -> Network:
    """A network of its own with these weights (`vector`, else the network's) and the edits."""
    copy = Network(network.spec)
    copy.vector[...] = network.vector if vector is None else vector
    apply_edits(copy, edits)
    return copy


def filter_behind(layers: Sequence[Layer], place: Place) -> Filter | None:
    """The filter whose map is looked at: its own, or as activations and pooling passed it on."""
    names = [layer.name for layer in layers]
    if place.layer not in names:
        return None
    for layer in reversed(layers[: names.index(place.layer) + 1]):
        if isinstance(layer, Conv2D):
            return Filter(layer.name, place.index[0])
        if layer.parameter_shapes or isinstance(layer, Flatten):
            return None
    return None


@dataclass(frozen=True)
class EditHistory:
    """The edits of now with those before and those that were undone. Never changed either."""

    now: Edits = field(default_factory=Edits)
    past: tuple[Edits, ...] = ()
    future: tuple[Edits, ...] = ()

    def then(self, edits: Edits) -> "EditHistory":
        """A step further; what was undone is forgotten. No step if nothing is otherwise."""
        if edits == self.now:
            return self
        return EditHistory(edits, (*self.past, self.now))

    def amended(self, edits: Edits) -> "EditHistory":
        """The last step leads to `edits` instead."""
        return EditHistory(edits, self.past)

    def undone(self) -> "EditHistory":
        """A step back, if there is one."""
        if not self.past:
            return self
        return EditHistory(self.past[-1], self.past[:-1], (self.now, *self.future))

    def redone(self) -> "EditHistory":
        """What was undone last is done again, if anything was."""
        if not self.future:
            return self
        return EditHistory(self.future[0], (*self.past, self.now), self.future[1:])
