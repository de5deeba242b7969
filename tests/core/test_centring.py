"""Ink is centred as MNIST's digits were: against a slow reference, and MNIST's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.centring import centre, extent, resized, spread
from cnnviz.core.datasets import load_mnist, mnist_is_available


def slowly(ink, height=28, width=28):
    """The rule in words, with loops: for ink that is shrunk."""
    rows = [y for y in range(ink.shape[0]) if ink[y].any()]
    columns = [x for x in range(ink.shape[1]) if ink[:, x].any()]
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float)
    side = round(min(height, width) * 20 / 28)
    h, w = (max(1, round(n * side / max(part.shape))) for n in part.shape)
    small = np.zeros((h, w))
    for y in range(h):
        for x in range(w):
            small[y, x] = mean_of_area(part, y, x, part.shape[0] / h, part.shape[1] / w)
    mass = small.sum()
    middle_y = sum(y * small[y, x] for y in range(h) for x in range(w)) / mass
    middle_x = sum(x * small[y, x] for y in range(h) for x in range(w)) / mass
    top = min(max(int(np.floor(height / 2 - middle_y + 0.5)), 0), height - h)
    left = min(max(int(np.floor(width / 2 - middle_x + 0.5)), 0), width - w)
    field = np.zeros((height, width))
    field[top : top + h, left : left + w] = small
    return field


def mean_of_area(values, row, column, tall, wide):
    """Every pixel counts by the part of it that lies in the area."""

    def part(pixel, start, end):
        return max(0.0, min(pixel + 1, end) - max(pixel, start))

    total = 0.0
    for y in range(int(row * tall), min(int(np.ceil((row + 1) * tall)), len(values))):
        for x in range(int(column * wide), min(int(np.ceil((column + 1) * wide)), len(values[0]))):
            weight = part(y, row * tall, (row + 1) * tall)
            total += weight * part(x, column * wide, (column + 1) * wide) * values[y, x]
    return total / (tall * wide)


def scribble(seed, height=280, width=280):
    random = np.random.default_rng(seed)
    ink = np.zeros((height, width), np.float32)
    for _ in range(4):
        y, x = random.integers(0, height - 60), random.integers(0, width - 60)
        tall, wide = random.integers(20, 60, 2)
        ink[y : y + tall, x : x + wide] = random.random()
    return ink


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shape=st.sampled_from([(28, 28), (32, 32), (20, 36), (12, 9)]))
def test_it_is_the_rule_in_words(seed, shape):
    ink = scribble(seed)
    np.testing.assert_allclose(centre(ink, *shape).values, slowly(ink, *shape), atol=1e-5)


@pytest.mark.skipif(not mnist_is_available(), reason="needs the real MNIST")
def test_mnist_comes_out_as_it_was():
    images = load_mnist().test.images[:500, 0]
    for image in images:
        np.testing.assert_allclose(centre(image).values, image, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_centre_of_mass_is_in_the_middle_and_no_ink_is_lost(seed):
    centred = centre(scribble(seed))
    values = centred.values
    crop = centred.crop
    part = scribble(seed)[crop[1] : crop[3], crop[0] : crop[2]]
    share = values.sum() / (part.mean() * centred.size[0] * centred.size[1])
    assert share == pytest.approx(1, abs=0.05)
    assert max(centred.size) == 20
    y = (values.sum(axis=1) @ np.arange(28)) / values.sum()
    x = (values.sum(axis=0) @ np.arange(28)) / values.sum()
    rows, columns = np.flatnonzero(values.any(axis=1)), np.flatnonzero(values.any(axis=0))
    if 0 < rows[0] and rows[-1] < 27:
        assert abs(y - 14) <= 0.51
    if 0 < columns[0] and columns[-1] < 27:
        assert abs(x - 14) <= 0.51


def test_no_ink_gives_an_empty_field():
    centred = centre(np.zeros((280, 280), np.float32))
    assert not centred.values.any()
    assert centred.size == (0, 0)
    assert extent(np.zeros((5, 5), np.float32)) is None


@pytest.mark.parametrize("place", [(0, 0), (279, 279), (140, 0)])
def test_a_single_pixel_fills_the_box(place):
    ink = np.zeros((280, 280), np.float32)
    ink[place] = 1
    centred = centre(ink)
    assert centred.size == (20, 20)
    assert centred.values.sum() == pytest.approx(400)


def test_a_thin_line_keeps_one_pixel():
    ink = np.zeros((280, 280), np.float32)
    ink[10:270, 100:102] = 1
    assert centre(ink).size == (1, 20)


def test_what_is_enlarged_stays_between_0_and_1():
    ink = np.zeros((9, 9), np.float32)
    ink[2:6, 3:5] = 1
    values = centre(ink).values
    assert 0 <= values.min() <= values.max() <= 1


def test_a_tiny_field_holds_the_ink():
    ink = np.ones((280, 100), np.float32)
    assert centre(ink, 1, 1).values.tolist() == [[1.0]]


def test_spread_repeats_grey():
    grey = np.random.default_rng(0).random((4, 5), np.float32)
    colour = spread(grey, 3)
    assert colour.shape == (3, 4, 5)
    assert colour.flags.c_contiguous
    assert all((channel == grey).all() for channel in colour)


def test_resizing_by_a_whole_factor_takes_means():
    values = np.random.default_rng(0).random((40, 60), np.float32)
    means = values.reshape(4, 10, 6, 10).mean(axis=(1, 3))
    np.testing.assert_allclose(resized(values, (6, 4)), means, atol=1e-6)
