"""Waiting for the other end of a pipe, for a moment without going to sleep.

A process that sleeps on a pipe is woken by whoever writes to it, and Linux then likes to run it on
the writer's core, which for us is the one core that is busy: a share of 2 ms was seen to begin 1 ms
late. Asking the pipe again and again for a moment keeps both sides on cores of their own. Others
who want the core still get it: every question is a call of the system.
"""

import io
import os
import select
from time import perf_counter
from typing import IO

AWAKE_SECONDS = 0.002
"""Longer than one side waits for the other while batches follow each other."""


class Lines:
    """Lines from a pipe.

    Python's own readers take all that is there, and keep the second line where no question sees it.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._taken = b""

    def watch(self, seconds: float = 0.0, awake: float = AWAKE_SECONDS) -> bool:
        """Whether something can be read now or soon: `awake` seconds, and `seconds` asleep then.

        On Windows, where pipes cannot be asked, the answer is yes at once.
        """
        if b"\n" in self._taken or os.name != "posix":
            return True
        end = perf_counter() + awake
        while perf_counter() < end:
            if select.select([self._pipe], [], [], 0)[0]:
                return True
        return bool(select.select([self._pipe], [], [], seconds)[0])

    def read(self) -> bytes:
        """Waits for the next line; empty if the pipe has ended before it had one."""
        while b"\n" not in self._taken:
            more = os.read(self._pipe.fileno(), io.DEFAULT_BUFFER_SIZE)
            if not more:
                return b""
            self._taken += more
        line, _, self._taken = self._taken.partition(b"\n")
        return line
