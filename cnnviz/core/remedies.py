"""What would make an impossible design possible: the nearest numbers that fit, or another order.

Nothing here knows what fits. Every remedy is tried, and the engine is the judge: one that does not
get past the layer that was refused is not offered.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cnnviz.core.architecture import build_architecture, check_classes
from cnnviz.core.errors import SpecError
from cnnviz.core.layer import Layer, Shape
from cnnviz.core.layer_fields import LAYER_TYPES
from cnnviz.core.layers import build_layers
from cnnviz.core.nearest import nearest
from cnnviz.core.spec import LayerSpec, dense
from cnnviz.core.spec_edit import Design, add, insert, move, remove, set_field


@dataclass(frozen=True)
class Remedy:
    """A way out: what it does, in a few words, and the design that it leads to."""

    text: str
    design: Design
    layer: int | None = None
    field: str | None = None
    """The field that it changes, if it changes one number."""
    value: Any = None
    """What the field then holds."""


def engine_layers(design: Design) -> list[Layer]:
    """The layers of a design as training would build them; raises the SpecError that it would."""
    layers = build_architecture(design.to_spec())
    check_classes(layers, design.classes)
    return layers


def refusal(design: Design) -> SpecError | None:
    """What the engine says against a design, or None."""
    try:
        engine_layers(design)
    except SpecError as error:
        return error
    return None


def remedies(design: Design, error: SpecError, input_shape: Shape | None) -> list[Remedy]:
    """Ways past `error`, the nearest to what was wanted first.

    `input_shape` is what goes into the layer that was refused, where it is known.
    """
    found = list(_numbers(design, error, input_shape))
    found += [each for each in _orders(design, error) if _gets_past(each.design, design, error)]
    if error.layer is None:
        return found[:1]  # the simplest
    if not found:
        without = Remedy("Remove this layer", remove(design, error.layer), error.layer)
        found += [without] if _gets_past(without.design, design, error) else []
    return found


def _gets_past(changed: Design, design: Design, error: SpecError) -> bool:
    """Whether what the engine says of `changed` lies behind what it said of `design`, if anything.

    Layers are counted from the end, for some may have been put before the refused one. Faults of
    the whole come after those of layers; another field is another fault.
    """
    now = refusal(changed)
    if now is None:
        return True
    left, was_left = _left(changed, now), _left(design, error)
    return left < was_left or (left == was_left == 0 and now.field != error.field)


def _left(design: Design, error: SpecError) -> int:
    """How many layers come from the refused one on."""
    return 0 if error.layer is None else len(design.layers) - error.layer


# Another order.


def _orders(design: Design, error: SpecError) -> Iterator[Remedy]:
    """Layers added, moved or mended such that shapes may fit."""
    at = error.layer
    if at is None:
        flat = add(design, "flatten", len(design.layers))
        yield Remedy("End with a dense layer", _with_end(design))
        yield Remedy("End with a flatten and a dense layer", _with_end(flat))
        yield Remedy("Initialisation he", replace(design, initializer="he"), field="initializer")
        return
    if error.field is not None:
        yield from _mended(design, at, error.field)
        return
    yield Remedy("Put a flatten layer before it", add(design, "flatten", at), at)
    for place in range(at - 1, -1, -1):
        if design.layers[place].get("type") == "flatten":
            yield Remedy("Move it before the flatten layer", move(design, at, place), at)


def _mended(design: Design, at: int, name: str) -> Iterator[Remedy]:
    """Without a field that there is not."""
    kind = design.layers[at].get("type")
    known = LAYER_TYPES[kind].fields if isinstance(kind, str) and kind in LAYER_TYPES else ()
    if name in design.layers[at] and name not in [field.name for field in known]:
        if name == "type":
            return
        yield Remedy(f"Leave out {name}", set_field(design, at, name, None), at, name)


def _with_end(design: Design) -> Design:
    """With a unit per class at the end."""
    return insert(design, dense(design.classes), len(design.layers))


# Other numbers.


def _numbers(design: Design, error: SpecError, input_shape: Shape | None) -> Iterator[Remedy]:
    """For each field of the refused layer the nearest value with which it fits, if there is one."""
    at = error.layer
    if at is None or input_shape is None:
        return
    layer = design.layers[at]
    kind = layer.get("type")
    if not isinstance(kind, str) or kind not in LAYER_TYPES:
        return
    is_sound = _said(input_shape, layer) is None  # by itself, but all together have no room
    for field in sorted(LAYER_TYPES[kind].fields, key=lambda field: field.name != error.field):

        def fits(value: Any, name: str = field.name) -> bool:
            if is_sound:
                return _gets_past(set_field(design, at, name, value), design, error)
            said = _said(input_shape, {**layer, name: value})
            return said is None or name == error.field != said.field

        value = nearest(field, layer.get(field.name), fits)
        if value is not None:
            text = f"{field.title} {_text(value)}"
            yield Remedy(text, set_field(design, at, field.name, value), at, field.name, value)


def _said(input_shape: Shape, layer: LayerSpec) -> SpecError | None:
    """What the engine says against a layer by itself; about another field, it is a step on."""
    try:
        build_layers(input_shape, (layer,))
    except SpecError as error:
        return error
    return None


def _text(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)
