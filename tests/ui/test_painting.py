"""Kernels painted by hand: by drags, by keys, by another brush; and what is said of them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication

from cnnviz.core.edits import Filter, Weight
from cnnviz.core.layers import Conv2D
from cnnviz.core.settings import Settings
from cnnviz.ui import theme
from cnnviz.ui.brush import Brush, points_between
from cnnviz.ui.filters_layout import make_blocks
from cnnviz.ui.filters_view import FiltersView
from cnnviz.ui.messages import RunRequest

NOWHERE = QPoint()
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(session, qtbot, until):
    """The kernels of the tiny network, in a window of their own."""
    view = FiltersView(session)
    qtbot.addWidget(view)
    qtbot.addWidget(view.paint_button)
    view.resize(320, 400)
    with qtbot.waitExposed(view):
        view.show()
    view.activateWindow()
    until(view.isActiveWindow)
    return view


@pytest.fixture
def painting(view):
    """Its canvas, ready to paint."""
    view.canvas.grab()
    view.paint_button.click()
    return view.canvas


def tap(number, y, x, channel=0, layer="conv1"):
    return Weight(layer, number, channel, y, x)


def middle(canvas, weight):
    return canvas.block_of(weight).weight_area(weight).center().toPoint()


def drag(qtbot, canvas, start, end, button=LEFT, modifiers=Qt.KeyboardModifier.NoModifier):
    qtbot.mousePress(canvas, button, modifiers, middle(canvas, start))
    qtbot.mouseMove(canvas, middle(canvas, end))
    qtbot.mouseRelease(canvas, button, modifiers, middle(canvas, end))


def wheel(canvas, weight, delta, beside=NOWHERE):
    """Turns it over a weight; whether the canvas has done something with that."""
    at = QPointF(middle(canvas, weight) + beside)
    event = QWheelEvent(
        at,
        canvas.mapToGlobal(at),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)
    return event.isAccepted()


def weights(session, layer="conv1"):
    return dict(session.network.named_parameters())[f"{layer}.weight"]


def level(session):
    return float(np.abs(weights(session)).max())


# By pointer


def test_a_drag_paints_what_it_crosses_and_is_one_step(painting, session, qtbot):
    before, value = session.network.vector.copy(), level(session)
    drag(qtbot, painting, tap(0, 1, 0), tap(0, 1, 4))
    assert session.edits.now.painted == {tap(0, 1, x): pytest.approx(value) for x in range(5)}
    np.testing.assert_allclose(weights(session)[0, 0, 1], value)
    assert level(session) == pytest.approx(value)
    session.edits.undo()
    np.testing.assert_array_equal(session.network.vector, before)
    assert not session.edits.can_undo


@pytest.mark.parametrize(
    ("button", "modifiers", "sign"),
    [
        (LEFT, Qt.KeyboardModifier.NoModifier, 1),
        (RIGHT, Qt.KeyboardModifier.NoModifier, -1),
        (LEFT, SHIFT, -1),
        (RIGHT, SHIFT, 1),
    ],
)
def test_the_other_button_or_shift_paints_the_negative(
    button, modifiers, sign, painting, session, qtbot
):
    value = level(session)
    drag(qtbot, painting, tap(2, 0, 0), tap(2, 4, 4), button, modifiers)
    (painted,) = set(session.edits.now.painted.values())
    assert painted == pytest.approx(sign * value)
    assert {tap(2, k, k) for k in range(5)} <= set(session.edits.now.painted)


def test_a_drag_across_kernels_skips_what_is_between(painting, session, qtbot):
    drag(qtbot, painting, tap(0, 2, 3), tap(1, 2, 1))
    expected = {tap(0, 2, 3), tap(0, 2, 4), tap(1, 2, 0), tap(1, 2, 1)}
    assert set(session.edits.now.painted) == expected


def test_two_drags_are_two_steps(painting, session, qtbot):
    drag(qtbot, painting, tap(0, 0, 0), tap(0, 0, 1))
    drag(qtbot, painting, tap(0, 3, 0), tap(0, 3, 1), RIGHT)
    session.edits.undo()
    assert set(session.edits.now.painted) == {tap(0, 0, 0), tap(0, 0, 1)}


def test_without_the_button_a_drag_paints_nothing(view, session, qtbot):
    drag(qtbot, view.canvas, tap(0, 0, 0), tap(0, 4, 4))
    assert not session.edits.now
    view.paint_button.click()
    view.paint_button.click()
    drag(qtbot, view.canvas, tap(0, 0, 0), tap(0, 4, 4))
    assert not session.edits.now
    assert view.canvas.cursor().shape() is Qt.CursorShape.ArrowCursor


def test_alt_mutes_the_filter_instead(painting, session, qtbot):
    qtbot.mouseClick(painting, LEFT, ALT, middle(painting, tap(2, 1, 1)))
    assert session.edits.now.muted == {Filter("conv1", 2)}
    assert not session.edits.now.painted


def test_painting_while_training_lies_over_the_newest(painting, session, until, qtbot):
    session.play()
    until(lambda: len(session.timeline) > 3)
    drag(qtbot, painting, tap(1, 2, 0), tap(1, 2, 4))
    value = session.edits.now.painted[tap(1, 2, 0)]
    seen = session.shown_step
    until(lambda: session.shown_step > seen)
    assert weights(session)[1, 0, 2, 0] == np.float32(value)


# Another brush


def test_the_wheel_changes_the_brush_and_the_heading_says_so(painting, session, qtbot):
    value, conv = level(session), session.network.layers[0]
    assert f"left {value:.3g}" in painting.line_below(conv)
    for _ in range(5):
        wheel(painting, tap(0, 0, 0), -120)
    changed = painting.line_below(conv)
    qtbot.mouseClick(painting, LEFT, pos=middle(painting, tap(0, 0, 0)))
    painted = session.edits.now.painted[tap(0, 0, 0)]
    assert painted == pytest.approx(value / 2, rel=0.02)
    assert f"left {painted:.3g} · right −{painted:.3g}" in changed


def test_a_fine_wheel_adds_up(painting, session):
    conv = session.network.layers[0]
    before = painting.line_below(conv)
    for _ in range(3):
        wheel(painting, tap(0, 0, 0), 30)
    assert painting.line_below(conv) == before
    wheel(painting, tap(0, 0, 0), 30)
    assert painting.line_below(conv) != before


def test_turned_down_to_nothing_it_erases(painting, session, qtbot):
    for _ in range(12):
        wheel(painting, tap(0, 0, 0), -120)
    qtbot.mouseClick(painting, LEFT, pos=middle(painting, tap(0, 0, 0)))
    assert session.edits.now.painted == {tap(0, 0, 0): 0.0}


def test_without_the_button_or_beside_kernels_the_wheel_is_left_to_scrolling(view):
    assert not wheel(view.canvas, tap(0, 0, 0), -120)
    view.paint_button.click()
    assert wheel(view.canvas, tap(0, 0, 0), -120)
    gap = QPoint(0, view.canvas.block_of(tap(0, 0, 0)).cell)
    assert not wheel(view.canvas, tap(0, 0, 0), -120, -gap)


@given(st.floats(0.001, 1000), st.lists(st.integers(-30, 30), max_size=10))
def test_a_brush_is_never_negative_nor_lost(greatest, turns):
    brush = Brush()
    assert brush.value("conv1", greatest) == greatest
    for steps in turns:
        brush.turn("conv1", greatest, steps)
        assert 0 <= brush.value("conv1", greatest) < 400 * greatest
    brush.turn("conv1", greatest, 3)
    assert brush.value("conv1", greatest) > 0
    assert brush.value("conv2", 7.0) == 7.0
    brush.forget()
    assert brush.value("conv1", greatest) == greatest


@pytest.mark.parametrize("level_of_now", [0.0, 1e-30])
def test_a_brush_for_a_layer_of_zeros(level_of_now):
    assert Brush().value("conv1", level_of_now) == (level_of_now or 1.0)


@given(st.tuples(*[st.integers(-300, 300)] * 4))
def test_no_gap_on_a_way_is_longer_than_asked(ends):
    start, end = QPointF(*ends[:2]), QPointF(*ends[2:])
    points = points_between(start, end, 2)
    assert (points[0], points[-1]) == (start, end)
    for one, other in pairwise(points):
        assert (other - one).manhattanLength() <= 2 * 1.5


# By keys


def test_the_keys_paint_too(painting, session, qtbot):
    assert painting.hasFocus()
    value = level(session)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(painting, key)
    assert painting.looked_at == tap(0, 1, 2)
    qtbot.keyClick(painting, Qt.Key.Key_Return)
    qtbot.keyClick(painting, Qt.Key.Key_Left)
    qtbot.keyClick(painting, Qt.Key.Key_Enter, SHIFT)
    qtbot.keyClick(painting, Qt.Key.Key_Left)
    qtbot.keyClick(painting, Qt.Key.Key_Delete)
    assert session.edits.now.painted == {
        tap(0, 1, 2): pytest.approx(value),
        tap(0, 1, 1): pytest.approx(-value),
        tap(0, 1, 0): 0.0,
    }
    session.edits.undo()
    assert len(session.edits.now.painted) == 2, "each key is a step"


def test_plus_and_minus_change_the_brush(painting, session, qtbot):
    value = level(session)
    for _ in range(5):
        qtbot.keyClick(painting, Qt.Key.Key_Minus)
    qtbot.keyClick(painting, Qt.Key.Key_Plus)
    qtbot.keyClick(painting, Qt.Key.Key_Return)
    assert session.edits.now.painted[tap(0, 0, 0)] == pytest.approx(0.6 * value, rel=0.02)


def test_escape_ends_it(painting, view, session, qtbot):
    qtbot.keyClick(painting, Qt.Key.Key_Escape)
    assert not view.paint_button.isChecked()
    assert not painting.painting
    assert not painting.hasFocus()
    qtbot.keyClick(painting, Qt.Key.Key_Return)
    assert not session.edits.now


def test_the_keys_reach_every_weight_and_the_view_follows(open_session, qtbot, until):
    session = open_session("numpy-cnn")
    view = FiltersView(session)
    qtbot.addWidget(view)
    qtbot.addWidget(view.paint_button)
    view.resize(320, 220)
    with qtbot.waitExposed(view):
        view.show()
    view.activateWindow()
    until(view.isActiveWindow)
    view.paint_button.click()
    canvas = view.canvas
    for _ in range(5 + 5 * 8 - 1):
        qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert canvas.looked_at == tap(7, 4, 0, layer="conv2")
    seen = canvas.visibleRegion().boundingRect()
    assert seen.contains(middle(canvas, canvas.looked_at))
    for _ in range(5 * 8):
        qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.looked_at == tap(7, 4, 4, channel=7, layer="conv2")
    for _ in range(5 * 8):
        qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas.looked_at.layer == "conv1"
    for _ in range(5 * 8):
        qtbot.keyClick(canvas, Qt.Key.Key_Up)
        qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert canvas.looked_at == tap(0, 0, 0)


def test_the_cursor_is_seen_only_while_the_keys_are_here(painting, view, qtbot):
    selected = QColor(theme.tokens().selected).rgb()

    def frame():
        image = painting.grab().toImage()
        area = painting.block_of(tap(1, 0, 0)).weight_area(tap(1, 0, 0))
        corner = area.topLeft().toPoint() - QPoint(1, 1)
        return image.pixel(corner * round(image.devicePixelRatio())) == selected

    assert not frame()
    for _ in range(5):
        qtbot.keyClick(painting, Qt.Key.Key_Right)
    assert frame()
    painting.clearFocus()
    assert not frame()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.tuples(*[st.integers(1, 5)] * 4),
    st.integers(60, 500),
    st.lists(st.integers(0, 3), max_size=20),
)
def test_the_layout_is_its_own_opposite_and_no_step_leaves_it(shape, width, steps):
    filters, channels, height, across = shape
    layer = Conv2D("conv1", (channels, 9, 9), filters, (height, across))
    (block,) = make_blocks([layer], width)
    for place in np.ndindex(filters, channels, height, across):
        weight = Weight("conv1", *place)
        assert block.weight_at(block.weight_area(weight).center()) == weight
    weight = block.end(top=True)
    for step in steps:
        down, right = [(1, 0), (-1, 0), (0, 1), (0, -1)][step]
        moved = block.moved(weight, down, right)
        assert block.weight_at(block.weight_area(moved).center()) == moved
        ahead = block.weight_area(moved).center() - block.weight_area(weight).center()
        assert ahead.x() * right >= 0
        assert ahead.y() * down >= 0
        weight = moved


# What is said


def test_what_is_painted_or_muted_says_so_and_is_marked(painting, session, qtbot):
    weight = tap(1, 2, 2)
    at = QPointF(middle(painting, weight))
    plain = painting.grab().toImage()
    assert "painted" not in painting.value_at(at)
    session.edits.paint([weight], 0.25)
    assert painting.value_at(at).endswith("· 0.25\npainted by hand")
    dotted = painting.grab().toImage()
    ratio = round(dotted.devicePixelRatio())
    text = QColor(theme.tokens().text).rgb()
    center = painting.block_of(weight).weight_area(weight).center()
    inside = (QPointF(center.x() - 0.5, center.y() - 0.5) * ratio).toPoint()
    assert dotted.pixel(inside) == text
    session.edits.toggle_mute("conv1", 1)
    assert painting.value_at(at).endswith("· 0\nmuted")
    session.edits.clear()
    assert painting.grab().toImage() == plain


def test_another_network_brings_another_brush_and_cursor(painting, view, session, until, qtbot):
    wheel(painting, tap(0, 0, 0), -120)
    qtbot.keyClick(painting, Qt.Key.Key_Right)
    session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: session.spec.name == "mlp")
    assert not painting.painting
    assert not view.paint_button.isEnabled()
    qtbot.keyClick(painting, Qt.Key.Key_Return)
    qtbot.keyClick(painting, Qt.Key.Key_Down)
    assert painting.looked_at is None
    session.open_run(RunRequest("digits", "lenet-5", Settings()))
    until(lambda: session.spec.name == "lenet-5")
    view.paint_button.click()
    assert painting.looked_at == tap(0, 0, 0)
    assert f"left {level(session):.3g}" in painting.line_below(session.network.layers[0])


def test_in_the_window_the_button_is_in_the_heading(window, qtbot):
    button = window.filters.paint_button
    assert button.isVisible()
    assert button.window() is window
    qtbot.mouseClick(button, LEFT)
    assert window.filters.canvas.painting
    assert window.filters.canvas.hasFocus()
