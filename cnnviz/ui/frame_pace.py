"""How often to draw, such that looking at the training hardly slows it down.

The window's own processor time is measured. Where a frame is dear (many maps, a 4K screen) or cores
are few, frames come less often; training is then never slowed by more than about SHARE.
"""

from collections.abc import Callable
from time import thread_time

from cnnviz.core.parallel import usable_cores

SHARE = 0.04
"""Of all cores' time, while training."""
SHORTEST_MS, LONGEST_MS = 33, 200
"""Between two frames: 30 a second at most, 5 at least."""
MEMORY = 8
"""The cost of a frame is a mean over about this many."""


class FramePace:
    """Asked once a frame, on the thread that draws."""

    def __init__(self, clock: Callable[[], float] = thread_time, cores: int | None = None) -> None:
        """`clock` gives the processor seconds of the calling thread."""
        self._clock = clock
        self._cores = cores or usable_cores()
        self._last: float | None = None
        self._cost = 0.0

    def next_interval(self, training: bool) -> int:
        """Milliseconds until the next frame, reckoned by what the last ones have cost."""
        now = self._clock()
        if self._last is not None:
            self._cost += (now - self._last - self._cost) / MEMORY
        self._last = now
        if not training:
            return SHORTEST_MS
        wanted = 1000 * self._cost / (SHARE * self._cores)
        return round(min(max(wanted, SHORTEST_MS), LONGEST_MS))
