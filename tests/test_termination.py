"""SIGTERM, which ends programs at a logout or shutdown: nothing is left behind, nothing is lost."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from cnnviz.core.storage import load_run
from cnnviz.termination import terminated_like_ctrl_c

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no SIGTERM")

TRAIN = "-m cnnviz --data digits --network tiny train --threads 2 --epochs 100000".split()
WINDOW = textwrap.dedent("""
    import sys
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication
    from cnnviz.ui.application import make_application, open_window
    from cnnviz.ui.main_window import MainWindow
    app = make_application()
    def look():
        windows = [each for each in app.topLevelWidgets() if isinstance(each, MainWindow)]
        if windows and len(windows[0].session.timeline) > 50:
            print("trains", flush=True)
            timer.stop()
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(20)
    sys.exit(open_window("digits", "tiny", None, True))
""")


@pytest.fixture
def start(tmp_path):
    """Starts a Python in a process group of its own."""

    def start_python(*arguments):
        folders = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path)}
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **folders}
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        made.append(process)
        return process

    made: list[subprocess.Popen[str]] = []
    yield start_python
    for process in made:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("whom", [os.kill, os.killpg])
def test_training_in_the_terminal_stops_like_ctrl_c(whom, start):
    process = start(*TRAIN)
    assert any(line.split()[:1] == ["20"] for line in process.stdout)  # epochs; helpers are there
    whom(process.pid, signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert errors.startswith("cnnviz: stopped after ")
    assert errors.count("\n") == 1, "something was left behind"
    assert "Milliseconds per batch" in output


@pytest.mark.parametrize("whom", [os.kill, os.killpg])
def test_the_window_closes_without_a_question_and_leaves_a_copy(whom, start, tmp_path):
    process = start("-c", WINDOW)
    assert process.stdout.readline() == "trains\n"
    whom(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "resource_tracker" not in errors
    assert "Traceback" not in errors
    [copy] = (tmp_path / "state" / "cnnviz" / "copies").glob("*/*.cnnviz")
    assert load_run(copy).step > 50


def test_it_holds_for_a_while_only_and_strikes_once():
    before = signal.getsignal(signal.SIGTERM)
    with terminated_like_ctrl_c() as terminated:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # while it cleans up
        assert terminated.is_set()
    assert signal.getsignal(signal.SIGTERM) is before


def test_who_ignores_it_is_left_alone():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with terminated_like_ctrl_c() as terminated:
            signal.raise_signal(signal.SIGTERM)
        assert not terminated.is_set()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_has_no_signals():
    found = []

    def use():
        with terminated_like_ctrl_c() as terminated:
            found.append(terminated.is_set())

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert found == [False]
