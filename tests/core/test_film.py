"""A film as it is written in the background: GIF, MP4 by real and made-up ffmpegs, and its ends."""

import os
import shutil
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from cnnviz.core import film as filming
from cnnviz.core.errors import CnnvizError
from cnnviz.core.film import Film, film_kinds

PATIENCE = 60
"""Seconds for what takes a fraction of one on an idle machine."""
SIZE = (33, 21)
POSIX = pytest.mark.skipif(os.name != "posix", reason="a made-up ffmpeg is a script")

READS_ALL = """
import pathlib, sys
frames = sys.stdin.buffer.read()
told = f"film of {len(frames)} bytes: {sys.argv}"
pathlib.Path(sys.argv[-1]).write_text(told)
"""
FAILS_AT_ONCE = """
import sys
sys.exit("Unknown encoder 'libx264'")
"""
FAILS_AT_THE_END = """
import sys
sys.stdin.buffer.read()
sys.exit("Cannot write the trailer")
"""
FAILS_SILENTLY = "raise SystemExit(3)"
HANGS = "import time; time.sleep(600)"
HANGS_AT_THE_END = "import sys, time; sys.stdin.buffer.read(); time.sleep(600)"


@pytest.fixture(autouse=True)
def no_threads_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


@pytest.fixture
def fake_ffmpeg(tmp_path, monkeypatch):
    """Puts a program of this name on the PATH, alone."""

    def put(source):
        folder = tmp_path / "programs"
        folder.mkdir()
        program = folder / "ffmpeg"
        program.write_text(f"#!{sys.executable}\n{source}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(folder))

    return put


@pytest.fixture
def folder(tmp_path):
    """An empty folder for films."""
    made = tmp_path / "films"
    made.mkdir()
    return made


def frame(number=0):
    width, height = SIZE
    made = np.zeros((height, width, 3), np.uint8)
    made[:, number % width] = (255, 157, 77)
    return made


def hand_over(film, made):
    """Waits for room; whether the film took it before it ended."""
    end = time.monotonic() + PATIENCE
    while not film.offer(made):
        if film.standing.ended or time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def take(film, count):
    for number in range(count):
        if not hand_over(film, frame(number)):
            break
    film.finish()
    assert film.join(PATIENCE)
    return film.standing


def test_a_gif_is_there_when_the_standing_says_so(folder):
    film = Film(folder / "it.GIF", SIZE, 25, [frame()])
    film.start()
    standing = take(film, 20)
    assert (standing.written, standing.ended, standing.failure) == (20, True, None)
    with Image.open(folder / "it.GIF") as image:
        assert (getattr(image, "n_frames", 1), image.size) == (20, SIZE)
        image.seek(7)
        pixels = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(pixels, frame(7))


def test_frames_wait_in_a_bounded_queue(folder):
    film = Film(folder / "it.gif", SIZE, 10, [frame()])  # not started: nobody takes any
    taken = [film.offer(frame(number)) for number in range(100)]
    assert taken == [True] * filming.ROOM + [False] * (100 - filming.ROOM)


@pytest.mark.parametrize(
    "bad", [np.zeros((21, 32, 3), np.uint8), np.zeros((21, 33, 3)), np.zeros((21, 33), np.uint8)]
)
def test_a_frame_of_another_kind_is_refused(bad, folder):
    with pytest.raises(ValueError, match="a frame of"):
        Film(folder / "it.gif", SIZE, 10).offer(bad)


@pytest.mark.parametrize("name", ["film.avi", "film", "gif"])
def test_films_of_other_kinds_are_refused(name, folder):
    with pytest.raises(CnnvizError, match=r"a film is a \.gif or an \.mp4"):
        Film(folder / name, SIZE, 10)


@pytest.mark.parametrize("finished", [False, True])
def test_cancelled_at_once_and_nothing_is_left(finished, folder):
    (folder / "it.gif").write_bytes(b"old")
    film = Film(folder / "it.gif", SIZE, 10, [frame()])
    while film.offer(frame()):
        pass
    film.cancel()
    if finished:
        film.finish()
    film.start()
    assert film.join(PATIENCE)
    assert film.standing.ended
    assert film.standing.failure is None
    assert [(each.name, each.read_bytes()) for each in folder.iterdir()] == [("it.gif", b"old")]


def test_cancelled_while_it_waits_for_frames(folder):
    film = Film(folder / "it.gif", SIZE, 10, [frame()])
    film.start()
    assert hand_over(film, frame())
    began = time.monotonic()
    film.cancel()
    assert film.join(PATIENCE)
    assert time.monotonic() - began < 5
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_gone_is_told(folder):
    film = Film(folder / "gone" / "it.gif", SIZE, 10, [frame()])
    film.start()
    message, details = take(film, 1).failure
    assert message.startswith("Cannot write to")
    assert details == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")  # noqa: PTH110
def test_a_full_disk_is_told(folder, monkeypatch):
    """The temporary file is one on which nothing can be written."""
    monkeypatch.setattr(
        "cnnviz.core.files.tempfile.mkstemp",
        lambda prefix, dir: (os.open(dir / "full", os.O_CREAT), _link(dir / "full")),
    )
    film = Film(folder / "it.gif", SIZE, 10, [frame()])
    film.start()
    message, details = take(film, 3).failure
    assert "No space left on device" in message
    assert details == ""
    assert list(folder.iterdir()) == []


def _link(path):
    path.unlink()
    path.symlink_to("/dev/full")
    return str(path)


# MP4


def test_without_ffmpeg_there_is_no_mp4(monkeypatch, folder):
    monkeypatch.setenv("PATH", str(folder))
    assert film_kinds() == {".gif": "GIF animation"}
    film = Film(folder / "it.mp4", SIZE, 10)
    film.start()
    assert take(film, 1).failure == (f"{filming.NO_FFMPEG} Use GIF.", "")
    assert list(folder.iterdir()) == []


@POSIX
def test_ffmpeg_gets_every_frame_in_even_sizes(fake_ffmpeg, folder):
    fake_ffmpeg(READS_ALL)
    assert list(film_kinds()) == [".gif", ".mp4"]
    film = Film(folder / "it.mp4", SIZE, 15)
    film.start()
    standing = take(film, 5)
    assert (standing.written, standing.failure) == (5, None)
    told = (folder / "it.mp4").read_text()
    assert told.startswith(f"film of {5 * 34 * 22 * 3} bytes")
    assert "'-video_size', '34x22', '-framerate', '15'" in told
    assert [each.name for each in folder.iterdir()] == ["it.mp4"]


@POSIX
@pytest.mark.parametrize(
    ("source", "words"),
    [
        (FAILS_AT_ONCE, "Unknown encoder 'libx264'"),
        (FAILS_AT_THE_END, "Cannot write the trailer"),
        (FAILS_SILENTLY, "it ended with code 3"),
    ],
)
def test_what_ffmpeg_says_when_it_fails_is_told(source, words, fake_ffmpeg, folder):
    fake_ffmpeg(source)
    (folder / "it.mp4").write_bytes(b"old")
    film = Film(folder / "it.mp4", SIZE, 10)
    film.start()
    message, details = take(film, 200).failure
    assert message == f"ffmpeg gave up: {words}"
    assert details == ""
    assert [(each.name, each.read_bytes()) for each in folder.iterdir()] == [("it.mp4", b"old")]


@POSIX
@pytest.mark.parametrize("source", [HANGS, HANGS_AT_THE_END])
def test_an_ffmpeg_that_hangs_can_be_cancelled(source, fake_ffmpeg, folder):
    fake_ffmpeg(source)
    film = Film(folder / "it.mp4", (640, 480), 10)
    film.start()
    for _ in range(filming.ROOM):
        assert hand_over(film, np.zeros((480, 640, 3), np.uint8))
    film.finish()
    while film._process is None:
        time.sleep(0.001)
    film.cancel()
    assert film.join(PATIENCE)
    assert film.standing.failure is None
    assert list(folder.iterdir()) == []


@POSIX
def test_a_program_that_cannot_be_started_is_told(tmp_path, monkeypatch, folder):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/nowhere/at/all\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    film = Film(folder / "it.mp4", SIZE, 10)
    film.start()
    assert take(film, 1).failure[0].startswith("Cannot start ffmpeg")
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_real_mp4_has_all_frames_and_their_colours(folder):
    film = Film(folder / "it.mp4", SIZE, 10)
    film.start()
    orange = np.full((SIZE[1], SIZE[0], 3), (255, 157, 77), np.uint8)
    for _ in range(8):
        assert hand_over(film, orange)
    film.finish()
    assert film.join(PATIENCE)
    assert film.standing.failure is None
    read = ["-i", str(folder / "it.mp4"), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(["ffmpeg", "-loglevel", "error", *read], capture_output=True, check=True)
    frames = np.frombuffer(raw.stdout, np.uint8).reshape(8, 22, 34, 3)
    np.testing.assert_allclose(frames[:, 10, 10].astype(int), [[255, 157, 77]] * 8, atol=12)
