"""SIGTERM ends a command as Ctrl+C does: helpers end, shared memory goes, what was learned is told.

Without that, Python ends at once and leaves both behind.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STATUS = 128 + signal.SIGTERM
"""The exit status of what SIGTERM ended, as shells have it."""


@contextmanager
def terminated_like_ctrl_c() -> Iterator[threading.Event]:
    """SIGTERM raises KeyboardInterrupt on the main thread, once, and sets the event.

    Does nothing on another thread, or where whoever started us had it ignored.
    """
    happened = threading.Event()

    def handle(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the end is on its way
        happened.set()
        raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield happened
        return
    signal.signal(signal.SIGTERM, handle)
    try:
        yield happened
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
