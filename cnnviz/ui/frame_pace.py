"""How often to draw: so that looking hardly slows the training down, or as smoothly as can be.

The window's own processor time is measured. Where a frame is dear (many maps, a 4K screen) or cores
are few, frames come less often, and take SHARE of all cores. Training loses more than that where
cores are few: a batch waits for the core that draws. On two it was measured to lose 5 to 10 %. On
the user's wish the picture goes first, and training takes what is left.
"""

from collections.abc import Callable
from time import thread_time

from cnnviz.core.parallel import usable_cores

SHARE = 0.04
"""Of all cores' time, while training."""
SMOOTH_SHARE = 0.5
"""Of the time of the one core that draws, where pictures go first; the rest is for the user."""
SHORTEST_MS, LONGEST_MS = 16, 200
"""Between two frames while training: 60 a second at most, 5 at least."""
RESTING_MS = 33
"""While nothing trains: only what other threads tell is waited for."""
MEMORY = 8
"""The cost of a frame is a mean over about this many."""


def rest_after(seconds: float, cores: int | None = None) -> int:
    """Milliseconds to rest after work of so many processor seconds, for it to take SHARE."""
    return round(1000 * seconds / (SHARE * (cores or usable_cores())))


class FramePace:
    """Asked once a frame, on the thread that draws."""

    def __init__(self, clock: Callable[[], float] = thread_time, cores: int | None = None) -> None:
        """`clock` gives the processor seconds of the calling thread."""
        self.smooth = False
        """Whether pictures go before training."""
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
            return RESTING_MS
        share = SMOOTH_SHARE if self.smooth else SHARE * self._cores
        return round(min(max(1000 * self._cost / share, SHORTEST_MS), LONGEST_MS))
