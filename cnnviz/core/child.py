"""A process of our own that answers lines of JSON, one each; arrays lie in shared memory.

It answers in the order of the questions, the first time when it is ready. Its side is parent.py.
"""

import contextlib
import json
import subprocess
import weakref
from collections.abc import Callable
from typing import Any

from cnnviz.core.pipe import AWAKE_SECONDS, Lines
from cnnviz.core.python_process import start_python
from cnnviz.core.shared_arrays import SharedArrays

POLL_SECONDS = 0.05
END_SECONDS = 2.0
"""How long it may take to end by itself."""
GIVE_UP_SECONDS = 5.0
"""How long it may take to give up what it is at; it asks between two layers, or two chunks."""


class HelperLost(Exception):
    """The process has ended; whatever it was to do is still to be done."""


class Child:
    """The process; not for more than one thread at a time."""

    def __init__(
        self,
        module: str,
        shared: SharedArrays,
        start: dict[str, Any],
        awake: float = AWAKE_SECONDS,
    ) -> None:
        """Runs `module` and tells it `start` and the memory's name; it is `ready` a little later.

        `shared`, which is closed with the process, has an array "stop" of one byte: not zero when
        what was asked is given up. For `awake` seconds nobody goes to sleep over an answer (see
        pipe.py). Raises OSError where no process can be had.
        """
        try:
            self._process = start_python(module)
        except OSError:
            shared.close(unlink=True)
            raise
        assert self._process.stdout
        self._answers = Lines(self._process.stdout)
        self._memory = shared
        self._awake = awake
        self.close = weakref.finalize(self, _end, self._process, shared)
        """Ends the process and frees the memory; also at the interpreter's end."""
        self._patience = 1  # more, where it has to wait for processes of its own
        self._ready = False
        self._send({**start, "memory": shared.name})

    @property
    def ready(self) -> bool:
        """Whether it can be given work now; raises HelperLost if it never will."""
        if not self.close.alive:
            raise HelperLost
        if not self._ready and self.has_answered():
            self._receive()
            self._ready = True
        return self._ready

    def has_answered(self) -> bool:
        """Whether the oldest question is answered (on Windows, always)."""
        return self._answered(0, awake=0)

    def wait(self, check: Callable[[], None]) -> None:
        """Until the oldest question is answered; calls `check`, which may raise, meanwhile."""
        while not self._answered(POLL_SECONDS):
            check()

    def abandon(self, questions: int = 1) -> None:
        """Gives up what was asked and is not answered; raises HelperLost if that takes too long."""
        self._memory["stop"][0] = 1
        for _ in range(questions):
            if not self._answered(self._patience * GIVE_UP_SECONDS):
                raise HelperLost
            self._receive()

    def _go_on(self) -> None:
        """What is asked from now on is not given up."""
        self._memory["stop"][0] = 0

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise HelperLost from error

    def _receive(self) -> dict[str, Any]:
        line = self._answers.read()
        if not line:
            raise HelperLost
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _answered(self, seconds: float, awake: float | None = None) -> bool:
        """Waits so long for an answer (on Windows, where pipes cannot be asked, for ever)."""
        return self._answers.watch(seconds, self._awake if awake is None else awake)


def _end(process: subprocess.Popen[bytes], shared: SharedArrays) -> None:
    """Ends its input, which ends it; if not soon, ends it by force."""
    shared["stop"][0] = 1
    assert process.stdin
    assert process.stdout
    with contextlib.suppress(OSError):  # where it was gone before
        process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
    shared.close(unlink=True)
