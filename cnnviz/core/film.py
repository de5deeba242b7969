"""A film: frames that are handed over one by one, written in the background as GIF or MP4.

A few frames at most wait to be written, however long the film is; who makes them asks whether there
is room for another.
"""

import queue
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cnnviz.core.errors import CnnvizError
from cnnviz.core.gif import Color, Pixels, writing_gif
from cnnviz.core.mp4 import ffmpeg, writing_mp4
from cnnviz.core.task import Task

GIF, MP4 = ".gif", ".mp4"
"""What a film can become, as the end of its name."""
NO_FFMPEG = "MP4 needs the program ffmpeg, which is not installed here."
ROOM = 3
"""Frames that may wait to be written."""
POLL_SECONDS = 0.05


def film_kinds() -> dict[str, str]:
    """What films can become on this machine: the end of the name, and what it is called."""
    return {GIF: "GIF animation"} | ({MP4: "MP4 film"} if ffmpeg() else {})


@dataclass(frozen=True)
class Standing:
    """Where the film is."""

    written: int = 0
    """Frames, of those that were handed over."""
    bytes: int = 0
    """Of the file, once it is there."""
    ended: bool = False
    failure: tuple[str, str] | None = None
    """What went wrong, and its traceback."""


class Write(Protocol):
    """What writes one frame."""

    def __call__(self, frame: Pixels, /) -> None: ...


class Film(Task[Standing]):
    """Written while frames come: `offer` each, then `finish`, or `cancel` and nothing is left."""

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        rate: float,
        samples: Sequence[Pixels] = (),
        vital: Sequence[Color] = (),
    ) -> None:
        """Frames are (height, width, 3) uint8, for a `size` of (width, height), `rate` a second.

        A GIF takes its colours from `samples`, which are some of them, and has the `vital` ones as
        they are. Raises CnnvizError if films do not become what the end of the name says.
        """
        super().__init__("film", Standing())
        self.path = path
        self.size = size
        self.rate = rate
        self._samples, self._vital = tuple(samples), tuple(vital)
        self._kind = path.suffix.lower()
        self._frames: queue.Queue[Pixels] = queue.Queue(ROOM)
        self._process: subprocess.Popen[bytes] | None = None
        self._complete = False
        if self._kind not in (GIF, MP4):
            raise CnnvizError(f"Cannot save {path.name}: a film is a {GIF} or an {MP4}.")

    def offer(self, frame: Pixels) -> bool:
        """Hands a frame over, which must not change any more; False if there is no room now.

        Raises ValueError if it is of another size than the film.
        """
        if frame.shape != (self.size[1], self.size[0], 3) or frame.dtype != np.uint8:
            raise ValueError(f"a frame of {frame.shape} {frame.dtype} in a film of {self.size}")
        try:
            self._frames.put_nowait(frame)
        except queue.Full:
            return False
        return True

    def finish(self) -> None:
        """No more frames come. Returns at once; the standing says when the file is there."""
        self._complete = True

    def cancel(self) -> None:
        """Ends it, and nothing is left of it. Returns at once."""
        super().cancel()
        if self._process:
            self._process.kill()  # it may be what the thread waits for

    def _work(self) -> dict[str, Any]:
        try:
            with self._open() as write:
                self._write_all(write)
            return {"bytes": self.path.stat().st_size}
        except Exception:
            if not self._cancelled.is_set():
                raise
        finally:
            self._samples = ()
        return {}

    def _open(self) -> AbstractContextManager[Write]:
        if self._kind == GIF:
            return writing_gif(self.path, self.size, self.rate, self._samples, self._vital)
        return writing_mp4(self.path, self.size, self.rate, self._watch)

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def _write_all(self, write: Write) -> None:
        while True:
            complete = self._complete  # before looking: what was offered before is found
            try:
                frame = self._frames.get(timeout=0 if complete else POLL_SECONDS)
            except queue.Empty:
                if complete and not self._cancelled.is_set():
                    return
                frame = None
            if self._cancelled.is_set():
                raise InterruptedError
            if frame is not None:
                write(frame)
                self._tell(written=self.standing.written + 1)
