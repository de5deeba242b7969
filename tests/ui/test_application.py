"""From the command to the window and back: the exit status, the theme that was kept, Ctrl-C."""

import gc
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QSettings, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMessageBox

from cnnviz.ui import theme
from cnnviz.ui.application import (
    garbage_collected_here,
    make_application,
    on_interrupt,
    open_window,
)
from cnnviz.ui.main_window import MainWindow


class Visitor(QObject):
    """Notes what the window looks like once its run is ready, then ends it."""

    def __init__(self, end, ready):
        super().__init__()
        self.end, self.ready = end, ready
        self.seen = {}
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.visit)
        self.timer.start(20)

    @Slot()
    def visit(self):
        windows = [each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)]
        window = next((each for each in windows if each.isVisible()), None)
        if window and self.ready(window.session):
            self.timer.stop()
            wanted = window.session.wanted
            assert wanted
            self.seen = {
                "theme": theme.tokens().name,
                "title": window.windowTitle(),
                "data": wanted.data,
                "network": wanted.network,
                "has icon": not window.windowIcon().isNull(),
            }
            self.end(window)


@pytest.fixture
def visit(no_threads_left):
    """Opens the window as the command does; what a visitor saw, and the exit status."""

    def open_and_visit(*arguments, end=MainWindow.close, trained=0):
        visitor = Visitor(end, lambda session: session.dataset and len(session.timeline) >= trained)
        return open_window(*arguments), visitor.seen

    return open_and_visit


def test_it_opens_on_what_was_asked_for_and_ends_with_0(visit):
    status, seen = visit("digits", "tiny")
    assert status == 0
    assert seen["data"] == "digits"
    assert seen["network"] == "tiny"
    assert seen["title"] == "Run 1[*] – cnnviz"
    assert seen["has icon"]


def test_it_plays_if_asked_and_closes_in_the_midst_of_it(visit):
    def close_and_discard(window):
        window.close()
        box = window.findChild(QMessageBox)
        [discard] = [each for each in box.buttons() if each.text() == "Don’t save"]
        discard.click()

    status, _ = visit("digits", "tiny", None, True, trained=20, end=close_and_discard)
    assert status == 0


def test_it_opens_on_a_run_that_was_saved(visit):
    sample = Path(__file__).parents[1] / "data" / "tiny-format-1.cnnviz"
    status, seen = visit(None, "numpy-cnn", None, False, sample, trained=22)
    assert status == 0
    assert seen["network"].name == "tiny"
    assert seen["title"].startswith("tiny-format-1")


def test_without_a_wish_it_takes_the_best_data(visit, monkeypatch, tmp_path):
    monkeypatch.setenv("CNNVIZ_DATA", str(tmp_path))
    _, seen = visit()
    assert seen["data"] == "digits"
    assert seen["network"] == "numpy-cnn"


@pytest.mark.parametrize(
    ("kept", "asked", "used"),
    [
        (None, None, "dark"),
        ("light", None, "light"),
        ("light", "dark", "dark"),
        ("purple", None, "dark"),
        ("", None, "dark"),
        (["light", "dark"], None, "dark"),
        (7, None, "dark"),
    ],
)
def test_the_theme_is_the_one_asked_for_or_kept(kept, asked, used, visit):
    if kept is not None:
        QSettings().setValue("window/theme", kept)
    _, seen = visit("digits", "tiny", asked)
    assert seen["theme"] == used


def test_the_window_is_remembered_from_one_visit_to_the_next(visit):
    def change_theme_and_close(window):
        window.change_theme()
        window.close()

    visit("digits", "tiny", end=change_theme_and_close)
    _, seen = visit("digits", "tiny")
    assert seen["theme"] == "light"


def test_ctrl_c_in_the_terminal_closes_the_window(visit):
    before = signal.getsignal(signal.SIGINT)
    status, seen = visit(
        "digits",
        "tiny",
        None,
        True,
        trained=5,
        end=lambda window: signal.raise_signal(signal.SIGINT),
    )
    assert seen
    assert status == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interruption_waits_for_the_event_loop(until):
    done = []
    with on_interrupt(lambda: done.append(1)):
        signal.raise_signal(signal.SIGINT)
        assert done == []
        until(lambda: done == [1])


def test_the_application_is_made_once(qapp):
    assert make_application() is qapp
    assert qapp.applicationName() == "cnnviz"
    assert qapp.font().family() == "Inter"


def test_garbage_is_collected_on_the_thread_of_the_widgets_only(qtbot):
    class Node:
        def __init__(self):
            self.itself = self

    def make_garbage():
        node = Node()
        weakref.finalize(node, lambda: threads.append(threading.current_thread()))

    threads: list[threading.Thread] = []
    gc.enable()
    try:
        with garbage_collected_here():
            make_garbage()
            worker = threading.Thread(target=lambda: [[] for _ in range(100_000)])
            worker.start()
            worker.join()
            assert threads == []
            kept = [[] for _ in range(10_000)]  # enough for a collection to be due
            qtbot.waitUntil(lambda: bool(threads), timeout=20_000)
            assert threads == [threading.current_thread()]
            assert kept
        assert gc.isenabled()
    finally:
        gc.disable()  # as the tests of the window have it


def test_what_takes_long_to_import_does_not_hold_up_the_window():
    code = "import sys, cnnviz.ui.application; print(*sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    ).stdout.split()
    late = {"scipy.linalg", "scipy.ndimage", "scipy.signal", "sklearn", "onnx", "torch"}
    assert late.isdisjoint(imported)
    assert "cnnviz.ui.main_window" in imported
