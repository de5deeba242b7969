"""Fetches MNIST and Fashion-MNIST into the user's cache: mirrors in turn, hashes checked, by Pooch.

What has arrived of a file is kept beside its place as `.NAME.part`. A file gets its name only once
its hash is right, so there is never half of one.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from cnnviz.core.datasets import mnist
from cnnviz.core.datasets.download import (
    Control,
    DownloadCancelled,
    DownloadError,
    cannot_write,
    download,
)
from cnnviz.core.datasets.mnist import FASHION_MNIST, MNIST, Published
from cnnviz.core.errors import CnnvizError, DataError
from cnnviz.core.task import Task

ROUNDS = 2
"""How often each mirror gets a chance with each file."""
SPEED_SECONDS = 3.0
"""The time over which the speed is a mean."""


class RemoteFile(NamedTuple):
    """One file as it was published."""

    name: str
    known_hash: str
    """As Pooch takes it: "sha256:…" or "md5:…"."""
    size: int
    """Bytes; shown until a server says it."""


@dataclass(frozen=True)
class Source:
    """Where a published data set can be had."""

    published: Published
    mirrors: tuple[str, ...]
    """Addresses that the files' names are added to."""
    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)


def _files(*hashes_and_sizes: tuple[str, int]) -> tuple[RemoteFile, ...]:
    named = zip(mnist.FILES, hashes_and_sizes, strict=True)
    return tuple(RemoteFile(f"{name}.gz", *rest) for name, rest in named)


SOURCES = {
    "mnist": Source(
        MNIST,
        (
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        _files(
            ("sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9_912_422),
            ("sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28_881),
            ("sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1_648_877),
            ("sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4_542),
        ),
    ),
    "fashion-mnist": Source(
        FASHION_MNIST,
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        _files(  # the hashes are those in its README
            ("md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
            ("md5:25c81989df183df01b3e8a0aad5dffbe", 29_515),
            ("md5:bef4ecab320f06d8554ea6380940ec79", 4_422_102),
            ("md5:bb300cfdad3c16e7a12a480ee83cd310", 5_148),
        ),
    ),
}
"""What can be fetched, by its name."""


@dataclass(frozen=True)
class Standing:
    """Where fetching is; once `ended`, it stays so."""

    file: str = ""
    mirror: str = ""
    done: int = 0
    """Bytes of all files that are here."""
    of: int = 0
    """Bytes in all."""
    bytes_per_second: float = 0.0
    """The mean of the last seconds; 0 while nothing arrives."""
    paused: bool = False
    trouble: str = ""
    """What was the matter with the mirror before, if another had to be taken."""
    folder: Path | None = None
    """Where the files are, once all are."""
    ended: bool = False
    failure: tuple[str, str] | None = None
    """What went wrong, and its traceback (empty if the user can mend it)."""


Tell = Callable[..., None]
"""Told what changes in the standing, by name."""


class Fetch(Task[Standing]):
    """Fetches on a thread of its own; cancelled, it keeps what has arrived for the next time."""

    def __init__(self, source: Source, folder: Path | None = None) -> None:
        """`folder` is the user's cache unless another is named."""
        super().__init__("fetch", Standing(of=source.size))
        self._source = source
        self._folder = folder
        self._paused = threading.Event()

    def pause(self) -> None:
        """Lets go of the server after the piece that is on its way. Returns at once."""
        self._paused.set()
        self._tell(paused=True, bytes_per_second=0.0)

    def resume(self) -> None:
        """Goes on where it was. Returns at once."""
        self._paused.clear()
        self._tell(paused=False)

    def _work(self) -> dict[str, Any]:
        try:
            folder = fetch(
                self._source,
                self._folder,
                self._tell,
                self._cancelled.is_set,
                self._paused.is_set,
            )
        except DownloadCancelled:
            return {"bytes_per_second": 0.0}
        return {"folder": folder, "bytes_per_second": 0.0}


def fetch(
    source: Source,
    folder: Path | None = None,
    tell: Tell = lambda **changes: None,
    cancelled: Callable[[], bool] = lambda: False,
    paused: Callable[[], bool] = lambda: False,
) -> Path:
    """Fetches what is missing or damaged, and returns the folder it is in.

    `tell` is called with what changes in a `Standing`. Raises DataError if no mirror gives a file,
    CnnvizError if the folder cannot be written to, DownloadCancelled soon after `cancelled()`.
    """
    folder = folder or mnist.cache_folder(source.published)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None
    mirrors = deque(source.mirrors)
    meter = _Meter(source, tell)
    for file in source.files:
        if cancelled():
            raise DownloadCancelled
        meter.begin(file)
        _fetch_file(file, folder, mirrors, tell, Control(cancelled, paused, meter.arrived))
        meter.end(folder / file.name)
    return folder


def _fetch_file(
    file: RemoteFile, folder: Path, mirrors: deque[str], tell: Tell, control: Control
) -> None:
    """One file from the first mirror that has it; one that fails goes to the end of the row."""
    troubles: dict[str, str] = {}
    for _ in range(ROUNDS * len(mirrors)):
        mirror = mirrors[0]
        tell(mirror=mirror)
        try:
            _retrieve(mirror, file, folder, control)
            return
        except DownloadError as error:
            troubles[mirror] = str(error)
            tell(trouble=f"{mirror} {error}.", bytes_per_second=0.0)
            mirrors.rotate(-1)
    what = "; ".join(f"{mirror} {trouble}" for mirror, trouble in troubles.items())
    raise DataError(
        f"{file.name} cannot be fetched: {what}. Look whether the network is there and try again "
        f"later; what has arrived is kept. Or put the file into {folder} yourself."
    )


def _retrieve(mirror: str, file: RemoteFile, folder: Path, control: Control) -> None:
    """By Pooch, which leaves a file alone that is right already, and checks one before it is named.

    Raises DownloadError if the mirror fails or what it sends is wrong, which is then thrown away.
    """
    import pooch  # takes a tenth of a second

    pooch.get_logger().setLevel("WARNING")  # it would tell the terminal of each file
    part = folder / f".{file.name}.part"

    def go_on(url: str, output_file: str, _: Any) -> None:
        download(url, part, control)
        part.replace(output_file)

    try:
        pooch.retrieve(mirror + file.name, file.known_hash, file.name, folder, downloader=go_on)
    except CnnvizError:
        raise
    except OSError as error:
        raise cannot_write(folder, error) from None
    except ValueError:
        raise DownloadError("sent other bytes than were published") from None


class _Meter:
    """Adds up the bytes of all files, and how fast they come."""

    def __init__(self, source: Source, tell: Tell) -> None:
        self._tell = tell
        self._sizes = {file.name: file.size for file in source.files}
        self._before = 0
        self._file = ""
        self._recent: deque[tuple[float, int]] = deque()

    def begin(self, file: RemoteFile) -> None:
        """This file is next."""
        self._file = file.name
        self._recent.clear()
        self._tell(file=file.name, done=self._before, of=sum(self._sizes.values()))

    def arrived(self, done: int, of: int | None) -> None:
        """So many bytes of the file are here."""
        if of is not None:
            self._sizes[self._file] = of
        now = monotonic()
        if self._recent and done < self._recent[-1][1]:  # from the start again
            self._recent.clear()
        self._recent.append((now, done))
        while now - self._recent[0][0] > SPEED_SECONDS:
            self._recent.popleft()
        start, first = self._recent[0]
        seconds = now - start
        self._tell(
            done=self._before + done,
            of=sum(self._sizes.values()),
            bytes_per_second=(done - first) / seconds if seconds else 0.0,
        )

    def end(self, path: Path) -> None:
        """The file is whole."""
        self._sizes[self._file] = path.stat().st_size
        self._before += self._sizes[self._file]
        self._tell(done=self._before, of=sum(self._sizes.values()))
