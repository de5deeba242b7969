"""The sliding kernel: it moves, fills, follows the pointer, and ends."""

import pytest
from PySide6.QtCore import QPoint, Qt

from cnnviz.core.layers import Conv2D, MaxPool2D
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.ui import theme
from cnnviz.ui.inspector_view import InspectorView
from cnnviz.ui.network_view import NetworkView
from cnnviz.ui.slide import SPEEDS, centred_over


@pytest.fixture
def slide(session):
    return session.slide


def start(session, place):
    session.selection.pin(place)
    session.slide.set_speed(60)
    session.slide.start(session.network.layers)


def test_it_moves_through_the_map_to_its_end(session, slide, until):
    _, height, width = session.network.layers[0].output_shape
    start(session, Place("conv1", (2, height - 1, width - 4)))
    assert slide.running
    assert slide.filling
    until(lambda: not slide.running)
    assert session.selection.pinned == Place("conv1", (2, height - 1, width - 1))
    assert not slide.filling


def test_at_a_lines_end_it_goes_on_with_the_next(session, slide, until):
    width = session.network.layers[0].output_shape[2]
    start(session, Place("conv1", (0, 0, width - 1)))
    until(lambda: session.selection.pinned.index[1] == 1)
    assert session.selection.pinned.index[2] < width - 1


def test_at_the_maps_end_it_begins_anew(session):
    _, height, width = session.network.layers[0].output_shape
    start(session, Place("conv1", (1, height - 1, width - 1)))
    assert session.selection.pinned == Place("conv1", (1, 0, 0))


@pytest.mark.parametrize("place", [None, Place("relu1", (0, 0, 0)), Place("dense1", (2,))])
def test_where_no_window_slides_it_does_not_begin(session, slide, place):
    start(session, place)
    assert not slide.running


def test_whoever_pins_elsewhere_or_lets_go_ends_it(session, slide):
    start(session, Place("conv1", (0, 0, 0)))
    session.selection.pin(Place("pool1", (0, 0, 0)))
    assert not slide.running
    start(session, Place("conv1", (0, 0, 0)))
    session.selection.let_go()
    assert not slide.running
    assert not slide.filling


def test_the_pointer_takes_over_on_the_map_and_on_its_input(session, slide, qtbot):
    start(session, Place("conv1", (3, 0, 0)))
    slide.hold(Place("conv1", (0, 5, 6)))
    assert session.selection.pinned == Place("conv1", (3, 5, 6))
    qtbot.wait(100)
    assert session.selection.pinned == Place("conv1", (3, 5, 6))
    slide.hold(Place(INPUT, (0, 12, 2)))
    assert session.selection.pinned == Place("conv1", (3, 5, 0))
    slide.hold(None)
    qtbot.waitUntil(lambda: session.selection.pinned.index[2] > 0)


def test_the_window_is_centred_over_the_pixel():
    conv = Conv2D("conv1", (1, 9, 9), 1, 3, stride=2, padding=1)
    assert centred_over(conv, 4, 0) == (2, 0)
    assert centred_over(conv, 8, 100) == (4, 4)
    pool = MaxPool2D("pool1", (1, 8, 8), 2)
    assert centred_over(pool, 7, 3) == (3, 1)


def test_the_map_fills(session, qtbot):
    view = NetworkView(session)
    qtbot.addWidget(view)
    view.resize(1000, 640)
    view.show()
    column = next(each for each in view.canvas.columns if each.name == "conv1")
    height, width = column.shape[1:]
    session.selection.pin(Place("conv1", (0, height // 2, width // 2)))
    session.slide.set_speed(2)
    session.slide.start(session.network.layers)
    image = view.canvas.grab().toImage()
    ratio = image.devicePixelRatio()
    corner = (column.cell((0, height - 1, 0)).center() * ratio).toPoint()
    assert image.pixelColor(corner).name() == theme.tokens().background
    session.slide.stop()
    image = view.canvas.grab().toImage()
    assert image.pixelColor(corner).name() != theme.tokens().background


def test_the_buttons_run_it_and_change_its_speed(session, qtbot):
    view = InspectorView(session)
    qtbot.addWidget(view)
    view.show()
    session.selection.pin(Place("conv1", (0, 0, 0)))
    assert view.slide_button.text() == "▸ Slide"
    qtbot.mouseClick(view.slide_button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert session.slide.running
    assert view.slide_button.text() == "■ Stop"
    seen = []
    for _ in SPEEDS:
        qtbot.mouseClick(view.speed_button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
        seen.append(session.slide.speed)
    assert sorted(seen) == list(SPEEDS)
    qtbot.mouseClick(view.slide_button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert not session.slide.running


def test_another_run_ends_it(session, until):
    start(session, Place("conv1", (0, 0, 0)))
    before = session.network
    session.open_run(session.request)
    until(lambda: session.network is not before)
    assert not session.slide.running


def plate(canvas):
    return canvas._told()[1]


def test_the_plate_tells_what_the_kernel_makes_though_the_pointer_rests_elsewhere(
    session, slide, qtbot, until
):
    view = NetworkView(session)
    qtbot.addWidget(view)
    view.resize(1200, 660)
    with qtbot.waitExposed(view):
        view.show()
    canvas = view.canvas
    column = next(each for each in canvas.columns if each.name == "relu1")
    qtbot.mouseMove(canvas, column.cell((0, 3, 3)).center().toPoint())
    assert "ReLU 1 · map 0 · x 3, y 3" in plate(canvas)
    start(session, Place("conv1", (0, 2, 2)))
    for x in (4, 6):
        until(lambda x=x: session.selection.pinned.index[2] >= x)
        place = session.selection.pinned
        assert plate(canvas) == canvas.in_words(place)
        assert f"Conv 1 · map 0 · x {place.index[2]}, y 2" in plate(canvas)
    qtbot.mouseMove(canvas, column.cell((0, 4, 4)).center().toPoint())
    assert "ReLU 1 · map 0 · x 4, y 4" in plate(canvas)
    slide.stop()
