"""A network as an ONNX model: opens in Netron, runs in onnxruntime, and comes back from there.

Each layer is one node of the same name; inputs are (batch, C, H, W) with any batch, the output is
the logits. Source: ONNX operators, https://onnx.ai/onnx/operators, in the versions of opset 13.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from cnnviz import __version__
from cnnviz.core.archive import Unsound
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
)
from cnnviz.core.files import write_atomically
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D

OPSET, IR_VERSION = 13, 7
"""Of 2020: whatever is in use today reads them."""
INPUT, OUTPUT = "images", "logits"
BATCH = "batch"
OPERATORS = {
    "conv2d": "Conv",
    "max_pool2d": "MaxPool",
    "dense": "Gemm",
    "flatten": "Flatten",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "arctan": "Atan",
}


def write(path: Path, source: Source) -> None:
    """Writes the model with METADATA; raises MissingPackageError without onnx."""
    write_atomically(path, model(source).SerializeToString())


def model(source: Source) -> Any:
    """The network as an onnx.ModelProto that onnx's checker accepts."""
    onnx = _library()
    network = source.network
    arrays = as_floats(network.state_dict())
    graph = onnx.helper.make_graph(
        _nodes(onnx, network.layers),
        network.spec.name or "network",
        [_value(onnx, INPUT, network.spec.input_shape)],
        [_value(onnx, OUTPUT, (network.classes,))],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
        doc_string=f"{network.spec.title}. Pixels go in from 0 to 1; logits come out.",
    )
    made = onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="cnnviz",
        producer_version=__version__,
    )
    onnx.helper.set_model_props(made, source.metadata())
    onnx.checker.check_model(made, full_check=True)
    return made


def _value(onnx: ModuleType, name: str, shape: tuple[int, ...]) -> Any:
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [BATCH, *shape])


def _nodes(onnx: ModuleType, layers: list[Layer]) -> list[Any]:
    """A node a layer, each fed by the one before; values are called as the layer they leave."""
    nodes = []
    value = INPUT
    for layer in layers:
        inputs = [value, *(f"{layer.name}.{name}" for name in layer.parameter_shapes)]
        value = OUTPUT if layer is layers[-1] else layer.name
        operator, attributes = OPERATORS[layer.kind], _attributes(layer)
        nodes.append(
            onnx.helper.make_node(operator, inputs, [value], name=layer.name, **attributes)
        )
    return nodes


def _attributes(layer: Layer) -> dict[str, Any]:
    """What the operator has to know besides its weights."""
    if isinstance(layer, Conv2D):
        both = [*layer.padding, *layer.padding]  # before each axis, then after each
        return {"kernel_shape": layer.kernel, "strides": layer.stride, "pads": both}
    if isinstance(layer, MaxPool2D):
        return {"kernel_shape": layer.size, "strides": layer.stride}
    if isinstance(layer, Dense):
        return {"transB": 1}  # weights are (out, in)
    return {"axis": 1} if isinstance(layer, Flatten) else {}


def read(file: BinaryIO) -> Weights:
    """The weights in a model that `write` wrote; raises WeightsError for another,
    Unsound, or what onnx does, for a damaged one.
    """
    onnx = _library()
    check_size(file.seek(0, 2))
    file.seek(0)
    loaded = onnx.load_model_from_string(file.read())  # reads no other file
    check_count(len(loaded.graph.initializer))
    texts = {entry.key: entry.value for entry in loaded.metadata_props}
    if loaded.producer_name != "cnnviz" or "spec" not in texts:
        raise WeightsError("it is no ONNX model of cnnviz, and only those can be read.")
    arrays = {}
    for tensor in loaded.graph.initializer:
        if tensor.name in arrays:
            raise Unsound("two of its arrays have one name")
        if tensor.data_location or tensor.data_type != onnx.TensorProto.FLOAT:
            raise Unsound(f"its {tensor.name!a:.80} is not in the file as float32")
        arrays[tensor.name] = checked(tensor.name, onnx.numpy_helper.to_array(tensor))
    return Weights(arrays, known_texts(texts))


def _library() -> ModuleType:
    return package("onnx", "ONNX", "checker", "helper", "numpy_helper")
