import pytest

from cnnviz.core.costs import FREE, Cost, layer_costs
from cnnviz.core.layers import build_layers
from cnnviz.core.machine import Peak
from cnnviz.core.presets import PRESETS
from cnnviz.core.time_estimate import least_seconds, slowdown, sum_of_least

PEAK = Peak(1e9, 1e8, 1)
SPEC = PRESETS["tiny"]
LAYERS = build_layers(SPEC.input_shape, SPEC.layers)
COSTS = layer_costs(LAYERS, 32)


def test_a_pass_waits_for_arithmetic_or_for_memory():
    assert least_seconds(Cost(2 * 10**9, 8), PEAK) == 2
    assert least_seconds(Cost(8, 3 * 10**8), PEAK) == 3
    assert least_seconds(FREE, PEAK) == 0
    assert sum_of_least([Cost(10**9, 0), Cost(0, 10**8)], PEAK) == 2


def test_a_run_that_takes_three_times_its_bound_is_three_times_slower():
    seconds = {row: 3 * least_seconds(cost, PEAK) for row, cost in COSTS.items()}
    assert slowdown(LAYERS, 32, PEAK, seconds) == pytest.approx(3)
    others = {("optimizer", ""): 5.0, ("loss", "forward"): 1.0}
    assert slowdown(LAYERS, 32, PEAK, seconds | others) == pytest.approx(3)


def test_only_what_was_measured_counts():
    row = ("conv1", "forward")
    seconds = {row: 7 * least_seconds(COSTS[row], PEAK)}
    assert slowdown(LAYERS, 32, PEAK, seconds) == pytest.approx(7)


@pytest.mark.parametrize("seconds", [{}, {("conv1", "forward"): 0.0}, {("flatten", "x"): 1.0}])
def test_without_measured_times_nothing_is_known(seconds):
    assert slowdown(LAYERS, 32, PEAK, seconds) is None
