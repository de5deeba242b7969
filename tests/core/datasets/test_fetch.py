"""Fetching from servers that stall, break off, lie and recover: right files in the end, or none."""

import errno
import gzip
import hashlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from cnnviz.core.datasets import LOADERS, download, fetch, load_dataset, mnist
from cnnviz.core.datasets.download import DownloadCancelled
from cnnviz.core.datasets.fetch import SOURCES, Fetch, RemoteFile, Source, Standing
from cnnviz.core.errors import CnnvizError, DataError
from tests.core.datasets.test_mnist import write_folder
from tests.mirror_server import Mirror, serve

rng = np.random.default_rng(0)
LARGE = rng.bytes(300_000)
FILES = {"large.gz": LARGE, "small.gz": b"a few bytes"}
HALF = len(LARGE) // 2 // download.PIECE * download.PIECE
"""What arrives of half the large file, in whole pieces."""

Serve = Callable[..., Mirror]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wishes are noticed soon; nobody asks a proxy."""
    monkeypatch.setattr(download, "LOOK_SECONDS", 0.005)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def mirror() -> Iterator[Serve]:
    """A function that starts a mirror in the moods that are named."""
    with ExitStack() as stack:
        yield lambda *moods, files=FILES: stack.enter_context(serve(files, *moods))


def source_of(*mirrors: Mirror | str, files: dict[str, bytes] = FILES) -> Source:
    addresses = tuple(each if isinstance(each, str) else each.address for each in mirrors)
    kinds = ("md5", "sha256") * len(files)
    remote = tuple(
        RemoteFile(name, f"{kind}:{hashlib.new(kind, content).hexdigest()}", len(content) + 7)
        for kind, (name, content) in zip(kinds, files.items(), strict=False)
    )
    return Source(mnist.MNIST, addresses, remote)


def assert_all_there(folder: Path, files: dict[str, bytes] = FILES) -> None:
    """All files are right, and nothing else is left."""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def part(folder: Path) -> Path:
    return folder / ".large.gz.part"


class Told:
    """A standing as a window would see it, and all it has seen."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def __call__(self, **changes: Any) -> None:
        Standing(**changes)  # each is a field of it
        self.seen.append(changes)

    def all(self, what: str) -> list[Any]:
        return [changes[what] for changes in self.seen if what in changes]


def test_files_arrive_with_progress(mirror: Serve, tmp_path: Path) -> None:
    server, told = mirror(), Told()
    folder = tmp_path / "not" / "there" / "yet"
    assert fetch.fetch(source_of(server), folder, told) == folder
    assert_all_there(folder)
    done = told.all("done")
    assert done == sorted(done)
    assert len(set(done)) > 10
    assert done[-1] == told.all("of")[-1] == sum(map(len, FILES.values()))
    assert set(told.all("file")) == set(FILES)
    assert set(told.all("mirror")) == {server.address}
    assert max(told.all("bytes_per_second")) > 0
    assert told.all("trouble") == []


def test_what_is_right_already_is_not_fetched_again(mirror: Serve, tmp_path: Path) -> None:
    server = mirror()
    fetch.fetch(source_of(server), tmp_path)
    (tmp_path / "large.gz").write_bytes(b"damaged")
    server.requests.clear()
    fetch.fetch(source_of(server), tmp_path)
    assert_all_there(tmp_path)
    assert server.requests == [("large.gz", "")]


@pytest.mark.parametrize(
    ("moods", "trouble"),
    [
        (["missing", "good"], "answers 404 Not Found"),
        (["error", "good"], "answers 503 Service Unavailable"),
        (["wrong", "good"], "sent other bytes than were published"),
        (["cut", "good"], "broke off"),
        (["stall", "good"], "has sent nothing for 0.5 s"),
        (["mute", "good"], "has sent nothing for 0.5 s"),
        (["short", "good"], "sent other bytes than were published"),
        (["long", "good"], "broke off"),
        (["cut", "cut", "cut", "good"], "broke off"),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_a_bad_server_that_recovers_gives_the_files(
    mirror: Serve, tmp_path: Path, moods: list[str], trouble: str, count: int, monkeypatch
) -> None:
    monkeypatch.setattr(fetch, "ROUNDS", 5)
    if {"stall", "mute"} & set(moods):
        monkeypatch.setattr(download, "STALL_SECONDS", 0.5)
    servers, told = [mirror(*moods) for _ in range(count)], Told()
    fetch.fetch(source_of(*servers), tmp_path, told)
    assert_all_there(tmp_path)
    assert any(trouble in text for text in told.all("trouble"))


def test_another_mirror_goes_on_where_the_first_broke_off(mirror: Serve, tmp_path: Path) -> None:
    first, second = mirror("cut"), mirror()
    fetch.fetch(source_of(first, second), tmp_path)
    assert_all_there(tmp_path)
    assert first.requests == [("large.gz", "")]
    assert second.requests == [("large.gz", f"bytes={HALF}-"), ("small.gz", "")]


def test_a_packed_file_stays_packed_whatever_it_is_called(mirror: Serve, tmp_path: Path) -> None:
    files = {"large.gz": gzip.compress(LARGE)}
    fetch.fetch(source_of(mirror("labelled", files=files), files=files), tmp_path)
    assert_all_there(tmp_path, files)


@pytest.mark.parametrize("mood", ["no-ranges", "elsewhere", "unsure"])
def test_without_proper_ranges_it_begins_again(mirror: Serve, tmp_path: Path, mood: str) -> None:
    server = mirror(mood)
    part(tmp_path).write_bytes(LARGE[:1000])
    fetch.fetch(source_of(server), tmp_path)
    assert_all_there(tmp_path)
    assert server.requests[0] == ("large.gz", "bytes=1000-")


@pytest.mark.parametrize(
    ("kept", "requests"),
    [
        (LARGE, 1),  # whole, but not yet named
        (LARGE + b"more", 2),
        (b"", 1),
    ],
)
def test_whatever_was_kept_the_file_is_right(
    mirror: Serve, tmp_path: Path, kept: bytes, requests: int
) -> None:
    server = mirror()
    part(tmp_path).write_bytes(kept)
    fetch.fetch(source_of(server), tmp_path)
    assert_all_there(tmp_path)
    assert len([name for name, _ in server.requests if name == "large.gz"]) == requests


def test_wrong_bytes_that_were_kept_are_thrown_away(mirror: Serve, tmp_path: Path) -> None:
    part(tmp_path).write_bytes(b"x" * 1000)
    server, told = mirror(), Told()
    fetch.fetch(source_of(server), tmp_path, told)
    assert_all_there(tmp_path)
    assert [asked for name, asked in server.requests if name == "large.gz"] == ["bytes=1000-", ""]


def test_if_all_fail_each_is_named_with_the_way_out(mirror: Serve, tmp_path: Path) -> None:
    servers = mirror("missing"), mirror("cut"), mirror("wrong")
    gone = "http://127.0.0.1:9/"
    with pytest.raises(DataError) as caught:
        fetch.fetch(source_of(*servers[:2], gone), tmp_path)
    message = str(caught.value)
    assert message.startswith("large.gz cannot be fetched: ")
    assert f"{servers[0].address} answers 404 Not Found" in message
    assert f"{servers[1].address} broke off" in message
    assert f"{gone} cannot be reached" in message
    assert f"what has arrived is kept. Or put the file into {tmp_path} yourself." in message
    assert [path.name for path in tmp_path.iterdir()] == [".large.gz.part"]


def test_wrong_bytes_everywhere_leave_nothing(mirror: Serve, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="sent other bytes than were published"):
        fetch.fetch(source_of(mirror("wrong")), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_never_ends_is_left(
    mirror: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "MOST_BYTES", 10**6)
    monkeypatch.setattr(fetch, "ROUNDS", 1)
    with pytest.raises(DataError, match="sends more than 1000000 bytes"):
        fetch.fetch(source_of(mirror("endless")), tmp_path)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.002)


def test_a_task_is_cancelled_at_once_and_goes_on_next_time(mirror: Serve, tmp_path: Path) -> None:
    server = mirror("stall", "good")
    task = Fetch(source_of(server), tmp_path)
    assert task.standing.of == task._source.size
    task.start()
    wait_until(lambda: task.standing.done == HALF)
    task.cancel()
    assert task.join(10)  # half of the patience with a server that stalls
    standing = task.standing
    assert (standing.ended, standing.failure, standing.folder) == (True, None, None)
    assert part(tmp_path).read_bytes() == LARGE[:HALF]
    again = Fetch(source_of(server), tmp_path)
    again.start()
    assert again.join(20)
    assert again.standing.folder == tmp_path
    assert_all_there(tmp_path)
    assert server.requests[1] == ("large.gz", f"bytes={HALF}-")


def test_cancelled_before_a_server_answers_it_ends_at_once(mirror: Serve, tmp_path: Path) -> None:
    server = mirror("mute")
    task = Fetch(source_of(server), tmp_path)
    task.start()
    wait_until(lambda: len(server.requests) == 1)
    task.cancel()
    assert task.join(10)
    assert list(tmp_path.iterdir()) == []


def test_a_task_pauses_and_goes_on_from_there(
    mirror: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = mirror()
    task = Fetch(source_of(server), tmp_path)
    arrived = fetch._Meter.arrived

    def pause_at_first(meter: Any, done: int, of: int | None) -> None:
        arrived(meter, done, of)
        if len(server.requests) == 1:
            task.pause()

    monkeypatch.setattr(fetch._Meter, "arrived", pause_at_first)
    task.start()
    wait_until(lambda: task.standing.paused and part(tmp_path).exists())
    wait_until(lambda: part(tmp_path).stat().st_size == download.PIECE)
    assert not task.join(0.1)
    assert task.standing.done == download.PIECE
    task.resume()
    assert task.join(20)
    assert not task.standing.paused
    assert_all_there(tmp_path)
    assert server.requests[1] == ("large.gz", f"bytes={download.PIECE}-")


def test_a_paused_task_can_be_cancelled(mirror: Serve, tmp_path: Path) -> None:
    task = Fetch(source_of(mirror()), tmp_path)
    task.pause()
    task.start()
    assert not task.join(0.05)
    task.cancel()
    assert task.join(20)
    assert task.standing.folder is None


def test_failure_of_a_task_is_a_message(mirror: Serve, tmp_path: Path) -> None:
    task = Fetch(source_of(mirror("missing")), tmp_path)
    task.start()
    assert task.join(20)
    assert task.standing.failure
    message, trace = task.standing.failure
    assert "answers 404" in message
    assert trace == ""


def test_a_full_disk_is_said_and_no_other_mirror_asked(
    mirror: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = Path.open

    class Full:
        """A file on a full disk."""

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: Any) -> None:
            pass

        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(path: Path, *more: Any, **rest: Any) -> Any:
        return Full() if path.name.endswith(".part") else opener(path, *more, **rest)

    monkeypatch.setattr(Path, "open", full)
    server = mirror()
    with pytest.raises(CnnvizError, match=r"There is no room left in .* goes on from there"):
        fetch.fetch(source_of(server, server), tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CnnvizError, match="Cannot write to .*file.*: .*Look at its permissions"):
        fetch.fetch(source_of("http://127.0.0.1:9/"), tmp_path / where)


def test_a_folder_that_may_not_be_written_to_is_said(
    mirror: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(CnnvizError, match="Cannot write to .*: permission denied\\. Look at its"):
        fetch.fetch(source_of(mirror()), tmp_path)


def test_cancelled_between_files(mirror: Serve, tmp_path: Path) -> None:
    with pytest.raises(DownloadCancelled):
        fetch.fetch(
            source_of(mirror()), tmp_path, cancelled=lambda: (tmp_path / "large.gz").exists()
        )
    assert (tmp_path / "large.gz").read_bytes() == LARGE


# What is fetched is found.


def test_sources_are_whole() -> None:
    for name, source in SOURCES.items():
        assert name == source.published.name in LOADERS
        assert [file.name for file in source.files] == [f"{name}.gz" for name in mnist.FILES]
        assert len(source.published.class_names) == 10
        assert all(mirror.endswith("/") for mirror in source.mirrors)
        for file in source.files:
            kind, digest = file.known_hash.split(":")
            assert len(bytes.fromhex(digest)) == hashlib.new(kind).digest_size


def test_fashion_mnist_is_a_data_set_once_it_is_fetched(
    mirror: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CNNVIZ_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / name)
    with pytest.raises(DataError, match=r"Fashion-MNIST is not in .*data fetch fashion-mnist`"):
        load_dataset("fashion-mnist")
    made = write_folder(tmp_path / "made", ".gz")
    files = {path.name: path.read_bytes() for path in sorted(made.iterdir())}
    source = source_of(mirror(files=files), files=files)
    source = Source(mnist.FASHION_MNIST, source.mirrors, source.files)
    folder = fetch.fetch(source)
    assert folder == tmp_path / "cnnviz" / "fashion-mnist"
    data = load_dataset("fashion-mnist")
    assert (data.name, data.title) == ("fashion-mnist", "Fashion-MNIST")
    assert data.class_names[9] == "Ankle boot"
    labels = gzip.decompress(files["train-labels-idx1-ubyte.gz"])[8:]
    assert bytes(data.train.labels.astype(np.uint8)) == labels
    assert_all_there(folder, files)
