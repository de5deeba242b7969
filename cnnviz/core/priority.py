"""Lets the window go first: a training thread that asks for less than its share of a busy core.

With all cores at work, Linux lets a thread that wakes up wait for some milliseconds, unless those
at work are nicer than it is. Beside training, 95 % of the window's answers to the pointer then came
within 16 ms instead of 24.
"""

import contextlib
import os
import sys
import threading

NICENESS = 10
"""Of training."""
LAST = 19
"""Of what can wait for training, too."""


def let_others_first(niceness: int = NICENESS) -> None:
    """For the calling thread and the processes it will start; does nothing but on Linux.

    Elsewhere priorities belong to whole processes, so the window would go last too.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
