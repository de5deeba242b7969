"""How near each layer comes to what the machine can do: its roofline.

A pass that does I FLOPs for every byte that has to move can do at most I times the machine's bytes
a second, and never more than its FLOPs a second. The first limit is a slope, the second a flat
roof; which of them is the lower at I says what the pass waits for.
"""

from dataclasses import dataclass

from cnnviz.core.costs import Cost, layer_costs
from cnnviz.core.layer import Layer
from cnnviz.core.machine import Peak
from cnnviz.core.scales import percent
from cnnviz.core.stopwatch import Row


@dataclass(frozen=True)
class Pass:
    """One direction of one layer: what it costs by formula, and the time that it took."""

    label: str
    direction: str
    cost: Cost
    seconds: float
    """For a batch; 0 if it was not measured yet."""

    @property
    def name(self) -> str:
        """Conv 2 backward."""
        return f"{self.label} {self.direction}"

    @property
    def rate(self) -> float:
        """FLOPs a second; 0 where nothing is reckoned or nothing was measured."""
        return self.cost.flops / self.seconds if self.seconds > 0 else 0.0

    @property
    def has_place(self) -> bool:
        """Whether it lies on logarithmic scales: it reckons, moves numbers and was measured."""
        return self.rate > 0 and self.cost.bytes > 0


def passes(layers: list[Layer], batch_size: int, seconds: dict[Row, float]) -> list[Pass]:
    """Forward and backward of every layer, in order, without those that have nothing to do."""
    labels = {layer.name: layer.label for layer in layers}
    return [
        Pass(labels[name], direction, cost, seconds.get((name, direction), 0.0))
        for (name, direction), cost in layer_costs(layers, batch_size).items()
        if cost.bytes
    ]


def all_together(parts: list[Pass]) -> Pass:
    """The sum of all."""
    cost = Cost(sum(part.cost.flops for part in parts), sum(part.cost.bytes for part in parts))
    return Pass("All layers", "", cost, sum(part.seconds for part in parts))


def roof(peak: Peak, intensity: float) -> float:
    """The FLOPs a second that are possible at so many FLOPs a byte."""
    return min(peak.flops_per_second, intensity * peak.bytes_per_second)


def ridge(peak: Peak) -> float:
    """The FLOPs a byte at which the slope meets the flat roof."""
    return peak.flops_per_second / peak.bytes_per_second


def verdict(part: Pass, peak: Peak) -> str:
    """What a pass waits for, in words."""
    limit = roof(peak, part.cost.intensity)
    if part.rate > peak.flops_per_second:
        share = percent(part.rate / peak.flops_per_second, 0)
        return f"{share} of the flat roof, which was measured too low: measure again"
    share = percent(part.rate / limit, 0)
    if part.cost.intensity >= ridge(peak):
        return f"{share} of what arithmetic allows here"
    caches = ": served from the caches" if part.rate > limit else ""
    return f"{share} of what memory allows here{caches}"
