"""A real session on the embedded digits, and the real window, for every test of the interface."""

import gc
import os
import struct
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from cnnviz.core.datasets import LOADERS
from cnnviz.core.machine import Peak
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase
from cnnviz.ui import peak_meter, theme
from cnnviz.ui.application import make_application
from cnnviz.ui.editor_window import EditorWindow
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.mistakes_window import MistakesWindow
from cnnviz.ui.session import Session
from tests.core.odd import ODD, odd_data

# Read when the first application is made. The offscreen platform's own screen is 800×800, smaller
# than the window.
if os.environ.get("QT_QPA_PLATFORM", "offscreen") == "offscreen":
    screen = Path(__file__).with_name("screen.json")
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={screen}"

PATIENCE = 20_000
"""Milliseconds for what takes a tenth of a second on an idle machine."""


@pytest.fixture(scope="session")
def qapp(qapp):
    """pytest-qt's application, named and with fonts as ours is.

    A test's widgets are in cycles at its end, and must not be freed in the thread of the next one:
    so Python collects only where `settings_file` says, on the thread of the widgets.
    """
    gc.collect()
    gc.freeze()  # what is there already need not be looked at again
    gc.disable()
    yield make_application()
    gc.enable()


@pytest.fixture(autouse=True)
def settings_file(qapp, tmp_path, monkeypatch):
    """What the window remembers goes to a file of this test; every test begins in the dark."""
    before = QSettings.defaultFormat()
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if theme.tokens().name != "dark" or not qapp.styleSheet():
        theme.apply_theme(qapp, "dark")
    yield tmp_path / "cnnviz" / "cnnviz.ini"
    QSettings.setDefaultFormat(before)
    gc.collect()


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """The name "mnist", with random images in its place: 1 000 to learn from, 200 to test on."""
    folder, random = tmp_path / "mnist", np.random.default_rng(0)
    folder.mkdir()
    for stem, count in (("train", 1000), ("t10k", 200)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for name, values in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
            (folder / f"{stem}-{name}-ubyte").write_bytes(header + values.tobytes())
    monkeypatch.setenv("CNNVIZ_DATA", str(tmp_path))
    return "mnist"


@pytest.fixture
def odd(monkeypatch):
    """What opens a session on a network with one of everything, colours, and made-up data."""
    monkeypatch.setitem(LOADERS, "odd", odd_data)
    monkeypatch.setitem(PRESETS, "odd", ODD)
    return {"network": "odd", "data": "odd", "batch_size": 16}


@pytest.fixture
def until(qtbot):
    """Keeps the event loop turning until a condition holds."""
    return partial(qtbot.waitUntil, timeout=PATIENCE)


@pytest.fixture
def press_key(qtbot):
    """Presses keys as written, such as "Ctrl+R", wherever the keyboard is."""

    def press(keys, window):
        combination = QKeySequence(keys)[0]  # type: ignore[index]
        target = QApplication.focusWidget() or window
        qtbot.keyClick(target, combination.key(), combination.keyboardModifiers())

    return press


@pytest.fixture
def train(until):
    """Trains a session for at least so many more batches, then pauses."""

    def train_some(session, batches=1):
        goal = len(session.timeline) + batches
        if batches == 1:
            session.step()
        else:
            session.play()
        until(lambda: len(session.timeline) >= goal)
        session.pause()
        until(lambda: session.status.phase is Phase.PAUSED)
        session.drain()

    return train_some


@pytest.fixture
def no_threads_left(settings_file):
    """Asserts at the test's very end that every thread it started is gone."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


@pytest.fixture
def open_session(until, no_threads_left):
    """Makes sessions: `open_session(network="tiny", data="digits", play=False, batch_size=64, …)`.

    Each comes back with its run ready, and is shut down at the end.
    """
    made = []

    def open_one(network="tiny", data="digits", play=False, epochs=None, **settings):
        session = Session()
        made.append(session)
        session.open_run(RunRequest(data, network, Settings(**settings), epochs), play)
        until(lambda: session.dataset is not None)
        return session

    yield open_one
    for session in made:
        session.shut_down()
    until(lambda: all(session.is_shut_down for session in made))


@pytest.fixture
def session(open_session):
    """A session with an untrained `tiny` network on the embedded digits, paused."""
    return open_session()


@pytest.fixture
def show_view(qtbot, until):
    """Shows a view in a window of its own: `show_view(view, width, height, active=False)`.

    What it has begun is ended at the end, before pytest-qt deletes it.
    """
    made = []

    def end(view):
        if hasattr(view, "shut_down"):
            view.shut_down()

    def show(view, width, height, active=False):
        made.append(view)
        qtbot.addWidget(view, before_close_func=end)
        view.resize(width, height)
        with (qtbot.waitActive if active else qtbot.waitExposed)(view):
            view.show()
            if active:
                view.activateWindow()
        return view

    yield show
    until(lambda: all(getattr(view, "is_shut_down", True) for view in made))


@pytest.fixture
def open_window(qtbot, until, open_session):
    """Shows windows: `open_window(session=None, remember=False, size=…, ask=False)`."""
    made = []

    def open_one(session=None, remember=False, size=(1600, 1000), ask=False):
        window = MainWindow(session or open_session(), remember, ask)
        made.append(window)
        if not remember:
            window.resize(*size)
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        until(window.isActiveWindow)
        return window

    yield open_one
    for window in made:
        window.session.shut_down()
        until(lambda window=window: window.session.is_shut_down)
        window.close()
        until(lambda window=window: not window.isVisible())
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert QApplication.activeModalWidget() is None


@pytest.fixture
def window(open_window, session):
    """The main window of `session`, shown; it remembers nothing."""
    return open_window(session)


@pytest.fixture
def mistakes(session, train, until, qtbot):
    """The mistakes window alone, after a little training: the pointer finds it wherever it is."""
    train(session, 30)
    parent = QWidget()
    window = MistakesWindow(session, parent)
    qtbot.addWidget(parent, before_close_func=lambda _: window.shut_down())
    window.show_in_front()
    until(window.isActiveWindow)
    yield window
    until(lambda: window.is_shut_down)


@pytest.fixture
def space(mistakes, until):
    """Its page of the space of digits."""
    mistakes.pages.setCurrentWidget(mistakes.space)
    until(lambda: mistakes.space.plane is not None)
    return mistakes.space


@pytest.fixture
def open_editor(monkeypatch, until):
    """Opens the network's editor beside a window; the machine's peak is made up: faster."""
    monkeypatch.setattr(peak_meter, "measure_peak", lambda threads, _: Peak(1e11, 1e10, threads))

    def open_beside(window):
        window.windows.open_editor()
        made = window.windows.made(EditorWindow)
        until(made.isActiveWindow)
        until(lambda: made.editor.peak is not None)
        return made

    return open_beside


@pytest.fixture
def editor(window, open_editor):
    """The editor beside a window whose run is an untrained `tiny`."""
    return open_editor(window)
