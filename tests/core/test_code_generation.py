"""The programs written: PyTorch's computes what the engine does, Keras' has its structure."""

import ast
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.code_generation import CODE, keras_code, pytorch_code
from cnnviz.core.errors import SpecError
from cnnviz.core.initializers import INITIALIZERS
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import Spec, arctan, conv2d, dense, flatten, max_pool2d, relu, sigmoid
from cnnviz.core.spec_check import check

UNUSUAL = Spec(
    "unusual",
    "Unusual",
    (2, 11, 9),
    (
        conv2d(3, (3, 2), (1, 2), (0, 1)),
        arctan(),
        max_pool2d((3, 2), (2, 1)),
        sigmoid(),
        conv2d(2, 2, padding=1),
        flatten(),
        flatten(),
        dense(5),
        relu(),
        dense(4),
    ),
    "glorot",
)
SPECS = {**PRESETS, "unusual": UNUSUAL}
EVIL = 'a"""\nimport os\r#\u2028\x0c\x00 {shape} \\'


def run(program):
    """What the program defines."""
    defined = {"__name__": "generated"}
    exec(compile(program, "generated.py", "exec"), defined)
    return defined


# PyTorch.


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def check_against_engine(torch, spec):
    network = Network(spec, seed=3)
    for name, values in network.named_parameters():
        if name.endswith("bias"):
            values += 0.1
    model = run(pytorch_code(spec))["model"]
    assert {name: tuple(values.shape) for name, values in model.state_dict().items()} == {
        name: values.shape for name, values in network.named_parameters()
    }
    state = network.state_dict()
    model.load_state_dict({name: torch.from_numpy(values) for name, values in state.items()})
    images = np.random.default_rng(0).random((3, *spec.input_shape), np.float32)
    values = torch.from_numpy(images)
    for layer, (name, module) in zip(network.layers, model.named_children(), strict=True):
        assert layer.name == name
        values = module(values)
        assert tuple(values.shape[1:]) == layer.output_shape
    np.testing.assert_allclose(values.detach(), network.forward(images), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_pytorchs_has_our_shapes_and_with_our_weights_our_logits(spec, torch):
    check_against_engine(torch, spec)


@settings(max_examples=30)
@given(data=st.data())
def test_so_it_has_for_any_network(plain_designs, torch, data):
    report = check(data.draw(plain_designs))
    if report.spec:
        check_against_engine(torch, report.spec)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_pytorchs_weights_begin_as_ours(name, torch):
    spec = Spec("wide", "Wide", (4, 9, 9), (conv2d(64, 5), flatten(), dense(200)), name)
    torch.manual_seed(0)
    theirs = run(pytorch_code(spec))["model"].state_dict()
    for key, ours in Network(spec).named_parameters():
        values = theirs[key].numpy()
        assert values.std() == pytest.approx(ours.std(), rel=0.05)
        assert np.abs(values).max() == pytest.approx(np.abs(ours).max(), rel=0.35)


def test_the_weights_file_that_it_speaks_of_fits(torch, tmp_path):
    numpy_file = pytest.importorskip("safetensors.numpy")
    load_file = pytest.importorskip("safetensors.torch").load_file
    network = Network(UNUSUAL)
    numpy_file.save_file(network.state_dict(), tmp_path / "weights.safetensors")
    program = pytorch_code(UNUSUAL)
    assert "model.load_state_dict(load_file(" in program
    run(program)["model"].load_state_dict(load_file(tmp_path / "weights.safetensors"))


def test_pytorchs_says_what_it_is(torch, capsys):
    program = pytorch_code(PRESETS["tiny"])
    assert program.startswith("# Tiny\n# 1,554 parameters. Written by cnnviz.\n")
    assert '("conv1", nn.Conv2d(1, 4, 5, stride=2)),  # 4×12×12, 104 parameters' in program
    assert '("pool1", nn.MaxPool2d(2)),  # 4×6×6' in program
    exec(compile(program, "generated.py", "exec"), {"__name__": "__main__"})
    assert "torch.Size([1, 10])" in capsys.readouterr().out


# Keras, which is not there to run it: its structure, read from the program.


def keras_layers(program):
    """[(layer, arguments, keywords)] of the Sequential, constants as they are, calls as text."""

    def value(node):
        return ast.literal_eval(node) if _is_literal(node) else ast.unparse(node)

    [assigned] = [
        node
        for node in ast.parse(program).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "model"
    ]
    sequential: Any = assigned.value
    return [
        (
            call.func.attr,
            [value(each) for each in call.args],
            {each.arg: value(each.value) for each in call.keywords},
        )
        for call in sequential.args[0].elts
    ]


def _is_literal(node):
    return not any(isinstance(each, ast.Call | ast.Attribute) for each in ast.walk(node))


BEGIN = {"kernel_initializer": "begin()"}


def test_keras_has_our_layers_with_channels_last():
    assert keras_layers(keras_code(UNUSUAL)) == [
        ("Input", [(11, 9, 2)], {}),
        ("ZeroPadding2D", [(0, 1)], {}),
        ("Conv2D", [3, (3, 2)], {"strides": (1, 2), **BEGIN, "name": "conv1"}),
        ("Activation", ["keras.ops.arctan"], {"name": "arctan1"}),
        ("MaxPooling2D", [(3, 2)], {"strides": (2, 1), "name": "pool1"}),
        ("Activation", ["sigmoid"], {"name": "sigmoid1"}),
        ("ZeroPadding2D", [1], {}),
        ("Conv2D", [2, 2], {**BEGIN, "name": "conv2"}),
        ("Permute", [(3, 1, 2)], {}),
        ("Flatten", [], {"name": "flatten"}),
        ("Flatten", [], {"name": "flatten2"}),
        ("Dense", [5], {**BEGIN, "name": "dense1"}),
        ("Activation", ["relu"], {"name": "relu1"}),
        ("Dense", [4], {**BEGIN, "name": "dense2"}),
    ]
    assert "# 9×5×3, 39 parameters" in keras_code(UNUSUAL)


@given(data=st.data())
def test_keras_compiles_and_names_every_layer(random_designs, data):
    spec = check(data.draw(random_designs)).spec
    if spec is None:
        return
    program = keras_code(spec)
    compile(program, "generated.py", "exec")
    names = [keywords["name"] for _, _, keywords in keras_layers(program) if "name" in keywords]
    assert names == [layer.name for layer in Network(spec).layers]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("he", 'VarianceScaling(2.0, "fan_in", "untruncated_normal")'),
        ("glorot", "GlorotUniform()"),
        ("numpy-cnn", "class Begin(keras.initializers.Initializer)"),
    ],
)
def test_keras_weights_begin_as_ours_too(name, words):
    program = keras_code(replace(UNUSUAL, initializer=name))
    compile(program, "generated.py", "exec")
    assert words in program
    assert ("import math" in program) == ("math.prod" in program)


def test_keras_turns_weights_round(monkeypatch, tmp_path):
    """Its `load`, run with stand-ins for Keras' layers."""
    numpy_file = pytest.importorskip("safetensors.numpy")
    network = Network(UNUSUAL)
    numpy_file.save_file(network.state_dict(), tmp_path / "weights.safetensors")

    class Standin:
        def __init__(self, name):
            self.name = name
            self.weights: Any = None

        def set_weights(self, weights):
            self.weights = weights

    tree = ast.parse(keras_code(UNUSUAL))
    [load] = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "load"
    ]
    layers = [Standin(layer.name) for layer in network.layers]
    defined = {"model": type("Model", (), {"layers": layers})}
    exec(compile(ast.Module([load], []), "generated.py", "exec"), defined)
    defined["load"](tmp_path / "weights.safetensors")
    by_name = {layer.name: layer.weights for layer in layers}
    state = network.state_dict()
    assert by_name["relu1"] is None
    for filters, channels, y, x in [(0, 0, 0, 0), (2, 1, 2, 1)]:
        kernel = by_name["conv1"][0]
        assert kernel[y, x, channels, filters] == state["conv1.weight"][filters, channels, y, x]
    np.testing.assert_array_equal(by_name["dense2"][0], state["dense2.weight"].T)
    np.testing.assert_array_equal(by_name["dense2"][1], state["dense2.bias"])


@pytest.fixture(scope="module")
def keras():
    """The library itself, where it is installed, computing with PyTorch."""
    pytest.importorskip("torch")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its parts say to each other is not ours
        patch.setenv("KERAS_BACKEND", "torch")
        return pytest.importorskip("keras")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_keras_has_our_shapes_and_with_our_weights_our_logits(spec, keras, tmp_path):
    numpy_file = pytest.importorskip("safetensors.numpy")
    network = Network(spec, seed=3)
    for name, values in network.named_parameters():
        if name.endswith("bias"):
            values += 0.1
    numpy_file.save_file(network.state_dict(), tmp_path / "weights.safetensors")
    defined = run(keras_code(spec))
    defined["load"](tmp_path / "weights.safetensors")
    images = np.random.default_rng(0).random((3, *spec.input_shape), np.float32)
    logits = defined["model"].predict(images.transpose(0, 2, 3, 1), verbose=0)
    np.testing.assert_allclose(logits, network.forward(images), rtol=1e-3, atol=1e-4)


# Both.


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_no_title_breaks_out_of_its_comment(code):
    usual, evil = (code(replace(UNUSUAL, title=title)) for title in ("Unusual", EVIL))
    assert ast.dump(ast.parse(evil)) == ast.dump(ast.parse(usual))
    assert len(evil.splitlines()) == len(usual.splitlines())


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_what_cannot_be_built_has_no_program(code):
    with pytest.raises(SpecError, match="conv1: its kernel"):
        code(replace(UNUSUAL, layers=(conv2d(1, 50), flatten())))
