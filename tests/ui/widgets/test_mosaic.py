"""Pictures of known numbers, pixel by pixel: the one colour language."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PySide6.QtGui import QColor, QImage

from cnnviz.ui import theme
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, ink_image, picture, rgb_image


@pytest.fixture(params=sorted(theme.THEMES))
def colors(request, qapp):
    """The tokens of either theme, in use."""
    theme.apply_theme(qapp, request.param)
    return theme.tokens()


def pixels(image):
    """The image as (H, W, 3)."""
    assert image.format() == QImage.Format.Format_RGB32
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return raw[:, : image.width(), 2::-1].astype(int)


def rgb(value):
    color = QColor(value)
    return np.array([color.red(), color.green(), color.blue()])


def floats(*values):
    return np.array([values], np.float32)


def shown(values, grid=None):
    """The picture of these values as (H, W, 3), and its level."""
    mosaics = Mosaics({"it": grid or Grid(1, 1, *values.shape)})
    mosaics.show({"it": values})
    return pixels(mosaics.images["it"]), mosaics.levels["it"]


# Signed values.


def test_zero_is_the_ground_and_the_levels_are_the_full_colours(colors):
    found, level = shown(floats(0, 2.5, -2.5))
    assert level == 2.5
    expected = [rgb(color) for color in (colors.surface, colors.positive, colors.negative)]
    np.testing.assert_array_equal(found[0], expected)


def test_half_way_is_half_way_between(colors):
    found, _ = shown(floats(1.25, -1.25, 2.5))
    for color, end in zip(found[0], (colors.positive, colors.negative), strict=False):
        np.testing.assert_allclose(color, (rgb(colors.surface) + rgb(end)) / 2, atol=1.5)


def test_more_is_never_paler(colors):
    found, _ = shown(np.linspace(-1, 1, 501, dtype=np.float32)[None])
    away = np.abs(found[0] - rgb(colors.surface)).sum(axis=1)
    assert (np.diff(away[:251]) <= 0).all()
    assert (np.diff(away[250:]) >= 0).all()
    np.testing.assert_array_equal(away == 0, np.abs(np.linspace(-1, 1, 501)) < 0.5 / 127)


def test_the_two_signs_are_equally_strong(colors):
    up, _ = shown(np.linspace(0, 1, 99, dtype=np.float32)[None])
    down, _ = shown(-np.linspace(0, 1, 99, dtype=np.float32)[None])
    ground = rgb(colors.surface)
    share_up = (up[0] - ground).sum(axis=1) / (rgb(colors.positive) - ground).sum()
    span = rgb(colors.negative) - ground
    share_down = ((down[0] - ground) @ span) / (span @ span)
    np.testing.assert_allclose(share_up, share_down, atol=0.03)


def test_infinities_have_the_full_colours_and_what_is_no_number_is_as_zero(colors):
    found, level = shown(floats(2, np.inf, -np.inf, np.nan))
    assert level == 2
    names = (colors.positive, colors.positive, colors.negative, colors.surface)
    np.testing.assert_array_equal(found[0], [rgb(name) for name in names])


@settings(deadline=None, max_examples=200)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 7)),
        elements=st.floats(width=32),
    )
)
def test_any_numbers_make_a_picture_without_a_warning(values):
    before = values.copy()
    found, level = shown(values)
    assert np.isfinite(level)
    tokens = theme.tokens()
    assert (found[np.isnan(values) | (values == 0)] == rgb(tokens.surface)).all()
    if level > 0:
        assert (found[values >= level] == rgb(tokens.positive)).all()
        assert (found[values <= -level] == rgb(tokens.negative)).all()
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(
    ("values", "level"),
    [
        ((0.5, -2, 1), 2),
        ((0.5, np.inf, np.nan, -1), 1),
        ((0, 0), 0),
        ((np.nan, np.inf), 1),
    ],
)
def test_the_level_is_the_greatest_finite_magnitude(values, level):
    assert shown(floats(*values))[1] == level


def test_each_picture_has_a_scale_of_its_own(colors):
    mosaics = Mosaics(
        {"small": Grid(1, 1, 1, 2), "odd": Grid(1, 1, 1, 1), "large": Grid(1, 1, 1, 3)}
    )
    mosaics.show({"small": floats(0.1, 0), "odd": floats(np.nan), "large": floats(0, 0, -50)})
    assert mosaics.levels == pytest.approx({"small": 0.1, "odd": 1, "large": 50})
    np.testing.assert_array_equal(pixels(mosaics.images["small"])[0, 0], rgb(colors.positive))
    np.testing.assert_array_equal(pixels(mosaics.images["large"])[0, 2], rgb(colors.negative))
    np.testing.assert_array_equal(pixels(mosaics.images["odd"])[0, 0], rgb(colors.surface))


def test_the_same_image_shows_what_came_last_in_the_colours_of_the_theme(qapp, colors):
    mosaics = Mosaics({"it": Grid(1, 1, 1, 2)})
    image = mosaics.images["it"]
    mosaics.show({"it": floats(1, -1)})
    np.testing.assert_array_equal(pixels(image)[0, 0], rgb(colors.positive))
    mosaics.show({"it": floats(-1, np.nan)})
    np.testing.assert_array_equal(pixels(image)[0, 0], rgb(colors.negative))
    for name in theme.THEMES:
        theme.apply_theme(qapp, name)
        mosaics.show({"it": floats(1, 0)})
        expected = [rgb(theme.tokens().positive), rgb(theme.tokens().surface)]
        np.testing.assert_array_equal(pixels(image)[0], expected)


def test_values_that_are_not_contiguous_are_drawn_as_they_are(colors):
    values = np.arange(12, dtype=np.float32).reshape(3, 4) - 6
    np.testing.assert_array_equal(shown(values.T)[0], shown(values.T.copy())[0])


def test_without_pictures_there_is_nothing_to_show():
    Mosaics({}).show({})


# Tiles.


def test_maps_stand_below_each_other_in_order(colors):
    maps = np.zeros((3, 2, 2), np.float32)
    maps[1, 0, 1] = 1
    maps[2, 1, 0] = -1
    found, _ = shown(maps, Grid(3, 1, 2, 2))
    assert found.shape == (6, 2, 3)
    np.testing.assert_array_equal(found[2, 1], rgb(colors.positive))
    np.testing.assert_array_equal(found[5, 0], rgb(colors.negative))
    assert (found != rgb(colors.surface)).any(axis=-1).sum() == 2


@pytest.mark.parametrize("shape", [(2, 3, 5, 5), (1, 1, 3, 3), (4, 2, 1, 1), (3, 2, 2, 5)])
def test_kernels_stand_in_rows_and_columns_with_gaps_of_the_background(colors, shape):
    rows, columns, height, width = shape
    rng = np.random.default_rng(0)
    tiles = rng.uniform(-1, 1, shape).astype(np.float32)
    found, _ = shown(tiles, Grid(rows, columns, height, width, gap=1))
    assert found.shape[:2] == (rows * (height + 1) - 1, columns * (width + 1) - 1)
    alone, _ = shown(tiles.reshape(-1, width))
    is_gap = np.ones(found.shape[:2], bool)
    for k, (row, column) in enumerate(np.ndindex(rows, columns)):
        y, x = row * (height + 1), column * (width + 1)
        tile = found[y : y + height, x : x + width]
        np.testing.assert_array_equal(tile, alone[k * height : (k + 1) * height])
        is_gap[y : y + height, x : x + width] = False
    assert (found[is_gap] == rgb(colors.background)).all()


def test_a_last_row_that_is_not_full_ends_in_the_background(colors):
    found, _ = shown(np.ones(5, np.float32), Grid(2, 3, 1, 1, count=5))
    assert (found.reshape(-1, 3)[:5] == rgb(colors.positive)).all()
    assert (found[1, 2] == rgb(colors.background)).all()


# Images.


def test_ink_goes_from_paper_to_ink(colors):
    found = ink_image(floats(0, 0.5, 1))
    assert found.pixelColor(0, 0).name() == colors.paper
    assert found.pixelColor(2, 0).name() == colors.ink
    half = (rgb(colors.paper) + rgb(colors.ink)) / 2
    np.testing.assert_allclose(pixels(found)[0, 1], half, atol=1)


def test_every_pixel_of_a_file_comes_back_exactly(colors):
    """As datasets make floats of bytes: k · (1/255) in float32."""
    stored = np.arange(256, dtype=np.uint8)
    values = stored.astype(np.float32) * np.float32(1 / 255)
    found = pixels(rgb_image(np.stack([values[None], values[None, ::-1], values[None]])))[0]
    np.testing.assert_array_equal(found, np.stack([stored, stored[::-1], stored], axis=1))
    np.testing.assert_array_equal(pixels(ink_image(values[None]))[0], theme.ink_table()[stored])


def test_one_channel_is_ink_three_are_colours_others_their_mean(colors):
    one = np.array([[[0, 1]]], np.float32)
    np.testing.assert_array_equal(pixels(picture(one)), pixels(ink_image(one[0])))
    three = np.array([[[1, 0]], [[0, 1]], [[0, 0.2]]], np.float32)
    assert pixels(picture(three)).tolist() == [[[255, 0, 0], [0, 255, 51]]]
    two = np.array([[[1, 0]], [[0, 0]]], np.float32)
    np.testing.assert_array_equal(pixels(picture(two)), pixels(ink_image(floats(0.5, 0))))
