"""Steps on a design, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core.errors import SpecError
from cnnviz.core.layer_fields import LAYER_TYPES
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import conv2d, dense, flatten, relu
from cnnviz.core.spec_edit import (
    CLASSES,
    Design,
    EditHistory,
    add,
    duplicate,
    move,
    remove,
    set_field,
)

DESIGN = Design((conv2d(2, 3), relu(), flatten(), dense(3)), (1, 8, 8), 3)


def kinds(design):
    return [layer["type"] for layer in design.layers]


@pytest.mark.parametrize("spec", PRESETS.values(), ids=PRESETS)
def test_a_spec_becomes_a_design_and_back(spec):
    design = Design.from_spec(spec)
    assert design.classes == 10
    assert design.to_spec() == spec


def test_the_classes_are_those_asked_for_or_the_last_units_or_ten():
    spec = PRESETS["tiny"]
    assert Design.from_spec(spec, 26).to_spec().layers[-1]["units"] == 26
    assert Design.from_spec(Design((flatten(), dense(7))).to_spec()).classes == CLASSES
    assert Design.from_spec(Design((relu(),)).to_spec()).classes == CLASSES
    assert Design.from_spec(Design().to_spec()).classes == CLASSES


def test_an_impossible_image_has_no_spec():
    with pytest.raises(SpecError, match="input_shape") as refused:
        Design(input_shape=(1, 0, 8)).to_spec()
    assert refused.value.field == "input_shape"


@pytest.mark.parametrize("at", range(5))
def test_a_layer_is_added_at_its_place_with_defaults(at):
    design = add(DESIGN, "max_pool2d", at)
    assert design.layers[at] == {"type": "max_pool2d", "size": (2, 2), "stride": (2, 2)}
    assert remove(design, at) == DESIGN


def test_a_layer_is_removed_doubled_moved():
    assert kinds(remove(DESIGN, 1)) == ["conv2d", "flatten", "dense"]
    assert kinds(duplicate(DESIGN, 1)) == ["conv2d", "relu", "relu", "flatten", "dense"]
    assert kinds(move(DESIGN, 0, 2)) == ["relu", "flatten", "conv2d", "dense"]
    assert kinds(move(DESIGN, 3, 0)) == ["dense", "conv2d", "relu", "flatten"]
    assert move(DESIGN, 2, 2) == DESIGN


def test_a_field_gets_another_value_or_goes():
    assert set_field(DESIGN, 0, "kernel", (5, 3)).layers[0] == conv2d(2, (5, 3))
    assert set_field(DESIGN, 0, "kernel", [5, 3]).layers[0] == conv2d(2, (5, 3))
    assert "padding" not in set_field(DESIGN, 0, "padding", None).layers[0]
    assert DESIGN.layers[0] == conv2d(2, 3)


@pytest.mark.parametrize(
    "step",
    [
        lambda: add(DESIGN, "relu", 5),
        lambda: add(DESIGN, "relu", -1),
        lambda: remove(DESIGN, 4),
        lambda: remove(DESIGN, -1),
        lambda: duplicate(DESIGN, 4),
        lambda: move(DESIGN, 4, 0),
        lambda: move(DESIGN, 0, 4),
        lambda: set_field(DESIGN, -1, "units", 3),
    ],
)
def test_a_place_that_is_not_there(step):
    with pytest.raises(IndexError):
        step()


def test_a_type_that_there_is_not():
    with pytest.raises(KeyError):
        add(DESIGN, "dropout", 0)


# The way back.


def random_step(draw, design):
    """Any step that the design allows."""
    places = st.integers(0, max(len(design.layers) - 1, 0))
    kind = draw(st.sampled_from(["add", "remove", "duplicate", "move", "set"]))
    if kind == "add" or not design.layers:
        at = draw(st.integers(0, len(design.layers)))
        return add(design, draw(st.sampled_from(list(LAYER_TYPES))), at)
    if kind == "set":
        return set_field(design, draw(places), "units", draw(st.integers(1, 3)))
    if kind == "move":
        return move(design, draw(places), draw(places))
    return {"remove": remove, "duplicate": duplicate}[kind](design, draw(places))


@given(data=st.data(), count=st.integers(0, 12))
def test_undo_all_and_redo_all_gives_the_same_design(random_designs, data, count):
    first = data.draw(random_designs)
    history = EditHistory(first)
    passed = [first]
    for _ in range(count):
        step = random_step(data.draw, history.design)
        if history.do(step):
            passed.append(step)
    last = history.design
    back = [last]
    while history.undo():
        back.append(history.design)
    assert back == passed[::-1]
    assert history.design == first
    while history.redo():
        pass
    assert history.design == last
    if last != first:
        assert history.undoes is not None
    assert history.redoes is None


def test_steps_have_names_and_a_new_one_forgets_what_was_undone():
    history = EditHistory(DESIGN)
    assert (history.undoes, history.redoes) == (None, None)
    assert not history.undo()
    assert not history.redo()
    history.do(remove(DESIGN, 1), "Remove ReLU")
    history.do(add(history.design, "sigmoid", 1), "Add Sigmoid")
    assert history.undoes == "Add Sigmoid"
    history.undo()
    assert (history.undoes, history.redoes) == ("Remove ReLU", "Add Sigmoid")
    history.do(add(history.design, "arctan", 1), "Add Arctan")
    assert history.redoes is None
    assert kinds(history.design)[1] == "arctan"


def test_no_change_is_no_step():
    history = EditHistory(DESIGN)
    assert not history.do(move(DESIGN, 1, 1))
    assert history.undoes is None


def test_an_amended_step_is_one_step():
    history = EditHistory(DESIGN)
    one, two = (set_field(DESIGN, 0, "filters", count) for count in (3, 4))
    history.do(one, "Filters")
    assert history.amend(two)
    assert (history.design, history.undoes, history.redoes) == (two, "Filters", None)
    history.undo()
    assert history.design == DESIGN
    history.redo()
    assert history.design == two


def test_a_step_amended_to_lead_nowhere_is_none():
    history = EditHistory(DESIGN)
    history.do(set_field(DESIGN, 0, "filters", 3), "Filters")
    assert not history.amend(DESIGN)
    assert (history.design, history.undoes, history.redoes) == (DESIGN, None, None)
    with pytest.raises(IndexError):
        history.amend(DESIGN)
