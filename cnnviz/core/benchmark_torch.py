"""The same network and the same training step in PyTorch, to hold our speed against.

PyTorch is no dependency of cnnviz: it is imported here, once somebody asks for the comparison.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cnnviz.core.datasets import Dataset
from cnnviz.core.errors import CnnvizError
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D, build_layers
from cnnviz.core.optimizers import Adam
from cnnviz.core.spec import Spec


def import_torch() -> Any:
    """The module `torch`; raises CnnvizError saying how to get it if it cannot be imported."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library that it needs is missing
        raise CnnvizError(
            f"PyTorch cannot be imported ({error}). It is no part of cnnviz; get it with "
            f"`{sys.executable} -m pip install torch "
            "--index-url https://download.pytorch.org/whl/cpu`, or compare without it."
        ) from None
    return torch


def torch_network(spec: Spec) -> Any:
    """The layers of `spec` as a torch.nn.Sequential, float32, its weights as PyTorch draws them.

    Raises SpecError for a spec that is none and CnnvizError without PyTorch.
    """
    nn = import_torch().nn
    return nn.Sequential(
        *(_torch_layer(layer) for layer in build_layers(spec.input_shape, spec.layers))
    )


def _torch_layer(layer: Any) -> Any:
    torch = import_torch()
    match layer:
        case Conv2D():
            channels = layer.input_shape[0]
            return torch.nn.Conv2d(
                channels, layer.filters, layer.kernel, layer.stride, layer.padding
            )
        case MaxPool2D():
            return torch.nn.MaxPool2d(layer.size, layer.stride)
        case Dense():
            return torch.nn.Linear(layer.input_shape[0], layer.units)
        case Flatten():
            return torch.nn.Flatten()
    return _function(getattr(torch, layer.kind))  # torch.relu, torch.sigmoid, torch.arctan


def _function(function: Callable[[Any], Any]) -> Any:
    """A torch.nn.Module that only calls `function`."""
    module = import_torch().nn.Module()
    module.forward = function
    return module


@contextmanager
def torch_trainer(
    spec: Spec, dataset: Dataset, batch_size: int, threads: int
) -> Iterator[Callable[[], None]]:
    """Gives a function that trains one batch, fetched from memory in shuffled order as ours is.

    Eager, float32, fused Adam at our default rate. PyTorch has `threads` threads until the end.
    """
    torch = import_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    network = torch_network(spec)
    optimizer = torch.optim.Adam(network.parameters(), lr=Adam.default_rate, fused=True)
    train = dataset.train
    pixels, labels = torch.from_numpy(train.pixels.copy()), torch.from_numpy(train.labels.copy())
    batches: list[Any] = []

    def train_batch() -> None:
        if not batches:
            whole = len(labels) // batch_size * batch_size
            batches.extend(torch.randperm(len(labels))[:whole].split(batch_size))
        chosen = batches.pop()
        images = pixels[chosen].float().div_(255)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), labels[chosen]).backward()
        optimizer.step()

    try:
        yield train_batch
    finally:
        torch.set_num_threads(before)
