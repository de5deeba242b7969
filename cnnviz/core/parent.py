"""Who started this process: what they ask by lines of JSON, and whether they are still there.

The other side is child.py.
"""

import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from cnnviz.core.pipe import Lines


class Parent:
    """To be made once, before anything else; nothing is printed among the answers from then on."""

    def __init__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):  # are the parent's business, which ends us
            signal.signal(number, signal.SIG_IGN)
        self._requests = Lines(sys.stdin.buffer)
        # Without a buffer, in which something might be left that Python cannot write at its end.
        self._answers = io.FileIO(sys.stdout.fileno(), "w", closefd=False)
        sys.stdout = sys.stderr
        self._number = os.getppid()

    @property
    def is_gone(self) -> bool:
        """Whether it ended without ending us. (On Windows, nobody can tell.)"""
        return os.getppid() != self._number

    def start(self) -> dict[str, Any] | None:
        """What is told first; None if it was closed before."""
        line = self._requests.read()
        return dict(json.loads(line)) if line else None

    def requests(self) -> Iterator[dict[str, Any]]:
        """One after the other, until there are no more; each is to be answered before the next."""
        while True:
            self._requests.watch()
            line = self._requests.read()
            if not line:
                return
            yield json.loads(line)

    def answer(self, answer: dict[str, Any]) -> None:
        """Sends it; if nobody is there to read it, no more will be asked."""
        with suppress(BrokenPipeError):
            self._answers.write(json.dumps(answer).encode() + b"\n")
