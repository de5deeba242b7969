"""Saved pictures and numbers are read back: pixels of known widgets, floats to the bit."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from cnnviz.core.errors import CnnvizError
from cnnviz.ui import theme
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, draw_part
from cnnviz.ui.widgets.posing import posed_area
from cnnviz.ui.widgets.saving import save_numbers, save_picture, take_picture

VALUES = np.array([[[1, -1], [0, 0.5]], [[-0.5, 0], [1, 1]]], np.float32)
"""Two maps of 2 × 2."""
ODD = [np.nan, np.inf, -np.inf, -0.0, 0.1, 1 / 3, 1e-45, 3.4028235e38, 16777217.0]


class Maps(QWidget):
    """Two known maps, one below the other, 20 pixels a value, and a word."""

    def __init__(self):
        super().__init__()
        self.mosaics = Mosaics({"it": Grid(2, 1, 2, 2)})
        self.posed = []
        self.resize(100, 120)

    def paintEvent(self, event):
        self.posed.append(posed_area(self))
        self.mosaics.show({"it": VALUES})
        painter = QPainter(self)
        for number in range(2):
            place = QRectF(10, 10 + 50 * number, 40, 40)
            draw_part(painter, place, self.mosaics.images["it"], QRectF(0, 2 * number, 2, 2))
        painter.setFont(theme.font())
        painter.setPen(theme.color(theme.tokens().text))
        painter.drawText(QPointF(60, 30), "<&>")
        painter.end()


@pytest.fixture(params=sorted(theme.THEMES))
def maps(request, qapp, qtbot):
    """The widget, in either theme."""
    theme.apply_theme(qapp, request.param)
    widget = Maps()
    qtbot.addWidget(widget)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def drawn(svg, factor=1):
    """What Qt makes of an SVG, on a ground that nothing else has."""
    renderer = QSvgRenderer(str(svg))
    assert renderer.isValid()
    image = QImage(renderer.defaultSize() * factor, QImage.Format.Format_RGB32)
    image.fill(QColor("magenta"))
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


def color_of(value):
    return QColor(*theme.signed_table()[128 + round(127 * value)].tolist()).name()


def colors_of_maps(image, factor):
    """The colours of the values in both maps, in the order of VALUES."""
    places = [(20 + 20 * x, 20 + 20 * y + 50 * number) for number, y, x in np.ndindex(2, 2, 2)]
    return [image.pixelColor(factor * x, factor * y).name() for x, y in places]


EXPECTED = VALUES.ravel().tolist()


# Pictures.


def test_a_png_has_two_pixels_for_each_one_and_the_colours_of_the_maps(maps, tmp_path):
    save_picture(maps, tmp_path / "it.png")
    image = QImage(str(tmp_path / "it.png"))
    assert (image.width(), image.height()) == (200, 240)
    assert colors_of_maps(image, 2) == [color_of(value) for value in EXPECTED]
    assert image.pixelColor(1, 1).name() == theme.tokens().background


def test_an_svg_is_xml_and_looks_like_the_widget(maps, tmp_path):
    save_picture(maps, tmp_path / "it.svg")
    root = ET.parse(tmp_path / "it.svg").getroot()
    assert (root.get("width"), root.get("height")) == ("100", "120")
    assert any(each.get("aria-label") == "<&>" for each in root.iter())
    image = drawn(tmp_path / "it.svg", 2)
    assert colors_of_maps(image, 2) == [color_of(value) for value in EXPECTED]
    assert image.pixelColor(1, 1).name() == theme.tokens().background


def test_text_in_an_svg_is_where_it_is_in_the_png(maps, tmp_path):
    save_picture(maps, tmp_path / "it.png")
    save_picture(maps, tmp_path / "it.svg")
    boxes = []
    for image in (QImage(str(tmp_path / "it.png")), drawn(tmp_path / "it.svg", 2)):
        part = image.copy(QRect(110, 0, 90, 240))
        ground = theme.tokens().background
        inked = np.array(
            [[part.pixelColor(x, y).name() != ground for x in range(90)] for y in range(240)]
        )
        rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
        boxes.append((rows[0], rows[-1], columns[0], columns[-1]))
    assert np.ptp(boxes, axis=0).max() <= 2


@pytest.mark.parametrize("name", ["part.png", "part.svg"])
def test_a_part_of_a_widget(name, maps, tmp_path):
    save_picture(maps, tmp_path / name, QRect(10, 60, 40, 40))
    file = tmp_path / name
    image = QImage(str(file)) if name.endswith("png") else drawn(file, 2)
    assert (image.width(), image.height()) == (80, 80)
    found = [image.pixelColor(20 + 40 * x, 20 + 40 * y).name() for y in (0, 1) for x in (0, 1)]
    assert found == [color_of(value) for value in EXPECTED[4:]]


def test_a_widget_knows_that_it_is_painted_for_a_file_and_when_it_is_over(maps):
    take_picture(maps, QRect(0, 0, 50, 50))
    assert maps.posed[-1] == QRect(0, 0, 50, 50)
    assert posed_area(maps) is None


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_what_is_scrolled_out_of_sight_does_not_cover_its_neighbours(suffix, qtbot, tmp_path):
    window, area, neighbour = QWidget(), QScrollArea(), QLabel()
    inner = QWidget()
    inner.setFixedSize(300, 600)
    for widget, value in ((inner, "#ff0000"), (neighbour, "#00ff00")):
        widget.setStyleSheet(f"background: {value};")
    area.setWidget(inner)
    area.setFixedHeight(100)
    column = QVBoxLayout(window)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(neighbour)
    column.addWidget(area)
    qtbot.addWidget(window)
    window.resize(200, 200)
    with qtbot.waitExposed(window):
        window.show()
    area.verticalScrollBar().setValue(250)
    file = tmp_path / f"it{suffix}"
    save_picture(window, file)
    image = QImage(str(file)) if suffix == ".png" else drawn(file, 2)
    assert image.pixelColor(100, 60).name() == "#00ff00"
    assert image.pixelColor(100, 300).name() == "#ff0000"
    save_picture(inner, file)  # and this is all of it
    image = QImage(str(file)) if suffix == ".png" else drawn(file, 2)
    assert (image.width(), image.height()) == (600, 1200)
    assert {image.pixelColor(x, y).name() for x in (5, 590) for y in (5, 1190)} == {"#ff0000"}


# Numbers.


def bits(array):
    """Of floats; every NaN counts as the same, for text has only one."""
    return np.where(np.isnan(array), np.float32(np.nan), array).view(np.uint32).tolist()


def read_list(file):
    """A CSV with a heading as an array."""
    heading, *lines = file.read_text().splitlines()
    rows = [line.split(",") for line in lines]
    index = np.array([[int(part) for part in row[:-1]] for row in rows])
    values = np.zeros(index.max(axis=0) + 1, np.float32)
    for place, row in zip(index, rows, strict=True):
        values[tuple(place)] = np.float32(row[-1])
    return heading, values


def odd(shape):
    """Floats of all kinds in this shape."""
    return np.resize(np.array(ODD, np.float32), shape)


@pytest.mark.parametrize("shape", [(24, 24), (1, 9), (9, 1)])
def test_a_map_in_a_csv_is_a_table_read_back_to_the_bit(shape, tmp_path):
    save_numbers(odd(shape), tmp_path / "it.csv")
    back = np.loadtxt(tmp_path / "it.csv", np.float32, delimiter=",", ndmin=2)
    assert back.shape == shape
    assert bits(back) == bits(odd(shape))


@pytest.mark.parametrize(
    ("shape", "heading"),
    [
        ((10,), "unit,value"),
        ((1, 5, 5), "channel,y,x,value"),
        ((8, 5, 3), "channel,y,x,value"),
        ((4, 3, 2, 5), "filter,channel,y,x,value"),
    ],
)
def test_more_axes_in_a_csv_are_a_list_read_back_to_the_bit(shape, heading, tmp_path):
    save_numbers(odd(shape), tmp_path / "it.csv")
    found, back = read_list(tmp_path / "it.csv")
    assert found == heading
    assert back.shape == shape
    assert bits(back) == bits(odd(shape))


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=6)))
@settings(max_examples=60, deadline=None)
def test_any_floats_survive_a_csv_even_by_way_of_float64(tmp_path_factory, array):
    file = tmp_path_factory.mktemp("csv") / "it.csv"
    save_numbers(array, file)
    with np.errstate(over="ignore"):
        back = np.loadtxt(file, np.float64, delimiter=",", ndmin=2).astype(np.float32)
    assert bits(back) == bits(array)


@given(st.sampled_from([(24, 24), (1, 5, 5), (8, 6, 5, 5), (128,)]), st.booleans())
@settings(max_examples=8, deadline=None)
def test_npy_keeps_every_bit(tmp_path_factory, shape, turned):
    array = odd(shape)
    array = array.T if turned else array
    file = tmp_path_factory.mktemp("npy") / "it.npy"
    save_numbers(array, file)
    back = np.load(file, allow_pickle=False)
    assert back.dtype == np.float32
    assert np.array_equal(back.view(np.uint32), np.ascontiguousarray(array).view(np.uint32))


# Where it cannot be.


@pytest.mark.parametrize("name", ["it.jpg", "it", "it.csv", ".png"])
def test_an_unknown_end_names_the_known_ones(name, maps, tmp_path):
    with pytest.raises(CnnvizError, match=r"\.png or \.svg"):
        save_picture(maps, tmp_path / name)
    with pytest.raises(CnnvizError, match=r"\.csv or \.npy"):
        save_numbers(VALUES, tmp_path / "it.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a map of Conv 2.csv", "数字 é ±.CSV", "batch 1.5.Npy"])
def test_names_with_spaces_and_letters_of_any_language(name, tmp_path):
    save_numbers(VALUES[0], tmp_path / name)
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_folder_that_is_not_there_or_is_none_is_said(tmp_path):
    (tmp_path / "file").write_text("kept")
    for folder in ("gone", "file"):
        with pytest.raises(CnnvizError, match=folder):
            save_numbers(VALUES, tmp_path / folder / "it.csv")
    assert (tmp_path / "file").read_text() == "kept"


def test_a_file_that_is_read_only_stays_as_it_is(tmp_path):
    file = tmp_path / "it.csv"
    file.write_text("kept")
    file.chmod(0o444)
    with pytest.raises(CnnvizError, match="read-only"):
        save_numbers(VALUES, file)
    assert file.read_text() == "kept"


def test_a_folder_in_the_place_of_the_file_is_said(tmp_path):
    (tmp_path / "it.csv").mkdir()
    with pytest.raises(CnnvizError, match="it is a folder"):
        save_numbers(VALUES, tmp_path / "it.csv")


def test_the_old_file_survives_a_write_that_fails(tmp_path, monkeypatch):
    file = tmp_path / "it.csv"
    file.write_text("kept")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CnnvizError, match="No space left on device"):
        save_numbers(VALUES, file)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("it.csv", "kept")]


def test_a_picture_is_of_the_moment_when_it_was_taken(maps, tmp_path):
    picture = take_picture(maps)
    maps.setAttribute(Qt.WidgetAttribute.WA_UpdatesDisabled)
    maps.resize(10, 10)
    picture.save(tmp_path / "it.png")
    assert QImage(str(tmp_path / "it.png")).width() == 200
