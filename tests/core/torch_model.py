"""A network as someone with PyTorch would build it, where PyTorch is installed."""

from typing import Any

import pytest

from cnnviz.core.network import Network
from cnnviz.core.spec import Spec


def torch_model(spec: Spec, named: bool = False) -> Any:
    """The layers of a spec as PyTorch makes them; `named` as ours are, else by their numbers."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Arctan(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, values: Any) -> Any:
            return torch.arctan(values)

    make = {
        "conv2d": torch.nn.LazyConv2d,
        "max_pool2d": torch.nn.MaxPool2d,
        "dense": torch.nn.LazyLinear,
        "flatten": torch.nn.Flatten,
        "relu": torch.nn.ReLU,
        "sigmoid": torch.nn.Sigmoid,
        "arctan": Arctan,
    }
    model = torch.nn.Sequential()
    for position, (layer, ours) in enumerate(zip(spec.layers, Network(spec).layers, strict=True)):
        fields = dict(layer)
        kind = fields.pop("type")
        model.add_module(ours.name if named else str(position), make[kind](*fields.values()))
    model(torch.zeros(1, *spec.input_shape))
    return model
