"""What layers must be together, and that an error says where it is."""

import pytest

from cnnviz.core.architecture import MOST_LAYERS, MOST_PARAMETERS, build_architecture
from cnnviz.core.errors import SpecError
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d, relu
from cnnviz.core.trainer import Trainer

END = (flatten(), dense(3))


def spec(*layers, initializer="he", shape=(1, 8, 8)):
    return Spec("trial", "Trial", shape, layers, initializer)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_presets_are_sound(preset):
    assert [layer.name for layer in build_architecture(preset)] == [
        layer.name for layer in Network(preset).layers
    ]


@pytest.mark.parametrize(
    ("layers", "layer", "field"),
    [
        ((conv2d(2, 9), *END), 0, "kernel"),
        ((conv2d(2, 3), relu(), max_pool2d(7), *END), 2, "size"),
        ((relu(), conv2d(2, 3, stride=(1, 0)), *END), 1, "stride"),
        ((conv2d(2, 3, padding=-1), *END), 0, "padding"),
        ((conv2d(0, 3), *END), 0, "filters"),
        ((flatten(), {"type": "dense", "units": "many"}), 1, "units"),
        (({"type": "relu", "slope": 1}, *END), 0, "slope"),
        (({"type": "relu", "name": "a"}, *END), 0, "name"),
        (({"type": "conv2d", "filters": 2}, *END), 0, "kernel"),
        ((relu(), {"type": "dropout"}, *END), 1, "type"),
        ((dense(3),), 0, None),
        ((relu(),), None, None),
        ((relu(),) * MOST_LAYERS + END, None, "layers"),
    ],
)
def test_a_refusal_says_which_layer_and_field(layers, layer, field):
    with pytest.raises(SpecError) as refused:
        Network(spec(*layers))
    assert (refused.value.layer, refused.value.field) == (layer, field)


@pytest.mark.parametrize(
    ("layers", "what"),
    [
        ((conv2d(2, 3), flatten(), dense(2_000_000), dense(3)), "parameters"),
        ((conv2d(10**9, 3), *END), "parameters"),
        ((conv2d(300_000, 1, padding=1), *END), "values for each image"),
        ((conv2d(1, 1, padding=10**9), max_pool2d(10**9), *END), "values for each image"),
    ],
)
def test_what_has_no_room_is_refused_before_memory_is_taken(layers, what):
    with pytest.raises(SpecError, match=f"million {what}, and .* are the most"):
        Network(spec(*layers))


def test_as_many_parameters_as_there_may_be():
    units = (MOST_PARAMETERS - 3) // (64 + 1 + 3)  # 64 weights in, a bias, 3 weights out; 3 biases
    assert build_architecture(spec(flatten(), dense(units), dense(3)))
    with pytest.raises(SpecError, match="dense2: with this layer .* 50 million parameters"):
        build_architecture(spec(flatten(), dense(units + 1), dense(3)))


def test_a_network_for_another_number_of_classes_is_not_trained(make_dataset):
    data = make_dataset(shape=(1, 2, 2))
    settings = Settings(batch_size=8, threads=1)
    with pytest.raises(SpecError, match="flatten: the last layer gives 4 values, .* 3 classes"):
        Trainer(spec(flatten(), shape=(1, 2, 2)), data, settings)
    with pytest.raises(SpecError, match="relu1: the last layer gives 4 values"):
        Trainer(spec(flatten(), dense(4), relu(), shape=(1, 2, 2)), data, settings)
    Trainer(spec(flatten(), dense(4), shape=(1, 2, 2)), data, settings).close()
