"""The trace as its user meets it: pointed at, pinned, walked, and what is marked."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication

from cnnviz.core.receptive_field import INPUT, Place, receptive_field
from cnnviz.ui import theme
from cnnviz.ui.network_layout import Kind
from cnnviz.ui.network_trace import make_trace, runs
from cnnviz.ui.network_view import MOST_ZOOM, NetworkView

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def show(qtbot):
    """Shows the view of a session in a window of its own."""

    def show_view(session, width=1200, height=660):
        view = NetworkView(session)
        qtbot.addWidget(view)
        view.resize(width, height)
        with qtbot.waitActive(view):
            view.show()
            view.activateWindow()
        return view

    return show_view


@pytest.fixture
def view(open_session, show):
    return show(open_session("numpy-cnn"))


def column_named(view, name):
    return next(column for column in view.canvas.columns if column.name == name)


def middle(view, place):
    return column_named(view, place.layer).cell(place.index).center().toPoint()


def trace_of(view, place):
    session = view.canvas._session
    return make_trace(view.canvas.columns, session.network.layers, session.inspection, place)


def yellow(image, color):
    """How many pixels have exactly a colour."""
    image = image.convertToFormat(image.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint32)
    return int((raw & 0xFFFFFF == int(color[1:], 16)).sum())


HERE = Place("conv2", (5, 9, 12))


def test_a_cell_is_where_a_point_leads(view):
    for column in view.canvas.columns:
        last = tuple(length - 1 for length in column.shape)
        for index in {(0,) * len(last), tuple(k // 2 for k in last), last}:
            assert column.at(column.cell(index).center()) == index


def test_the_pointer_selects_and_a_click_holds(qtbot, view):
    selection = view.canvas._session.selection
    qtbot.mouseMove(view.canvas, middle(view, HERE))
    assert (selection.place, selection.pinned) == (HERE, None)
    qtbot.mouseClick(view.canvas, LEFT, pos=middle(view, HERE))
    assert selection.pinned == HERE
    qtbot.mouseMove(view.canvas, middle(view, Place("pool1", (1, 2, 3))))
    assert selection.place == HERE
    qtbot.mouseClick(view.canvas, LEFT, pos=middle(view, HERE))
    assert selection.pinned is None
    qtbot.mouseClick(view.canvas, LEFT, pos=middle(view, HERE))
    qtbot.mouseClick(view.canvas, LEFT, pos=QPoint(4, 4))
    assert selection.pinned is None


def test_leaving_the_view_keeps_only_what_is_pinned(qtbot, view):
    selection = view.canvas._session.selection
    qtbot.mouseMove(view.canvas, middle(view, HERE))
    QApplication.sendEvent(view.canvas, QEvent(QEvent.Type.Leave))
    assert selection.place is None


def test_the_receptive_field_is_marked_in_every_column_before(view):
    trace = trace_of(view, HERE)
    layers = view.canvas._session.network.layers
    fields = receptive_field(layers, HERE)
    expected = []
    for name in (INPUT, "conv1", "relu1"):
        column, field = column_named(view, name), fields[name]
        for channel in field.axes[0].tolist() if column.kind is Kind.MAPS else [0]:
            ends = [
                column.cell((channel, int(y), int(x)))
                for y, x in zip(field.axes[1][[0, -1]], field.axes[2][[0, -1]], strict=True)
            ]
            expected.append(ends[0].united(ends[1]))
    assert sorted(map(str, trace.marks)) == sorted(map(str, expected))
    assert len(trace.marks) == 1 + 8 + 8
    assert trace.cell.contains(column_named(view, "conv2").cell(HERE.index))


def test_it_is_painted_in_yellow_and_goes_away(qtbot, view, press_key):
    color = theme.tokens().selected
    plain = yellow(view.canvas.grab().toImage(), color)
    view.canvas._session.selection.pin(HERE)
    assert yellow(view.canvas.grab().toImage(), color) > plain + 100
    view.canvas.setFocus()
    press_key("Escape", view.canvas)
    assert view.canvas._session.selection.place is None
    assert yellow(view.canvas.grab().toImage(), color) == plain


def test_the_winner_of_a_pooling_window_is_marked_live(view, train):
    session = view.canvas._session
    place = Place("pool1", (2, 4, 4))
    for _ in range(3):
        window = session.inspection.outputs["relu2"][2, 8:10, 8:10]
        y, x = np.unravel_index(window.argmax(), (2, 2))
        winner = column_named(view, "relu2").cell((2, 8 + int(y), 8 + int(x)))
        assert trace_of(view, place).winners == [winner]
        train(session, 5)


def test_a_dense_unit_sees_all_maps_and_marks_no_winner(view):
    trace = trace_of(view, Place("dense1", (17,)))
    assert trace.winners == []
    tiles = column_named(view, "pool1").tiles
    assert all(tile in trace.marks for tile in tiles)
    assert not trace.lines.isEmpty()


def test_a_class_leads_back_to_the_input(view):
    trace = trace_of(view, Place("dense2", (3,)))
    assert column_named(view, "dense2").tiles[3] == trace.cell
    assert column_named(view, INPUT).tiles[0] in trace.marks


@pytest.mark.parametrize("network", ["mlp", "tiny", "lenet-5"])
def test_every_value_of_every_network_has_a_trace(open_session, show, network):
    view = show(open_session(network))
    random = np.random.default_rng(0)
    for column in view.canvas.columns:
        for _ in range(5):
            index = tuple(int(random.integers(length)) for length in column.shape)
            view.canvas._session.selection.pin(Place(column.name, index))
            trace = view.canvas._trace
            assert trace is not None
            assert (column.name == INPUT) == trace.lines.isEmpty()
    view.canvas.grab()


def test_gaps_are_left_out():
    assert runs(np.array([0, 1, 3, 4, 8])) == [(0, 1), (3, 4), (8, 8)]
    assert runs(np.array([], int)) == []


# Keys.


def test_the_keys_walk(view, press_key):
    canvas, selection = view.canvas, view.canvas._session.selection
    canvas.setFocus()
    press_key("Right", canvas)
    assert selection.pinned == Place("conv1", (0, 12, 12))
    for key, place in (
        ("Right", Place("conv1", (0, 12, 13))),
        ("Down", Place("conv1", (0, 13, 13))),
        ("PgDown", Place("conv1", (1, 13, 13))),
        ("Shift+Right", Place("relu1", (1, 13, 13))),
        ("Shift+Left", Place("conv1", (1, 13, 13))),
        ("PgUp", Place("conv1", (0, 13, 13))),
        ("Up", Place("conv1", (0, 12, 13))),
        ("Left", Place("conv1", (0, 12, 12))),
    ):
        press_key(key, canvas)
        assert selection.pinned == place
    assert "Conv 1 · map 0 · x 12, y 12" in canvas.accessibleDescription()


def test_the_plate_tells_the_pinned_value_when_the_pointer_is_away(view, press_key):
    canvas = view.canvas
    before = yellow(canvas.grab().toImage(), theme.tokens().selected)
    canvas.setFocus()
    press_key("Right", canvas)
    _, text = canvas._told()
    assert canvas.in_words(canvas._session.selection.pinned) == text
    assert yellow(canvas.grab().toImage(), theme.tokens().selected) > before + 1000


def test_other_keys_are_left_to_the_window(view, press_key):
    view.canvas.setFocus()
    press_key("B", view.canvas)
    assert view.canvas._session.selection.place is None


# Together with the rest.


@pytest.mark.parametrize("other", ["mlp", "tiny", "lenet-5"])
def test_another_network_comes_while_the_pointer_is_on_a_value(qtbot, view, until, other):
    session = view.canvas._session
    session.keep_or_end()
    qtbot.mouseMove(view.canvas, middle(view, Place("pool1", (7, 9, 9))))
    session.open_run(type(session.request)("digits", other, session.settings))
    until(lambda: session.spec.name == other)
    assert session.selection.place is None
    view.canvas.grab()


def test_another_network_forgets_the_trace(view, open_session, until):
    session = view.canvas._session
    session.selection.pin(HERE)
    session.open_run(type(session.request)("digits", "mlp", session.settings))
    until(lambda: session.spec.name == "mlp")
    assert view.canvas._trace is None
    view.canvas.grab()


# Kernels on demand, zoom and pan.


def test_kernels_show_the_channel_of_the_map_looked_at(view):
    session = view.canvas._session
    weights = session.network.state_dict()["conv2.weight"]
    column = column_named(view, "conv2")
    level = np.abs(weights[:, 3]).max()
    session.selection.pin(Place("relu1", (3, 4, 4)))
    image = view.canvas.grab().toImage()
    ratio = image.devicePixelRatio()
    kernel = column.kernels[2]
    for y, x in ((0, 0), (4, 2)):
        at = kernel.topLeft() + QPointF((x + 0.5) * kernel.width(), (y + 0.5) * kernel.height()) / 5
        entry = 128 + round(127 * float(weights[2, 3, y, x]) / float(level))
        expected = QColor(*theme.signed_table()[entry].tolist()).name()
        assert image.pixelColor((at * ratio).toPoint()).name() == expected
        words = view.canvas.value_at(at)
        assert words.startswith(f"Conv 2 · filter 2 · channel 3 · x {x}, y {y}")
        assert words.endswith(f"{weights[2, 3, y, x]:.4g}".replace("-", "−"))


def wheel(view, steps, at):
    port = view.viewport()
    event = QWheelEvent(
        QPointF(at),
        QPointF(port.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(port, event)


def test_the_wheel_zooms_about_the_pointer_and_fit_brings_all_back(view):
    fitting = view.canvas.width()
    place = Place("conv2", (5, 9, 9))
    before = view.canvas.mapTo(view.viewport(), middle(view, place))
    wheel(view, 3, before)
    assert view.zoom == pytest.approx(1.25**3)
    assert view.canvas.width() > 1.5 * fitting
    after = view.canvas.mapTo(view.viewport(), middle(view, place))
    assert (after - before).manhattanLength() < 200
    view.zoom_to_fit()
    assert view.canvas.width() == fitting
    view.zoom_out()
    assert view.zoom == 1
    for _ in range(20):
        view.zoom_in()
    assert view.zoom == MOST_ZOOM
    view.canvas.grab()


def test_dragging_beside_the_pictures_pans(qtbot, view):
    view.set_zoom(3)
    bar = view.horizontalScrollBar()
    bar.setValue(300)
    at = view.canvas.visibleRegion().boundingRect().topLeft() + QPoint(3, 3)
    qtbot.mousePress(view.canvas, LEFT, pos=at)
    qtbot.mouseMove(view.canvas, at + QPoint(60, 0))
    qtbot.mouseRelease(view.canvas, LEFT, pos=at)
    assert bar.value() == 240
    qtbot.mouseMove(view.canvas, at + QPoint(20, 0))
    assert bar.value() == 240


def test_zoomed_and_scrolled_the_headings_stay_in_sight(view):
    view.set_zoom(3)
    port = view.viewport()
    for value in (0, view.verticalScrollBar().maximum()):
        view.verticalScrollBar().setValue(value)
        image = port.grab().toImage()
        text = theme.tokens().text
        heading = image.copy(0, 8, image.width(), round(20 * image.devicePixelRatio()))
        assert yellow(heading, text) > 20, value
