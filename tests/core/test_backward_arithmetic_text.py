"""What is said of a gradient or a step, and that what is copied adds up."""

import pytest

from cnnviz.core.backward_arithmetic import explain_gradient
from cnnviz.core.backward_arithmetic_text import (
    gradient_formula,
    gradient_text,
    parameter_formula,
    step_formulas,
    step_with_numbers,
    title,
)
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.parameter_arithmetic import Parameter, explain_parameter, explain_step
from cnnviz.core.receptive_field import INPUT, Place
from tests.core.odd import dissected


@pytest.fixture(scope="module")
def odd():
    return dissected()


@pytest.mark.parametrize(
    ("place", "words", "says"),
    [
        (Place("dense2", (1,)), "Dense 2 · unit 1", "dL/dz[1] = (p[1] − y[1]) / 20"),
        (Place("relu2", (4,)), "ReLU 2 · unit 4", "dL/dx[4] = Σ W[k, 4] · G[k]"),
        (
            Place("dense1", (0,)),
            "Dense 1 · unit 0",
            "dL/dz[0] = G[0] · (1 if z[0] > 0 else 0)",
        ),
        (
            Place("conv1", (2, 0, 3)),
            "Conv 1 · map 2 · x 3, y 0",
            "dL/dz[2, 0, 3] = G[2, 0, 3] · a[2, 0, 3] · (1 − a[2, 0, 3])",
        ),
        (
            Place(INPUT, (1, 4, 3)),
            "Input · channel 1 · x 3, y 4",
            "dL/dX[1, 4, 3] = Σ W[f, 1, i, j] · G[f, (6 − i) / 2, 4 − j]",
        ),
    ],
)
def test_where_it_is_and_how_it_is_made(odd, place, words, says):
    layers, found = odd.network().layers, explain_gradient(odd, 0, place)
    assert title(layers, found) == f"Gradient by {words}"
    assert gradient_formula(layers, found) == says
    text = gradient_text(layers, found)
    assert text.splitlines()[:2] == [f"Gradient by {words}", says]
    assert text.endswith(f"result {found.result!r}\n")


def test_pooling_names_the_windows_that_were_won(odd):
    layers = odd.network().layers
    seen = set()
    for y in range(4):
        for x in range(3):
            found = explain_gradient(odd, 0, Place("relu1", (0, y, x)))
            won = [window for window in found.windows if window.won]
            says = gradient_formula(layers, found)
            assert says.startswith(f"dL/dX[0, {y}, {x}] = ")
            assert says.count("G[") == len(won)
            assert ("greatest of no window" in says) == (not won)
            seen.add(bool(won))
    assert seen == {True, False}


def test_flattening_names_the_unit(odd):
    shape = odd.gradients["arctan1"].shape[1:]
    found = explain_gradient(odd, 0, Place("arctan1", (1, 0, 2)))
    unit = shape[1] * shape[2] + 2
    assert gradient_formula(odd.network().layers, found) == f"dL/dX[1, 0, 2] = G[{unit}]"


@pytest.mark.parametrize(
    ("parameter", "words", "says"),
    [
        (
            Parameter("conv1.weight", (3, 2, 0, 1)),
            "Conv 1 · filter 3 · channel 2 · x 1, y 0",
            "dL/dW[3, 2, 0, 1] = Σ G[n, 3, y, x] · X[n, 2, y · 2 − 2, x]",
        ),
        (
            Parameter("conv2.weight", (0, 1, 1, 0)),
            "Conv 2 · filter 0 · channel 1 · x 0, y 1",
            "dL/dW[0, 1, 1, 0] = Σ G[n, 0, y, x] · X[n, 1, y + 1, x]",
        ),
        (Parameter("conv2.bias", (4,)), "Conv 2 · bias 4", "dL/db[4] = Σ G[n, 4, y, x]"),
        (Parameter("dense1.bias", (4,)), "Dense 1 · bias 4", "dL/db[4] = Σ G[n, 4]"),
        (
            Parameter("dense2.weight", (2, 5)),
            "Dense 2 · unit 2 · input 5",
            "dL/dW[2, 5] = Σ G[n, 2] · X[n, 5]",
        ),
    ],
)
def test_a_parameters_gradient_in_words(odd, parameter, words, says):
    layers, found = odd.network().layers, explain_parameter(odd, parameter)
    assert parameter_formula(layers, found) == says
    lines = gradient_text(layers, found).splitlines()
    assert lines[:2] == [f"Gradient by {words}", says]
    listed = min(20, found.count)
    assert lines[2] == f"{listed} largest of {found.count} contributions"
    products = [float(line.split("\t")[-1]) for line in lines[4 : 4 + listed]]
    assert products == [each.product for each in found.largest()]
    assert lines[-2:] == [f"sum of all {found.total!r}", f"result {found.result!r}"]
    assert title(layers, explain_step(odd, parameter)) == f"Update of {words}"


def test_products_that_are_copied_add_up(odd):
    layers = odd.network().layers
    for place in (Place(INPUT, (0, 5, 5)), Place("relu2", (1,)), Place("pool1", (2, 3, 1))):
        found = explain_gradient(odd, 2, place)
        rows = [line.split("\t") for line in gradient_text(layers, found).splitlines()]
        products = [float(row[-1]) for row in rows if row[0].isdigit()]
        assert sum(products) == pytest.approx(found.total, rel=1e-12)
        (told,) = [row[0] for row in rows if row[0].startswith("sum of")]
        assert told == f"sum of {len(products)} products {found.total!r}"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_optimisers_rule_with_its_numbers(optimizer):
    seen = dissected(optimizer=optimizer)
    found = explain_step(seen, Parameter("dense2.weight", (1, 2)))
    symbols, numbers = step_formulas(optimizer), step_with_numbers(found)
    assert len(symbols) == len(numbers)
    for symbol, line in zip(symbols, numbers, strict=True):
        assert line[0] == symbol[0]
        plain = line.replace("−", "-").replace("·", "*").replace("²", "**2").replace("^", "**")
        formula, _, result = plain.partition("←" if "←" in plain else "=")[2].rpartition("=")
        worked_out = eval(formula.strip(), {"sqrt": lambda value: value**0.5})
        assert worked_out == pytest.approx(float(result), rel=1e-4, abs=1e-9), line
    text = gradient_text(seen.network().layers, found)
    for line in (*symbols, *numbers):
        assert line in text.splitlines()
    assert text.endswith(f"before {found.before!r}\nstep {found.step!r}\nafter {found.after!r}\n")
    for name, value in found.state_before.items():
        assert f"{name} {value!r} → {found.state_after[name]!r}" in text


def test_what_is_blocked_says_so(odd):
    layers, texts = odd.network().layers, []
    for x in range(6):
        found = explain_gradient(odd, 0, Place("dense1", (x,)))
        texts.append("blocked" in gradient_text(layers, found))
        assert texts[-1] == found.blocked
    assert True in texts
