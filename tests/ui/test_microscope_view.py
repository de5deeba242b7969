"""The microscope as its user meets it: a batch dissected, walked through, taken apart, checked."""

import time

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from cnnviz.core import microscope
from cnnviz.core.backward_arithmetic_text import gradient_text, step_with_numbers
from cnnviz.core.gradient_check import check_gradient
from cnnviz.core.inspection import inspect
from cnnviz.core.microscope import Moment, dissect
from cnnviz.core.parameter_arithmetic import Parameter, explain_parameter, explain_step
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.settings import Settings
from cnnviz.ui.batch_strip import PITCH
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.microscope_view import MicroscopeView

LEFT = Qt.MouseButton.LeftButton
WEIGHT = Parameter("conv1.weight", (1, 0, 2, 1))


@pytest.fixture
def show(show_view):
    return lambda session, size=(1180, 760): show_view(MicroscopeView(session), *size)


@pytest.fixture
def view(session, show):
    return show(session)


@pytest.fixture
def dissected(view, qtbot, until):
    qtbot.mouseClick(view.button, LEFT)
    until(lambda: view.stops is not None)
    return view


@pytest.fixture
def endless(monkeypatch):
    """Dissections that do not end by themselves."""

    def work(moment, lap):
        while True:
            lap("waits", "forward")
            time.sleep(0.002)

    monkeypatch.setattr(microscope, "dissect", work)


def go_to(view, phase, layer=""):
    stops = view.stops.all
    view.walk.slider.setValue(
        next(k for k, stop in enumerate(stops) if (stop.phase, stop.layer) == (phase, layer))
    )


def found(view):
    """What the panel takes apart."""
    return view.panel.found


def columns(view):
    return [column.name for column in view.canvas.columns]


def test_at_first_it_says_what_it_does(view):
    assert view.empty.isVisible()
    assert "Training is not touched" in view.empty.text()
    assert not view.parts.isVisible()


def test_it_is_the_trainers_next_batch_to_the_bit(dissected, train, session):
    seen = dissected.stops.dissection
    assert seen.moment.snapshot.step == 0
    assert dissected.about.text().startswith("Batch 1: 128 images")
    train(session)
    assert session.timeline.losses[0] == seen.loss
    np.testing.assert_array_equal(session.edits.learned, seen.update.after)


def test_in_the_midst_of_training_it_is_a_batch_of_that_run(view, train, until, session):
    train(session, 3)
    session.play()
    until(lambda: len(session.timeline) > 5)
    view.start()
    until(lambda: view.stops is not None)
    assert session.is_training
    session.pause()
    seen = view.stops.dissection
    step = seen.moment.snapshot.step
    until(lambda: len(session.timeline) > step)
    assert session.timeline.losses[step] == seen.loss
    assert session.timeline.rates[step] == seen.update.rate


def test_of_a_moment_of_the_past_it_is_the_batch_after_that(view, train, until, session):
    train(session, 5)
    session.past.look_at(0)
    view.start()
    until(lambda: view.stops is not None)
    assert view.stops.dissection.moment.snapshot.step == 0
    assert view.stops.dissection.loss == session.timeline.losses[0]
    assert not view.is_old
    session.past.look_at(None)
    until(lambda: view.is_old and "has become old" in view.about.text())


def test_training_that_moves_on_makes_it_old(dissected, train, session, until):
    assert not dissected.is_old
    train(session)
    until(lambda: "the next batch is now 2" in dissected.about.text())


def test_stops_are_walked_by_buttons_slider_and_keys(dissected, qtbot):
    assert dissected.walk.slider.hasFocus()
    seen = dissected.stops.dissection
    assert dissected.walk.slider.maximum() == len(seen.stops) - 1
    assert dissected.walk.title.text() == f"1 of {len(seen.stops)} · Forward through Conv 1"
    assert not dissected.walk.before_button.isEnabled()
    qtbot.mouseClick(dissected.walk.next_button, LEFT)
    assert "Forward through ReLU 1" in dissected.walk.title.text()
    qtbot.keyClick(dissected.walk.slider, Qt.Key.Key_Right)
    assert "Forward through Max pool 1" in dissected.walk.title.text()
    qtbot.keyClick(dissected.canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert "Forward through ReLU 1" in dissected.walk.title.text()
    go_to(dissected, "update")
    assert not dissected.walk.next_button.isEnabled()
    assert dissected.walk.title.text().endswith("The update")


def test_it_plays_by_itself_to_the_end(dissected, qtbot, until):
    dissected.walk.player.setInterval(2)
    go_to(dissected, "update")
    qtbot.mouseClick(dissected.walk.play_button, LEFT)
    assert dissected.walk.slider.value() == 0
    until(lambda: dissected.walk.slider.value() == dissected.walk.slider.maximum())
    assert dissected.walk.play_button.text() == "▸ Play"


def test_on_the_way_there_columns_fill_and_on_the_way_back_gradients_follow(dissected):
    seen = dissected.stops.dissection
    go_to(dissected, "forward", "relu1")
    frame = dissected.canvas.frame
    assert set(frame.values) == {"conv1", "relu1"}
    assert frame.gradients == frozenset()
    np.testing.assert_array_equal(frame.values["relu1"], seen.outputs["relu1"][0])
    go_to(dissected, "backward", "pool1")
    frame = dissected.canvas.frame
    assert frame.gradients == {"relu1", "pool1", "flatten", "dense1"}
    np.testing.assert_array_equal(frame.values["relu1"], seen.gradients["relu1"][0])
    np.testing.assert_array_equal(frame.values["conv1"], seen.outputs["conv1"][0])
    assert frame.kernel_words == {"conv1": "weight"}
    assert frame.blocked == {}
    go_to(dissected, "backward", "relu1")
    blocked = dissected.canvas.frame.blocked["relu1"]
    np.testing.assert_array_equal(blocked, seen.outputs["conv1"][0] <= 0)
    go_to(dissected, "backward", "conv1")
    frame = dissected.canvas.frame
    np.testing.assert_array_equal(frame.values[INPUT], seen.gradients[INPUT][0])
    gradients = dissected.stops.network.gradients()
    np.testing.assert_array_equal(frame.kernels["conv1"], gradients["conv1.weight"])
    go_to(dissected, "update")
    frame = dissected.canvas.frame
    step = seen.update.step[: frame.kernels["conv1"].size]
    np.testing.assert_array_equal(frame.kernels["conv1"].ravel(), step)
    assert "step" in dissected.canvas.in_words(WEIGHT)


def test_values_of_the_way_there_are_those_of_inspection(dissected):
    seen = dissected.stops.dissection
    image = seen.outputs[INPUT][4]
    expected = inspect(seen.network(), image)
    dissected.strip.row.choose(4)
    go_to(dissected, "loss")
    values = dissected.canvas.frame.values
    for name in ("conv1", "relu1", "pool1"):
        np.testing.assert_allclose(values[name], expected.outputs[name], atol=1e-5)


def test_images_are_chosen_by_click_and_key(dissected, qtbot):
    row, seen = dissected.strip.row, dissected.stops.dissection
    qtbot.mouseClick(row, LEFT, pos=row.area_of(2).center())
    assert row.image == 2
    np.testing.assert_array_equal(dissected.canvas.frame.image, seen.outputs[INPUT][2])
    qtbot.keyClick(row, Qt.Key.Key_Right)
    qtbot.keyClick(row, Qt.Key.Key_PageDown)
    assert row.image == 11
    qtbot.keyClick(row, Qt.Key.Key_PageUp)
    qtbot.keyClick(row, Qt.Key.Key_PageUp)
    assert row.image == 0
    row.choose(63)
    assert dissected.strip.horizontalScrollBar().value() > 40 * PITCH
    assert f"{seen.losses[63]:.4g}" in row.accessibleDescription()
    row.choose(128)
    assert row.image == 63


def test_each_number_says_of_what_it_is(dissected):
    canvas = dissected.canvas
    go_to(dissected, "forward", "dense1")
    assert canvas._notes["dense1"][0] == "logits z"
    assert canvas._notes["conv1"][:1] == ("kernels",)
    assert canvas._notes["conv1"][2].startswith("→")
    go_to(dissected, "update")
    assert canvas._notes["dense1"][0] == "(p − y) / 128"
    assert canvas._notes["conv1"][0] == "steps"
    assert canvas._notes["conv1"][2].startswith("←")


def test_the_loss_is_taken_apart(dissected):
    dissected.strip.row.choose(3)
    go_to(dissected, "loss")
    loss = found(dissected)
    assert loss.result == dissected.stops.dissection.losses[3]
    assert dissected.panel.title.text() == "Loss of image 3 of 128"


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1", "dense1"])
def test_a_value_is_explained_there_and_back(dissected, layer):
    seen = dissected.stops.dissection
    shape = dissected.stops.dissection.outputs[layer].shape[1:]
    index = tuple(length // 2 for length in shape)
    place = Place(layer, index)
    go_to(dissected, "forward", "conv1")
    dissected.canvas._tell_choice(place)
    if layer != "conv1":
        assert found(dissected) is None
        assert "not been reached" in dissected.panel.teaching.text()
    go_to(dissected, "forward", layer)
    assert found(dissected).result == seen.outputs[layer][0][index]
    go_to(dissected, "update")
    assert found(dissected).result == seen.gradients[layer][0][index]


def test_a_weight_has_its_sum_on_the_way_back_and_its_step_at_the_update(dissected, qtbot):
    seen = dissected.stops.dissection
    dissected.canvas._tell_choice(WEIGHT)
    go_to(dissected, "backward", "relu1")
    assert found(dissected) is None
    go_to(dissected, "backward", "conv1")
    assert found(dissected).result == explain_parameter(seen, WEIGHT).result
    lines = dissected.panel.canvas.blocks[0].lines
    largest = explain_parameter(seen, WEIGHT).largest(20)
    assert [line.product for line in lines] == [each.product for each in largest]
    assert [line.where[0] for line in lines] == [str(each.image) for each in largest]
    go_to(dissected, "update")
    step = explain_step(seen, WEIGHT)
    assert found(dissected) == step
    for line in step_with_numbers(step):
        assert line in dissected.panel.formula.text()
    dissected.panel.copy()
    text = gradient_text(dissected.stops.layers, step)
    assert QGuiApplication.clipboard().text() == text


def test_at_the_update_the_weight_that_stands_above_is_shown(dissected):
    go_to(dissected, "update")
    assert dissected.canvas.choice is None
    assert found(dissected).parameter == dissected.chooser.parameter


def test_a_bias_and_a_dense_weight_are_chosen_by_keys(dissected):
    go_to(dissected, "update")
    for name, index in (("conv1.bias", (2,)), ("dense1.weight", (1, 5))):
        chooser = dissected.chooser
        chooser.array.setCurrentIndex(chooser.array.findData(name))
        chooser._other_array()
        for field, value in zip(chooser.numbers, index, strict=False):
            field.setValue(value)
        assert found(dissected).parameter == Parameter(name, index)
        shown = [field.isVisible() for field in chooser.numbers]
        assert shown == [k < len(index) for k in range(4)]


def test_a_gradient_is_checked(dissected, qtbot, until):
    dissected.canvas._tell_choice(WEIGHT)
    qtbot.mouseClick(dissected.check.button, LEFT)
    assert not dissected.check.button.isEnabled()
    until(lambda: dissected.check.check is not None)
    expected = check_gradient(dissected.stops.dissection, WEIGHT)
    assert dissected.check.check == expected
    assert expected.in_words in dissected.check.answer.text()
    dissected.canvas._tell_choice(Parameter("conv1.bias", (0,)))
    assert dissected.check.check is None
    assert dissected.check.answer.text() == ""


@pytest.mark.parametrize(("h", "words"), [("nothing", "must be a number"), ("-1", "above zero")])
def test_an_h_that_makes_no_sense_is_told(h, words, dissected, qtbot, until):
    dissected.check.step.setText(h)
    qtbot.keyClick(dissected.check.step, Qt.Key.Key_Return)
    until(lambda: words in dissected.check.answer.text())
    assert dissected.check.button.isEnabled()


def test_it_is_cancelled_and_leaves_no_thread(view, endless, qtbot, until):
    qtbot.mouseClick(view.button, LEFT)
    until(lambda: view._work.now is not None)
    assert view.cancel_button.isVisible()
    assert not view.button.isVisible()
    qtbot.mouseClick(view.cancel_button, LEFT)
    until(lambda: view.is_shut_down)
    assert view.button.isVisible()
    assert view.stops is None


def test_hiding_it_gives_up(view, endless, until):
    view.start()
    until(lambda: view._work.now is not None)
    view.hide()
    until(lambda: view.is_shut_down)


def test_shut_down_it_begins_nothing(view, until, session):
    view.shut_down()
    view.start()
    session.drain()
    assert view._work.now is None
    assert view.is_shut_down


def test_what_goes_wrong_is_told(view, session, monkeypatch, until):
    told = []
    session.noticed.connect(told.append)

    def fail(moment, lap):
        raise ValueError("made up")

    monkeypatch.setattr(microscope, "dissect", fail)
    view.start()
    until(lambda: told != [])
    assert told[0].text.startswith("The microscope stopped. ValueError: made up")
    assert view.button.isVisible()


def test_another_run_has_no_dissected_batch(dissected, session, until, odd):
    session.open_run(RunRequest(odd["data"], odd["network"], Settings(batch_size=16)))
    until(lambda: session.spec.name == "odd")
    until(lambda: dissected.stops is None)
    assert dissected.empty.isVisible()
    dissected.start()
    until(lambda: dissected.stops is not None)
    assert columns(dissected)[:2] == [INPUT, "conv1"]
    for at in range(len(dissected.stops)):
        dissected.walk.slider.setValue(at)
        dissected.canvas.grab()
    assert len(dissected.strip.row._classes) == 3


@pytest.mark.parametrize("network", sorted(PRESETS))
def test_every_network_can_be_walked_through(network, open_session, show, until):
    view = show(open_session(network))
    view.start()
    until(lambda: view.stops is not None)
    for at in range(len(view.stops)):
        view.walk.slider.setValue(at)
        assert view.teaching.text()
    assert set(view.canvas.frame.values) >= set(columns(view))


def test_a_diverged_batch_is_told(view, session, until):
    snapshot = session.timeline.snapshots[0]
    moment = Moment.at(snapshot, session.spec, session.dataset, session.settings, 0.1, "im2col")
    moment.snapshot.vector.flags.writeable = True
    moment.snapshot.vector[...] = np.inf
    view._show(dissect(moment))
    view._say()
    assert "its loss is not finite" in view.about.text()
    for at in range(len(view.stops)):
        view.walk.slider.setValue(at)
        view.grab()
