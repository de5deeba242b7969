"""A process of our own that examines snapshots on another core, while training goes on.

On a thread of this process an examination and the threads that train and draw take Python's lock
from each other: at 15 a second, training was measured to lose 11 %. Beside a process it loses
nothing that could be measured, at 30 a second.
"""

import contextlib
import pickle
import subprocess
import threading
import weakref
from collections.abc import Callable
from typing import Any

from cnnviz.core.child import HelperLost
from cnnviz.core.datasets import Split
from cnnviz.core.health import Health
from cnnviz.core.python_process import start_python
from cnnviz.core.spec import Spec
from cnnviz.core.trainer import Snapshot


class HealthHelper:
    """Examines the networks of one run; threads take turns."""

    def __init__(self, spec: Spec, images: Split, optimizer: str) -> None:
        """Starts the process; `images` are the probe. Raises OSError where none can be had."""
        self._given = spec, images, optimizer
        self._process = start_python("cnnviz.core.health_process")
        self.close = weakref.finalize(self, _end, self._process)
        """Ends the process, whatever it is at; also at the interpreter's end."""
        self._told = False
        self._turn = threading.Lock()

    def examine(
        self,
        snapshot: Snapshot,
        rate: float,
        is_unwanted: Callable[[], bool] = lambda: False,
    ) -> tuple[Health, float] | None:
        """As `health.examine`, and the processor's seconds that it took.

        None if it `is_unwanted` by the time that it is this thread's turn. Raises HelperLost if the
        process has ended, or ends meanwhile.
        """
        with self._turn:
            if is_unwanted():
                return None
            if not self._told:
                self._send(self._given)
                self._told = True
            self._send((snapshot, rate))
            return self._receive()

    @property
    def is_lost(self) -> bool:
        """Whether the process has ended, and examines no more."""
        return self._process.poll() is not None

    def _receive(self) -> tuple[Health, float]:
        assert self._process.stdout
        try:
            answer: tuple[Health, float] = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError, OSError, ValueError) as error:
            raise HelperLost from error
        return answer

    def _send(self, message: Any) -> None:
        assert self._process.stdin
        try:
            pickle.dump(message, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # it has ended, or was closed
            raise HelperLost from error


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # it holds nothing that could be lost
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe
        with contextlib.suppress(OSError):  # what was still to be written
            pipe.close()
