"""The principal plane against NumPy's SVD; planes laid alike; odd layers and odd numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core import projection
from cnnviz.core.network import Network
from cnnviz.core.presets import preset
from cnnviz.core.projection import laid_like, layers_to_project, principal_plane, usual_layer
from cnnviz.core.spec import Spec, conv2d, dense, flatten, relu


def cloud(count=200, units=6, seed=0):
    """Points along some directions more than along others."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(count, units)) * 3.0 ** -np.arange(units)
    turn = np.linalg.qr(rng.normal(size=(units, units)))[0]
    return (mixed @ turn + rng.normal(size=units)).astype(np.float32)


@given(count=st.integers(3, 60), units=st.integers(2, 12), seed=st.integers(0, 99))
def test_it_is_what_singular_values_give(count, units, seed):
    outputs = cloud(count, units, seed)
    plane = principal_plane(outputs)
    centred = outputs.astype(float) - outputs.astype(float).mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * values[:2]
    np.testing.assert_allclose(np.abs(plane.points), np.abs(expected), atol=1e-5 * values[0])
    shares = values**2 / (values**2).sum()
    np.testing.assert_allclose(plane.shares, shares[:2], atol=1e-6)


def test_the_sign_does_not_depend_on_chance():
    outputs = cloud()
    plane = principal_plane(outputs)
    other = principal_plane(outputs[::-1])
    np.testing.assert_allclose(plane.points, other.points[::-1], atol=1e-5)
    weights = np.linalg.lstsq(outputs - outputs.mean(axis=0), plane.points, rcond=None)[0]
    greatest = np.abs(weights).argmax(axis=0)
    assert (weights[greatest, [0, 1]] > 0).all()


def test_one_unit_makes_a_line():
    plane = principal_plane(np.array([[1.0], [3.0], [8.0]], np.float32))
    assert plane.points[:, 1].tolist() == [0, 0, 0]
    np.testing.assert_allclose(plane.points[:, 0], [-3, -1, 4])
    assert plane.shares == (1, 0)


def test_two_images_make_a_line():
    plane = principal_plane(np.array([[1.0, 2, 3], [4, 6, 3]], np.float32))
    np.testing.assert_allclose(np.abs(plane.points), [[2.5, 0], [2.5, 0]], atol=1e-6)
    np.testing.assert_allclose(plane.shares, [1, 0], atol=1e-12)


@pytest.mark.parametrize("count", [1, 5])
def test_images_that_are_all_alike_lie_in_the_middle(count):
    plane = principal_plane(np.full((count, 4), 2.5, np.float32))
    assert plane.points.tolist() == [[0, 0]] * count
    assert np.isnan(plane.shares).all()


def test_an_image_without_numbers_has_no_place_and_changes_nothing_else():
    outputs = cloud(50)
    outputs[[3, 17], [0, 4]] = np.nan, np.inf
    plane = principal_plane(outputs)
    odd = np.zeros(50, bool)
    odd[[3, 17]] = True
    assert np.isnan(plane.points[odd]).all()
    np.testing.assert_allclose(plane.points[~odd], principal_plane(outputs[~odd]).points)
    assert np.isnan(principal_plane(np.full((4, 3), np.nan, np.float32)).points).all()


def test_a_plane_is_laid_like_the_one_before():
    before = principal_plane(cloud())
    angle = np.radians(35)
    turn = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    turned = projection.Plane(before.points @ turn, before.shares)
    laid = laid_like(turned, before)
    np.testing.assert_allclose(laid.points, before.points, atol=1e-9)
    assert laid.turned == pytest.approx(35)
    assert sum(laid.shares) == pytest.approx(sum(before.shares))


def test_shares_are_those_along_the_turned_axes():
    outputs = cloud()
    plane = principal_plane(outputs)
    before = projection.Plane(plane.points @ np.array([[0.6, -0.8], [0.8, 0.6]]), (0, 0))
    laid = laid_like(plane, before)
    total = outputs.astype(float).var(axis=0).sum()
    np.testing.assert_allclose(laid.shares, laid.points.var(axis=0) / total, rtol=1e-5)


@pytest.mark.parametrize("mirror", [(1, -1), (-1, 1), (-1, -1)])
def test_a_mirrored_plane_is_not_turned(mirror):
    before = principal_plane(cloud())
    laid = laid_like(projection.Plane(before.points * mirror, before.shares), before)
    np.testing.assert_allclose(laid.points, before.points, atol=1e-9)
    assert laid.turned == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(laid.shares, before.shares)


def test_planes_of_other_images_are_left_alone():
    plane = principal_plane(cloud(20))
    assert laid_like(plane, principal_plane(cloud(21))) is plane
    nowhere = projection.Plane(np.full((20, 2), np.nan), (np.nan, np.nan))
    assert laid_like(plane, nowhere) is plane
    assert laid_like(nowhere, plane) is nowhere


@pytest.mark.parametrize(
    ("name", "layer"),
    [("numpy-cnn", "relu3"), ("lenet-5", "relu4"), ("mlp", "relu1"), ("tiny", "flatten")],
)
def test_the_usual_layer_is_what_the_last_dense_one_decides_by(name, layer):
    network = Network(preset(name))
    assert usual_layer(network) == layer
    assert layer in layers_to_project(network)
    assert layers_to_project(network)[-1] == network.layers[-1].name


def test_a_layer_of_too_many_values_is_not_offered():
    layers = (conv2d(8, 3), relu(), flatten(), dense(10))
    network = Network(Spec("wide", "Wide", (1, 28, 28), layers))
    assert layers_to_project(network) == ["dense1"]
    assert usual_layer(network) == "dense1"


def test_a_network_of_one_dense_layer_shows_its_input():
    network = Network(Spec("flat", "Flat", (1, 8, 8), (flatten(), dense(3))))
    assert usual_layer(network) == "flatten"
