"""Pictures of known numbers, pixel by pixel: the one colour language."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PySide6.QtGui import QColor, QImage

from cnnviz.ui import theme
from cnnviz.ui.widgets.mosaic import (
    ink_image,
    kernel_grid,
    level_of,
    picture,
    rgb_image,
    signed_image,
    stacked,
)


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


# Signed values.


def test_zero_is_the_ground_and_the_levels_are_the_full_colours(colors):
    image = signed_image(floats(0, 2.5, -2.5), 2.5)
    found = [image.pixelColor(x, 0).name() for x in range(3)]
    assert found == [colors.surface, colors.positive, colors.negative]


def test_half_way_is_half_way_between(colors):
    found = pixels(signed_image(floats(1.25, -1.25), 2.5))[0]
    for color, end in zip(found, (colors.positive, colors.negative), strict=True):
        np.testing.assert_allclose(color, (rgb(colors.surface) + rgb(end)) / 2, atol=1.5)


def test_more_is_never_paler(colors):
    found = pixels(signed_image(np.linspace(-1, 1, 501, dtype=np.float32)[None], 1.0))[0]
    away = np.abs(found - rgb(colors.surface)).sum(axis=1)
    assert (np.diff(away[:251]) <= 0).all()
    assert (np.diff(away[250:]) >= 0).all()
    np.testing.assert_array_equal(away == 0, np.abs(np.linspace(-1, 1, 501)) < 0.5 / 127)


def test_the_two_signs_are_equally_strong(colors):
    up = pixels(signed_image(np.linspace(0, 1, 99, dtype=np.float32)[None], 1.0))[0]
    down = pixels(signed_image(-np.linspace(0, 1, 99, dtype=np.float32)[None], 1.0))[0]
    ground = rgb(colors.surface)
    share_up = (up - ground).sum(axis=1) / (rgb(colors.positive) - ground).sum()
    span = rgb(colors.negative) - ground
    share_down = ((down - ground) @ span) / (span @ span)
    np.testing.assert_allclose(share_up, share_down, atol=0.03)


def test_what_is_beyond_the_level_stays_at_the_full_colour(colors):
    image = signed_image(floats(7, -7, np.inf, -np.inf), 1.0)
    found = [image.pixelColor(x, 0).name() for x in range(4)]
    assert found == [colors.positive, colors.negative] * 2


def test_what_is_no_number_is_as_zero(colors):
    image = signed_image(floats(np.nan, 1), 1.0)
    assert image.pixelColor(0, 0).name() == colors.surface
    assert image.pixelColor(1, 0).name() == colors.positive


@settings(deadline=None, max_examples=200)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 7)),
        elements=st.floats(width=32),
    )
)
def test_any_numbers_make_a_picture_without_a_warning(values):
    level = level_of(values)
    assert np.isfinite(level)
    assert level > 0
    found = pixels(signed_image(values, level))
    ground, tokens = rgb(theme.tokens().surface), theme.tokens()
    assert (found[np.isnan(values) | (values == 0)] == ground).all()
    assert (found[values >= level] == rgb(tokens.positive)).all()
    assert (found[values <= -level] == rgb(tokens.negative)).all()


def test_the_level_is_the_greatest_finite_magnitude():
    assert level_of(floats(0.5, -2, 1)) == 2
    assert level_of(floats(0.5, np.inf, np.nan, -1)) == 1
    assert level_of(floats(0, 0)) == 1
    assert level_of(floats(np.nan, np.inf)) == 1
    assert level_of(np.empty((0, 3), np.float32)) == 1


def test_the_picture_owns_its_memory(colors):
    values = floats(1, -1)
    image = signed_image(values, 1.0)
    values[...] = 0
    del values
    assert image.pixelColor(0, 0).name() == colors.positive


def test_maps_that_are_not_contiguous_are_drawn_as_they_are(colors):
    values = np.arange(12, dtype=np.float32).reshape(3, 4) - 6
    np.testing.assert_array_equal(
        pixels(signed_image(values.T, 6.0)), pixels(signed_image(values.T.copy(), 6.0))
    )


# Maps below each other.


def test_maps_are_stacked_in_order():
    maps = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    whole = stacked(maps)
    assert whole.shape == (6, 4)
    np.testing.assert_array_equal(whole[:3], maps[0])
    np.testing.assert_array_equal(whole[3:], maps[1])


def test_a_stack_shows_each_map_in_its_place(colors):
    maps = np.zeros((3, 2, 2), np.float32)
    maps[1, 0, 1] = 1
    maps[2, 1, 0] = -1
    image = signed_image(stacked(maps), 1.0)
    assert (image.width(), image.height()) == (2, 6)
    assert image.pixelColor(1, 2).name() == colors.positive
    assert image.pixelColor(0, 5).name() == colors.negative
    assert (pixels(image) != rgb(colors.surface)).any(axis=-1).sum() == 2


# Kernels.


@pytest.mark.parametrize("shape", [(2, 3, 5, 5), (1, 1, 3, 3), (4, 2, 1, 1), (3, 2, 2, 5)])
def test_kernels_stand_in_rows_and_columns_with_gaps_of_the_background(colors, shape):
    rows, columns, height, width = shape
    rng = np.random.default_rng(0)
    tiles = rng.uniform(-1, 1, shape).astype(np.float32)
    found = pixels(kernel_grid(tiles, 1.0))
    assert found.shape[:2] == (rows * (height + 1) - 1, columns * (width + 1) - 1)
    is_gap = np.ones(found.shape[:2], bool)
    for row in range(rows):
        for column in range(columns):
            y, x = row * (height + 1), column * (width + 1)
            tile = found[y : y + height, x : x + width]
            np.testing.assert_array_equal(tile, pixels(signed_image(tiles[row, column], 1.0)))
            is_gap[y : y + height, x : x + width] = False
    assert (found[is_gap] == rgb(colors.background)).all()


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
