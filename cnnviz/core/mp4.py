"""Writes a film as MP4 (H.264) through the program ffmpeg, where it is installed."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

from cnnviz.core.errors import CnnvizError
from cnnviz.core.files import replacing
from cnnviz.core.gif import Pixels

LAST_WORDS = 600
"""Characters of what ffmpeg says that are shown when it fails."""
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""On Windows, else a console would flash up."""


def ffmpeg() -> str | None:
    """Where the program is; None if it is not installed."""
    return shutil.which("ffmpeg")


@contextmanager
def writing_mp4(
    path: Path,
    size: tuple[int, int],
    rate: float,
    watch: Callable[["subprocess.Popen[bytes]"], None],
) -> Iterator[Callable[[Pixels], None]]:
    """Yields what takes the frames of (width, height), shown at `rate` a second.

    `watch` is told the process, for another thread to kill. Whole or not at all; raises CnnvizError
    if ffmpeg is not there or fails, with its own last words.
    """
    program = ffmpeg()
    if program is None:
        raise CnnvizError("MP4 needs the program ffmpeg, which is not installed here. Use GIF.")
    even = size[0] + size[0] % 2, size[1] + size[1] % 2
    with replacing(path) as temporary, tempfile.TemporaryFile() as words:
        command = [program, *_arguments(even, rate), str(temporary)]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=words,
                creationflags=NO_WINDOW,
            )
        except OSError as error:
            raise CnnvizError(f"Cannot start ffmpeg: {error.strerror}.") from None
        watch(process)
        assert process.stdin

        def write(frame: Pixels) -> None:
            assert process.stdin
            padding = even[1] - size[1], even[0] - size[0]
            if any(padding):
                frame = np.pad(frame, ((0, padding[0]), (0, padding[1]), (0, 0)), mode="edge")
            try:
                process.stdin.write(frame.tobytes())
            except OSError:  # it reads no more
                raise _failure(process, words) from None

        try:
            yield write
            try:
                process.stdin.close()
            except OSError:
                raise _failure(process, words) from None
            if process.wait():
                raise _failure(process, words)
        finally:
            process.kill()  # nothing, if it has ended
            process.wait()
            with suppress(OSError):  # what was still to be written, nobody reads
                process.stdin.close()


def _arguments(size: tuple[int, int], rate: float) -> list[str]:
    """H.264 with 4:2:0 colours, which every player shows, and the colours' meaning said."""
    given = f"-f rawvideo -pixel_format rgb24 -video_size {size[0]}x{size[1]} -framerate {rate:g}"
    color = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv"
    return [
        *"-hide_banner -loglevel error -nostats -y".split(),
        *given.split(),
        *"-i pipe:0 -an -c:v libx264 -preset medium -crf 18".split(),
        *"-vf scale=out_color_matrix=bt709:out_range=tv,format=yuv420p".split(),
        *color.split(),
        *"-movflags +faststart -f mp4".split(),
    ]


def _failure(process: "subprocess.Popen[bytes]", words: IO[bytes]) -> CnnvizError:
    """Why ffmpeg gave up, in its own words."""
    process.kill()
    code = process.wait()
    words.seek(0)
    said = words.read().decode(errors="replace").strip()[-LAST_WORDS:]
    return CnnvizError(f"ffmpeg gave up: {said or f'it ended with code {code}'}")
