"""Waiting for the other end of a pipe, for a moment without going to sleep.

A process that sleeps on a pipe is woken by whoever writes to it, and Linux then likes to run it on
the writer's core, which for us is the one core that is busy: a share of 2 ms was seen to begin 1 ms
late. Asking the pipe again and again for a moment keeps both sides on cores of their own. Others
who want the core still get it: every question is a call of the system.
"""

import os
import select
from time import perf_counter
from typing import IO

AWAKE_SECONDS = 0.002
"""Longer than one side waits for the other while batches follow each other."""


def watch(pipe: IO[bytes], seconds: float = 0.0, awake: float = AWAKE_SECONDS) -> bool:
    """Whether something can be read now or soon: `awake` seconds and `seconds` asleep after them.

    On Windows, where pipes cannot be asked, the answer is yes at once.
    """
    if os.name != "posix":
        return True
    end = perf_counter() + awake
    while perf_counter() < end:
        if select.select([pipe], [], [], 0)[0]:
            return True
    return bool(select.select([pipe], [], [], seconds)[0])
