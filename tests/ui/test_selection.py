"""What is looked at, and how the keys walk through a network."""

import pytest

from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.ui.selection import Selection, first_place, moved, other_layer, other_map, stops


@pytest.fixture
def selection(session):
    return session.selection


@pytest.fixture
def heard(selection):
    """How often each signal came."""
    counts = {"changed": 0, "pinned": 0}

    def count(name):
        counts[name] += 1

    selection.changed.connect(lambda: count("changed"))
    selection.pinned_changed.connect(lambda: count("pinned"))
    return counts


HERE, THERE = Place("conv1", (0, 1, 2)), Place("pool1", (3, 1, 1))


def test_the_pointer_is_followed_until_something_is_pinned(selection, heard):
    selection.point(HERE)
    selection.point(HERE)
    assert (selection.place, heard["changed"]) == (HERE, 1)
    selection.pin(THERE)
    selection.point(None)
    assert (selection.place, heard) == (THERE, {"changed": 2, "pinned": 1})
    selection.point(HERE)
    selection.let_go()
    assert (selection.place, heard) == (HERE, {"changed": 3, "pinned": 2})
    selection.let_go()
    assert heard["pinned"] == 2


def test_another_run_forgets_what_was_pinned(session, until):
    session.selection.pin(HERE)
    session.selection.point(THERE)
    before = session.network
    session.open_run(session.request)
    until(lambda: session.network is not before)
    assert session.selection.place is None


LAYERS = Network(PRESETS["numpy-cnn"]).layers


def test_every_array_but_the_flattened_one_is_a_stop():
    assert list(stops(LAYERS)) == [INPUT, *(k.name for k in LAYERS if k.name != "flatten")]


def test_a_walk_over_a_map_ends_at_its_edges():
    assert first_place(LAYERS) == Place("conv1", (0, 12, 12))
    assert moved(LAYERS, Place("conv1", (2, 0, 23)), -1, 1) == Place("conv1", (2, 0, 23))
    assert moved(LAYERS, Place("conv1", (2, 5, 5)), 1, -1) == Place("conv1", (2, 6, 4))
    assert moved(LAYERS, Place("dense1", (126,)), 0, 1) == Place("dense1", (127,))
    assert moved(LAYERS, Place("dense1", (127,)), 1, 0) == Place("dense1", (127,))


def test_maps_follow_each_other_in_a_ring():
    assert other_map(LAYERS, Place("conv2", (7, 3, 4)), 1) == Place("conv2", (0, 3, 4))
    assert other_map(LAYERS, Place("dense2", (0,)), -1) == Place("dense2", (9,))


def test_from_layer_to_layer_it_stays_at_about_the_same_place():
    corner = Place("conv2", (7, 19, 0))
    assert other_layer(LAYERS, corner, 2) == Place("pool1", (7, 9, 0))
    assert other_layer(LAYERS, corner, -9) == Place(INPUT, (0, 27, 0))
    assert other_layer(LAYERS, Place("pool1", (3, 2, 2)), 1) == Place("dense1", (0,))
    assert other_layer(LAYERS, Place("dense1", (80,)), -1) == Place("pool1", (0, 5, 5))
    assert other_layer(LAYERS, Place("dense2", (9,)), 1) == Place("dense2", (9,))


def test_a_walk_through_every_preset_stays_inside():
    for spec in PRESETS.values():
        layers = Network(spec).layers
        shapes = stops(layers)
        place = first_place(layers)
        for by in (-1, *[1] * len(shapes), *[-1] * len(shapes)):
            place = other_layer(layers, place, by)
            shape = shapes[place.layer]
            assert all(0 <= k < n for k, n in zip(place.index, shape, strict=True))
        assert place.layer == INPUT


def test_a_selection_alone_needs_no_session(qapp):
    alone = Selection(qapp)
    alone.pin(HERE)
    assert alone.place == HERE
    alone.deleteLater()
