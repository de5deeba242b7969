"""The roofline picture: dots where they belong, named, pointed at, chosen."""

import math

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from cnnviz.core.costs import Cost
from cnnviz.core.machine import Peak
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.roofline import Pass, passes
from cnnviz.ui import theme
from cnnviz.ui.roofline_view import RooflineView, digits_of

LEFT = Qt.MouseButton.LeftButton
PEAK = Peak(100e9, 10e9, 2)


def parts_of(name="numpy-cnn", batch=32):
    """Every pass a little faster than the one before."""
    layers = Network(PRESETS[name]).layers
    keys = [(layer.name, way) for layer in layers for way in ("forward", "backward")]
    return passes(layers, batch, {key: 0.002 / (1 + 0.3 * k) for k, key in enumerate(keys)})


@pytest.fixture
def view(qtbot, qapp):
    made = RooflineView()
    qtbot.addWidget(made)
    made.resize(560, 480)
    with qtbot.waitExposed(made):
        made.show()
    made.show_parts(parts_of(), PEAK)
    return made


def row_of(view, name):
    return next(row for row, part in enumerate(view.parts) if part.name == name)


def spot(view, name):
    return view.place(view.parts[row_of(view, name)]).toPoint()


def color_at(view, point):
    image = view.grab().toImage()
    ratio = image.devicePixelRatio()
    return image.pixelColor(round(point.x() * ratio), round(point.y() * ratio)).name()


@pytest.mark.parametrize("name", sorted(PRESETS))
@pytest.mark.parametrize("peak", [PEAK, None])
def test_every_dot_lies_in_the_picture(view, name, peak):
    view.show_parts(parts_of(name), peak)
    view.grab()
    placed = [part for part in view.parts if part.has_place]
    assert placed
    assert all(view.area().contains(view.place(part)) for part in placed)


def test_twice_as_fast_is_higher_and_more_intense_is_further_right(view):
    slow, fast = (Pass("A", "forward", Cost(10**6, 10**6), seconds) for seconds in (0.002, 0.001))
    dense = Pass("B", "forward", Cost(10**6, 10**5), 0.001)
    view.show_parts([slow, fast, dense], PEAK)
    _, up = view.scales()
    assert view.place(fast).x() == view.place(slow).x()
    rise = view.place(slow).y() - view.place(fast).y()
    assert rise == pytest.approx(-up.pixels_per_unit * math.log10(2))
    assert view.place(dense).x() > view.place(fast).x()


def test_forward_is_blue_and_backward_orange(view):
    assert color_at(view, spot(view, "Conv 2 forward")) == theme.tokens().negative
    assert color_at(view, spot(view, "Conv 2 backward")) == theme.tokens().positive


def test_pointing_at_a_dot_tells_which_and_what_it_waits_for(qtbot, view):
    heard: list[int] = []
    view.pointed.connect(heard.append)
    qtbot.mouseMove(view, spot(view, "Dense 1 backward"))
    row = row_of(view, "Dense 1 backward")
    assert heard == [row]
    told = view.in_words(row)
    assert told.startswith("Dense 1 backward · ")
    assert "GFLOP/s" in told
    assert "allows here" in told
    before = view.grab().toImage()
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert heard == [row, -1]
    assert view.grab().toImage() != before


def test_a_click_chooses_and_another_lets_go(qtbot, view):
    heard: list[int] = []
    view.chosen.connect(heard.append)
    at = spot(view, "Dense 1 backward")
    qtbot.mouseClick(view, LEFT, pos=at)
    row = row_of(view, "Dense 1 backward")
    yellow = QColor(theme.tokens().selected).name()
    ring = {color_at(view, at + QPoint(x, 0)) for x in range(3, 14)}
    assert yellow in ring
    qtbot.mouseClick(view, LEFT, pos=at)
    qtbot.mouseClick(view, LEFT, pos=view.area().bottomRight().toPoint() - QPoint(3, 3))
    assert heard == [row, -1, -1]


def test_lighting_up_from_outside_tells_nobody(view):
    heard: list[int] = []
    view.pointed.connect(heard.append)
    view.light(3)
    view.choose(4)
    assert heard == []
    assert (view.lit, view.chosen_row) == (3, 4)


def test_names_are_placed_once_and_not_while_pointing(view):
    view.grab()
    names = view._names
    assert names
    view.light(3)
    view.grab()
    assert view._names is names
    view.resize(500, 400)
    view.grab()
    assert view._names is not names


def test_without_dots_it_says_what_to_do(view):
    view.show_parts([], PEAK, "Press Train")
    with_hint = view.grab().toImage()
    view.show_parts([], PEAK, "")
    assert view.grab().toImage() != with_hint


def test_what_is_seen_is_told_to_those_who_do_not_see(view):
    assert "Conv 2 backward · " in view.accessibleDescription()
    view.show_parts([], PEAK, "Press Train")
    assert view.accessibleDescription() == "Press Train"


@pytest.mark.parametrize(("power", "text"), [(-2, "0.01"), (0, "1"), (3, "1000")])
def test_powers_of_ten(power, text):
    assert digits_of(power) == text
