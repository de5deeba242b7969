"""The panel that takes numbers apart: its sums are whole, whatever the number is of."""

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication

from cnnviz.core.arithmetic import explain
from cnnviz.core.backward_arithmetic import explain_gradient
from cnnviz.core.loss_arithmetic import explain_loss
from cnnviz.core.parameter_arithmetic import Parameter, explain_parameter, explain_step
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.ui.arithmetic_blocks import Sum
from cnnviz.ui.gradient_panel import GradientPanel
from cnnviz.ui.ledger import Ledger, Line
from tests.core.odd import dissected

CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def seen():
    return dissected()


@pytest.fixture
def panel(qtbot):
    panel = GradientPanel("Nothing.")
    qtbot.addWidget(panel)
    panel.resize(360, 700)
    panel.show()
    return panel


def places(seen):
    rng = np.random.default_rng(4)
    for name, values in seen.outputs.items():
        for _ in range(4):
            yield Place(name, tuple(int(rng.integers(n)) for n in values.shape[1:]))


def sums(panel):
    return {block.name: block.value for block in panel.canvas.blocks if isinstance(block, Sum)}


def test_every_gradient_by_a_value_is_taken_apart(seen, panel):
    layers = seen.network().layers
    for place in places(seen):
        found = explain_gradient(seen, 1, place)
        panel.show_found(layers, CLASSES, found)
        assert sums(panel)["gradient"] == found.result
        assert panel.formula.text()
        assert panel.title.text().startswith("Gradient by ")
        panel.grab()


def test_every_value_is_taken_apart(seen, panel):
    network = seen.network()
    for place in places(seen):
        found = explain(network, seen.inspection(1), place)
        panel.show_found(network.layers, CLASSES, found)
        assert found.result in sums(panel).values()
        panel.grab()


@pytest.mark.parametrize("name", ["conv1.weight", "conv2.bias", "dense1.weight", "dense2.bias"])
def test_what_is_written_out_and_the_rest_are_all_of_a_weights_gradient(seen, panel, name):
    shape = dict(seen.network().named_parameters())[name].shape
    parameter = Parameter(name, tuple(length - 1 for length in shape))
    found = explain_parameter(seen, parameter)
    panel.show_found(seen.network().layers, CLASSES, found)
    ledger = panel.canvas.blocks[0]
    assert isinstance(ledger, Ledger)
    told = sums(panel)
    rest = sum(value for key, value in told.items() if key.startswith("Σ of the other"))
    total = sum(line.product for line in ledger.lines) + rest
    assert total == pytest.approx(found.total, rel=1e-9, abs=1e-12)
    assert told["gradient"] == found.result
    panel.grab()


def test_a_loss_and_a_step_are_taken_apart(seen, panel):
    layers = seen.network().layers
    loss = explain_loss(seen, 2)
    panel.show_found(layers, CLASSES, loss)
    assert sums(panel)["loss L = −log p"] == loss.result
    panel.grab()
    step = explain_step(seen, Parameter("conv1.weight", (0, 1, 2, 1)))
    panel.show_found(layers, CLASSES, step)
    told = sums(panel)
    assert told["weight before"] == step.before
    assert told["step"] == step.step
    assert told["weight after"] == step.after
    panel.grab()


def test_without_a_number_it_says_what_to_do_and_copies_nothing(panel):
    QGuiApplication.clipboard().setText("before")
    assert panel.teaching.text() == "Nothing."
    assert not panel.copy_button.isVisible()
    panel.copy()
    assert QGuiApplication.clipboard().text() == "before"
    assert panel.text == ""


def test_hidden_it_copies_nothing(seen, panel):
    network = seen.network()
    panel.show_found(network.layers, CLASSES, explain_gradient(seen, 0, Place(INPUT, (0, 1, 1))))
    QGuiApplication.clipboard().setText("before")
    panel.hide()
    panel.copy()
    assert QGuiApplication.clipboard().text() == "before"


def test_a_ledger_paints_what_is_no_number(qtbot, panel):
    lines = [Line(("0",), (float("nan"),), float("nan")), Line(("1",), (1.0,), float("inf"))]
    panel.canvas.show_blocks([Ledger(("k", "x"), lines, "= product"), Ledger((), [], "")])
    panel.grab()
