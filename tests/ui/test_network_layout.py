"""The geometry of the network view, for any network in any window."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF

from cnnviz.core.layers import build_layers
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import arctan, conv2d, dense, flatten, max_pool2d, relu, sigmoid
from cnnviz.ui.network_layout import (
    FOOTER,
    GAP,
    HEADER,
    LEAST_TILE,
    MARGIN,
    Kind,
    arrange,
    make_columns,
    times,
)

TEXT = 60.0
SIZES = st.builds(QSizeF, st.floats(600, 4000), st.floats(400, 2200))


def lay_out(network, size, text=lambda column: TEXT):
    """Columns in place, and the size that they need."""
    input_shape, layer_specs = network
    layers = build_layers(input_shape, tuple(layer_specs))
    columns = make_columns(input_shape, layers)
    return columns, arrange(columns, layers, size, text)


@st.composite
def networks(draw, greatest=64):
    """(input shape, layer specs): none to five convolutions or poolings, then dense layers."""
    height, width = draw(st.integers(5, 64)), draw(st.integers(5, 64))
    shape = (draw(st.sampled_from([1, 2, 3])), height, width)
    layers = []
    for _ in range(draw(st.integers(0, 5))):
        if draw(st.booleans()):
            kernel = draw(st.integers(1, min(5, height))), draw(st.integers(1, min(5, width)))
            stride, padding = draw(st.integers(1, 2)), draw(st.integers(0, 1))
            layers.append(conv2d(draw(st.integers(1, greatest)), kernel, stride, padding))
            height, width = (
                (length + 2 * padding - k) // stride + 1
                for length, k in zip((height, width), kernel, strict=True)
            )
        elif min(height, width) >= 2:
            layers.append(max_pool2d(2))
            height, width = height // 2, width // 2
        if draw(st.booleans()):
            layers.append(draw(st.sampled_from([relu(), sigmoid(), arctan()])))
    layers.append(flatten())
    for _ in range(draw(st.integers(0, 2))):
        layers += [dense(draw(st.integers(1, 700))), relu()]
    layers.append(dense(draw(st.integers(2, 30))))
    return shape, layers


def rectangles(columns):
    """Every rectangle once; the channels of an input share theirs."""
    for column in columns:
        tiles = column.tiles[:1] if column.kind is Kind.INPUT else column.tiles
        yield from tiles
        yield from column.kernels


def overlap(one, other):
    """By more than rounding."""
    common = one.intersected(other)
    return common.width() > 1e-6 and common.height() > 1e-6


PROPERTY = settings(deadline=None, max_examples=40)


@PROPERTY
@given(networks(), SIZES)
def test_everything_is_inside_below_the_headers_and_above_the_scales(network, size):
    columns, needed = lay_out(network, size)
    assert needed.width() >= size.width()
    assert needed.height() >= size.height()
    room = QRectF(0, HEADER, needed.width(), needed.height() - HEADER - FOOTER)
    room.adjust(MARGIN - 1e-6, -1e-6, 1e-6 - MARGIN, 1e-6)
    for rectangle in rectangles(columns):
        assert rectangle.width() > 0
        assert rectangle.height() > 0
        assert room.contains(rectangle)


@PROPERTY
@given(networks(), SIZES)
def test_nothing_overlaps(network, size):
    columns, _ = lay_out(network, size)
    for column in columns:
        found = list(rectangles([column]))
        for place, one in enumerate(found):
            assert not any(overlap(one, other) for other in found[place + 1 :])


@PROPERTY
@given(networks(), SIZES, st.floats(10, 130))
def test_columns_stand_in_order_with_room_for_their_texts(network, size, text):
    columns, needed = lay_out(network, size, lambda column: text)
    assert columns[0].x == pytest.approx(MARGIN, abs=1)
    for one, other in pairwise(columns):
        assert one.x + one.width + GAP <= other.x + 1
    for column in columns:
        assert column.width >= text
        assert column.x + column.width <= needed.width() - MARGIN + 1
        for rectangle in rectangles([column]):
            assert column.x - 1e-6 <= rectangle.left()
            assert rectangle.right() <= column.x + column.width + 1e-6


@PROPERTY
@given(networks(), SIZES, st.data())
def test_the_value_under_a_point_is_the_one_painted_there(network, size, data):
    columns, _ = lay_out(network, size)
    for column in columns:
        tile = data.draw(st.integers(0, len(column.tiles) - 1))
        rect = column.tiles[tile]
        if column.kind is Kind.CLASSES:
            assert column.at(rect.center()) == (tile,)
            continue
        if column.kind is Kind.UNITS:
            unit = data.draw(st.integers(0, column.shape[0] - 1))
            rows, across = math.ceil(column.shape[0] / column.unit_columns), column.unit_columns
            y, x = divmod(unit, across)
            place: tuple[int, ...] = (unit,)
        else:
            rows, across = column.shape[1:]
            y, x = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, across - 1))
            place = (0 if column.kind is Kind.INPUT else tile, y, x)
        center = QPointF(
            rect.x() + (x + 0.5) * rect.width() / across,
            rect.y() + (y + 0.5) * rect.height() / rows,
        )
        assert column.at(center) == place


@PROPERTY
@given(networks(), SIZES)
def test_edges_and_corners_belong_to_a_value_of_their_tile_or_to_none(network, size):
    columns, _ = lay_out(network, size)
    for column in columns:
        for index, tile in enumerate(column.tiles):
            for corner in (
                tile.topLeft(),
                tile.topRight(),
                tile.bottomLeft(),
                tile.bottomRight(),
            ):
                place = column.at(corner)
                if column.kind is Kind.UNITS:
                    assert place is None or place[0] < column.shape[0]
                    continue
                if column.kind is Kind.CLASSES:
                    assert place is not None
                    assert abs(place[0] - index) <= 1
                    continue
                assert place is not None
                assert all(0 <= at < of for at, of in zip(place, column.shape, strict=True))


@pytest.mark.parametrize("units", [1, 7, 10, 133, 128])
def test_the_right_edge_of_a_strip_is_its_last_column(units):
    columns, _ = lay_out(((1, 8, 8), [flatten(), dense(units), dense(3)]), QSizeF(900, 600))
    strip = columns[1]
    tile = strip.tiles[0]
    cell = tile.height() / math.ceil(units / strip.unit_columns)
    assert strip.at(QPointF(tile.right(), tile.top() + cell / 2)) == (strip.unit_columns - 1,)


@pytest.mark.parametrize("units", [7, 133])
def test_there_is_nothing_after_the_last_unit(units):
    columns, _ = lay_out(((1, 8, 8), [flatten(), dense(units), dense(3)]), QSizeF(900, 600))
    strip = columns[1]
    rows = math.ceil(units / strip.unit_columns)
    empty = rows * strip.unit_columns - units
    tile = strip.tiles[0]
    cell = QSizeF(tile.width() / strip.unit_columns, tile.height() / rows)
    for place in range(empty):
        x = tile.right() - (place + 0.5) * cell.width()
        assert strip.at(QPointF(x, tile.bottom() - cell.height() / 2)) is None


@PROPERTY
@given(networks(), SIZES, st.floats(0, 4000), st.floats(0, 2200))
def test_a_point_outside_all_tiles_is_nothing(network, size, x, y):
    columns, _ = lay_out(network, size)
    point = QPointF(x, y)
    inside = [any(tile.contains(point) for tile in column.tiles) for column in columns]
    for column, within in zip(columns, inside, strict=True):
        assert within or column.at(point) is None


@PROPERTY
@given(st.integers(1, 8), SIZES, st.sampled_from([1, 3]))
def test_up_to_eight_maps_stay_in_one_stack(maps, size, channels):
    network = ((channels, 28, 28), [conv2d(maps, 5), relu(), flatten(), dense(10)])
    columns, _ = lay_out(network, size)
    for column in columns[1:3]:
        assert len(column.tiles) == maps
        assert len({tile.x() for tile in column.tiles}) == 1
        heights = [tile.y() for tile in column.tiles]
        assert heights == sorted(heights)


@PROPERTY
@given(networks(), SIZES)
def test_pictures_keep_their_proportions(network, size):
    columns, _ = lay_out(network, size)
    for column in columns:
        if column.kind in (Kind.INPUT, Kind.MAPS):
            height, width = column.shape[1:]
            for tile in column.tiles:
                # To the whole pixel: a picture of 5×64 is a strip.
                assert abs(tile.width() - tile.height() * width / height) <= max(width / height, 1)


@PROPERTY
@given(
    st.integers(1, 7),
    st.integers(1, 7),
    SIZES,
)
def test_kernels_keep_their_proportions(kernel_h, kernel_w, size):
    network = ((1, 28, 28), [conv2d(6, (kernel_h, kernel_w)), flatten(), dense(10)])
    columns, _ = lay_out(network, size)
    for kernel in columns[1].kernels:
        assert kernel.width() / kernel.height() == pytest.approx(kernel_w / kernel_h)


@PROPERTY
@given(networks(), SIZES)
def test_a_convolution_has_its_kernels_beside_its_maps(network, size):
    columns, _ = lay_out(network, size)
    for column in columns:
        beside = column.name.startswith("conv") and column.kind is Kind.MAPS
        assert len(column.kernels) == (len(column.tiles) if beside else 0)
        for kernel, tile in zip(column.kernels, column.tiles, strict=False):
            assert kernel.right() < tile.left()
            assert kernel.center().y() == pytest.approx(tile.center().y(), abs=1)


@PROPERTY
@given(networks(greatest=8), SIZES)
def test_maps_are_large_enough_to_be_seen(network, size):
    columns, _ = lay_out(network, size)
    for column in columns:
        if column.kind is Kind.MAPS:
            least = LEAST_TILE * (0.8 if column.name.startswith("pool") else 1) - 1
            assert max(column.tiles[0].width(), column.tiles[0].height()) >= least


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_fits_the_default_window(name):
    spec = PRESETS[name]
    _, needed = lay_out((spec.input_shape, spec.layers), QSizeF(1022, 640))
    assert needed.width() == 1022
    assert needed.height() == 640


def test_columns_name_what_they_show():
    spec = PRESETS["numpy-cnn"]
    columns = make_columns(spec.input_shape, build_layers(spec.input_shape, spec.layers))
    assert [column.title for column in columns] == [
        "Input",
        "Conv 1",
        "ReLU 1",
        "Conv 2",
        "ReLU 2",
        "Max pool 1",
        "Dense 1",
        "ReLU 3",
        "Softmax",
    ]
    assert columns[0].lines == ("1 × 28 × 28",)
    assert columns[1].lines == ("8 × 24 × 24", "5×5 · 208 par.")
    assert columns[5].lines == ("8 × 10 × 10", "2×2 stride 2")
    assert columns[6].lines == ("128", "102\u2009528 par.")
    assert columns[8].lines == ("Dense 2 · 10", "1\u2009290 par.")
    assert columns[8].kind is Kind.CLASSES


@pytest.mark.parametrize(
    "layers",
    [
        [conv2d(10, 8), flatten()],
        [conv2d(4, 3), max_pool2d(6), flatten(), relu()],
        [flatten()],
    ],
)
def test_a_network_without_a_dense_layer_at_its_end_has_its_classes_too(layers):
    columns, _ = lay_out(((1, 8, 8), layers), QSizeF(900, 600))
    assert columns[-1].kind is Kind.CLASSES
    assert len(columns[-1].tiles) == columns[-1].shape[0]


def test_sizes_are_said_with_spaces():
    assert times((8, 24, 24)) == "8 × 24 × 24"
    assert times((10,)) == "10"


def test_where_whole_texts_are_too_wide_titles_have_to_fit():
    layers = [conv2d(4, 3), relu(), conv2d(4, 3), relu(), flatten(), dense(10)]
    built = build_layers((1, 28, 28), tuple(layers))
    columns, size = make_columns((1, 28, 28), built), QSizeF(760, 500)
    wide = arrange(columns, built, size, lambda column: 200.0)
    assert wide.width() > size.width()
    narrow = arrange(columns, built, size, lambda column: 200.0, 1.0, lambda column: 60.0)
    assert narrow.width() == size.width()
