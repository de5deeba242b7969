"""The network view as its user meets it: what is painted, pointed at, scrolled and kept fresh."""

import math
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QLabel

from cnnviz.core.datasets import LOADERS, Dataset, Split
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import Place
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d, relu, sigmoid
from cnnviz.ui import theme
from cnnviz.ui.network_layout import Kind
from cnnviz.ui.network_view import NetworkView
from cnnviz.ui.session import Session


@pytest.fixture
def show(qtbot):
    """Shows the view of a session in a window of its own."""

    def show_view(session, width=1100, height=640):
        view = NetworkView(session)
        qtbot.addWidget(view)
        view.resize(width, height)
        with qtbot.waitExposed(view):
            view.show()
        return view

    return show_view


@pytest.fixture
def made_of(monkeypatch):
    """Adds a data set "made" and a network "made", as a user's own would be."""

    def make(shape=(1, 12, 12), names=("a", "b", "c"), layers=None, count=80):
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
        split = Split(pixels, np.arange(count) % len(names))
        dataset = Dataset("made", "Made", split, split, tuple(names), "Made for the tests.")
        monkeypatch.setitem(LOADERS, "made", lambda: dataset)
        spec = Spec("made", "Made", shape, tuple(layers or (flatten(), dense(3))))
        monkeypatch.setitem(PRESETS, "made", spec)
        return {"data": "made", "network": "made", "batch_size": 16}

    return make


def column_named(view, name):
    return next(column for column in view.canvas.columns if column.name == name)


def cell(column, place):
    """The middle of what shows one value."""
    return column.cell(place).center()


def picture(view):
    """What the whole canvas looks like, wherever it is scrolled to."""
    return view.canvas.grab().toImage()


def color_at(image, point):
    ratio = image.devicePixelRatio()
    return image.pixelColor(int(point.x() * ratio), int(point.y() * ratio)).name()


def color_of(value, level):
    entry = 128 + round(127 * min(max(float(value) / level, -1), 1))
    return QColor(*theme.signed_table()[entry].tolist()).name()


def pixels(image):
    """The image as (H, W) numbers 0xrrggbb."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return raw[:, : image.width()] & 0xFFFFFF


def part_of(image, rect):
    ratio = image.devicePixelRatio()
    left, top, width, height = (round(ratio * edge) for edge in rect.getRect())
    return pixels(image)[max(top, 0) : top + height, max(left, 0) : left + width]


def colors_in(image, rect):
    """How often each colour occurs."""
    values, counts = np.unique(part_of(image, rect), return_counts=True)
    return {f"#{value:06x}": int(count) for value, count in zip(values, counts, strict=True)}


def bounds(image, color, rect=None):
    """The rectangle around all pixels of a colour; empty if there are none."""
    ratio = image.devicePixelRatio()
    rect = rect or QRectF(0, 0, image.width() / ratio, image.height() / ratio)
    found = np.argwhere(part_of(image, rect) == int(color[1:], 16)) / ratio
    if not len(found):
        return QRect()
    (top, left), (bottom, right) = found.min(axis=0), found.max(axis=0)
    corner = QPoint(round(left + rect.x()), round(top + rect.y()))
    return QRect(corner, QSize(round(right - left) + 1, round(bottom - top) + 1))


def numbers(text):
    """The numbers at the end of what is said."""
    return [float(part.replace("−", "-")) for part in text.rsplit(" · ", 1)[1].split(", ")]


def favour(session, wanted):
    """Makes the network see one class in everything, with 9 in 10."""
    biases = dict(session.network.named_parameters())
    session.network.vector[...] = 0
    last = session.network.layers[-1]
    share = (session.network.classes - 1) * 9
    biases[f"{last.name}.bias"][wanted] = math.log(share)
    session.choose_image(session.image_index)


# What is under the pointer.


@pytest.mark.parametrize("network", ["tiny", "numpy-cnn", "mlp", "lenet-5"])
def test_the_value_under_any_point_is_the_one_of_a_forward_pass(open_session, show, network):
    session = open_session(network)
    view = show(session, 1300)
    session.choose_image(7)
    images = session.dataset.test.images[7:8]
    logits = session.network.forward(images)[0]
    rng = np.random.default_rng(0)
    for column in view.canvas.columns:
        for _ in range(20):
            place = tuple(int(rng.integers(length)) for length in column.shape)
            text = view.canvas.value_at(cell(column, place))
            if column.kind is Kind.INPUT:
                assert numbers(text) == [pytest.approx(images[0][place], rel=1e-3)]
                assert f"x {place[2]}, y {place[1]}" in text
            elif column.kind is Kind.CLASSES:
                assert f"Class {session.dataset.class_names[place[0]]}" in text
                (logit,) = re.findall(r"logit ([−\d.e+-]+)", text)
                expected = pytest.approx(logits[place], rel=1e-3, abs=1e-5)
                assert float(logit.replace("−", "-")) == expected
                (percent,) = re.findall(r"probability ([\d.]+)\u2009%", text)
                chance = session.network.predict(images)[0][place]
                assert float(percent) == pytest.approx(100 * chance, abs=6e-4)
            else:
                value = session.inspection.outputs[column.name][place]
                assert numbers(text) == [pytest.approx(value, rel=1e-3, abs=1e-30)]
                assert text.startswith(column.title)
                what = "unit" if column.kind is Kind.UNITS else "map"
                assert f" · {what} {place[0]} · " in text


def test_all_channels_of_an_input_pixel_are_told(open_session, show, made_of):
    session = open_session(**made_of(shape=(3, 9, 12)))
    view = show(session)
    text = view.canvas.value_at(cell(view.canvas.columns[0], (0, 4, 10)))
    assert "x 10, y 4" in text
    np.testing.assert_allclose(numbers(text), session.inspection.image[:, 4, 10], atol=1e-3)


def test_between_the_tiles_there_is_nothing_to_tell(session, show):
    view = show(session)
    assert view.canvas.value_at(QPointF(2, 300)) == ""
    assert view.canvas.value_at(QPointF(300, 10)) == ""
    tiles = column_named(view, "conv1").tiles
    between = (tiles[0].bottom() + tiles[1].top()) / 2
    assert view.canvas.value_at(QPointF(tiles[0].center().x(), between)) == ""


def test_pointing_shows_the_value_in_a_plate_and_marks_it(qtbot, session, show):
    view = show(session)
    column = column_named(view, "relu1")
    selected = theme.tokens().selected
    assert bounds(picture(view), selected).isEmpty()
    qtbot.mouseMove(view.canvas, cell(column, (1, 5, 5)).toPoint())
    found = bounds(picture(view), selected)
    assert found.contains(column.cell((1, 5, 5)).toRect())
    assert found.width() > 120
    QApplication.sendEvent(view.canvas, QEvent(QEvent.Type.Leave))
    assert bounds(picture(view), selected).isEmpty()


def test_a_still_pointer_tells_the_new_value_when_the_network_learns(qtbot, session, show, train):
    view = show(session)
    column = column_named(view, "conv1")
    point = cell(column, (2, 6, 6)).toPoint()
    qtbot.mouseMove(view.canvas, point)
    before, told = view.viewport().grab().toImage(), view.canvas.value_at(QPointF(point))
    train(session)
    after = view.viewport().grab().toImage()
    plate = QRect(point.x() + 16, point.y() + 16, 200, 16)
    assert view.canvas.value_at(QPointF(point)) != told
    assert before.copy(plate) != after.copy(plate)


@pytest.mark.parametrize("corner", ["topleft", "topright", "bottomleft", "bottomright"])
def test_the_plate_is_whole_and_inside_what_is_seen(qtbot, open_session, show, corner):
    session = open_session("lenet-5")
    view = show(session, 640, 420)
    if "right" in corner:
        view.horizontalScrollBar().setValue(view.horizontalScrollBar().maximum())
    seen = view.canvas.visibleRegion().boundingRect()
    cells = [
        cell(column, place)
        for column in view.canvas.columns
        for place in {(0,) * len(column.shape), tuple(length - 1 for length in column.shape)}
    ]
    cells = [point for point in cells if seen.contains(point.toPoint())]
    place = min(
        cells,
        key=lambda point: (
            (-point.x() if "right" in corner else point.x())
            + (-point.y() if "bottom" in corner else point.y())
        ),
    )
    qtbot.mouseMove(view.canvas, place.toPoint())
    view.canvas.repaint()
    port = view.viewport()
    found = bounds(port.grab().toImage(), theme.tokens().selected)
    assert found.width() > 120
    assert port.rect().adjusted(3, 3, -3, -3).contains(found)


# What is painted.


@pytest.mark.parametrize("theme_name", ["dark", "light"])
def test_maps_units_and_kernels_have_the_colours_of_their_values(
    qapp, open_session, show, theme_name
):
    theme.apply_theme(qapp, theme_name)
    session = open_session("lenet-5")
    view = show(session, 1700, 1000)
    session.choose_image(3)
    image = picture(view)
    for column in view.canvas.columns[1:-1]:
        values = session.inspection.outputs[column.name]
        level = np.abs(values).max()
        checked = 0
        for place in np.ndindex(values.shape):
            tile = column.tiles[place[0] if column.kind is Kind.MAPS else 0]
            if column.kind is Kind.MAPS and tile.width() < 3 * values.shape[2]:
                continue  # cells too small to point at exactly
            assert color_at(image, cell(column, place)) == color_of(values[place], level)
            checked += 1
        assert checked or column.shape[-1] >= 28
    first = column_named(view, "conv1")
    weights = dict(session.network.named_parameters())["conv1.weight"][:, 0]
    for tile, kernel in zip(first.kernels, weights, strict=True):
        for (y, x), value in np.ndenumerate(kernel):
            middle = QPointF(
                tile.x() + (x + 0.5) * tile.width() / 5, tile.y() + (y + 0.5) * tile.height() / 5
            )
            assert color_at(image, middle) == color_of(value, np.abs(weights).max())


def test_the_input_is_the_chosen_image(session, show):
    view = show(session)
    session.choose_image(11)
    image, column = picture(view), view.canvas.columns[0]
    pixels = session.dataset.test.pixels[11, 0]
    for (y, x), value in np.ndenumerate(pixels):
        expected = QColor(*theme.ink_table()[value].tolist()).name()
        assert color_at(image, cell(column, (0, y, x))) == expected


def test_a_strip_ends_with_its_last_unit(open_session, show):
    session = open_session("mlp")  # 133 units do not fill their last line
    view = show(session)
    column = column_named(view, "dense1")
    assert not column.rest.isEmpty()
    assert set(colors_in(picture(view), column.rest.adjusted(1, 1, -1, -1))) == {
        theme.tokens().background
    }


@pytest.mark.parametrize("right", [True, False])
def test_bars_are_as_long_as_probabilities_and_the_label_is_marked(session, show, right):
    view = show(session)
    wanted = session.label if right else (session.label + 3) % 10
    favour(session, wanted)
    image, colors = picture(view), theme.tokens()
    assert session.inspection.probabilities[wanted] == pytest.approx(0.9, abs=1e-5)
    rows = column_named(view, session.network.layers[-1].name).tiles
    for index, row in enumerate(rows):
        y = row.center().y() - 4
        line = [color_at(image, QPointF(x, y)) for x in range(int(row.left()), int(row.right()))]
        filled, empty = line.count(colors.positive), line.count(colors.line)
        share = filled / (filled + empty)
        assert share == pytest.approx(session.inspection.probabilities[index], abs=0.03)
        name = colors_in(image, row.adjusted(0, 2, 12 - row.width(), -4))
        assert (colors.text in name) == (index == wanted), "the predicted class stands out"
        found = colors_in(image, row)
        assert (colors.good in found) == (index == session.label and right)
        assert (colors.bad in found) == (index == session.label and not right)


def test_the_predicted_name_is_bold(session, show):
    view = show(session)
    favour(session, 8)
    row = column_named(view, "dense1").tiles[8]
    name = row.adjusted(0, 0, 12 - row.width(), 0)
    background = theme.tokens().background
    bold = sum(colors_in(picture(view), name).values()) - colors_in(picture(view), name)[background]
    favour(session, 3)
    plain = (
        sum(colors_in(picture(view), name).values()) - colors_in(picture(view), name)[background]
    )
    assert bold > plain


NAMES = ["T-shirt/top", "Trouser", "A very long name of a class indeed", "i"]


@pytest.mark.parametrize("width", [500, 700, 1200])
def test_long_class_names_run_into_nothing(open_session, show, made_of, width):
    session = open_session(**made_of(names=NAMES, layers=[flatten(), dense(4)]))
    view = show(session, width)
    column = view.canvas.columns[-1]
    right = 0
    for label in range(4):
        session.choose_image(label)
        favour(session, label)
        image, colors = picture(view), theme.tokens()
        for row in column.tiles:
            y = row.center().y() - 4
            line = [color_at(image, QPointF(x, y)) for x in range(view.canvas.width())]
            bar = [x for x, found in enumerate(line) if found in (colors.line, colors.positive)]
            assert len(bar) >= 50
            before = [x for x in range(int(row.left()), bar[0] - 5) if line[x] != colors.background]
            right = max([right, *before])
            assert right < bar[0] - 5
        assert column.tiles[0].right() <= view.canvas.width() - 15
        row = column.tiles[label]
        below = row.adjusted(0, row.height() / 2 + 4, 0, 0)
        found = part_of(image, below).astype(int)
        reds, greens = found >> 16, found >> 8 & 255
        mark = np.flatnonzero((greens - reds > 25).any(axis=0))
        number = np.flatnonzero(((greens - reds < 20) & (greens > 70)).any(axis=0))
        assert len(mark) > 20
        assert len(number) > 20
        assert mark[-1] + 2 < number[0] or number[-1] + 2 < mark[0]


@pytest.mark.parametrize("classes", [11, 26, 47, 100])
def test_many_classes_stay_apart(open_session, show, made_of, classes):
    names = [str(index) for index in range(classes)]
    session = open_session(**made_of(names=names, layers=[flatten(), dense(3)], count=200))
    view = show(session, 1100, 500)
    label = classes - 2
    session.choose_image(label)
    favour(session, 1)
    image, colors = picture(view), theme.tokens()
    rows = view.canvas.columns[-1].tiles
    assert len(rows) == classes
    for one, other in pairwise(rows):
        x = (one.left() + one.right()) / 2
        between = [
            color_at(image, QPointF(x, y))
            for y in range(math.floor(one.center().y()), math.ceil(other.center().y()))
        ]
        if one.height() >= 6:
            assert colors.background in between, "bars touch"
    wrong = colors_in(image, rows[label].adjusted(-1, -3, 1, 3))
    if rows[0].height() >= 11:
        assert colors.bad in wrong


# Freshness.


def test_learning_choosing_and_another_theme_refresh_the_picture(qapp, session, show, train):
    view = show(session)

    def check():
        """Every value of the first convolution, and every kernel beside it."""
        image, column = picture(view), column_named(view, "conv1")
        values = session.inspection.outputs["conv1"]
        for place in np.ndindex(values.shape):
            expected = color_of(values[place], np.abs(values).max())
            assert color_at(image, cell(column, place)) == expected
        weights = dict(session.network.named_parameters())["conv1.weight"][:, 0]
        for tile, kernel in zip(column.kernels, weights, strict=True):
            assert color_at(image, tile.center()) == color_of(kernel[2, 2], np.abs(weights).max())
        return image

    first = check()
    session.choose_image(5)
    second = check()
    assert second != first
    train(session)
    train(session)
    assert check() != second
    theme.apply_theme(qapp, "light")
    assert color_at(check(), QPointF(3, 300)) == theme.LIGHT.background


def test_on_the_screen_it_repaints_itself(qtbot, until, session, show):
    """Without being asked for a picture."""
    view = show(session)
    painted = []

    class Listener(QObject):
        def eventFilter(self, watched, event):
            if event.type() == QEvent.Type.Paint:
                painted.append(1)
            return False

    listener = Listener()
    view.canvas.installEventFilter(listener)
    qtbot.wait(20)
    painted.clear()
    session.choose_image(2)
    until(lambda: bool(painted))
    painted.clear()
    session.step()
    until(lambda: bool(painted))


class Counted(dict):
    """Outputs that know how often they were looked at."""

    looks = 0

    def __getitem__(self, name):
        Counted.looks += 1
        return super().__getitem__(name)


def test_hidden_it_rests_and_catches_up_when_shown(qtbot, session, show):
    view = show(session)
    before = picture(view)
    view.hide()
    session.choose_image(9)
    session.inspection = replace(session.inspection, outputs=Counted(session.inspection.outputs))
    Counted.looks = 0
    for _ in range(3):
        session.network_changed.emit()
        session.times_changed.emit()
        qtbot.wait(20)
    assert Counted.looks == 0
    view.show()
    qtbot.waitUntil(lambda: Counted.looks > 0)
    assert picture(view) != before
    Counted.looks = 0
    session.times_changed.emit()
    view.canvas.repaint()
    assert Counted.looks == 0, "pictures are made again only if something has changed"


def test_numbers_that_are_none_are_shown_without_a_word_of_protest(session, show):
    view = show(session)
    session.network.vector[...] = np.inf
    session.choose_image(1)
    assert not picture(view).isNull()
    for column in view.canvas.columns:
        assert view.canvas.value_at(cell(column, (0,) * len(column.shape)))


def test_before_the_data_are_loaded_it_says_so(qtbot, show, no_threads_left):
    view = show(Session())
    words = colors_in(picture(view), view.canvas.rect().adjusted(100, 200, -100, -200))
    assert theme.tokens().muted in words
    qtbot.mouseMove(view.canvas, QPoint(300, 300))
    assert view.canvas.value_at(QPointF(300, 300)) == ""
    assert bounds(picture(view), theme.tokens().selected).isEmpty()


def test_every_view_says_the_same_of_one_probability(open_window, open_session):
    window = open_window(open_session())
    session, sure = window.session, np.full(10, 0.00001, np.float32)
    sure[3] = 0.99991
    session.inspection = replace(session.inspection, probabilities=sure)
    session.times_changed.emit()
    canvas, place = window.network.canvas, Place(window.network.canvas.columns[-1].name, (3,))
    canvas._tell()
    said = "> 99.9 %"
    told = window.digits.findChildren(QLabel)[-1].text(), canvas._classes._words[3].number
    assert all(said in re.sub(r"\s", " ", text) for text in told)
    assert "probability 99.991\u2009%" in canvas.in_words(place)
    sure[3] = 0.9999999
    assert "probability >\u200999.999\u2009%" in canvas.in_words(place)


def test_another_network_is_laid_out_at_once(qtbot, open_session, show, made_of):
    names = made_of(
        shape=(1, 28, 28), layers=[conv2d(3, 3), sigmoid(), max_pool2d(2), flatten(), dense(3)]
    )
    session = open_session("lenet-5")
    view = show(session)
    picture(view)
    request = replace(session.request, data="made", network="made")
    request = replace(request, settings=replace(request.settings, batch_size=names["batch_size"]))
    with qtbot.waitSignal(session.run_changed, timeout=20_000):
        session.open_run(request)
    titles = [column.title for column in view.canvas.columns]
    assert titles == ["Input", "Conv 1", "Sigmoid 1", "Max pool 1", "Softmax"]
    picture(view)
    for column in view.canvas.columns:
        assert view.canvas.value_at(cell(column, (0,) * len(column.shape)))


@pytest.mark.parametrize(
    "layers",
    [
        [conv2d(3, 12), flatten()],
        [conv2d(3, 12), relu(), flatten()],
        [flatten(), dense(3)],
        [flatten(), dense(5), relu(), dense(3), sigmoid()],
        [conv2d(2, (1, 7)), flatten(), dense(3)],
        [max_pool2d(3), flatten(), dense(3)],
    ],
)
def test_unusual_networks_show_their_probabilities_too(open_session, show, made_of, layers):
    session = open_session(**made_of(layers=layers))
    view = show(session)
    picture(view)
    assert view.canvas.columns[-1].kind is Kind.CLASSES
    for column in view.canvas.columns:
        last = tuple(length - 1 for length in column.shape)
        assert view.canvas.value_at(cell(column, last))


# Room.


def test_a_network_wider_than_the_window_scrolls_to_its_end(qtbot, open_session, show):
    view = show(open_session("lenet-5"), 640, 480)
    bar = view.horizontalScrollBar()
    assert bar.maximum() > 0
    assert view.verticalScrollBar().maximum() == 0
    last = column_named(view, "dense3").tiles[0]
    assert not view.canvas.visibleRegion().contains(last.center().toPoint())
    bar.setValue(bar.maximum())
    qtbot.wait(10)
    assert view.canvas.visibleRegion().contains(last.center().toPoint())
    assert view.canvas.value_at(last.center()).startswith("Class 0")


def test_growing_and_shrinking_lays_it_out_anew(qtbot, session, show):
    view = show(session, 700, 420)
    small = column_named(view, "conv1").tiles[0].width()
    view.resize(1500, 900)
    qtbot.waitUntil(lambda: column_named(view, "conv1").tiles[0].width() > small)
    assert view.horizontalScrollBar().maximum() == 0
    view.resize(700, 420)
    qtbot.waitUntil(lambda: column_named(view, "conv1").tiles[0].width() == small)


def test_headers_do_not_run_into_each_other(open_session, show):
    for network in PRESETS:
        session = open_session(network)
        view = show(session, 640, 480)
        columns, bold = view.canvas.columns, theme.font(theme.FONT_SIZE)
        assert bold.pixelSize() == theme.FONT_SIZE
        image = picture(view)
        for one, other in pairwise(columns):
            gap = QRect(int(other.x) - 6, 12, 4, 44)
            assert set(colors_in(image, gap)) == {theme.tokens().background}, (network, one.title)


def test_times_are_drawn_on_one_scale_for_all_layers(until, open_session, show):
    session = open_session("tiny", batch_size=64)
    view = show(session)
    session.epoch()
    until(lambda: session.times.batches > 0)
    image, colors = picture(view), theme.tokens()
    rows = session.times.milliseconds
    lengths = {}
    for column in view.canvas.columns[1:]:
        found = colors_in(image, QRect(int(column.x), 63, 60, 1))
        lengths[column.name] = found.get(colors.negative, 0) + found.get(colors.positive, 0)
    total = {name: rows[name, "forward"] + rows[name, "backward"] for name in lengths}
    slowest = max(total, key=lambda name: total[name])
    for name, length in lengths.items():
        assert length / lengths[slowest] == pytest.approx(total[name] / total[slowest], abs=0.07)


def test_it_can_be_reached_by_those_who_do_not_see(session, show):
    view = show(session)
    assert view.accessibleName()
    assert view.focusPolicy() == Qt.FocusPolicy.NoFocus
