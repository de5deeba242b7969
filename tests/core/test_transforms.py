"""Shifting, turning, scaling and noise: nothing changes nothing, and known changes are exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.transforms import Transform, transformed

IMAGE = np.random.default_rng(0).random((1, 28, 28), np.float32)


def test_identity_gives_the_same_bits_in_another_array():
    assert Transform().is_identity
    same = transformed(IMAGE, Transform())
    assert same.tobytes() == IMAGE.tobytes()
    assert same is not IMAGE


def test_whole_pixels_are_shifted_exactly():
    moved = transformed(IMAGE, Transform(right=3, down=-2))
    np.testing.assert_allclose(moved[:, :26, 3:], IMAGE[:, 2:, :25], atol=1e-6)
    assert not moved[:, 26:].any()
    assert not moved[:, :, :3].any()


@pytest.mark.parametrize(("angle", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_right_angles_anticlockwise(angle, turns):
    turned = transformed(IMAGE, Transform(angle=angle))
    np.testing.assert_allclose(turned[0], np.rot90(IMAGE[0], turns), atol=1e-5)


def test_scaling_is_about_the_middle():
    image = np.zeros((1, 28, 28), np.float32)
    image[0, 10:18, 10:18] = 1
    larger = transformed(image, Transform(scale=1.5))[0]
    assert larger.sum() == pytest.approx(64 * 1.5**2, rel=0.05)
    np.testing.assert_allclose(larger, larger[::-1, ::-1], atol=1e-5)


def test_half_a_pixel_is_the_mean_of_two():
    moved = transformed(IMAGE, Transform(right=0.5))
    means = (IMAGE[..., 1:] + IMAGE[..., :-1]) / 2
    np.testing.assert_allclose(moved[..., 1:], means, atol=1e-6)


def test_noise_is_of_the_seed():
    first, again, other = (
        transformed(IMAGE, Transform(noise=0.1, seed=seed)) for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_noise_has_its_deviation():
    grey = np.full((1, 200, 200), 0.5, np.float32)
    assert transformed(grey, Transform(noise=0.1)).std() == pytest.approx(0.1, rel=0.02)


@settings(max_examples=50, deadline=None)
@given(
    right=st.floats(-40, 40),
    down=st.floats(-40, 40),
    angle=st.floats(-180, 180),
    scale=st.floats(0.4, 2),
    noise=st.floats(0, 1),
    channels=st.sampled_from([1, 3]),
)
def test_it_stays_an_image(right, down, angle, scale, noise, channels):
    image = np.repeat(IMAGE, channels, axis=0)
    made = transformed(image, Transform(right, down, angle, scale, noise))
    assert made.shape == image.shape
    assert made.dtype == np.float32
    assert 0 <= made.min() <= made.max() <= 1
