"""The filters view as its user meets it: every weight in its colour, told under the pointer."""

import re
from collections import Counter
from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import Spec, conv2d, dense, flatten, relu
from cnnviz.ui import theme
from cnnviz.ui.filters_view import FiltersView
from cnnviz.ui.session import Session

TOLD = re.compile(
    r"(Conv \d+) · filter (\d+) · channel (\d+) · x (\d+), y (\d+) · (−?[\d.]+(?:e[+−]\d+)?)$"
)


@pytest.fixture
def show(show_view):
    """Shows the view of a session in a window of its own."""

    def show_it(session, width=320, height=500):
        return show_view(FiltersView(session), width, height)

    return show_it


@pytest.fixture
def open_layers(monkeypatch, open_session):
    """A session with a network of these layers on the embedded digits."""

    def open_made(*layers):
        spec = Spec("made", "Made", (1, 28, 28), (*layers, flatten(), dense(10)))
        monkeypatch.setitem(PRESETS, "made", spec)
        return open_session("made", batch_size=16)

    return open_made


def weights_of(session):
    named = dict(session.network.named_parameters())
    convs = [layer for layer in session.network.layers if layer.kind == "conv2d"]
    return {layer.label: named[f"{layer.name}.weight"] for layer in convs}


def picture(view):
    return view.canvas.grab().toImage()


def pixels(image):
    """The image as (H, W) numbers 0xrrggbb, one for each pixel of the layout."""
    ratio = round(image.devicePixelRatio())
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return raw[ratio // 2 :: ratio, ratio // 2 : image.width() : ratio] & 0xFFFFFF


def told_at(view, x, y):
    """(layer, (filter, channel, y, x), value) at the middle of a pixel, or None."""
    text = view.canvas.value_at(QPointF(x + 0.5, y + 0.5))
    if not text:
        return None
    found = TOLD.match(text)
    assert found, text
    label, number, channel, column, row, value = found.groups()
    place = (int(number), int(channel), int(row), int(column))
    return label, place, float(value.replace("−", "-"))


def color_of(value, level):
    entry = 128 + round(127 * min(max(float(value) / level, -1), 1))
    return int(QColor(*theme.signed_table()[entry].tolist()).name()[1:], 16)


@pytest.mark.parametrize("width", [240, 344, 700])
@pytest.mark.parametrize("network", ["numpy-cnn", "lenet-5", "tiny"])
def test_every_pixel_has_the_colour_of_the_weight_that_is_told_there(
    open_session, show, network, width
):
    session = open_session(network)
    view = show(session, width)
    drawn, weights = pixels(picture(view)), weights_of(session)
    levels = {label: np.abs(weight).max() for label, weight in weights.items()}
    met: dict[str, set] = {label: set() for label in weights}
    for y in range(1, view.canvas.height(), 3):
        for x in range(1, view.canvas.width(), 3):
            told = told_at(view, x, y)
            if told is None:
                continue
            label, place, value = told
            weight = weights[label][place]
            assert value == pytest.approx(weight, rel=1e-3)
            assert drawn[y, x] == color_of(weight, levels[label]), (label, place)
            met[label].add(place)
    for label, weight in weights.items():
        assert met[label] == set(np.ndindex(weight.shape)), label


def test_filters_go_down_and_channels_go_across(session, open_session, show):
    view = show(open_session("numpy-cnn"), 344, 700)
    where: dict[tuple, tuple] = {}
    for y in range(0, view.canvas.height(), 2):
        for x in range(0, view.canvas.width(), 2):
            told = told_at(view, x, y)
            if told and told[0] == "Conv 2" and told[1][2:] == (2, 2):
                where.setdefault(told[1][:2], (x, y))
    assert len(where) == 64
    for number in range(8):
        heights = {where[number, channel][1] for channel in range(8)}
        assert max(heights) - min(heights) <= 2
        across = [where[number, channel][0] for channel in range(8)]
        assert across == sorted(across)
    down = [where[number, 0][1] for number in range(8)]
    assert down == sorted(down)
    assert down[0] != down[-1]


def test_weights_are_squares_and_all_alike(open_session, show):
    session = open_session("numpy-cnn")
    view = show(session, 344, 700)
    for label in weights_of(session):
        x, y = 16, _height_of(view, label)
        across = [told_at(view, x, y) for x in range(view.canvas.width())]
        down = [told_at(view, x, y) for y in range(view.canvas.height())]
        wide = Counter(told[1] for told in across if told)
        high = Counter(told[1] for told in down if told and told[0] == label)
        assert len(wide) == 8 * 5
        assert len(high) in (5, 8 * 5)
        assert len({*wide.values(), *high.values()}) == 1


def test_between_two_kernels_there_is_ground_and_nothing_to_tell(open_session, show):
    session = open_session("numpy-cnn")
    view = show(session, 344, 700)
    drawn = pixels(picture(view))
    ground = int(theme.tokens().background[1:], 16)
    y = _height_of(view, "Conv 2")
    line = [told_at(view, x, y) for x in range(344)]
    known = [x for x, told in enumerate(line) if told]
    gaps = [x for x in range(known[0], known[-1]) if line[x] is None]
    assert len({line[x][1][1] for x in known}) == 8
    assert len(gaps) >= 7 * 2
    assert {int(drawn[y, x]) for x in gaps} == {ground}


def _height_of(view, label):
    """A height at which some weight of this layer is."""
    for y in range(view.canvas.height()):
        told = told_at(view, 16, y)
        if told and told[0] == label:
            return y
    raise AssertionError(label)


@pytest.mark.parametrize("filters", [1, 7, 13, 64])
def test_kernels_of_one_channel_fill_lines_and_then_nothing(open_layers, show, filters):
    session = open_layers(conv2d(filters, 3), relu())
    view = show(session, 300)
    met, last = set(), (0, 0)
    for y in range(view.canvas.height()):
        for x in range(0, view.canvas.width(), 2):
            told = told_at(view, x, y)
            if told:
                met.add(told[1])
                last = max(last, (y, x))
    assert len(met) == filters * 9
    drawn = pixels(picture(view))
    ground = int(theme.tokens().background[1:], 16)
    assert (drawn[last[0] - 3 : last[0], last[1] + 4 :] == ground).all(), "no kernels of zeros"


@pytest.mark.parametrize("kernel", [(1, 1), (1, 7), (7, 1), (3, 5), (11, 11), (28, 28)])
def test_kernels_of_any_shape_are_told_and_drawn(open_layers, show, kernel):
    session = open_layers(conv2d(5, kernel))
    view = show(session, 300)
    drawn, weight = pixels(picture(view)), weights_of(session)["Conv 1"]
    met, step = set(), 1 if max(kernel) > 11 else 2  # the largest are drawn a pixel a weight
    for y in range(0, view.canvas.height(), step):
        for x in range(0, view.canvas.width(), step):
            told = told_at(view, x, y)
            if told:
                assert drawn[y, x] == color_of(weight[told[1]], np.abs(weight).max())
                met.add(told[1])
    assert met == set(np.ndindex(weight.shape))


def test_headings_are_not_cut_off(open_layers, show):
    session = open_layers(conv2d(64, 3), conv2d(64, 3))
    view = show(session, 290)
    headings = pixels(picture(view))[:40, 290 - 14 :]
    assert (headings == int(theme.tokens().background[1:], 16)).all()


@pytest.mark.parametrize("width", [260, 290, 344])
def test_the_heading_ends_before_the_window_does(open_layers, show, width):
    session = open_layers(conv2d(16, 3), conv2d(64, 3))
    view = show(session, width)
    drawn = pixels(picture(view))
    top = next(
        y for y in range(drawn.shape[0]) if (told := told_at(view, 15, y)) and told[0] == "Conv 2"
    )
    heading = drawn[top - 16 : top - 3, : width - 8]
    inked = np.flatnonzero((heading != int(theme.tokens().background[1:], 16)).any(axis=0))
    assert inked.max() < width - 12


def test_pointing_shows_a_plate_that_follows_and_goes(qtbot, open_session, show):
    session = open_session("numpy-cnn")
    view = show(session, 290)
    selected = int(theme.tokens().selected[1:], 16)
    assert selected not in pixels(picture(view))
    seen = view.viewport().rect()
    known = [
        QPoint(x, y)
        for y in range(0, seen.height(), 5)
        for x in range(0, seen.width(), 5)
        if told_at(view, x, y)
    ]
    rightmost = max(known, key=lambda point: point.x())
    for point in (known[0], rightmost, known[-1]):
        qtbot.mouseMove(view.canvas, point)
        port = pixels(view.viewport().grab().toImage())
        found = np.argwhere(port == selected)
        assert len(found) > 1000
        (top, left), (bottom, right) = found.min(axis=0), found.max(axis=0)
        assert left >= 3
        assert top >= 3
        assert right < port.shape[1] - 3
        assert bottom < port.shape[0] - 3
    QApplication.sendEvent(view.canvas, QEvent(QEvent.Type.Leave))
    assert selected not in pixels(picture(view))


def test_learning_moves_the_weights_on_the_screen(open_session, show, train):
    session = open_session("tiny")
    view = show(session)
    before, told = picture(view), view.canvas.value_at(QPointF(16, 50))
    train(session)
    assert picture(view) != before
    assert view.canvas.value_at(QPointF(16, 50)) != told


def test_another_theme_recolours(qapp, open_session, show):
    session = open_session("tiny")
    view = show(session)
    theme.apply_theme(qapp, "light")
    drawn, weight = pixels(picture(view)), weights_of(session)["Conv 1"]
    seen = 0
    for y in range(0, view.canvas.height(), 3):
        for x in range(0, view.canvas.width(), 3):
            told = told_at(view, x, y)
            if told:
                assert drawn[y, x] == color_of(weight[told[1]], np.abs(weight).max())
                seen += 1
    assert seen > 50


def test_a_network_without_convolution_says_so(open_session, show):
    view = show(open_session("mlp"))
    muted = int(theme.tokens().muted[1:], 16)
    lines = np.flatnonzero((pixels(picture(view)) == muted).any(axis=1))
    middle = view.canvas.height() / 2
    assert abs((lines.min() + lines.max()) / 2 - middle) < 20
    assert view.canvas.value_at(QPointF(150, middle)) == ""


def test_before_the_data_are_loaded_it_is_empty(qtbot, show, no_threads_left):
    view = show(Session())
    assert set(np.unique(pixels(picture(view)))) == {int(theme.tokens().background[1:], 16)}
    qtbot.mouseMove(view.canvas, QPoint(50, 50))
    assert view.canvas.value_at(QPointF(50, 50)) == ""


def test_weights_that_are_no_numbers_are_drawn_without_protest(open_session, show):
    session = open_session("tiny")
    view = show(session)
    session.network.vector[::2] = np.nan
    session.network.vector[1::2] = np.inf
    session.network_changed.emit()
    assert not picture(view).isNull()
    assert view.canvas.value_at(QPointF(16, 50))


def test_another_network_brings_its_own_kernels(until, open_session, show):
    session = open_session("mlp")
    view = show(session)
    picture(view)
    for network, convolutions in (("lenet-5", 2), ("mlp", 0), ("tiny", 1)):
        session.open_run(type(session.request)("digits", network, session.settings))
        until(lambda network=network: session.spec.name == network)
        picture(view)
        met = {
            told[0]
            for y in range(0, view.canvas.height(), 3)
            if (told := told_at(view, 16, y)) is not None
        }
        assert len(met) == convolutions


def test_hidden_it_rests_and_catches_up(qtbot, open_session, show, train):
    view = show(session := open_session("tiny"))
    before = picture(view)
    view.hide()
    train(session)
    started = perf_counter()
    for _ in range(1000):
        session.network_changed.emit()
    assert perf_counter() - started < 0.5
    view.show()
    assert picture(view) != before


def test_many_kernels_scroll_and_are_painted_fast(qtbot, open_layers, show):
    session = open_layers(conv2d(64, 3), relu(), conv2d(64, 3))
    view = show(session, 344, 500)
    assert view.verticalScrollBar().maximum() > 0
    assert view.horizontalScrollBar().maximum() > 0
    weight = weights_of(session)["Conv 2"]
    view.horizontalScrollBar().setValue(view.horizontalScrollBar().maximum())
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    seen = view.canvas.visibleRegion().boundingRect()
    corner = seen.bottomRight() - QPoint(16, 14)
    last = told_at(view, corner.x(), corner.y())
    assert last is not None
    assert last[1][:2] == (63, 63)
    assert last[2] == pytest.approx(weight[last[1]], rel=1e-3)
    seconds = []
    for _ in range(5):
        started = perf_counter()
        session.network_changed.emit()
        view.canvas.repaint()
        seconds.append(perf_counter() - started)
    assert min(seconds) < 0.05


def test_without_room_for_the_least_it_scrolls_sideways(open_session, show):
    view = show(open_session("numpy-cnn"), 160)
    assert view.horizontalScrollBar().maximum() > 0
    wide = show(open_session("numpy-cnn"), 300)
    assert wide.horizontalScrollBar().maximum() == 0
    assert QRect(0, 0, 300, 10).width() >= wide.canvas.width()


def test_no_height_makes_the_scroll_bar_come_and_go_for_ever(open_window, open_session, qtbot):
    window = open_window(open_session("numpy-cnn"))
    layouts = []
    lay_out = window.filters.canvas.fit

    def count(width):
        layouts.append(width)
        lay_out(width)

    window.filters.canvas.fit = count
    for height in range(880, 970, 3):
        layouts.clear()
        window.resize(1600, height)
        qtbot.wait(5)
        assert len(layouts) < 10
