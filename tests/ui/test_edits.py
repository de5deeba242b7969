"""Edits that lie over what is shown: laid over every vector and image, undone, applied."""

import numpy as np
import pytest

from cnnviz.core.datasets import load_dataset
from cnnviz.core.edits import Edits, Filter, Weight, apply_edits, edited
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from cnnviz.core.presets import preset
from cnnviz.core.receptive_field import Place
from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase
from cnnviz.core.trainer import Trainer
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session

HERE, BESIDE = Weight("conv1", 1, 0, 2, 2), Weight("conv1", 1, 0, 2, 3)


@pytest.fixture
def edits(session):
    return session.edits


@pytest.fixture
def trained():
    """The vector of the tiny network after so many batches, edited on the way at these steps."""

    def train(step, at=None, then=None):
        trainer = Trainer(preset("tiny"), load_dataset("digits"), Settings())
        for done in range(step + 1):
            if done == at:
                apply_edits(trainer.network, then)
            if done < step:
                trainer.train_batch()
        trainer.close()
        return trainer.network.vector

    return train


def paused(session):
    return session.status.phase is Phase.PAUSED and not session.is_training


def assert_shown(session):
    """What is shown is what was learned with the edits over it, run on the chosen image."""
    learned = Network(session.spec)
    learned.vector[...] = session.edits.learned
    expected = edited(learned, session.edits.now)
    np.testing.assert_array_equal(session.network.vector, expected.vector)
    images, _ = session.dataset.test.batch(np.array([session.image_index]))
    seen = inspect(expected, images[0])
    for name, output in session.inspection.outputs.items():
        np.testing.assert_array_equal(output, seen.outputs[name])


def test_an_edit_is_seen_at_once_and_taken_back_to_the_bit(session, edits, train, qtbot):
    train(session, 5)
    before, seen = session.network.vector.copy(), session.inspection
    with qtbot.waitSignals([edits.changed, session.network_changed]):
        edits.toggle_mute("conv1", 2)
    assert not session.inspection.outputs["conv1"][2].any()
    assert (session.inspection.probabilities != seen.probabilities).any()
    assert_shown(session)
    edits.paint([HERE], 2.5)
    assert dict(session.network.named_parameters())["conv1.weight"][HERE.place] == 2.5
    assert_shown(session)
    edits.toggle_mute("conv1", 2)
    edits.undo()
    edits.undo()
    edits.undo()
    np.testing.assert_array_equal(session.network.vector, before)
    np.testing.assert_array_equal(session.inspection.probabilities, seen.probabilities)


def test_other_images_show_the_edits_too(session, edits):
    edits.toggle_mute("conv1", 0)
    session.choose_image(7)
    assert not session.inspection.outputs["conv1"][0].any()
    assert_shown(session)


def test_training_knows_nothing_of_them(session, edits, until, trained):
    edits.toggle_mute("conv1", 1)
    session.play()
    until(lambda: len(session.timeline) > 10)
    edits.paint([HERE, BESIDE], -1.0)
    looks = []

    def look():
        looks.append(session.shown_step)
        assert not session.inspection.outputs["conv1"][1].any()
        assert_shown(session)

    session.network_changed.connect(look)
    until(lambda: len(looks) > 5)
    session.pause()
    until(lambda: paused(session))
    session.drain()
    session.network_changed.disconnect(look)
    edits.clear()
    np.testing.assert_array_equal(session.network.vector, trained(session.shown_step))


# Steps


def test_a_stroke_is_one_step(edits):
    edits.begin_stroke()
    edits.paint([HERE], 1.0)
    edits.paint([HERE, BESIDE], 1.0)
    edits.paint([BESIDE], 1.0)
    edits.end_stroke()
    assert edits.now.painted == {HERE: 1.0, BESIDE: 1.0}
    edits.paint([HERE], 2.0)
    edits.undo()
    assert edits.now.painted == {HERE: 1.0, BESIDE: 1.0}
    edits.undo()
    assert not edits.now
    assert not edits.can_undo
    edits.redo()
    assert edits.now.painted == {HERE: 1.0, BESIDE: 1.0}
    edits.redo()
    assert not edits.can_redo
    assert edits.now.painted == {HERE: 2.0, BESIDE: 1.0}


def test_an_undo_in_the_midst_of_a_stroke_keeps_what_was_before(edits):
    edits.toggle_mute("conv1", 3)
    edits.begin_stroke()
    edits.paint([HERE], 1.0)
    edits.undo()
    edits.paint([BESIDE], 1.0)
    edits.end_stroke()
    edits.undo()
    assert edits.now == Edits(frozenset({Filter("conv1", 3)}))


def test_taking_all_back_can_be_undone(edits):
    edits.toggle_mute("conv1", 3)
    edits.paint([HERE], 1.0)
    before = edits.now
    edits.clear()
    assert not edits.now
    edits.undo()
    assert edits.now == before


def test_what_changes_nothing_is_told_to_nobody(edits, qtbot):
    edits.paint([HERE], 1.0)
    with qtbot.assertNotEmitted(edits.changed):
        edits.paint([HERE], 1.0)
        edits.paint([], 3.0)
        edits.redo()
        edits.toggle_mute_behind(None)
        edits.toggle_mute_behind(Place("dense1", (3,)))


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1"])
def test_a_map_mutes_the_filter_behind_it(layer, edits):
    place = Place(layer, (2, 1, 1))
    edits.toggle_mute_behind(place)
    assert edits.now.muted == {Filter("conv1", 2)}
    assert edits.is_muted(place)
    assert not edits.is_muted(Place(layer, (1, 1, 1)))
    assert not edits.is_muted(Place("dense1", (2,)))
    edits.toggle_mute_behind(place)
    assert not edits.now


# Another run


def test_another_network_has_none(session, edits, until):
    edits.toggle_mute("conv1", 1)
    session.open_run(RunRequest("digits", "lenet-5", Settings()))
    until(lambda: session.spec.name == "lenet-5")
    assert not edits.now
    assert not edits.can_undo
    np.testing.assert_array_equal(session.network.vector, Network(session.spec).vector)


def test_another_run_of_the_same_network_keeps_them(session, edits, until):
    edits.toggle_mute("conv1", 1)
    before = session.network
    session.open_run(RunRequest("digits", "tiny", Settings(seed=3)))
    until(lambda: session.network is not before)
    assert edits.now.muted == {Filter("conv1", 1)}
    assert_shown(session)
    edits.clear()
    np.testing.assert_array_equal(session.network.vector, Network(session.spec, 3).vector)


def test_before_there_is_a_network_nothing_happens(no_threads_left):
    session = Session()
    session.edits.toggle_mute_behind(Place("conv1", (0, 0, 0)))
    session.edits.undo()
    session.apply_edits()
    assert not session.edits.now


# Applied


def test_applied_they_are_learned_from_and_lie_over_it_no_more(session, edits, until, trained):
    for _ in range(3):
        session.step()
        until(lambda: paused(session))
    session.drain()
    edits.toggle_mute("conv1", 1)
    edits.paint([Weight("conv1", 0, 0, 0, 0)], 1.5)
    then = edits.now
    session.apply_edits()
    until(lambda: not edits.now)
    assert not edits.can_undo
    assert not edits.can_redo
    np.testing.assert_array_equal(session.network.vector, trained(3, 3, then))
    session.train_to(9)
    until(lambda: session.shown_step == 9 and paused(session))
    np.testing.assert_array_equal(session.network.vector, trained(9, 3, then))
    session.travel(5)
    until(lambda: session.shown_step == 5 and paused(session))
    np.testing.assert_array_equal(session.network.vector, trained(5, 3, then))
    session.travel(2)
    until(lambda: session.shown_step == 2 and paused(session))
    session.train_to(9)
    until(lambda: session.shown_step == 9 and paused(session))
    np.testing.assert_array_equal(session.network.vector, trained(9))


def test_what_was_edited_since_stays_over_it(session, edits, until, qtbot):
    edits.toggle_mute("conv1", 1)
    session._runner.edit(edits.now)  # not told yet
    edits.toggle_mute("conv1", 2)
    until(lambda: Filter("conv1", 1) not in edits.now.muted)
    assert edits.now.muted == {Filter("conv1", 2)}
    assert_shown(session)


def test_without_edits_nothing_is_applied(session, until, qtbot):
    before = session.network.vector.copy()
    session.apply_edits()
    qtbot.wait(100)
    np.testing.assert_array_equal(session.network.vector, before)


def test_a_reset_takes_applied_edits_out(session, edits, until):
    edits.toggle_mute("conv1", 1)
    session.apply_edits()
    until(lambda: not edits.now)
    assert not session.inspection.outputs["conv1"][1].any()
    session.reset()
    until(lambda: session.inspection.outputs["conv1"][1].any())
    np.testing.assert_array_equal(session.network.vector, Network(session.spec).vector)
