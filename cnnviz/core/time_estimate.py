"""How long a batch will take, guessed before anything is built.

A pass can be no faster than its arithmetic at the machine's measured peak, nor than moving its
bytes (the roofline, see costs.py and machine.py). That sum is a bound from below. Real passes take
several times as long, and how many times is taken from a run that was measured here, if there is
one: the estimate is the bound times that. The loss, the update and the fetching of images are
left out; another mix of layers wastes another share. So it is good for "twice as long", not for a
stopwatch.
"""

from collections.abc import Iterable, Mapping

from cnnviz.core.costs import Cost, layer_costs
from cnnviz.core.layer import Layer
from cnnviz.core.machine import Peak
from cnnviz.core.stopwatch import Row


def least_seconds(cost: Cost, peak: Peak) -> float:
    """The time that one pass takes at the very least."""
    return max(cost.flops / peak.flops_per_second, cost.bytes / peak.bytes_per_second)


def slowdown(
    layers: list[Layer], batch_size: int, peak: Peak, seconds: Mapping[Row, float]
) -> float | None:
    """How many times longer than its bound a measured run took; None without measured times.

    `seconds` are those of a batch by row, such as ("conv1", "forward").
    """
    costs = layer_costs(layers, batch_size)
    measured = {row: seconds[row] for row in costs if seconds.get(row, 0.0) > 0}
    least = sum_of_least((costs[row] for row in measured), peak)
    return sum(measured.values()) / least if least > 0 else None


def sum_of_least(costs: Iterable[Cost], peak: Peak) -> float:
    """The bound of several passes, one after the other."""
    return sum(least_seconds(cost, peak) for cost in costs)
