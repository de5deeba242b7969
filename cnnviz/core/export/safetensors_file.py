"""Weights as safetensors, which PyTorch and others load: names and shapes are PyTorch's."""

from pathlib import Path
from typing import Any, BinaryIO

from cnnviz.core.errors import WeightsError
from cnnviz.core.export.packages import package
from cnnviz.core.export.source import Source
from cnnviz.core.export.weights import (
    Weights,
    as_floats,
    check_count,
    check_size,
    checked,
    known_texts,
    shown,
)
from cnnviz.core.files import write_atomically


def write(path: Path, source: Source) -> None:
    """Writes the state_dict with METADATA; raises MissingPackageError without safetensors."""
    safetensors = package("safetensors", "safetensors", "numpy")
    content = safetensors.numpy.save(as_floats(source.network.state_dict()), source.metadata())
    write_atomically(path, content)


def read(file: BinaryIO) -> Weights:
    """The weights in such a file, ours or a state_dict of PyTorch's; see `write` for errors."""
    safetensors = package("safetensors", "safetensors", "numpy")
    check_size(file.seek(0, 2))
    # The library checks that header and numbers fill the file exactly, then maps it to memory.
    with safetensors.safe_open(file.name, framework="numpy") as opened:
        names = list(opened.keys())
        check_count(len(names))
        arrays = {name: checked(name, _array(opened, name)) for name in names}
        return Weights(arrays, known_texts(opened.metadata() or {}))


def _array(opened: Any, name: str) -> Any:
    kind = opened.get_slice(name).get_dtype()
    if kind not in ("F16", "F32", "F64"):
        raise WeightsError(f"{shown(name)} holds {kind}, not F16, F32 or F64.")
    return opened.get_tensor(name)
