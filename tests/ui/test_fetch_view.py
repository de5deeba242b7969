"""Fetching data in the window: offered, begun, watched, paused, given up, tried again, opened."""

import hashlib
import struct
import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from cnnviz.core.datasets import download, fetch, is_there, mnist
from cnnviz.core.datasets.fetch import RemoteFile, Source
from cnnviz.core.settings import Settings
from cnnviz.ui.messages import RunRequest
from tests.mirror_server import serve

LEFT = Qt.MouseButton.LeftButton


def idx_files():
    """The four files of a small MNIST, by the names that mirrors have for them, unpacked."""
    random, files = np.random.default_rng(0), {}
    for stem, count in (("train", 300), ("t10k", 60)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
            files[f"{stem}-{kind}-ubyte"] = header + values.tobytes()
    return files


FILES = idx_files()


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without MNIST; what is fetched goes to a folder of the test."""
    monkeypatch.delenv("CNNVIZ_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(mnist, "cache_folder", lambda published: tmp_path / "cache" / "mnist")
    monkeypatch.setattr(download, "LOOK_SECONDS", 0.005)
    return tmp_path / "cache" / "mnist"


@pytest.fixture
def mirror(nowhere, monkeypatch):
    """Serves MNIST from this machine, in the moods that the test chooses."""
    with serve(FILES) as server:
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
        files = tuple(
            RemoteFile(name, f"sha256:{hashes[name]}", len(content))
            for name, content in FILES.items()
        )
        source = Source(mnist.MNIST, (server.address,), files)
        monkeypatch.setitem(fetch.SOURCES, "mnist", source)
        yield server


@pytest.fixture
def view(window):
    """The line in the main window."""
    return window.fetch


@pytest.fixture
def notices(session):
    """What the session told the user."""
    told = []
    session.noticed.connect(told.append)
    return told


def texts(view):
    """All words on it."""
    labels = (view.text, view.numbers, view.details)
    return " ".join(label.text() for label in labels if label.isVisible())


def pick(window, name):
    """As if that line of the data menu was clicked."""
    window.controls.data_choice.chosen.emit(name)


def press(qtbot, button):
    qtbot.mouseClick(button, LEFT)


def test_data_that_are_not_here_are_offered_and_nothing_is_fetched_unasked(
    window, view, mirror, session, nowhere
):
    assert not view.isVisible()
    pick(window, "mnist")
    assert view.isVisible()
    assert session.loading is None
    words = texts(view)
    for part in ("MNIST is not on this machine", "MB", "127.0.0.1", str(nowhere), "UCI digits"):
        assert part in words
    assert mirror.requests == []
    assert view.start_button.hasFocus()


def test_the_offer_says_which_data_the_run_goes_on_with(window, view, mirror, until, tmp_path):
    pick(window, "mnist")
    assert texts(view).endswith("goes on with UCI digits.")
    for name in ("one", "two"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            picture = QImage(12, 12, QImage.Format.Format_Grayscale8)
            picture.fill(40 * number)
            assert picture.save(str(tmp_path / "photos" / name / f"{number}.png"))
    settings = replace(window.session.settings, batch_size=4)
    window.session.open_run(RunRequest(str(tmp_path / "photos"), "tiny", settings, 100))
    until(lambda: window.session.dataset.class_names == ("one", "two"))
    assert texts(view).endswith("goes on with photos.")
    assert window.digits.heading.text() == "Images"


def test_fetched_data_are_opened_at_once(window, view, mirror, session, until, qtbot):
    pick(window, "mnist")
    press(qtbot, view.start_button)
    until(lambda: session.dataset is not None and session.dataset.name == "mnist")
    assert len(session.dataset.train) == 300
    assert is_there("mnist")
    assert not view.isVisible()
    assert window.controls.data_choice.accessibleName() == "Data: MNIST"


def test_the_keyboard_is_the_windows_again_when_it_goes(window, view, mirror, qtbot, press_key):
    pick(window, "mnist")
    press(qtbot, view.cancel_button)
    assert not view.isVisible()
    press_key("N", window)
    assert window.session.image_index == 1


def test_it_says_how_far_it_is_and_where_from(window, view, mirror, until, qtbot):
    mirror.moods[:] = ["stall"]
    pick(window, "mnist")
    press(qtbot, view.start_button)
    until(lambda: view.progress.value() > 0)
    words = texts(view).replace("\u2009", " ")
    assert "Fetching MNIST" in words
    assert "of 0.3 MB" in words
    assert "train-images-idx3-ubyte from 127.0.0.1" in words


def test_pause_resume_and_cancel(window, view, mirror, until, qtbot, nowhere, session):
    mirror.moods[:] = ["stall"]
    pick(window, "mnist")
    press(qtbot, view.start_button)
    until(lambda: view.progress.value() > 0)
    press(qtbot, view.pause_button)
    assert "Paused: MNIST" in texts(view)
    assert view.pause_button.text() == "Resume"
    mirror.moods[:] = ["good"]
    press(qtbot, view.pause_button)
    assert view.pause_button.text() == "Pause"
    press(qtbot, view.cancel_button)
    assert not view.isVisible()
    assert not view.is_fetching
    until(lambda: view.is_shut_down)
    assert list(nowhere.glob(".*.part"))  # what has arrived is kept
    assert session.loading is None
    pick(window, "mnist")
    press(qtbot, view.start_button)
    until(lambda: session.request.data == "mnist")


def test_an_error_says_what_is_wrong_and_trying_again_helps(
    window, view, mirror, until, qtbot, session
):
    mirror.moods[:] = ["missing"]
    pick(window, "mnist")
    press(qtbot, view.start_button)
    until(lambda: "could not be fetched" in view.text.text())
    assert "404 Not Found" in view.details.text()
    assert (view.start_button.text(), view.cancel_button.text()) == ("Try again", "Close")
    assert not view.progress.isVisible()
    mirror.moods[:] = ["good"]
    press(qtbot, view.start_button)
    until(lambda: session.request.data == "mnist")


def test_a_cache_that_cannot_be_written_is_told(window, view, mirror, until, qtbot, nowhere):
    nowhere.parent.mkdir()
    nowhere.write_text("in the way")
    pick(window, "mnist")
    press(qtbot, view.start_button)
    until(lambda: "could not be fetched" in view.text.text())
    assert str(nowhere) in view.details.text()


def test_who_chose_something_else_meanwhile_is_asked(
    window, view, mirror, until, qtbot, session, notices, monkeypatch
):
    monkeypatch.setattr(download, "STALL_SECONDS", 0.5)
    mirror.moods[:] = ["stall"]
    pick(window, "mnist")
    press(qtbot, view.start_button)
    until(lambda: view.progress.value() > 0)
    press(qtbot, view.pause_button)
    session.open_run(RunRequest("digits?", "tiny", Settings()))  # fails, but is wanted till then
    assert session.wanted.data == "digits?"
    view._wanted_before = "something else"
    mirror.moods[:] = ["good"]
    press(qtbot, view.pause_button)
    until(lambda: any(notice.action == "Train on it" for notice in notices))
    assert session.request.data == "digits"
    notices[-1].act()
    until(lambda: session.request.data == "mnist")


def test_a_folder_that_lacks_files_and_goes_first_is_named(
    window, view, mirror, until, qtbot, tmp_path, monkeypatch, notices
):
    (tmp_path / "mine" / "mnist").mkdir(parents=True)
    monkeypatch.setenv("CNNVIZ_DATA", str(tmp_path / "mine"))
    pick(window, "mnist")
    press(qtbot, view.start_button)
    until(lambda: notices != [])
    assert str(tmp_path / "mine" / "mnist") in notices[0].text
    assert not view.isVisible()


def test_one_after_the_other(window, view, mirror, until, qtbot, notices):
    mirror.moods[:] = ["stall"]
    pick(window, "mnist")
    press(qtbot, view.start_button)
    pick(window, "fashion-mnist")
    assert "MNIST is being fetched" in notices[-1].text
    assert "Fashion" not in texts(view)


def test_training_goes_on_while_it_fetches(window, view, mirror, until, qtbot, session):
    mirror.moods[:] = ["stall"]
    pick(window, "mnist")
    press(qtbot, view.start_button)
    session.play()
    until(lambda: len(session.timeline) > 5)
    assert view.is_fetching


def test_closing_in_the_middle_leaves_no_thread(window, view, mirror, until, qtbot):
    mirror.moods[:] = ["stall"]
    pick(window, "mnist")
    press(qtbot, view.start_button)
    until(lambda: view.progress.value() > 0)
    window.close()
    until(lambda: not window.isVisible())
    view.start()
    view.offer("mnist")
    assert not view.is_fetching
    mirror.closing.set()  # lets the reader of the net go
    until(lambda: not [each for each in threading.enumerate() if "download" in each.name])
