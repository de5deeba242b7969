"""A network as a program for PyTorch or Keras, complete and ready to run, with shapes beside it.

Layers keep their names, so weights that were learned here fit there. Both programs compute the same
function as the engine: what differs between libraries (the order of axes, where zeros are put) is
written out.
"""

from collections.abc import Callable

from cnnviz.core.architecture import build_architecture
from cnnviz.core.convolution.geometry import Pair
from cnnviz.core.layer import Layer, Shape
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D
from cnnviz.core.spec import Spec

INDENT = "    "


def pytorch_code(spec: Spec) -> str:
    """A program that defines `model`, a torch.nn.Sequential of our layers' names.

    Raises SpecError for a spec that cannot be built.
    """
    layers = build_architecture(spec)
    arctan = _TORCH_ARCTAN if any(layer.kind == "arctan" for layer in layers) else ""
    entries = [f'("{layer.name}", {_torch_layer(layer)}),{_beside(layer)}' for layer in layers]
    body = "\n".join(3 * INDENT + entry for entry in entries)
    shape = ", ".join(map(str, spec.input_shape))
    return (
        f"{_heading(spec, layers)}\n"
        "from collections import OrderedDict\n\n"
        f"import torch\nfrom torch import nn\n\n{arctan}"
        f"# Goes in: images (N, {shape}), float32 from 0 to 1. Comes out: logits.\n"
        f"model = nn.Sequential(\n    OrderedDict(\n        [\n{body}\n        ]\n    )\n)\n\n"
        f"{_TORCH_BEGIN[spec.initializer]}\n{_TORCH_END.format(shape=shape)}"
    )


def keras_code(spec: Spec) -> str:
    """A program that defines `model`, a keras.Sequential (Keras 3) of our layers' names.

    Raises SpecError for a spec that cannot be built.
    """
    layers = build_architecture(spec)
    entries = [entry for layer in layers for entry in _keras_layers(layer)]
    channels, height, width = spec.input_shape
    entries.insert(0, f"keras.Input(({height}, {width}, {channels})),")
    body = "\n".join(2 * INDENT + entry for entry in entries)
    extra = "import math\n\n" if spec.initializer == "numpy-cnn" else ""
    return (
        f"{_heading(spec, layers)}\n{extra}import keras\nfrom keras import layers\n\n\n"
        f"{_KERAS_BEGIN[spec.initializer]}\n\n"
        f"# Goes in: images (N, {height}, {width}, {channels}), the channels last, float32 from 0 "
        "to 1. Comes out: logits.\n"
        f"model = keras.Sequential(\n    [\n{body}\n    ]\n)\n\n"
        f"{_KERAS_END}"
    )


def _heading(spec: Spec, layers: list[Layer]) -> str:
    """The title as a comment that nothing can break out of, and what there is to learn."""
    title = "".join(letter if letter.isprintable() else " " for letter in spec.title)
    parameters = sum(layer.parameter_count for layer in layers)
    return f"# {title}\n# {parameters:,} parameters. Written by cnnviz.\n"


def _beside(layer: Layer, shape: Shape | None = None) -> str:
    """The comment beside a layer: what it gives, and what it learns."""
    given = "×".join(map(str, shape or layer.output_shape))
    count = layer.parameter_count
    return f"  # {given}" + (f", {count:,} parameters" if count else "")


def _short(pair: Pair) -> str:
    """One number where both are alike."""
    return str(pair[0]) if pair[0] == pair[1] else str(pair)


def _unless(name: str, pair: Pair, usual: Pair) -> str:
    """An argument, left out where it is what the library takes by itself."""
    return "" if pair == usual else f", {name}={_short(pair)}"


# PyTorch.


def _torch_layer(layer: Layer) -> str:
    match layer:
        case Conv2D():
            more = _unless("stride", layer.stride, (1, 1))
            more += _unless("padding", layer.padding, (0, 0))
            channels, kernel = layer.input_shape[0], _short(layer.kernel)
            return f"nn.Conv2d({channels}, {layer.filters}, {kernel}{more})"
        case MaxPool2D():
            more = _unless("stride", layer.stride, layer.size)
            return f"nn.MaxPool2d({_short(layer.size)}{more})"
        case Dense():
            return f"nn.Linear({layer.input_shape[0]}, {layer.units})"
        case Flatten():
            return "nn.Flatten()"
    return {"relu": "nn.ReLU()", "sigmoid": "nn.Sigmoid()", "arctan": "Arctan()"}[layer.kind]


_TORCH_ARCTAN = '''
class Arctan(nn.Module):
    """arctan(z) of every value."""

    def forward(self, values):
        return torch.arctan(values)


'''


def _torch_begin(why: str, weights: str) -> str:
    return (
        f"# {why}\nwith torch.no_grad():\n    for name, values in model.named_parameters():\n"
        '        if name.endswith("bias"):\n            values.zero_()\n'
        f"        else:\n            {weights}\n"
    )


_TORCH_BEGIN = {
    "he": _torch_begin(
        "He et al. 2015: normal, with deviation sqrt(2 / fan_in).",
        'nn.init.kaiming_normal_(values, nonlinearity="relu")',
    ),
    "glorot": _torch_begin(
        "Glorot and Bengio 2010: uniform within ±sqrt(6 / (fan_in + fan_out)).",
        "nn.init.xavier_uniform_(values)",
    ),
    "numpy-cnn": _torch_begin(
        "As Numpy-CNN: kernels deviate by 1 / sqrt(their size), dense weights by 0.01.",
        "values.normal_(0, 0.01 if values.ndim == 2 else values.numel() ** -0.5)",
    ),
}
_TORCH_END = """\
# Train it with torch.nn.CrossEntropyLoss, which takes the logits.
#
# Weights that cnnviz learned have the same names and shapes. From a .safetensors file:
#
#     from safetensors.torch import load_file
#     model.load_state_dict(load_file("weights.safetensors"))
#
# and from cnnviz itself:
#
#     state = network.state_dict()
#     model.load_state_dict({{name: torch.from_numpy(values) for name, values in state.items()}})

if __name__ == "__main__":
    print(model)
    print(model(torch.zeros(1, {shape})).shape)
"""


# Keras.


def _keras_layers(layer: Layer) -> list[str]:
    """The lines for one of our layers; Keras pads, and turns axes, in layers of their own."""
    beside = _beside(layer, _channels_last(layer.output_shape))
    named = f'name="{layer.name}"),{beside}'
    match layer:
        case Conv2D():
            more = _unless("strides", layer.stride, (1, 1)) + ", kernel_initializer=begin()"
            line = f"layers.Conv2D({layer.filters}, {_short(layer.kernel)}{more}, {named}"
            padded = f"layers.ZeroPadding2D({_short(layer.padding)}),"
            return [line] if layer.padding == (0, 0) else [padded, line]
        case MaxPool2D():
            more = _unless("strides", layer.stride, layer.size)
            return [f"layers.MaxPooling2D({_short(layer.size)}{more}, {named}"]
        case Dense():
            return [f"layers.Dense({layer.units}, kernel_initializer=begin(), {named}"]
        case Flatten():
            turned = "layers.Permute((3, 1, 2)),  # channels first, as the dense weights expect"
            return [*([turned] if len(layer.input_shape) == 3 else []), f"layers.Flatten({named}"]
    function = {"relu": '"relu"', "sigmoid": '"sigmoid"', "arctan": "keras.ops.arctan"}[layer.kind]
    return [f"layers.Activation({function}, {named}"]


def _channels_last(shape: Shape) -> Shape:
    return (*shape[1:], shape[0])


def _keras_begin(why: str, weights: str) -> str:
    return f'def begin():\n    """{why}"""\n    return {weights}\n'


_KERAS_BEGIN = {
    "he": _keras_begin(
        "He et al. 2015: normal, with deviation sqrt(2 / fan_in); biases begin at zero.",
        'keras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal")',
    ),
    "glorot": _keras_begin(
        "Glorot and Bengio 2010: uniform within ±sqrt(6 / (fan_in + fan_out)).",
        "keras.initializers.GlorotUniform()",
    ),
    "numpy-cnn": """\
class Begin(keras.initializers.Initializer):
    \"\"\"As Numpy-CNN: kernels deviate by 1 / sqrt(their size), dense weights by 0.01.\"\"\"

    def __call__(self, shape, dtype=None):
        deviation = 0.01 if len(shape) == 2 else math.prod(shape) ** -0.5
        return keras.random.normal(shape, 0.0, deviation, dtype=dtype)


def begin():
    return Begin()
""",
}
_KERAS_END = '''\
# Train it with keras.losses.SparseCategoricalCrossentropy(from_logits=True).


def load(path):
    """Takes over weights that cnnviz saved as .safetensors; here their axes are the other way."""
    from safetensors.numpy import load_file

    state = load_file(path)
    for layer in model.layers:
        if f"{layer.name}.weight" in state:
            weight = state[f"{layer.name}.weight"]
            axes = (2, 3, 1, 0) if weight.ndim == 4 else (1, 0)
            layer.set_weights([weight.transpose(axes), state[f"{layer.name}.bias"]])


if __name__ == "__main__":
    model.summary()
'''

CODE: dict[str, Callable[[Spec], str]] = {"PyTorch": pytorch_code, "Keras": keras_code}
"""What there is to choose from, by the library's name."""
