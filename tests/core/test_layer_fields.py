"""The table of fields says what layers.py takes, no more and no less."""

import inspect

import pytest

from cnnviz.core.errors import SpecError
from cnnviz.core.layer_fields import LAYER_TYPES
from cnnviz.core.layers import LAYERS, build_layers

FIELDS = [(kind, field) for kind in LAYER_TYPES.values() for field in kind.fields]
BY_NAME = [f"{kind.kind} {field.name}" for kind, field in FIELDS]


def input_of(kind):
    return (1000,) if kind == "dense" else (1, 100, 100)


def build(kind, **changes):
    layer = {**LAYER_TYPES[kind].new_layer(), **changes}
    return build_layers(input_of(kind), (layer,))[0]


def test_every_type_of_layer_is_there_with_its_title_and_a_sentence():
    assert LAYER_TYPES.keys() == LAYERS.keys()
    for kind, layer_type in LAYER_TYPES.items():
        assert (layer_type.kind, layer_type.title) == (kind, LAYERS[kind].title)
        assert layer_type.text.endswith(".")


@pytest.mark.parametrize("kind", LAYER_TYPES)
def test_its_fields_are_those_that_the_engine_takes_in_that_order(kind):
    parameters = list(inspect.signature(LAYERS[kind]).parameters)[2:]
    assert [field.name for field in LAYER_TYPES[kind].fields] == parameters


@pytest.mark.parametrize("kind", LAYER_TYPES)
def test_a_new_layer_can_be_built(kind):
    build(kind)


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=BY_NAME)
def test_the_least_is_the_engines(kind, field):
    build(kind.kind, **{field.name: field.least})
    with pytest.raises(SpecError, match=f"{field.name} must be .* at least {field.least}, not"):
        build(kind.kind, **{field.name: field.least - 1})


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=BY_NAME)
def test_only_a_pair_takes_two_numbers(kind, field):
    least, most = field.least, field.most
    build(kind.kind, **{field.name: most})
    pair = (least, least + 1)
    if field.kind == "pair":
        assert isinstance(field.default, tuple)
        assert getattr(build(kind.kind, **{field.name: pair}), field.name) == pair
    else:
        assert isinstance(field.default, int)
        with pytest.raises(SpecError):
            build(kind.kind, **{field.name: pair})


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=BY_NAME)
def test_it_can_be_found_and_explains_itself(kind, field):
    assert kind.field(field.name) is field
    assert field.text.endswith(".")
    assert field.title[0].isupper()


def test_a_field_that_there_is_not():
    with pytest.raises(KeyError):
        LAYER_TYPES["relu"].field("slope")
