"""What is said of one value, and that what is copied adds up."""

import numpy as np
import pytest

from cnnviz.core.arithmetic import explain
from cnnviz.core.arithmetic_text import as_text, formula, softmax_formula, where
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d, sigmoid

SPEC = Spec(
    "text",
    "Text",
    (2, 8, 8),
    (conv2d(3, 3, stride=2, padding=1), sigmoid(), max_pool2d(2), flatten(), dense(4)),
)


@pytest.fixture(scope="module")
def made():
    network = Network(SPEC)
    network.vector += np.float32(0.01)
    image = np.random.default_rng(0).random((2, 8, 8), np.float32)
    return network, inspect(network, image)


@pytest.mark.parametrize(
    ("place", "words", "says"),
    [
        (Place(INPUT, (1, 2, 3)), "Input · channel 1 · x 3, y 2", "X[1, 2, 3] is given"),
        (
            Place("conv1", (2, 0, 3)),
            "Conv 1 · map 2 · x 3, y 0",
            "Z[2, 0, 3] = b[2] + Σ W[2, c, i, j] · X[c, −1 + i, 5 + j]",
        ),
        (
            Place("sigmoid1", (0, 1, 1)),
            "Sigmoid 1 · map 0 · x 1, y 1",
            "a[0, 1, 1] = 1 / (1 + exp(−z[0, 1, 1]))",
        ),
        (
            Place("pool1", (1, 1, 0)),
            "Max pool 1 · map 1 · x 0, y 1",
            "y[1, 1, 0] = max of X[1, 2 … 3, 0 … 1]",
        ),
        (Place("flatten", (5,)), "Flatten · unit 5", "y[5] = X[1, 0, 1]"),
        (Place("dense1", (3,)), "Dense 1 · unit 3", "z[3] = b[3] + Σ W[3, i] · x[i]"),
    ],
)
def test_a_value_is_told_with_its_indices(made, place, words, says):
    network, inspection = made
    found = explain(network, inspection, place)
    assert where(network.layers, place) == words
    assert formula(found).startswith(says)
    text = as_text(network.layers, found)
    assert text.splitlines()[:2] == [words, formula(found)]
    assert repr(found.result) in text


def test_what_is_copied_of_a_convolution_adds_up(made):
    network, inspection = made
    found = explain(network, inspection, Place("conv1", (2, 0, 3)))
    lines = as_text(network.layers, found).splitlines()
    total = found.bias
    for k, line in enumerate(lines):
        if "products" in line:
            rows = [[float(value) for value in row.split("\t")] for row in lines[k + 1 : k + 4]]
            total += np.sum(rows)
    assert total == pytest.approx(found.result, rel=1e-5)


def test_what_is_copied_of_a_class_adds_up(made):
    network, inspection = made
    found = explain(network, inspection, Place("dense1", (1,)))
    lines = as_text(network.layers, found).splitlines()
    cells = [line.split("\t") for line in lines if line[0].isdigit()]
    products = [float(row[3]) for row in cells if len(row) == 4]
    assert sum(products) + found.bias == pytest.approx(found.result, rel=1e-5)
    exponentials = [float(row[2]) for row in cells if len(row) == 3]
    assert exponentials[1] / sum(exponentials) == pytest.approx(found.softmax.result, rel=1e-5)
    assert found.softmax
    assert softmax_formula(found.softmax).startswith("p[1] = exp(z[1] − m)")
