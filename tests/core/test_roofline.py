"""The roofline: rates from costs and times, and what a pass waits for."""

import pytest

from cnnviz.core import roofline
from cnnviz.core.costs import Cost, layer_costs
from cnnviz.core.machine import Peak
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.roofline import Pass

PEAK = Peak(100e9, 10e9, 2)
"""The ridge is at 10 FLOPs a byte."""


def made(flops: int, moved: int, seconds: float) -> Pass:
    return Pass("Conv 1", "forward", Cost(flops, moved), seconds)


def test_every_direction_of_every_layer_has_its_cost_and_time() -> None:
    layers = Network(PRESETS["numpy-cnn"]).layers
    seconds = {("conv2", "backward"): 0.004}
    parts = roofline.passes(layers, 32, seconds)
    assert len(parts) == 2 * len(layers)
    (second,) = [part for part in parts if part.name == "Conv 2 backward"]
    assert second.cost == layer_costs(layers, 32)["conv2", "backward"]
    assert second.seconds == 0.004
    assert second.rate == pytest.approx(second.cost.flops / 0.004)


def test_what_costs_nothing_is_left_out() -> None:
    parts = roofline.passes(Network(PRESETS["mlp"]).layers, 32, {})
    assert [part.name for part in parts][:2] == ["Flatten forward", "Dense 1 forward"]


def test_the_sum_is_the_sum() -> None:
    whole = roofline.all_together([made(100, 10, 1.0), made(200, 30, 2.0)])
    assert (whole.cost, whole.seconds, whole.rate) == (Cost(300, 40), 3.0, 100)


@pytest.mark.parametrize(("flops", "moved", "seconds"), [(0, 10, 1.0), (10, 10, 0.0), (0, 0, 1.0)])
def test_what_reckons_nothing_or_took_no_time_has_no_place(
    flops: int, moved: int, seconds: float
) -> None:
    part = made(flops, moved, seconds)
    assert part.rate == 0
    assert not part.has_place


def test_the_roof_is_a_slope_and_then_flat() -> None:
    assert roofline.ridge(PEAK) == 10
    assert roofline.roof(PEAK, 1) == 10e9
    assert roofline.roof(PEAK, 10) == roofline.roof(PEAK, 1000) == 100e9


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (made(10**9, 10**9, 0.2), "50\u2009% of what memory allows here"),
        (made(10**9, 10**9, 0.05), "200\u2009% of what memory allows here: served from the caches"),
        (made(10**9, 10**7, 0.04), "25\u2009% of what arithmetic allows here"),
        (made(10**9, 10**7, 0.005), "200\u2009% of the flat roof, which was measured too low"),
    ],
)
def test_the_verdict_says_what_a_pass_waits_for(part: Pass, told: str) -> None:
    assert roofline.verdict(part, PEAK).startswith(told)


def test_above_the_flat_roof_but_left_of_the_ridge_the_roof_is_what_was_wrong() -> None:
    assert "too low" in roofline.verdict(made(9 * 10**9, 10**9, 0.05), PEAK)
