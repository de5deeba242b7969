"""Weights out of a file, on their way into a network: checked by name, shape and value.

The arrays are no larger than the file they come from. What they must look like follows from a spec,
the file's own or one that is given, before a network is made.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.archive import MOST_BYTES, Unsound
from cnnviz.core.errors import WeightsError
from cnnviz.core.export.source import METADATA
from cnnviz.core.network import Network
from cnnviz.core.reading import sound_layers
from cnnviz.core.spec import Spec

MOST_ARRAYS = 2000
MOST_TEXT = 2**20
"""Characters of a text beside the weights."""
KINDS = ("f2", "f4", "f8")
"""Numbers that may be weights: half, single and double precision."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Weights:
    """Arrays by name as they are in a file, and the texts beside them (see METADATA)."""

    arrays: Arrays
    texts: Mapping[str, str]

    @property
    def spec(self) -> Spec | None:
        """The architecture they are of, if the file says so; raises Unsound if it says nonsense."""
        text = self.texts.get("spec")
        if text is None:
            return None
        data = json.loads(text)
        if not isinstance(data, dict):
            raise Unsound("its “spec” is not an object")
        return Spec.from_dict(data)

    def network(self, spec: Spec | None = None) -> Network:
        """A network with these weights, of `spec` or else of the file's own.

        Weights may be called as ours are (conv1.weight) or by the position of their layer, as in
        PyTorch's Sequential (0.weight). Raises WeightsError for weights that are not the spec's or
        where neither gives a spec, Unsound or SpecError for a spec that cannot be.
        """
        spec = spec or self.spec
        if spec is None:
            raise WeightsError(
                "these weights do not say what network they are of. "
                "Name one that has the same layers (--network on the command line)."
            )
        layers = sound_layers(spec)
        shapes = {
            f"{layer.name}.{name}": shape
            for layer in layers
            for name, shape in layer.parameter_shapes.items()
        }
        by_position = {
            f"{position}.{name}": f"{layer.name}.{name}"
            for position, layer in enumerate(layers)
            for name in layer.parameter_shapes
        }
        arrays = self.arrays
        if arrays.keys() == by_position.keys():
            arrays = {by_position[name]: array for name, array in arrays.items()}
        check_shapes({name: array.shape for name, array in arrays.items()}, shapes)
        network = Network(spec)
        network.load_state_dict(arrays)
        return network


def check_shapes(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Raises WeightsError naming the first weights that are missing, foreign or of another shape.

    Before a network is made, for a spec may promise one that is larger than all memory.
    """
    for name, shape in expected.items():
        if name not in found:
            raise WeightsError(f"{name} is missing; the network needs it.")
        if tuple(found[name]) != tuple(shape):
            raise WeightsError(
                f"{name} has the shape {tuple(found[name])}; the network needs {tuple(shape)}."
            )
    for name in found:
        if name not in expected:
            raise WeightsError(f"{shown(name)} does not belong to the network.")


def check_size(size: int) -> None:
    """Raises Unsound for a file that is empty, or larger than any network here."""
    if size == 0:
        raise Unsound("it is empty")
    if size > MOST_BYTES:
        raise Unsound(f"it has {size} bytes, more than the {MOST_BYTES} that weights may have")


def check_count(count: int) -> None:
    """Raises Unsound for more arrays than any network here has."""
    if count > MOST_ARRAYS:
        raise Unsound(f"it has {count} arrays, more than {MOST_ARRAYS}")


def checked(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array itself if it holds numbers that may be weights; raises WeightsError otherwise."""
    if array.dtype.str[1:] not in KINDS:
        raise WeightsError(f"{shown(name)} holds {array.dtype}, not floating-point numbers.")
    return array


def known_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Those of METADATA alone; others may write there what they like."""
    for name in METADATA:
        if len(texts.get(name, "")) > MOST_TEXT:
            raise Unsound(f"its “{name}” is longer than {MOST_TEXT} characters")
    return {name: texts[name] for name in METADATA if name in texts}


def shown(name: str) -> str:
    """A name out of a file as a terminal may show it."""
    return name if name.isprintable() and len(name) <= 80 else ascii(name)[:80]


def as_floats(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """For a file: C-contiguous, the lowest byte first on every machine."""
    return {name: np.ascontiguousarray(array, "<f4") for name, array in arrays.items()}
