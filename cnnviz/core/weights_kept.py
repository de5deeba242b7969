"""What a network that was changed can keep of what was learned before.

A layer keeps its weights if a layer of the same type and the same parameter shapes stands in the
matching order in the old network. Where several orders match, difflib's longest run decides.
"""

from collections.abc import Hashable
from difflib import SequenceMatcher
from typing import NamedTuple

from cnnviz.core.errors import WeightsError
from cnnviz.core.layer import Layer
from cnnviz.core.network import Network
from cnnviz.core.spec import Spec
from cnnviz.core.workspace import Array


class Kept(NamedTuple):
    """A layer of the new network that can keep its weights, and the old layer that had them."""

    old: str
    new: str


def kept_layers(old: list[Layer], new: list[Layer]) -> list[Kept]:
    """Which layers of `new` can keep weights of `old`, in order; those without any left out."""
    before, after = ([layer for layer in layers if layer.parameter_count] for layers in (old, new))
    matcher = SequenceMatcher(
        None, [_key(layer) for layer in before], [_key(layer) for layer in after], autojunk=False
    )
    return [
        Kept(before[a + k].name, after[b + k].name)
        for a, b, size in matcher.get_matching_blocks()
        for k in range(size)
    ]


def keep_weights(old_spec: Spec, old_vector: Array, network: Network) -> list[Kept]:
    """Copies what can be kept from a vector of `old_spec` into `network`; says which layers.

    Raises WeightsError, and changes nothing, if the vector is not one of that spec.
    """
    old = Network(old_spec)
    if old_vector.shape != old.vector.shape:
        raise WeightsError(
            f"The old weights are {old_vector.size} numbers; its network has {old.vector.size}."
        )
    old.use_memory(old_vector, old.gradient)
    had, has = dict(old.named_parameters()), dict(network.named_parameters())
    kept = kept_layers(old.layers, network.layers)
    shapes = {layer.name: layer.parameter_shapes for layer in network.layers}
    for pair in kept:
        for name in shapes[pair.new]:
            has[f"{pair.new}.{name}"][...] = had[f"{pair.old}.{name}"]
    return kept


def _key(layer: Layer) -> Hashable:
    return layer.kind, tuple(layer.parameter_shapes.items())
