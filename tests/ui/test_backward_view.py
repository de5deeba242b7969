"""The page of gradients: its numbers are the engine's, its pictures are of them, and it follows."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication

from cnnviz.core.backward_arithmetic import explain_gradient
from cnnviz.core.backward_arithmetic_text import gradient_text
from cnnviz.core.backward_inspection import inspect_backward
from cnnviz.core.parameter_arithmetic import Parameter
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.settings import Settings
from cnnviz.ui import backward_view, theme
from cnnviz.ui.arithmetic_blocks import number
from cnnviz.ui.backward_view import NOTHING, BackwardView
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.network_layout import Kind
from cnnviz.ui.session import Session
from cnnviz.ui.two_way_pictures import Frame
from cnnviz.ui.two_way_words import shorter

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def show(show_view, until):
    def show_seen(session, size=(1180, 700)):
        view = show_view(BackwardView(session), *size)
        until(lambda: view.seen is not None)
        return view

    return show_seen


@pytest.fixture
def view(session, show):
    return show(session)


def expected(session):
    return inspect_backward(session.network, session.inspection.image, session.label)


def column(view, name):
    return next(each for each in view.canvas.columns if each.name == name)


def same(view):
    """Whether what is shown is of the session's network and image of now."""
    found, frame = expected(view._session), view.canvas.frame
    return all(
        np.array_equal(frame.values[name], values) for name, values in found.outputs.items()
    ) and np.array_equal(frame.values[INPUT], found.image)


@pytest.mark.parametrize("network", sorted(PRESETS))
def test_every_gradient_is_the_engines(network, open_session, show):
    view = show(open_session(network))
    found, frame = expected(view._session), view.canvas.frame
    assert same(view)
    for name, kernels in frame.kernels.items():
        np.testing.assert_array_equal(kernels, found.parameters[f"{name}.weight"])
    for name, flags in frame.blocked.items():
        np.testing.assert_array_equal(flags, found.blocked[name])
    assert number(found.loss) in view.about.text()


def test_odd_shapes_and_colours_are_shown(odd, open_session, show):
    view = show(open_session(**odd))
    assert same(view)
    first = view.canvas.columns[0]
    assert len(first.tiles) == 3
    assert not first.tiles[0].intersects(first.tiles[1])
    assert not first.tiles[0].intersects(view.canvas.image_at)


def test_pixels_are_of_the_gradient(view, until):
    """A map with one positive, one negative and else no gradient."""
    canvas, session = view.canvas, view._session
    gradient = np.zeros(column(view, "conv1").shape, np.float32)
    gradient[1, 3, 4], gradient[1, 5, 6] = 0.5, -0.25
    canvas.show_frame(Frame(session.inspection.image, 0, {"conv1": gradient}))
    canvas.tell()
    image, colors = canvas.grab().toImage(), theme.tokens()

    def color(*index):
        at = column(view, "conv1").cell(index).center().toPoint()
        return image.pixelColor(at)

    assert color(1, 3, 4) == QColor(colors.positive)
    assert color(0, 3, 4) == QColor(colors.surface)
    half = color(1, 5, 6)
    assert half.blue() > half.red()
    full = QColor(colors.negative)
    assert full.blue() > half.blue() > QColor(colors.surface).blue()
    assert canvas._notes["conv1"][2].endswith("±0.5")


def test_what_a_relu_blocks_is_veiled(view):
    canvas, session = view.canvas, view._session
    shape = column(view, "relu1").shape
    blocked = np.zeros(shape, np.bool_)
    blocked[0, 2, 2] = True
    values = {"relu1": np.ones(shape, np.float32)}
    canvas.show_frame(Frame(session.inspection.image, 0, values, blocked={"relu1": blocked}))
    canvas.tell()
    image, relu = canvas.grab().toImage(), column(view, "relu1")
    covered = image.pixelColor(relu.cell((0, 2, 2)).center().toPoint())
    free = image.pixelColor(relu.cell((0, 4, 4)).center().toPoint())
    assert free == QColor(theme.tokens().positive)
    assert covered.red() < free.red() / 1.5
    assert canvas.in_words(Place("relu1", (0, 2, 2))).endswith("blocked")
    assert not canvas.in_words(Place("relu1", (0, 4, 4))).endswith("blocked")


def test_pointing_says_layer_place_and_gradient(view, qtbot):
    place = Place("conv1", (2, 3, 4))
    at = column(view, "conv1").cell(place.index).center()
    assert view.canvas.choice_at(at) == place
    value = expected(view._session).outputs["conv1"][place.index]
    assert view.canvas.in_words(place) == f"Conv 1 · map 2 · x 4, y 3 · gradient {number(value)}"
    qtbot.mouseMove(view.canvas, at.toPoint())
    assert view.canvas._pointer is not None
    view.canvas.grab()
    assert not view.canvas._plate.isEmpty()
    assert view.canvas.choice_at(QPointF(1, 1)) is None


def test_a_click_takes_a_gradient_apart_and_copies_it(view, qtbot):
    place = Place("relu1", (1, 4, 4))
    at = column(view, "relu1").cell(place.index).center().toPoint()
    qtbot.mouseClick(view.canvas, LEFT, pos=at)
    session = view._session
    found = explain_gradient(view.seen.dissection, 0, place)
    assert view.panel.found.result == found.result == expected(session).outputs["relu1"][1, 4, 4]
    qtbot.mouseClick(view.panel.copy_button, LEFT)
    text = gradient_text(session.network.layers, found)
    assert QGuiApplication.clipboard().text() == text
    qtbot.mouseClick(view.canvas, LEFT, pos=at)
    assert view.panel.found is None
    assert view.panel.teaching.text() == NOTHING


def test_a_click_on_a_kernel_takes_its_gradient_apart(view, qtbot):
    kernel = column(view, "conv1").kernels[3]
    qtbot.mouseClick(view.canvas, LEFT, pos=kernel.center().toPoint())
    chosen = view.canvas.choice
    assert isinstance(chosen, Parameter)
    assert chosen.index[:2] == (3, 0)
    gradient = expected(view._session).parameters["conv1.weight"][chosen.index]
    assert view.panel.found.result == gradient
    assert view.chooser.parameter == chosen
    assert number(gradient) in view.canvas.accessibleDescription()


def test_keys_reach_every_value_and_weight(view, qtbot):
    canvas = view.canvas
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    first = canvas.choice
    assert first.layer == "conv1"
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.choice.index[2] == first.index[2] + 1
    qtbot.keyClick(canvas, Qt.Key.Key_PageDown)
    assert canvas.choice.index[0] == 1
    qtbot.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.choice.layer == INPUT
    assert view.panel.found.place == canvas.choice
    view.chooser.array.setFocus()
    qtbot.keyClick(view.chooser.array, Qt.Key.Key_Down)
    assert canvas.choice == Parameter("conv1.bias", (0,))
    view.chooser.array.setCurrentIndex(view.chooser.array.findData("dense1.weight"))
    view.chooser._other_array()
    view.chooser.numbers[1].setValue(7)
    assert canvas.choice == Parameter("dense1.weight", (0, 7))
    gradient = expected(view._session).parameters["dense1.weight"][0, 7]
    assert view.panel.found.result == gradient


def test_arrows_walk_over_a_kernel_and_stop_at_its_edge(view, qtbot):
    view.chooser.show_parameter(Parameter("conv1.weight", (0, 0, 0, 0)))
    view.chooser._tell()
    canvas = view.canvas
    for key, index in (
        (Qt.Key.Key_Up, (0, 0, 0, 0)),
        (Qt.Key.Key_Right, (0, 0, 0, 1)),
        (Qt.Key.Key_Down, (0, 0, 1, 1)),
        (Qt.Key.Key_PageDown, (1, 0, 1, 1)),
    ):
        qtbot.keyClick(canvas, key)
        assert canvas.choice == Parameter("conv1.weight", index)
        assert view.chooser.parameter == canvas.choice


def test_it_follows_training_the_cursor_and_the_image(view, train, until):
    session = view._session
    train(session, 30)
    until(lambda: same(view))
    until(lambda: f"batch {session.shown_step}," in view.about.text())
    session.past.look_at(0)
    until(lambda: same(view) and "batch 0" in view.about.text())
    session.choose_image(9)
    until(lambda: same(view) and view.seen.inspection is session.inspection)


def test_the_arithmetic_stays_of_one_moment(view, train, until):
    place = Place("conv1", (0, 5, 5))
    view.canvas._tell_choice(place)
    train(view._session, 3)

    def of_now():
        return expected(view._session).outputs[place.layer][place.index]

    until(lambda: same(view) and view.panel.found.result == of_now())
    assert explain_gradient(view.seen.dissection, 0, place).result == view.panel.found.result


def test_hidden_it_rests(view, train, until):
    before = view.seen
    view.hide()
    train(view._session, 2)
    view._session.choose_image(3)
    assert view.seen is before
    view.show()
    until(lambda: view.seen is not before and same(view))


def test_a_dear_network_is_looked_back_on_a_thread(session, show, train, until, monkeypatch):
    monkeypatch.setattr(backward_view, "DEAR", 0.0)
    view = show(session)
    train(session, 3)
    until(lambda: view._work.now is None and same(view))


def test_without_a_label_the_answer_is_taken_for_it(session, show, monkeypatch):
    monkeypatch.setattr(Session, "label", property(lambda session: None))
    view = show(session)
    answer = int(session.inspection.probabilities.argmax())
    assert view.seen.backward.label == answer
    assert "no label" in view.about.text()
    assert session.dataset.class_names[answer] in view.about.text()


def test_a_diverged_network_is_told(view, until):
    session = view._session
    session._show_vector(3, np.full_like(session.edits.learned, np.inf))
    until(lambda: "no finite number" in view.about.text())
    view.canvas._tell_choice(Place("relu1", (0, 3, 3)))
    view.canvas.grab()
    assert view.panel.found is not None


def test_another_run_has_other_columns(view, until, odd):
    session = view._session
    view.canvas._tell_choice(Place("conv1", (0, 5, 5)))
    session.open_run(RunRequest(odd["data"], odd["network"], Settings(batch_size=16)))
    until(lambda: session.spec.name == "odd" and view.seen is not None)
    assert [each.name for each in view.canvas.columns][:3] == [INPUT, "conv1", "sigmoid1"]
    assert view.canvas.choice is None
    assert view.panel.found is None
    assert same(view)


def test_the_classes_are_p_minus_y(view):
    session = view._session
    last = view.canvas.columns[-1]
    assert last.kind is Kind.CLASSES
    wanted = session.inspection.probabilities.copy()
    wanted[session.label] -= 1
    np.testing.assert_allclose(view.canvas.rows.values, wanted, atol=1e-6)


def test_another_theme_recolours_it(qapp, view):
    theme.apply_theme(qapp, "light")
    image = view.grab().toImage()
    colors = {
        image.pixelColor(x, y).name()
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    }
    assert theme.LIGHT.background in colors
    assert theme.DARK.background not in colors
    assert theme.DARK.surface not in colors


@pytest.mark.parametrize("size", [(900, 420), (1180, 700), (2400, 1400)])
def test_nothing_lies_on_anything_else(size, view):
    view.resize(*size)
    view.grab()
    for before, after in zip(view.canvas.columns, view.canvas.columns[1:], strict=False):
        assert before.x + before.width <= after.x
        assert before.tiles[-1].right() <= (after.kernels or after.tiles)[0].left()
    assert view.canvas.image_at.bottom() < view.canvas.columns[0].tiles[0].top() or (
        view.canvas.image_at.right() < view.canvas.columns[0].tiles[0].left()
    )


@pytest.mark.parametrize(
    ("level", "texts"),
    [
        ("← ±8.57e−06", ("← ±8.57e−06", "±8.57e−06", "±9e−6")),
        ("→ ±0.194", ("→ ±0.194", "±0.194", "±0.2")),
        ("← all 0", ("← all 0", "all 0")),
        ("", ("", "")),
    ],
)
def test_a_scale_is_shorter_where_the_next_column_is_near(level, texts):
    assert shorter(level) == texts
