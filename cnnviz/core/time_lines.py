"""What is drawn of a history of times: a line for each layer, thinned to the screen, and its range.

Single batches jitter, and now and then one is much slower than its neighbours because the machine
did something else. So a point is the median of the entries that share its place: it shows what is
typical there. x are batches, from 1; y are milliseconds a batch, or their decimal logarithms.
"""

import math
from dataclasses import dataclass

import numpy as np

from cnnviz.core.curves import FEWEST_BATCHES
from cnnviz.core.layer import Layer
from cnnviz.core.scales import Range, round_up
from cnnviz.core.stopwatch import Row
from cnnviz.core.thinning import Values
from cnnviz.core.time_history import EVERY_ENTRY, Seconds, TimeHistory

LEAST_MS = 1e-4
"""What the logarithm takes for less: a stopwatch cannot tell it from nothing."""
RECENT, FEWEST_RECENT = 50, 5
"""Batches that "now" is the median of; entries, at least."""
MOST_LOOKED_AT = 2000
"""Entries, evenly spaced, that tell what is usual."""
LEAST_USUAL = 100
"""Batches before which nothing is called usual."""
LEAST_SHARE = 0.02
"""Of the step: what takes less is not worth a line at first."""
WHOLE_STEP = "Whole step"
BESIDE_LAYERS = {
    "data": "Loading data",
    "loss": "Loss",
    "optimizer": "Optimiser",
    "other": "Everything else",
}


@dataclass(frozen=True)
class Line:
    """A name and the rows of the stopwatch that it is the sum of."""

    label: str
    rows: tuple[Row, ...]


def lines(layers: list[Layer], rows: list[Row]) -> list[Line]:
    """The whole step, every layer with both directions, and what else was measured."""
    known = [Line(each.label, ((each.name, "forward"), (each.name, "backward"))) for each in layers]
    names = {layer.name for layer in layers}
    rest = [row for row in rows if row[0] not in names]
    # In the order in which the panel of times shows them; rows it does not know come last.
    order = [*BESIDE_LAYERS, *(what for what, _ in rest)]
    rest.sort(key=lambda row: order.index(row[0]))
    others = [Line(BESIDE_LAYERS.get(row[0], row[0].capitalize()), (row,)) for row in rest]
    return [Line(WHOLE_STEP, tuple(rows)), *known, *others]


def milliseconds(history: TimeHistory, rows: tuple[Row, ...], part: slice = EVERY_ENTRY) -> Values:
    """Of every entry."""
    return 1000 * history.seconds(*rows, part=part).astype(np.float64)


def entries_a_point(history: TimeHistory, points: int) -> int:
    """How many entries a drawn point is the median of: an odd number, so one is in the middle."""
    return max(1, math.ceil(history.entries / max(1, points))) // 2 * 2 + 1


def curve(history: TimeHistory, rows: tuple[Row, ...], points: int) -> tuple[Values, Values]:
    """(x, y in milliseconds) of so many points at most, each in the middle of its batches.

    The last one is of the newest batches, so many that nothing is left over.
    """
    size = entries_a_point(history, points)
    seconds, batches = history.seconds(*rows), size * history.span
    whole = len(seconds) // size
    medians = _middles(seconds[: whole * size].reshape(-1, size))
    places = batches * np.arange(whole) + (batches + 1) / 2
    if whole * size < len(seconds):
        medians = np.append(medians, _middles(seconds[None, -size:]))
        places = np.append(places, len(history) - history.begin)
    return np.minimum(places + history.begin, len(history)), 1000 * medians


def _middles(rows: Seconds) -> Values:
    """The median of each row of an odd number of values; four times as fast as np.median."""
    middle = rows.shape[1] // 2
    return np.partition(rows, middle, axis=1)[:, middle].astype(np.float64)


def now(history: TimeHistory, rows: tuple[Row, ...]) -> float:
    """Milliseconds, the median of about the last RECENT batches."""
    if not history.entries:
        return 0.0
    count = max(FEWEST_RECENT, RECENT // history.span)
    return float(np.median(milliseconds(history, rows, slice(-count, None))))


def usual(history: TimeHistory, rows: tuple[Row, ...]) -> float | None:
    """The median since the way of convolution last changed; None if that is not long ago."""
    start = history.changes[-1][0] - 1 - history.begin if history.changes else 0
    if len(history) - history.begin - start < LEAST_USUAL:
        return None
    first = -(-start // history.span)
    stride = 1 + (history.entries - first) // MOST_LOOKED_AT
    values = milliseconds(history, rows, slice(first, None, stride))
    return float(np.median(values)) if len(values) else None


def worth_a_line(history: TimeHistory, candidates: list[Line]) -> set[str]:
    """The labels of what takes a share of the step that can be seen; the step itself is one."""
    whole = now(history, candidates[0].rows)
    return {each.label for each in candidates if now(history, each.rows) >= LEAST_SHARE * whole}


def heights(values: Values, logarithmic: bool) -> Values:
    """Milliseconds as they lie along y."""
    logarithms: Values = np.log10(np.maximum(values, LEAST_MS))
    return logarithms if logarithmic else values


def x_range(history: TimeHistory) -> Range:
    """All batches and some room; it grows in steps, so that the lines can stand still."""
    return 0.0, round_up(max(FEWEST_BATCHES, 1.02 * len(history)))


def y_range(drawn: list[Values], logarithmic: bool) -> Range:
    """Heights for the drawn points, on to a round number; linear ones for nearly all of them."""
    values = np.sort(np.concatenate(drawn)) if drawn else np.empty(0)
    if not len(values):
        return (-1.0, 1.0) if logarithmic else (0.0, 1.0)
    if not logarithmic:
        return 0.0, round_up(max(1.05 * values[-1 - len(values) // 200], LEAST_MS))
    ends = heights(values[[len(values) // 200, -1]], True)
    top = math.ceil(5 * ends[1] + 0.2) / 5
    return min(math.floor(5 * ends[0] - 0.2) / 5, top - 1), top
