"""An architecture while somebody designs it: plain data, steps that change it, and the way back.

A design may be impossible half-way; spec_check.py says what does not fit. Every step returns a new
design, so that going back is keeping the old ones.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from cnnviz.core.layer_fields import LAYER_TYPES
from cnnviz.core.spec import LayerSpec, Spec

CLASSES = 10
"""Where nothing says how many."""


@dataclass(frozen=True)
class Design:
    """What a spec is made of, and for how many classes; the layers are never written to."""

    layers: tuple[LayerSpec, ...] = ()
    input_shape: tuple[int, int, int] = (1, 28, 28)
    classes: int = CLASSES
    initializer: str = "he"
    title: str = "My network"
    name: str = "custom"

    @staticmethod
    def from_spec(spec: Spec, classes: int | None = None) -> "Design":
        """The design of `spec`; without `classes`, for as many as its last layer has units."""
        if classes is None:
            classes = last_units(spec.layers)
        return Design(
            spec.layers, spec.input_shape, classes, spec.initializer, spec.title, spec.name
        )

    def to_spec(self) -> Spec:
        """The spec as training would fit it, the last dense layer a unit per class.

        Raises SpecError for an impossible input shape; layers are judged by spec_check.py.
        """
        spec = Spec(self.name, self.title, self.input_shape, self.layers, self.initializer)
        return spec.fitted(self.input_shape, self.classes)


def last_units(layers: tuple[LayerSpec, ...]) -> int:
    """How many classes these layers tell apart by their last one's units, or CLASSES."""
    units = layers[-1].get("units") if layers else None
    return units if type(units) is int and units > 0 else CLASSES


# Steps. A position is from 0; one that is not there raises IndexError.


def add(design: Design, kind: str, at: int) -> Design:
    """With a new layer of this type and its defaults before position `at`."""
    return insert(design, LAYER_TYPES[kind].new_layer(), at)


def insert(design: Design, layer: LayerSpec, at: int) -> Design:
    """With `layer` before position `at`; at the end where that is the number of layers."""
    if not 0 <= at <= len(design.layers):
        raise IndexError(f"no place {at} among {len(design.layers)} layers")
    return replace(design, layers=(*design.layers[:at], layer, *design.layers[at:]))


def remove(design: Design, position: int) -> Design:
    """Without the layer there."""
    _layer(design, position)
    return replace(design, layers=design.layers[:position] + design.layers[position + 1 :])


def duplicate(design: Design, position: int) -> Design:
    """With the same layer once more behind it."""
    return insert(design, dict(_layer(design, position)), position + 1)


def move(design: Design, position: int, to: int) -> Design:
    """With the layer at position `to` instead; the others keep their order."""
    layer = _layer(design, position)
    return insert(remove(design, position), layer, to)


def set_field(design: Design, position: int, name: str, value: Any) -> Design:
    """With another value in one field of a layer; None takes the field out."""
    value = tuple(value) if isinstance(value, list) else value
    layer = {**_layer(design, position), name: value}
    if value is None:
        del layer[name]
    layers = (*design.layers[:position], layer, *design.layers[position + 1 :])
    return replace(design, layers=layers)


def _layer(design: Design, position: int) -> LayerSpec:
    if not 0 <= position < len(design.layers):
        raise IndexError(f"no layer {position} among {len(design.layers)}")
    return design.layers[position]


# The way back.


@dataclass
class EditHistory:
    """A design and those before and after it; any number of steps back and forth."""

    design: Design
    _past: list[tuple[str, Design]] = field(default_factory=list)
    _future: list[tuple[str, Design]] = field(default_factory=list)

    def do(self, design: Design, what: str = "Change") -> bool:
        """Makes `design` the current one; what was undone before is gone. False if it is no change.

        `what` names the step, for the menu: “Undo: Add Conv”.
        """
        if design == self.design:
            return False
        self._past.append((what, self.design))
        self._future.clear()
        self.design = design
        return True

    def amend(self, design: Design) -> bool:
        """Makes the last step one that leads to `design`; False if then it is none any more.

        So that a number that is typed, or moved by its arrows, is one step. Raises IndexError
        before the first step.
        """
        what, self.design = self._past.pop()
        self._future.clear()
        return self.do(design, what)

    def undo(self) -> bool:
        """One step back; False at the beginning."""
        return self._step(self._past, self._future)

    def redo(self) -> bool:
        """One step forward again; False at the end."""
        return self._step(self._future, self._past)

    @property
    def undoes(self) -> str | None:
        """What the next undo takes back, or None."""
        return self._past[-1][0] if self._past else None

    @property
    def redoes(self) -> str | None:
        """What the next redo brings back, or None."""
        return self._future[-1][0] if self._future else None

    def _step(self, source: list[tuple[str, Design]], target: list[tuple[str, Design]]) -> bool:
        if not source:
            return False
        what, design = source.pop()
        target.append((what, self.design))
        self.design = design
        return True
