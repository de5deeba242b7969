"""A helper: a process of our own that learns a share of each batch on another core.

Two threads of one process lose a quarter and more of two cores to each other (every NumPy call
takes the interpreter's lock again); two processes lose nothing that could be measured.
"""

import contextlib
import json
import subprocess
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.network import Network
from cnnviz.core.pipe import AWAKE_SECONDS, Lines
from cnnviz.core.python_process import start_python
from cnnviz.core.shared_batch import SharedBatch
from cnnviz.core.slices import chunk_size
from cnnviz.core.stopwatch import Row
from cnnviz.core.workspace import Array

POLL_SECONDS = 0.05
END_SECONDS = 2.0
"""How long a helper may take to end by itself."""
GIVE_UP_SECONDS = 5.0
"""How long it may take to give up what it is at; it asks between two layers, or two chunks."""


class HelperLost(Exception):
    """The process has ended; whatever it was to do is still to be done."""


class Helper:
    """The process, and how to give it work; not for more than one thread at a time."""

    def __init__(self, network: Network, images: int, apart: bool = False) -> None:
        """Starts a process for shares of at most `images`; it is `ready` a little later.

        It learns beside us, or `apart`, while we do other things. Raises OSError where no process
        or no shared memory can be had.
        """
        self.shared = SharedBatch(
            len(network.vector),
            images,
            chunk_size(network.layers),
            network.spec.input_shape,
            network.classes,
        )
        try:
            self._process = start_python("cnnviz.core.helper_process")
        except OSError:
            self.shared.close(unlink=True)
            raise
        assert self._process.stdout
        self._answers = Lines(self._process.stdout)
        self.close = weakref.finalize(self, _end, self._process, self.shared)
        """Ends the process and frees the memory; also at the interpreter's end."""
        self._ready = False
        self._awake = 0.0 if apart else AWAKE_SECONDS
        spec = network.spec.to_dict()
        self._send({"spec": spec, "images": images, "memory": self.shared.name})

    @property
    def ready(self) -> bool:
        """Whether it can be given work now; raises HelperLost if it never will."""
        if not self.close.alive:
            raise HelperLost
        if not self._ready and self.has_answered():
            self._receive()
            self._ready = True
        return self._ready

    def take_weights(self, network: Network) -> None:
        """What is asked from now on is asked of these weights."""
        self.shared.stop[0] = 0
        self.shared.vector[...] = network.vector

    def begin(
        self,
        network: Network,
        pixels: NDArray[np.uint8],
        labels: NDArray[np.int64],
        count: int,
    ) -> None:
        """Hands over these images (n, C, H, W) as a share of a batch of `count`."""
        self.take_weights(network)
        self.shared.pixels[: len(labels)] = pixels
        self.shared.labels[: len(labels)] = labels
        self._send({"images": len(labels), "count": count, "convolution": network.convolution})

    def end(self, images: int, check: Callable[[], None]) -> tuple[float, Array, dict[Row, float]]:
        """The share's loss, logits (images, classes), and the seconds that it took by row.

        The gradient is in `shared.gradient`. Calls `check` now and then while it waits, and lets
        what that raises through.
        """
        self.wait(check)
        answer = self._receive()
        laps = {(what, direction): seconds for what, direction, seconds in answer["laps"]}
        return answer["loss"], self.shared.logits[:images].copy(), laps

    def forward(self, slot: int, pixels: NDArray[np.uint8]) -> None:
        """Asks for the logits of these images (n, C, H, W), a chunk at most.

        It works on one slot after the other; each stays taken until `forwarded`.
        """
        self.shared.chunk_pixels[slot, : len(pixels)] = pixels
        self._send({"forward": slot, "images": len(pixels)})

    def has_answered(self) -> bool:
        """Whether the oldest question is answered (on Windows, always)."""
        return self._answered(0, awake=0)

    def wait(self, check: Callable[[], None]) -> None:
        """Until the oldest question is answered; calls `check`, which may raise, meanwhile."""
        while not self._answered(POLL_SECONDS):
            check()

    def forwarded(self, slot: int, images: int) -> Array:
        """Waits for the oldest question, which was about `slot`: logits (images, classes).

        They live until the slot is used again.
        """
        self._receive()
        return self.shared.chunk_logits[slot, :images]

    def abandon(self, questions: int = 1) -> None:
        """Gives up what was asked and is not answered; raises HelperLost if that takes too long."""
        self.shared.stop[0] = 1
        for _ in range(questions):
            if not self._answered(GIVE_UP_SECONDS):
                raise HelperLost
            self._receive()

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


def _end(process: subprocess.Popen[bytes], shared: SharedBatch) -> None:
    """Ends its input, which ends it; if not soon, ends it by force."""
    shared.stop[0] = 1
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
