"""The moving picture's numbers are those of the engine and of SciPy; it plays and rests."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from scipy.signal import correlate2d

from cnnviz.core.illustration import KERNELS
from cnnviz.core.spec import conv2d, dense, flatten, max_pool2d, relu, sigmoid
from cnnviz.core.spec_edit import Design
from cnnviz.ui.illustration_view import in_words
from cnnviz.ui.layer_motion import Motion, example_kernel, motion
from cnnviz.ui.two_ways_view import verdicts

LEFT = Qt.MouseButton.LeftButton


def motion_of(editor, position, choice=0):
    editor.editor.choose(position)
    return motion(editor._session, editor.editor, choice)


@pytest.mark.parametrize(
    ("bias", "words"),
    [(0.25, "bias 0.250"), (-0.00012, "bias −0.00012"), (2e-4, "bias 0.0002")],
)
def test_a_small_bias_is_not_rounded_away(bias, words, editor):
    moving = replace(motion_of(editor, 0), bias=bias)
    assert words in in_words(moving, 0)
    assert "−0.000 " not in in_words(moving, 0)


@pytest.mark.parametrize("choice", range(4))
def test_the_first_convolution_is_the_open_runs_own_map(editor, session, train, choice):
    train(session, 4)
    moving = motion_of(editor, 0, choice)
    expected = session.inspection.outputs["conv1"][choice]
    np.testing.assert_allclose(moving.output, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(moving.image, session.inspection.image[0])
    assert moving.is_ink
    assert moving.choices == 4
    for step in (0, 5, moving.moving.count - 1):
        place = moving.moving.step(step)
        by_hand = (moving.window(step) * moving.kernel).sum() + moving.bias
        assert by_hand == pytest.approx(expected[place.row, place.column], abs=1e-5)


@pytest.mark.parametrize(("position", "name"), [(1, "relu1"), (2, "pool1")])
def test_other_layers_are_the_open_runs_maps_too(editor, session, train, position, name):
    train(session, 4)
    moving = motion_of(editor, position, 2)
    np.testing.assert_array_equal(moving.output, session.inspection.outputs[name][2])
    assert not moving.is_ink
    assert moving.caption.startswith("Map 2 of ")


def test_one_kernel_of_many_is_said_to_be_one(open_window, open_session, open_editor):
    editor = open_editor(open_window(open_session("numpy-cnn")))
    moving = motion_of(editor, 2)
    assert moving.bias == 0
    assert "one of 8 that are added" in moving.caption
    expected = correlate2d(moving.image, moving.kernel, "valid")
    np.testing.assert_allclose(moving.output, expected, rtol=1e-4, atol=1e-5)


def test_where_nothing_was_learned_the_image_is_sized_and_the_kernel_an_example(editor, session):
    layers = (max_pool2d(2), conv2d(3, (3, 5), (2, 1), (1, 0)), relu(), flatten(), dense(10))
    editor.editor.start_from(Design(layers), "Start")
    moving = motion_of(editor, 1)
    assert moving.image.shape == (14, 14)
    assert "at 14×14" in moving.caption
    np.testing.assert_array_equal(moving.kernel, example_kernel((3, 5)))
    padded = np.pad(moving.image, ((1, 1), (0, 0)))
    expected = correlate2d(padded, moving.kernel, "valid")[::2]
    np.testing.assert_allclose(moving.output, expected, rtol=1e-4, atol=1e-6)
    assert moving.moving.output == moving.output.shape == (7, 10)


def test_a_changed_field_is_seen_at_once(editor, session):
    editor.editor.choose(0)
    editor.editor.set_field("stride", (3, 3))
    picture = editor.illustration.picture
    assert picture.motion.moving.stride == (3, 3)
    np.testing.assert_array_equal(picture.motion.image, session.inspection.image[0])


@pytest.mark.parametrize(
    ("layers", "position", "words"),
    [
        ((), -1, "Add a layer"),
        ((flatten(), dense(10)), 0, "moves nothing"),
        ((flatten(), dense(10)), 1, "slides nothing"),
        ((flatten(), sigmoid(), dense(10)), 1, "every value of the row"),
        ((conv2d(1, 40), flatten(), dense(10)), 0, "does not fit"),
        ((conv2d(1, 1, 1, 1000), conv2d(1, 99), flatten(), dense(10)), 1, "too large"),
    ],
)
def test_what_has_no_picture_says_why(editor, layers, position, words):
    editor.editor.start_from(Design(layers), "Start")
    assert words in motion_of(editor, position)
    assert words in editor.illustration.words.text()
    assert editor.illustration.picture.motion is None


def test_the_words_hold_the_engines_number(editor, session, train):
    train(session, 4)
    outputs = session.inspection.outputs
    for position, name in ((0, "conv1"), (1, "relu1"), (2, "pool1")):
        words = in_words(motion_of(editor, position), 7)
        value = f"{outputs[name][0].ravel()[7]:.3f}".replace("-", "−")
        assert words.endswith(value), words


# The picture.


def test_it_plays_rests_and_goes_where_it_is_pressed(editor, until, qtbot):
    view = editor.illustration
    until(lambda: view.picture.step > 1)
    qtbot.mouseClick(view.play_button, LEFT)
    step = view.picture.step
    qtbot.wait(250)
    assert view.picture.step == step
    places = view.picture.places(view.picture.motion)
    at = places.output.topLeft() + QPointF(2.5, 1.5) * places.cell
    qtbot.mouseClick(view.picture, LEFT, pos=at.toPoint())
    assert view.picture.step == 12 + 2
    qtbot.keyClick(view.picture, Qt.Key.Key_Right)
    assert view.picture.step == 12 + 3
    assert view.picture.words.startswith("y 1, x 3:")


def test_a_hidden_picture_rests(editor, until):
    editor.pages.setCurrentIndex(1)
    assert not editor.illustration._timer.isActive()
    assert editor.two_ways._timer.isActive()
    editor.close()
    assert not editor.two_ways._timer.isActive()


def test_its_speed_changes_and_comes_round(editor, qtbot):
    view, seen = editor.illustration, []
    for _ in range(5):
        qtbot.mouseClick(view.speed_button, LEFT)
        seen.append(view.speed)
    assert sorted(seen) == [2, 5, 10, 25, 60]
    assert seen[-1] == 10


@pytest.mark.parametrize(
    "layers",
    [
        (conv2d(2, (1, 9), (1, 3), (0, 4)), flatten(), dense(10)),
        (conv2d(2, 28), flatten(), dense(10)),
        (conv2d(2, 1, 1, 90), flatten(), dense(10)),
        (max_pool2d((28, 1), (1, 1)), flatten(), dense(10)),
        (conv2d(1, 3, 40), flatten(), dense(10)),
    ],
)
def test_everything_stays_inside_the_picture(editor, layers):
    editor.editor.start_from(Design(layers), "Start")
    picture = editor.illustration.picture
    assert isinstance(picture.motion, Motion)
    for size in (editor.minimumSize(), editor.maximumSize().boundedTo(editor.size() * 2)):
        editor.resize(size)
        places = picture.places(picture.motion)
        for area in (places.padded, places.output, *places.patches):
            assert area.right() <= picture.width() + 1
            assert area.bottom() <= picture.height() + 1
        editor.grab()


# Two ways.


@pytest.mark.parametrize("name", KERNELS)
def test_both_ways_are_what_scipy_says(editor, name, qtbot):
    editor.pages.setCurrentIndex(1)
    qtbot.mouseClick(editor.two_ways.chips[name], LEFT)
    ways = editor.two_ways.canvas.ways
    np.testing.assert_allclose(
        ways.correlation, correlate2d(ways.image, ways.kernel, "full"), atol=1e-12
    )
    first, second = verdicts(ways)
    assert second == "The same: it commutes."
    assert first == "Not the same, but turned by half a circle."
    assert np.allclose(ways.correlation, ways.convolution) == (name == "Blur")
    assert editor.two_ways.canvas.accessibleDescription() == f"{first} {second}"


def test_both_windows_move_on(editor, until):
    editor.pages.setCurrentIndex(1)
    until(lambda: editor.two_ways.canvas.step > 1)
    editor.grab()


def test_another_image_is_shown_at_once(editor, session):
    before = editor.illustration.picture.motion.image
    session.choose_image(3)
    after = editor.illustration.picture.motion.image
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(after, session.inspection.image[0])
