"""How often to draw: so that looking hardly slows the training down, or as smoothly as can be.

The window's own processor time is measured. Where all cores train, a batch waits for the core that
draws, so training loses at least what drawing takes of one core, however many there are; where a
frame is dear (many maps, a 4K screen), frames come less often. Where a core is left to the window
it draws more, and on the user's wish the picture goes first.
"""

from collections.abc import Callable
from time import thread_time

SHARE = 0.03
"""Of one core's time, while all cores train. Training was measured to lose about as much."""
SMOOTH_SHARE = 0.5
"""Of the time of the one core that draws, where pictures go first; the rest is for the user."""
BESIDE_SHARE = 0.8
"""Of a core, for a process that works beside it then, and which whoever draws may interrupt."""
SHORTEST_MS, LONGEST_MS = 16, 200
"""Between two frames while training: 60 a second at most, 5 at least."""
CORE_MS = 28
"""Between two frames where training leaves a core to the window: 30 a second, with what it takes to
begin one. Training was measured to lose nothing by twice as many; the window's core is for more."""
RESTING_MS = 33
"""While nothing trains: only what other threads tell is waited for."""
CALM_MS, CALMER_MS = 250, 750
"""Between two takings of numbers and curves, which cost as much as all pictures."""
MEMORY = 8
"""The cost of a frame is a mean over about this many."""


class FramePace:
    """Asked once a frame, on the thread that draws."""

    def __init__(self, clock: Callable[[], float] = thread_time) -> None:
        """`clock` gives the processor seconds of the calling thread."""
        self.smooth = False
        """Whether pictures go before training."""
        self.cores = 0
        """How many training leaves to the window."""
        self._clock = clock
        self._last: float | None = None
        self._cost = 0.0

    @property
    def goes_first(self) -> bool:
        """Whether drawing need not wait for training."""
        return self.smooth or self.cores > 0

    @property
    def share(self) -> float:
        """Of one core's time, what drawing may take while training."""
        return SMOOTH_SHARE if self.goes_first else SHARE

    def calm_ms(self) -> int:
        """Milliseconds for which what is read, not seen, stands still while training."""
        return CALM_MS if self.goes_first else CALMER_MS

    def next_interval(self, training: bool) -> int:
        """Milliseconds until the next frame, reckoned by what the last ones have cost."""
        now = self._clock()
        if self._last is not None:
            self._cost += (now - self._last - self._cost) / MEMORY
        self._last = now
        if not training:
            return RESTING_MS
        shortest = CORE_MS if self.cores and not self.smooth else SHORTEST_MS
        return round(min(max(1000 * self._cost / self.share, shortest), LONGEST_MS))

    def rest_after(self, seconds: float) -> int:
        """Milliseconds from one beginning of work beside the drawing to the next, for its share.

        `seconds` are of a processor, and what the work has taken.
        """
        return round(1000 * seconds / (BESIDE_SHARE if self.goes_first else SHARE))
