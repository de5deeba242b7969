"""One file from one address, which can be watched, paused, given up and gone on with.

Pooch's HTTPDownloader reads the net on a thread of its own and hands over pieces; whoever writes
them to the disk waits for no server, so that it can be cancelled at once and notices a stall of any
kind: of the name, of the connection, of the bytes. pooch and requests are imported when they are
needed, for that takes a tenth of a second.
"""

import errno
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Any, NamedTuple

from cnnviz.core.errors import CnnvizError

PIECE = 2**14
"""Bytes; a whole piece must arrive within STALL_SECONDS."""
CONNECT_SECONDS = 10.0
STALL_SECONDS = 20.0
LOOK_SECONDS = 0.05
"""How soon a wish to pause or to cancel is seen."""
MOST_BYTES = 2**28
"""Of one file; a server could send without end."""


class DownloadError(Exception):
    """What is the matter with a server, in words that go on after its name."""


class DownloadCancelled(Exception):
    """It was given up, as was asked; what has arrived is kept."""


class Control(NamedTuple):
    """What the watcher wishes, and what it is told."""

    cancelled: Callable[[], bool]
    paused: Callable[[], bool]
    arrived: Callable[[int, int | None], None]
    """Told how many bytes of the file are here, and of how many, if the server says so."""


def download(url: str, part: Path, control: Control) -> None:
    """Adds to the file `part` what it lacks of the one at `url`, until it is whole.

    Whether the bytes are right is not looked at. Raises DownloadError if the server fails, which
    leaves what has arrived; DownloadCancelled; CnnvizError if it cannot be written.
    """
    for _ in range(2):  # again, if what was there before turns out to be of no use
        _wait_while_paused(control)
        while not _go_on(url, part, control):
            _wait_while_paused(control)
        if part.exists():
            return
    raise DownloadError("does not say which part of the file it sends")


def _wait_while_paused(control: Control) -> None:
    while control.paused():
        if control.cancelled():
            raise DownloadCancelled
        time.sleep(LOOK_SECONDS)


def _go_on(url: str, part: Path, control: Control) -> bool:
    """Whether it came to an end, and not to a pause; `part` is gone if it was of no use."""
    begin = part.stat().st_size if part.exists() else 0
    line = _Line(url, begin)
    try:
        first = line.take(control)
        if line.status == 416:  # nothing comes after what is there
            if line.total != begin:
                part.unlink(missing_ok=True)
            return True
        if isinstance(first, Exception):
            raise DownloadError(_in_words(first))
        if line.begin not in (0, begin):
            part.unlink(missing_ok=True)
            return True
        return _write(line, first, part, control)
    finally:
        line.give_up()


def _write(line: "_Line", first: bytes | None, part: Path, control: Control) -> bool:
    """Writes what arrives; whether it came to the end, and not to a pause."""
    done, piece = line.begin, first
    try:
        with part.open("ab" if line.begin else "wb") as file:
            while piece:
                file.write(piece)
                done += len(piece)
                control.arrived(done, line.total)
                if done > MOST_BYTES:
                    raise DownloadError(f"sends more than {MOST_BYTES} bytes")
                if control.paused():
                    return False
                news = line.take(control)
                if isinstance(news, Exception):
                    raise DownloadError(_in_words(news))
                piece = news
    except OSError as error:
        raise cannot_write(part.parent, error) from None
    if line.total is not None and done < line.total:
        raise DownloadError(f"broke off after {done} of {line.total} bytes")
    return True


def cannot_write(folder: Path, error: OSError) -> CnnvizError:
    """Says what is wrong with a folder that was to be written to, and the way out."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CnnvizError(
            f"There is no room left in {folder}. Make some; what has arrived is kept, and "
            "fetching goes on from there."
        )
    what = "permission denied" if isinstance(error, PermissionError) else error.strerror or error
    return CnnvizError(
        f"Cannot write to {folder}: {what}. Look at its permissions, or set "
        "CNNVIZ_DATA to a folder that has the files already."
    )


class _Line:
    """What is read from the net, piece by piece, on a thread that may be left alone with it."""

    def __init__(self, url: str, begin: int) -> None:
        self.status = 0
        self.begin = 0
        """Where in the file the first piece belongs."""
        self.total: int | None = None
        self._url = url
        self._asked = begin
        self._news: Queue[bytes | Exception | None] = Queue(maxsize=16)
        self._given_up = threading.Event()
        threading.Thread(target=self._read, name="cnnviz-download", daemon=True).start()

    def take(self, control: Control) -> bytes | Exception | None:
        """The next piece, None at the end, or why there is none; then, too, it is the last."""
        patience = time.monotonic() + STALL_SECONDS
        while time.monotonic() < patience:
            if control.cancelled():
                raise DownloadCancelled
            try:
                return self._news.get(timeout=LOOK_SECONDS)
            except Empty:
                pass
        return TimeoutError()

    def give_up(self) -> None:
        """Nobody will take any more; the thread ends as soon as the net lets it."""
        self._given_up.set()

    def _read(self) -> None:
        from pooch import HTTPDownloader

        headers = {"Accept-Encoding": "identity"}  # the bytes as they are, packed or not
        if self._asked:
            headers["Range"] = f"bytes={self._asked}-"
        reader = HTTPDownloader(
            chunk_size=PIECE,
            timeout=(CONNECT_SECONDS, STALL_SECONDS),
            headers=headers,
            hooks={"response": self._take_down},
        )
        try:
            reader(self._url, self, None)
            self._hand_over(None)
        except DownloadCancelled:
            pass
        except Exception as error:  # whatever it is, the other thread says it
            self._hand_over(error)

    def _take_down(self, response: Any, **_: Any) -> None:
        """What the headers say; of several answers, the last is not a redirection."""
        self.status = response.status_code
        self.begin, self.total = _extent(self.status, response.headers)
        # Some servers call a .gz file an encoding of what is in it; requests would unpack it.
        response.raw.headers.pop("Content-Encoding", None)

    # The reader takes this for the file it writes to.

    def write(self, piece: bytes) -> None:
        """Hands a piece over; waits while nobody takes it, and ends the reading if nobody will."""
        if not self._hand_over(piece):
            raise DownloadCancelled

    def flush(self) -> None:
        """Nothing is held back."""

    def _hand_over(self, news: bytes | Exception | None) -> bool:
        """Whether somebody will take it."""
        while not self._given_up.is_set():
            try:
                self._news.put(news, timeout=LOOK_SECONDS)
                return True
            except Full:
                pass
        return False


def _extent(status: int, headers: Mapping[str, str]) -> tuple[int, int | None]:
    """Where the body begins in the file, and how long the file is, if the server says so.

    Source: RFC 9110, 14.4, "Content-Range: bytes 42-1233/1234", or "bytes */1234" with status 416.
    """
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", headers.get("Content-Range", ""))
    if status in (206, 416):
        begin, total = (match[1], match[2]) if match else (None, "")
        return int(begin) if begin else -1, int(total) if total.isdecimal() else None
    length = headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _in_words(error: Exception) -> str:
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, exceptions.ConnectTimeout):
        return "cannot be reached in time"
    if isinstance(error, TimeoutError | exceptions.Timeout) or "timed out" in str(error):
        return f"has sent nothing for {STALL_SECONDS:g} s"
    if isinstance(error, exceptions.SSLError):
        return "has no certificate that can be trusted"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "broke off"
    if isinstance(error, exceptions.ConnectionError):
        return "cannot be reached"
    return f"failed ({error})"
