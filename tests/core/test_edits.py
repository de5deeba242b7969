from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core.edits import (
    EditHistory,
    Edits,
    Filter,
    Weight,
    apply_edits,
    edited,
    filter_behind,
)
from cnnviz.core.errors import WeightsError
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.spec import Spec

SPEC = PRESETS["lenet-5"]
filters = st.one_of(
    st.builds(Filter, st.just("conv1"), st.integers(0, 5)),
    st.builds(Filter, st.just("conv2"), st.integers(0, 15)),
)
taps = st.integers(0, 4)
weights = st.one_of(
    st.builds(Weight, st.just("conv1"), st.integers(0, 5), st.just(0), taps, taps),
    st.builds(Weight, st.just("conv2"), st.integers(0, 15), st.integers(0, 5), taps, taps),
)
values = st.floats(-10, 10, width=32)
edits_of_lenet = st.builds(
    Edits, st.frozensets(filters, max_size=4), st.dictionaries(weights, values, max_size=5)
)


def test_without_edits_there_is_nothing_to_say() -> None:
    assert not Edits()
    assert Edits().in_words == ""
    network = Network(SPEC)
    np.testing.assert_array_equal(edited(network, Edits()).vector, network.vector)


def test_a_muted_filters_map_is_zero_and_the_others_are_as_before() -> None:
    network = Network(SPEC, seed=3)
    for name, array in network.named_parameters():
        if name.endswith("bias"):
            array[...] = 0.5
    image = np.random.default_rng(0).random((1, 28, 28), np.float32)
    before = inspect(network, image)
    after = inspect(edited(network, Edits().toggled(Filter("conv1", 2))), image)
    for name in ("conv1", "relu1", "pool1"):
        old, new = before.outputs[name], after.outputs[name]
        assert not new[2].any()
        assert old[2].any()
        np.testing.assert_array_equal(np.delete(new, 2, 0), np.delete(old, 2, 0))
    assert (before.probabilities != after.probabilities).any()


@given(edits_of_lenet)
def test_only_what_is_named_is_otherwise(edits: Edits) -> None:
    network = Network(SPEC, seed=1)
    before = network.state_dict()
    vector = network.vector.copy()
    after = edited(network, edits).state_dict()
    np.testing.assert_array_equal(network.vector, vector)
    for weight, value in edits.painted.items():
        before[f"{weight.layer}.weight"][weight.place] = value
    for layer, number in edits.muted:
        before[f"{layer}.weight"][number] = 0
        before[f"{layer}.bias"][number] = 0
    for name, array in after.items():
        np.testing.assert_array_equal(array, before[name])


@given(edits_of_lenet, filters)
def test_unmuting_brings_the_painted_and_the_learned_weights_back(
    edits: Edits, which: Filter
) -> None:
    assert edits.toggled(which).toggled(which) == edits
    network = Network(SPEC, seed=1)
    twice = edited(network, edits.toggled(which).toggled(which)).vector
    np.testing.assert_array_equal(twice, edited(network, edits).vector)


def test_muted_counts_before_painted() -> None:
    place = Weight("conv1", 1, 0, 2, 3)
    painted = Edits().with_paint(place, 4.0)
    both = painted.toggled(Filter("conv1", 1))
    network = Network(SPEC)
    assert dict(edited(network, both).named_parameters())["conv1.weight"][1, 0, 2, 3] == 0
    back = both.toggled(Filter("conv1", 1))
    assert dict(edited(network, back).named_parameters())["conv1.weight"][1, 0, 2, 3] == 4


@given(edits_of_lenet, edits_of_lenet)
def test_beyond_is_what_the_others_do_not_do(some: Edits, others: Edits) -> None:
    assert not some.beyond(some)
    assert some.beyond(Edits()) == some
    rest = some.beyond(others)
    assert rest.muted == some.muted - others.muted
    assert rest.painted.items() == some.painted.items() - others.painted.items()


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        (Edits(frozenset({Filter("conv1", 1)})), "1 filter muted"),
        (Edits(frozenset({Filter("conv1", 1), Filter("conv1", 2)})), "2 filters muted"),
        (Edits().with_paint(Weight("conv1", 0, 0, 0, 0), 1), "1 weight painted"),
        (
            Edits(
                frozenset({Filter("conv1", 1)}),
                {Weight("conv1", 0, 0, 0, 0): 1.0, Weight("conv1", 0, 0, 0, 1): 1.0},
            ),
            "1 filter muted, 2 weights painted",
        ),
    ],
)
def test_it_counts_in_words(edits: Edits, words: str) -> None:
    assert edits.in_words == words
    assert edits


@pytest.mark.parametrize(
    "edits",
    [
        Edits().toggled(Filter("conv3", 0)),
        Edits().toggled(Filter("dense1", 0)),
        Edits().toggled(Filter("conv1", 6)),
        Edits().toggled(Filter("conv1", -1)),
        Edits().with_paint(Weight("conv1", 0, 1, 0, 0), 1.0),
        Edits().with_paint(Weight("conv1", 0, 0, 5, 0), 1.0),
        Edits().with_paint(Weight("conv1", 0, 0, 0, -1), 1.0),
    ],
)
def test_edits_of_another_network_change_nothing(edits: Edits) -> None:
    network = Network(SPEC)
    before = network.vector.copy()
    both = Edits(edits.muted | {Filter("conv1", 0)}, edits.painted)
    with pytest.raises(WeightsError, match="another network"):
        apply_edits(network, both)
    np.testing.assert_array_equal(network.vector, before)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_paint_is_a_finite_number(value: float) -> None:
    with pytest.raises(WeightsError, match="finite"):
        Edits().with_paint(Weight("conv1", 0, 0, 0, 0), value)


def test_a_diverged_network_can_be_edited() -> None:
    network = Network(SPEC)
    network.vector[...] = np.nan
    after = edited(network, Edits().toggled(Filter("conv1", 0)))
    assert not inspect(after, np.ones((1, 28, 28), np.float32)).outputs["conv1"][0].any()


@pytest.mark.parametrize(
    ("layer", "behind"),
    [
        (INPUT, None),
        ("conv1", Filter("conv1", 4)),
        ("relu1", Filter("conv1", 4)),
        ("pool1", Filter("conv1", 4)),
        ("conv2", Filter("conv2", 4)),
        ("relu2", Filter("conv2", 4)),
        ("pool2", Filter("conv2", 4)),
        ("flatten", None),
        ("dense1", None),
        ("relu3", None),
        ("dense3", None),
        ("nowhere", None),
    ],
)
def test_the_filter_behind_a_map(layer: str, behind: Filter | None) -> None:
    layers = Network(SPEC).layers
    assert layer in {INPUT, "nowhere", *(each.name for each in layers)}
    assert filter_behind(layers, Place(layer, (4, 1, 1))) == behind


# The history.


@given(st.lists(st.one_of(filters, st.sampled_from(["undo", "redo"])), max_size=30))
def test_undo_and_redo_walk_like_a_list_with_a_cursor(actions: list[Any]) -> None:
    history, states, at = EditHistory(), [Edits()], 0
    for action in actions:
        if action == "undo":
            history, at = history.undone(), max(at - 1, 0)
        elif action == "redo":
            history, at = history.redone(), min(at + 1, len(states) - 1)
        else:
            states = [*states[: at + 1], states[at].toggled(action)]
            history, at = history.then(states[-1]), at + 1
        assert history.now == states[at]
        assert list(history.past) == states[:at]
        assert list(history.future) == states[at + 1 :]


def test_what_changes_nothing_is_no_step() -> None:
    history = EditHistory().then(Edits())
    assert history == EditHistory()


def test_a_step_can_be_amended() -> None:
    first, second = (Edits().with_paint(Weight("conv1", 0, 0, 0, x), 1.0) for x in (0, 1))
    history = EditHistory().then(first).amended(second)
    assert history.now == second
    assert history.undone().now == Edits()


def test_the_edited_copy_takes_another_vector(small_spec: Spec) -> None:
    network = Network(small_spec, seed=0)
    other = Network(small_spec, seed=1)
    copy = edited(network, Edits().toggled(Filter("conv1", 0)), other.vector)
    apply_edits(other, Edits().toggled(Filter("conv1", 0)))
    np.testing.assert_array_equal(copy.vector, other.vector)
