"""The window of one map as its user meets it: opened, read, walked, searched and closed."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from cnnviz.core import excitement as exciting
from cnnviz.core.datasets import LOADERS, Dataset, Split
from cnnviz.core.excitement import Question, most_exciting
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import INPUT, Place, receptive_field
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d, relu
from cnnviz.ui import theme
from cnnviz.ui.map_window import MapWindow
from cnnviz.ui.widgets.side_window import CLOSING_KEYS
from cnnviz.ui.widgets.value_cells import LEAST_CELL

LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONV = Place("conv1", (2, 3, 4))


@pytest.fixture
def open_map(window, until):
    """Opens the window of a map and waits until it has the keyboard."""

    def open_one(place=CONV, size=(1400, 960)):
        window.windows.open_map(place)
        window.windows.made(MapWindow).resize(*size)
        until(window.windows.made(MapWindow).isActiveWindow)
        until(window.windows.made(MapWindow).map.hasFocus)
        return window.windows.made(MapWindow)

    return open_one


@pytest.fixture
def slow(monkeypatch):
    """A search that stays at its first images until it is let go."""
    go_on, whole = threading.Event(), exciting._Run.outputs

    def wait(run, images):
        go_on.wait(20)
        return whole(run, images)

    monkeypatch.setattr(exciting._Run, "outputs", wait)
    yield go_on
    go_on.set()


def search_threads():
    return [each for each in threading.enumerate() if each.name == "cnnviz-search"]


def canvas_point(window, place):
    column = next(each for each in window.network.canvas.columns if each.name == place.layer)
    return column.cell(place.index).center().toPoint()


def double_click(qtbot, window, point):
    """As a mouse does it: press, release, double-click, release."""
    qtbot.mouseClick(window.network.canvas, LEFT, pos=point)
    qtbot.mouseDClick(window.network.canvas, LEFT, pos=point)


def click_pixel(qtbot, shown, pixel):
    qtbot.mouseClick(shown.map, LEFT, pos=shown.map.cell_area(pixel).center())


def color_near_corner(image, area):
    """The colour of a cell where no number is written."""
    point = (area.topLeft() + area.bottomRight()) / 2
    point.setY(area.top() + 4)
    ratio = image.devicePixelRatio()
    return image.pixelColor(int(point.x() * ratio), int(point.y() * ratio)).name()


def signed_color(value, level):
    entry = 128 + round(127 * float(value) / level)
    return QColor(*theme.signed_table()[entry].tolist()).name()


def values_of(session, place):
    return session.inspection.outputs[place.layer][place.index[0]]


def search(qtbot, until, shown):
    qtbot.mouseClick(shown.excitement.button, LEFT)
    until(lambda: not shown.excitement.is_searching)


# Opening.


def test_a_double_click_opens_a_map_and_pins_its_value(window, qtbot, until):
    place = Place("conv1", (1, 5, 6))
    double_click(qtbot, window, canvas_point(window, place))
    until(window.windows.made(MapWindow).isVisible)
    assert window.session.selection.pinned == place
    assert window.windows.made(MapWindow).place == place
    shown = window.windows.made(MapWindow)
    assert shown.isWindow()
    assert not shown.isModal()
    assert shown.title.text() == "Conv 1 · map 1"


def test_a_double_click_on_the_pinned_value_keeps_it_pinned(window, qtbot, until):
    place = Place("relu1", (1, 5, 6))
    window.session.selection.pin(place)
    double_click(qtbot, window, canvas_point(window, place))
    until(window.windows.made(MapWindow).isVisible)
    assert window.session.selection.pinned == place


def test_a_double_click_on_a_kernel_opens_its_map(window, qtbot, until):
    column = next(each for each in window.network.canvas.columns if each.name == "conv1")
    double_click(qtbot, window, column.kernels[3].center().toPoint())
    until(window.windows.made(MapWindow).isVisible)
    assert window.windows.made(MapWindow).title.text() == "Conv 1 · map 3"
    assert window.session.selection.pinned is None


def test_classes_and_empty_places_open_nothing(window, qtbot):
    double_click(qtbot, window, canvas_point(window, Place("dense1", (3,))))
    double_click(qtbot, window, QPoint(2, 2))
    assert window.windows.made(MapWindow) is None


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_opens_the_pinned_map(window, qtbot, until, key):
    canvas = window.network.canvas
    canvas.setFocus()
    wanted = []
    canvas.map_wanted.connect(wanted.append)
    qtbot.keyClick(canvas, key)
    window.session.selection.pin(Place("dense1", (3,)))
    qtbot.keyClick(canvas, key)
    assert wanted == []
    window.session.selection.pin(CONV)
    qtbot.keyClick(canvas, key)
    until(window.windows.made(MapWindow).isVisible)
    assert wanted == [CONV]
    assert window.windows.made(MapWindow).place == CONV


def test_one_window_is_used_again(window, open_map, until):
    first = open_map()
    first.close()
    assert open_map(Place("pool1", (0, 1, 1))) is first
    assert first.title.text() == "Max pool 1 · map 0"


@pytest.mark.parametrize("key", CLOSING_KEYS)
def test_keys_close_it_and_not_the_main_window(window, open_map, qtbot, until, key):
    shown = open_map()
    qtbot.keySequence(QApplication.focusWidget(), key)
    until(lambda: not shown.isVisible())
    assert window.isVisible()


# The map.


@pytest.mark.parametrize("name", ["dark", "light"])
def test_its_pixels_are_the_themes_colours_of_the_values(window, open_map, qapp, name):
    theme.apply_theme(qapp, name)
    shown = open_map()
    values = values_of(window.session, CONV)
    level, image = float(np.abs(values).max()), shown.map.grab().toImage()
    assert shown.map.level == pytest.approx(level)
    for pixel in np.ndindex(*values.shape):
        drawn = color_near_corner(image, shown.map.cell_area(pixel))
        assert drawn == signed_color(values[pixel], level)


def test_it_changes_its_colours_with_the_theme(window, open_map, qapp):
    shown = open_map()
    qapp.processEvents()
    window.change_theme()
    values = values_of(window.session, CONV)
    image = shown.map.grab().toImage()
    drawn = color_near_corner(image, shown.map.cell_area((0, 0)))
    assert drawn == signed_color(values[0, 0], float(np.abs(values).max()))
    assert image.pixelColor(image.width() - 1, 0).name() == theme.LIGHT.background


def test_numbers_are_written_where_there_is_room(open_map):
    shown = open_map()
    assert shown.map.cell >= LEAST_CELL
    assert not shown.map._glass.isNull()
    shown.map.setMaximumSize(440, 340)
    assert shown.map.cell < LEAST_CELL
    assert shown.map._glass.isNull()


def test_the_pinned_value_is_framed_in_yellow(window, open_map, qtbot):
    shown = open_map()
    click_pixel(qtbot, shown, (5, 7))
    assert window.session.selection.pinned == Place("conv1", (2, 5, 7))
    corner = shown.map.cell_area((5, 7)).topLeft()
    image = shown.map.grab().toImage()
    assert image.pixelColor(corner).name() == theme.DARK.selected
    click_pixel(qtbot, shown, (5, 7))
    assert window.session.selection.pinned is None
    assert shown.map.grab().toImage().pixelColor(corner).name() != theme.DARK.selected


def test_the_pointer_tells_where_and_what(window, open_map, qtbot, until):
    shown = open_map(size=(1020, 500))
    shown.move(0, 1050)  # the main window must not be where the pointer goes
    qtbot.mouseMove(shown.map, shown.map.cell_area((6, 1)).center())
    value = f"{values_of(window.session, CONV)[6, 1]:.4g}".replace("-", "−")
    until(lambda: shown.map.told == f"x 1, y 6 · {value}")
    assert shown.map.pixel_at(QPointF(0, 0)) is None


def test_the_image_is_shown_in_ink(window, open_map):
    shown = open_map(Place(INPUT, (0, 3, 3)))
    pixels, image = window.session.inspection.image[0], shown.map.grab().toImage()
    for pixel in ((0, 0), (14, 14), (10, 12)):
        entry = int(pixels[pixel] * 255)
        ink = QColor(*theme.ink_table()[entry].tolist()).name()
        assert color_near_corner(image, shown.map.cell_area(pixel)) == ink
    assert not shown.excitement.isVisible()
    assert not shown.kernels.isVisible()


def test_a_network_that_has_diverged_is_shown(window, open_map):
    session = window.session
    shown = open_map()
    session._show_vector(1, np.full_like(session.network.vector, np.nan))
    session._show_vector(2, np.full_like(session.network.vector, np.inf))
    shown.grab()


# Beside it.


def test_statistics_are_numpys(window, open_map):
    shown = open_map(Place("relu1", (1, 2, 2)))
    values = values_of(window.session, shown.place).astype(np.float64)
    told = {name: label.text() for name, label in shown.statistics.numbers.items()}
    expected = {
        "min": values.min(),
        "max": values.max(),
        "mean": values.mean(),
        "std": values.std(),
    }
    for name, value in expected.items():
        assert told[name] == f"{value:.4g}".replace("-", "−")
    assert told["zeros"] == f"{100 * np.mean(values == 0):.1f} %"


def test_bars_have_the_colour_of_their_sign(open_map):
    bars = open_map().statistics.histogram
    image, (edges, counts) = bars.grab().toImage(), bars._told.histogram
    for index in np.flatnonzero(counts):
        drawn = image.pixelColor(bars.bar(index).bottomLeft().toPoint() - QPointF(0, 1).toPoint())
        expected = theme.DARK.positive if edges[index] >= 0 else theme.DARK.negative
        assert drawn.name() == expected
        assert bars.bar(index).bottom() <= bars.height()


def test_kernels_are_those_of_the_filter(window, open_map):
    shown = open_map()
    weights = dict(window.session.network.named_parameters())["conv1.weight"][2]
    assert shown.kernels.isVisible()
    assert shown.kernels.cell >= LEAST_CELL
    image, level = shown.kernels.grab().toImage(), float(np.abs(weights).max())
    area, cell = shown.kernels.kernel_area(0), shown.kernels.cell
    for y, x in ((0, 0), (4, 4), (2, 3)):
        corner = area.topLeft()
        drawn = image.pixelColor(corner.x() + x * cell + 2, corner.y() + y * cell + 2)
        assert drawn.name() == signed_color(weights[0, y, x], level)
        value = f"{weights[0, y, x]:.4g}".replace("-", "−")
        middle = QPointF(corner.x() + (x + 0.5) * cell, corner.y() + (y + 0.5) * cell)
        assert shown.kernels.value_at(middle) == f"channel 0 · x {x}, y {y} · {value}"


def test_one_of_many_kernels_is_shown_alone_with_its_numbers(
    open_session, open_window, until, qtbot
):
    window = open_window(open_session(network="numpy-cnn"))
    window.windows.open_map(Place("conv2", (1, 3, 3)))
    kernels = window.windows.made(MapWindow).kernels
    until(kernels.isVisible)
    assert kernels.shown == list(range(8))
    assert kernels.cell < LEAST_CELL
    height = kernels.height()
    qtbot.mouseClick(kernels, LEFT, pos=kernels.kernel_area(6).center())
    assert kernels.shown == [6]
    assert kernels.cell >= LEAST_CELL
    assert not kernels._glasses[6].isNull()
    assert kernels.height() == height
    weights = dict(window.session.network.named_parameters())["conv2.weight"][1]
    area = kernels.kernel_area(6)
    drawn = kernels.grab().toImage().pixelColor(area.topLeft() + QPoint(2, 2)).name()
    assert drawn == signed_color(weights[6, 0, 0], float(np.abs(weights).max()))
    kernels.setFocus()
    qtbot.keyClick(kernels, Qt.Key.Key_Right)
    assert kernels.shown == [7]
    qtbot.keyClick(kernels, Qt.Key.Key_Return)
    assert kernels.shown == list(range(8))
    assert window.windows.made(MapWindow).place.index[0] == 1


def test_a_pooling_layer_has_no_kernels(open_map):
    shown = open_map(Place("pool1", (0, 1, 1)))
    assert not shown.kernels.isVisible()
    assert shown.excitement.isVisible()


def test_sixty_four_channels_have_their_kernels_in_the_window(
    monkeypatch, open_session, open_window, until
):
    layers = (conv2d(64, 3, stride=2), relu(), max_pool2d(2), conv2d(64, 3), flatten(), dense(10))
    monkeypatch.setitem(PRESETS, "wide", Spec("wide", "Wide", (1, 28, 28), layers))
    window = open_window(open_session(network="wide"))
    window.windows.open_map(Place("conv2", (63, 1, 1)))
    kernels = window.windows.made(MapWindow).kernels
    until(kernels.isVisible)
    areas = [kernels.kernel_area(channel) for channel in range(64)]
    assert all(kernels.rect().contains(area) for area in areas)
    assert not any(one.intersects(other) for k, one in enumerate(areas) for other in areas[k + 1 :])


# Walking.


def test_page_keys_walk_through_the_maps(window, open_map, qtbot):
    shown = open_map()
    seen = []
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
        qtbot.keyClick(QApplication.focusWidget(), key)
        seen.append(shown.place.index)
    assert seen == [(3, 3, 4), (0, 3, 4), (3, 3, 4)]
    assert window.session.selection.pinned is None  # nothing was, so nothing is


def test_shift_and_arrows_walk_through_the_layers_with_maps(window, open_map, qtbot):
    shown = open_map()
    seen = []
    for key in [Qt.Key.Key_Right] * 3 + [Qt.Key.Key_Left] * 4:
        qtbot.keyClick(QApplication.focusWidget(), key, SHIFT)
        seen.append(shown.place.layer)
    assert seen == ["relu1", "pool1", "pool1", "relu1", "conv1", INPUT, INPUT]


def test_keys_walk_wherever_the_focus_is(open_map, qtbot):
    shown = open_map()
    shown.excitement.button.setFocus()
    qtbot.keyClick(shown.excitement.button, Qt.Key.Key_PageDown)
    assert shown.place.index[0] == 3


def test_arrows_walk_over_the_values(window, open_map, qtbot):
    shown = open_map()
    seen = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right):
        qtbot.keyClick(shown.map, key)
        seen.append(window.session.selection.pinned.index)
    assert seen == [(2, 3, 4), (2, 4, 4), (2, 4, 5)]
    assert "pinned · x 5, y 4" in shown.map.accessibleDescription()


def test_it_follows_what_is_pinned_elsewhere(window, open_map):
    shown = open_map()
    window.session.selection.pin(Place("pool1", (1, 2, 2)))
    assert shown.title.text() == "Max pool 1 · map 1"
    window.session.selection.pin(Place("dense1", (1,)))
    assert shown.title.text() == "Max pool 1 · map 1"


def test_buttons_walk_too_and_tab_reaches_all(open_map, qtbot):
    shown = open_map()
    qtbot.mouseClick(shown.buttons["Next map"], LEFT)
    assert shown.place.index[0] == 3
    shown.map.setFocus()
    reached = set()
    for _ in range(8):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.add(QApplication.focusWidget())
        assert QApplication.focusWidget().accessibleName()
    assert {*shown.buttons.values(), shown.map, shown.excitement.button} <= reached


def test_another_network_shows_the_same_map_or_its_first(window, open_map, until):
    shown = open_map()
    for network, title in (("lenet-5", "Conv 1 · map 2"), ("mlp", "Input · channel 0")):
        request = window.session.request
        window.session.open_run(type(request)(request.data, network, request.settings))
        until(lambda network=network: window.session.spec.name == network)
        assert shown.title.text() == title


# Following the training.


def test_it_follows_training(window, open_map, train, until):
    shown = open_map()
    train(window.session, 3)
    assert shown.map._values is not None
    assert np.array_equal(shown.map._values, values_of(window.session, CONV))
    until(lambda: f"batch {window.session.shown_step}" in shown.about.text())


def test_it_follows_the_chosen_image(window, open_map):
    shown = open_map()
    window.session.choose_image(7)
    assert np.array_equal(shown.map._values, values_of(window.session, CONV))
    assert "test image 7" in shown.about.text()


def test_hidden_it_rests_and_catches_up(window, open_map, train):
    shown = open_map()
    shown.close()
    before, text = shown.map._values, shown.about.text()
    train(window.session, 2)
    window.session.choose_image(3)
    assert shown.map._values is before
    assert shown.about.text() == text
    open_map()
    assert np.array_equal(shown.map._values, values_of(window.session, CONV))


# The search.


def test_it_finds_what_the_core_finds(window, open_map, qtbot, until):
    shown, session = open_map(), window.session
    search(qtbot, until, shown)
    vector = session.network.vector.copy()
    question = Question(session.spec, vector, 0, session.dataset.test, "conv1", 2)
    finds = most_exciting(question)
    assert [tile.found for tile in shown.excitement.tiles] == finds
    assert all(tile.isVisible() for tile in shown.excitement.tiles)
    assert "Weights of batch 0." in shown.excitement.message.text()
    label = session.dataset.class_names[session.dataset.test.labels[finds[0].image]]
    name = shown.excitement.tiles[0].accessibleName()
    assert name.startswith(f"Test image {theme.spaced(finds[0].image)}, label {label}, value")


def test_a_click_chooses_the_image_and_pins_the_value(window, open_map, qtbot, until):
    shown, session = open_map(), window.session
    search(qtbot, until, shown)
    tile = shown.excitement.tiles[5]
    shown.side.ensureWidgetVisible(tile)
    qtbot.mouseClick(tile, LEFT)
    assert session.image_index == tile.found.image
    assert session.selection.pinned == tile.found.place
    value = session.inspection.outputs["conv1"][tile.found.place.index]
    assert value == pytest.approx(tile.found.value, rel=1e-5)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_patch_is_framed(window, open_map, qtbot, until, qapp, name):
    theme.apply_theme(qapp, name)
    shown = open_map()
    search(qtbot, until, shown)
    for tile in shown.excitement.tiles:
        seen = receptive_field(window.session.network.layers, tile.found.place)[INPUT]
        top, left = (int(axis[0]) for axis in seen.axes[1:])
        area = tile.patch_area
        assert area.topLeft() - tile.picture_area.topLeft() == QPoint(3 * left, 3 * top)
        assert (area.width(), area.height()) == (15, 15)
        image = tile.grab().toImage()
        assert image.pixelColor(area.topLeft()).name() == theme.tokens().selected
        assert image.pixelColor(area.bottomRight()).name() == theme.tokens().selected


def test_it_says_when_other_weights_are_shown(window, open_map, qtbot, until, train):
    shown = open_map()
    search(qtbot, until, shown)
    train(window.session)
    text = f"Weights of batch 0; shown now is batch {window.session.shown_step}."
    until(lambda: text in shown.excitement.message.text())


def test_what_was_found_is_there_when_one_comes_back(open_map, qtbot, until):
    shown = open_map()
    search(qtbot, until, shown)
    first = shown.excitement.tiles[0].found
    shown.next_map()
    assert not shown.excitement.tiles[0].isVisible()
    shown.map_before()
    assert shown.excitement.tiles[0].isVisible()
    assert shown.excitement.tiles[0].found == first


def test_another_run_forgets_what_was_found(window, open_map, qtbot, until):
    shown = open_map()
    search(qtbot, until, shown)
    request = window.session.request
    window.session.open_run(type(request)(request.data, "lenet-5", request.settings))
    until(lambda: window.session.spec.name == "lenet-5")
    assert [tile.found for tile in shown.excitement.tiles] == [None] * 12
    assert not any(tile.isVisible() for tile in shown.excitement.tiles)


def test_images_of_three_channels(monkeypatch, open_session, open_window, qtbot, until):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 3, 12, 10), dtype=np.uint8)
    split = Split(pixels, np.arange(40) % 3)
    made = Dataset("made", "Made", split, split, ("a", "b", "c"), "Made for the tests.")
    monkeypatch.setitem(LOADERS, "made", lambda: made)
    layers = (conv2d(2, 3, stride=2), relu(), flatten(), dense(3))
    monkeypatch.setitem(PRESETS, "made", Spec("made", "Made", (3, 12, 10), layers))
    window = open_window(open_session(data="made", network="made", batch_size=16))
    window.windows.open_map(Place(INPUT, (0, 3, 3)))
    shown = window.windows.made(MapWindow)
    until(shown.map.hasFocus)
    shown.next_map()
    assert shown.title.text() == "Input · channel 1"
    assert np.array_equal(shown.map._values, window.session.inspection.image[1])
    shown.next_layer()
    assert shown.kernels.shown == [0, 1, 2]
    search(qtbot, until, shown)
    tile = shown.excitement.tiles[0]
    assert tile.picture_area.height() == 84
    assert tile.picture_area.contains(tile.patch_area)


def test_cancel_ends_the_search(open_map, qtbot, until, slow):
    shown = open_map()
    qtbot.mouseClick(shown.excitement.button, LEFT)
    assert shown.excitement.is_searching
    assert shown.excitement.progress.isVisible()
    assert shown.excitement.cancel_button.hasFocus()
    qtbot.mouseClick(shown.excitement.cancel_button, LEFT)
    assert not shown.excitement.is_searching
    assert shown.excitement.button.hasFocus()
    slow.set()
    until(lambda: search_threads() == [])
    assert not shown.excitement.tiles[0].isVisible()


@pytest.mark.parametrize("way", ["walk", "close"])
def test_walking_away_or_closing_gives_the_search_up(open_map, qtbot, until, slow, way):
    shown = open_map()
    qtbot.mouseClick(shown.excitement.button, LEFT)
    shown.next_map() if way == "walk" else shown.close()
    assert not shown.excitement.is_searching
    slow.set()
    until(lambda: search_threads() == [])


def test_what_goes_wrong_is_shown(window, open_map, qtbot, until, monkeypatch):
    def fail(run, images):
        raise RuntimeError("broken")

    monkeypatch.setattr(exciting._Run, "outputs", fail)
    notices = []
    window.session.noticed.connect(notices.append)
    shown = open_map()
    search(qtbot, until, shown)
    assert shown.excitement.message.text() == "The search stopped. RuntimeError: broken"
    assert "Traceback" in notices[0].details
    assert shown.excitement.button.isVisible()


def test_a_map_that_is_always_zero_says_so(window, open_map, qtbot, until):
    session = window.session
    session._show_vector(0, np.zeros_like(session.network.vector))
    shown = open_map(Place("relu1", (0, 2, 2)))
    search(qtbot, until, shown)
    assert "nothing in the test set excites this map" in shown.excitement.message.text()


def test_the_main_window_closes_in_the_midst_of_a_search(window, open_map, qtbot, until, slow):
    shown = open_map()
    qtbot.mouseClick(shown.excitement.button, LEFT)
    window.close()
    assert not shown.isVisible()
    assert window.isVisible()  # it waits for the thread
    slow.set()
    until(lambda: not window.isVisible())
    assert search_threads() == []


def test_a_window_that_closes_opens_no_map(window, until):
    window.session.play()
    until(lambda: len(window.session.timeline) > 3)
    window.close()
    window.windows.open_map(CONV)
    assert window.windows.made(MapWindow) is None
    until(lambda: not window.isVisible())
