import json
from typing import Any

import pytest

from cnnviz.core.errors import SpecError
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS, preset
from cnnviz.core.spec import LayerSpec, Spec, conv2d, dense, flatten, max_pool2d, relu

END: tuple[LayerSpec, ...] = (flatten(), dense(3))


def spec(*layers: LayerSpec, initializer: str = "he") -> Spec:
    return Spec("trial", "Trial", (1, 8, 8), layers, initializer)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        # What does not fit names the layer, and both sizes.
        ([conv2d(2, 9), *END], r"^conv1: its kernel 9×9 is larger than its input 8×8\."),
        ([conv2d(2, 5), relu(), conv2d(2, (3, 5)), *END], r"^conv2: .*3×5 .*4×4"),
        ([conv2d(2, 11, padding=1), *END], r"^conv1: .*11×11 .*8×8 with padding 1×1"),
        ([conv2d(2, 7), max_pool2d(3), *END], r"^pool1: its window 3×3 is larger .*2×2"),
        ([dense(3)], r"^dense1: .*not maps 1×8×8.*flatten"),
        ([flatten(), conv2d(2, 3), dense(3)], r"^conv1: needs maps .* not a row of 64 values"),
        ([flatten(), max_pool2d(2), dense(3)], r"^pool1: needs maps"),
        ([conv2d(2, 3), relu()], r"must end in one row of values"),
        ([], r"must end in one row of values"),
        # Numbers that make no sense.
        ([conv2d(2, 3, stride=0), *END], r"^conv1: stride .* at least 1, not 0"),
        ([conv2d(2, 3, stride=(1, -1)), *END], r"^conv1: stride .* not -1"),
        ([conv2d(2, 0), *END], r"^conv1: kernel .* at least 1, not 0"),
        ([conv2d(0, 3), *END], r"^conv1: filters .* at least 1, not 0"),
        ([conv2d(2, 3, padding=-1), *END], r"^conv1: padding .* at least 0, not -1"),
        ([max_pool2d(2, 0), *END], r"^pool1: stride .* not 0"),
        ([flatten(), dense(0)], r"^dense1: units .* at least 1, not 0"),
        # Values of the wrong kind.
        ([{"type": "conv2d", "filters": True, "kernel": 3}, *END], r"^conv1: filters .* not True"),
        ([{"type": "conv2d", "filters": 2, "kernel": 3.0}, *END], r"^conv1: kernel .* not 3\.0"),
        ([{"type": "conv2d", "filters": 2, "kernel": "3"}, *END], r"^conv1: kernel .* not '3'"),
        ([{"type": "conv2d", "filters": 2, "kernel": [3, 3, 3]}, *END], r"^conv1: kernel .* two"),
        ([flatten(), {"type": "dense", "units": None}], r"^dense1: units .* not None"),
        # Fields that are missing or unknown.
        ([{"type": "conv2d", "filters": 2}, *END], r"^conv1: .*kernel"),
        ([flatten(), {"type": "dense"}], r"^dense1: .*units"),
        ([{"type": "relu", "slope": 0.1}, *END], r"^relu1: .*slope"),
        ([{"type": "conv2d", "filters": 2, "kernel": 3, "name": "a"}, *END], r"^conv1: .*name"),
        # Types that are missing or unknown.
        ([relu(), {"type": "dropout"}, *END], r"^Layer 2: .*“dropout”; there are conv2d, "),
        ([{"filters": 2}, *END], r"^Layer 1: .*“None”"),
        ([{"type": ["relu"]}, *END], r"^Layer 1: "),
    ],
)
def test_a_layer_that_cannot_be_is_refused_by_name_with_the_reason(
    layers: list[LayerSpec], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        Network(spec(*layers))


def test_an_unknown_initialisation_is_refused() -> None:
    with pytest.raises(SpecError, match="“zeros”"):
        Network(spec(*END, initializer="zeros"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"layers": []}, "no “input_shape”"),
        ({"input_shape": [1, 8, 8]}, "no “layers”"),
        ({"input_shape": [8, 8], "layers": []}, "cannot be read"),
        ({"input_shape": [1, 0, 8], "layers": []}, "input_shape"),
        ({"input_shape": [1, 8.5, 8], "layers": []}, "input_shape"),
        ({"input_shape": [True, 8, 8], "layers": []}, "input_shape"),
        ({"input_shape": "188", "layers": []}, "input_shape"),
        ({"input_shape": 28, "layers": []}, "cannot be read"),
        ({"input_shape": [1, 8, 8], "layers": [5]}, "cannot be read"),
        ({"input_shape": [1, 8, 8], "layers": ["relu"]}, "cannot be read"),
        ({"input_shape": [1, 8, 8], "layers": None}, "cannot be read"),
        ([], "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_data_that_is_no_network_is_refused(data: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Spec.from_dict(data)


@pytest.mark.parametrize("original", PRESETS.values(), ids=PRESETS)
def test_presets_go_through_json_unchanged(original: Spec) -> None:
    assert Spec.from_dict(json.loads(json.dumps(original.to_dict()))) == original


def test_pairs_go_through_json_unchanged() -> None:
    original = spec(conv2d(2, (3, 5), (2, 1), (0, 2)), max_pool2d((2, 1)), *END)
    assert Spec.from_dict(json.loads(json.dumps(original.to_dict()))) == original


def test_a_network_takes_the_dicts_as_well() -> None:
    original = spec(conv2d(2, 3), *END)
    assert Network(original.to_dict()).spec == original


def test_fitted_takes_the_images_and_the_classes_of_the_data() -> None:
    fitted = preset("numpy-cnn").fitted((3, 32, 32), 100)
    network = Network(fitted)
    assert network.layers[0].input_shape == (3, 32, 32)
    assert network.classes == 100
    assert preset("numpy-cnn").layers[-1]["units"] == 10


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("numpy-cnn", 105_634), ("lenet-5", 61_706), ("mlp", 105_745), ("tiny", 1_554)],
)
def test_presets_have_as_many_parameters_as_they_say(name: str, parameters: int) -> None:
    network = Network(preset(name))
    assert network.vector.size == parameters
    assert sum(layer.parameter_count for layer in network.layers) == parameters
    assert network.spec.name == name
    assert network.classes == 10


def test_an_unknown_preset_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match="“resnet”; there are numpy-cnn, lenet-5, mlp, tiny"):
        preset("resnet")
