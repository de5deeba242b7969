"""Ten minutes of random clicks and keys on a window that trains: no exception, no growing memory.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.soak [--seconds 600] [--seed 0]

Prints the memory every half minute and closes the window in the middle of training. Random use
changes what needs memory (the data, the batch size, runs that were left), so growth is judged
between two moments of rest, after the first minute and at the end, each with the same run alone in
the list and little room for snapshots. It works in a folder of its own: what it saves is gone with
it. Exit status 0 if nothing was raised, it grew by less than 40 MB between them, and the window
closed with 0.
"""

import argparse
import gc
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QPoint, Qt, QTimer, Slot
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QMenu, QPushButton, QWidget

from cnnviz.core.settings import Settings
from cnnviz.ui.application import make_application, open_window
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.messages import RunRequest

KEYS = "Space B E N P L F Plus Minus Left Right Up Down Home Tab Escape Return Enter 1 5 9".split()
RESTARTS = 0.004
"""Share of the actions that start a new run, which is slow."""
GROWTH = 40 * 2**20
BUDGET = 16 * 2**20
"""Of snapshots; they may always fill it, and that is no growth."""
REST = 30
"""Seconds of undisturbed training before memory is compared."""


class Monkey(QTimer):
    """An action every few milliseconds, from the window's own event loop."""

    def __init__(self, seconds: float, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.begin = time.perf_counter()
        self.seconds = seconds
        self.actions = 0
        self.rests: list[int] = []
        self.rest_ends: float | None = None
        self.memory: list[tuple[float, int]] = []
        self.timeout.connect(self.act)
        self.start(15)

    @Slot()
    def act(self) -> None:
        """One random action; at the end, closes while training."""
        window = next(
            (w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)), None
        )
        if window is None or window.session.dataset is None:
            return
        now = time.perf_counter() - self.begin
        if not self.memory or now - self.memory[-1][0] >= 30:
            self.report(now, window)
        if self.rest_ends is not None:
            self.rest(now, window)
            return
        if now >= (60, self.seconds)[min(len(self.rests), 1)]:
            self.begin_rest(now, window)
            return
        # From a timer of its own: an action that waits for a menu must not hold up this one.
        QTimer.singleShot(0, self.perform)

    @Slot()
    def perform(self) -> None:
        """In a menu or dialog if one is open, else in the window."""
        window = main_window()
        if window is None or not self.isActive():
            return
        self.actions += 1
        target = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if target is not None:
            self.answer(target)
        else:
            self.play_with(window)

    def begin_rest(self, now: float, window: MainWindow) -> None:
        """The same run for both moments of rest."""
        self.rest_ends = now + REST
        for widget in QApplication.topLevelWidgets():
            if widget is not window:
                widget.close()
        window.resize(1600, 1000)
        runs = window.session.runs
        runs.set_budget(BUDGET)
        window.session.open_run(RunRequest("digits", "numpy-cnn", Settings()), play=True)

    def rest(self, now: float, window: MainWindow) -> None:
        """Waits, notes the memory, and goes on or ends."""
        if self.rest_ends is None or now < self.rest_ends:
            return
        runs = window.session.runs
        for run in [run for run in runs.all if run is not runs.open]:
            runs.delete(run)
        self.rest_ends = None
        self.report(now, window)
        self.rests.append(self.memory[-1][1])
        if len(self.rests) == 2:
            self.end(window)

    def play_with(self, window: MainWindow) -> None:
        """A key, a click, a wheel turn, a new size or another theme."""
        choice = self.random.random()
        if not window.session.is_training and choice < 0.05:
            window.session.play()
        elif choice < RESTARTS:
            self.random.choice(
                [
                    window.controls.network_choice.open_menu,
                    window.controls.data_choice.open_menu,
                    window.controls.optimizer_choice.open_menu,
                    window.controls.reset_button.click,
                ]
            )()
        elif choice < 0.01:
            window.change_theme()
        elif choice < 0.02:
            window.resize(self.random.randint(960, 2000), self.random.randint(640, 1300))
        elif choice < 0.4:
            key = getattr(Qt.Key, f"Key_{self.random.choice(KEYS)}")
            QTest.keyClick(QApplication.focusWidget() or window, key)
        else:
            self.point_at(window)

    def point_at(self, window: MainWindow) -> None:
        """Moves to a random place; sometimes clicks or turns the wheel there."""
        place = QPoint(
            self.random.randrange(window.width()), self.random.randrange(window.height())
        )
        widget = window.childAt(place) or window
        if isinstance(widget, QAbstractSpinBox):
            return
        local = widget.mapFrom(window, place)
        QTest.mouseMove(widget, local)
        if self.random.random() < 0.3:
            QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=local)

    def answer(self, target: QWidget) -> None:
        """Picks something in a menu, presses something in a dialog, or goes away."""
        buttons = target.findChildren(QPushButton)
        if isinstance(target, QMenu) and self.random.random() < 0.7:
            action = self.random.choice(target.actions())
            target.close()
            action.trigger()
        elif buttons:
            QTest.mouseClick(self.random.choice(buttons), Qt.MouseButton.LeftButton)
        else:
            target.close()

    def report(self, now: float, window: MainWindow) -> None:
        """Notes and prints the resident memory."""
        gc.collect()
        self.memory.append((now, resident_bytes()))
        step = window.session.status.step
        megabytes = self.memory[-1][1] / 2**20
        print(
            f"{now:6.0f} s  {megabytes:6.1f} MB  {self.actions} actions, batch {step}", flush=True
        )

    def end(self, window: MainWindow) -> None:
        """Closes the window while it trains."""
        self.stop()
        for widget in QApplication.topLevelWidgets():
            if widget is not window:
                widget.close()
        window.session.play()
        window.interrupt()  # as Ctrl-C: no question

    def growth(self) -> int:
        """Bytes that came on top between the two moments of rest."""
        return self.rests[1] - self.rests[0]


def main_window() -> MainWindow | None:
    """The one window, once there is one."""
    windows = QApplication.topLevelWidgets()
    return next((window for window in windows if isinstance(window, MainWindow)), None)


def resident_bytes() -> int:
    """This process's resident memory, on Linux."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Runs the monkey; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    raised: list[BaseException] = []

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        raised.append(error)
        traceback.print_exception(kind, error, trace)

    sys.excepthook = note
    folder = tempfile.mkdtemp(prefix="cnnviz-soak-")
    os.environ.update(HOME=folder, XDG_STATE_HOME=folder, XDG_CONFIG_HOME=folder)
    os.chdir(folder)
    import_module("scipy.signal")  # some 60 MB that come, once, with the way “correlate”
    make_application()
    monkey = Monkey(args.seconds, args.seed)
    status = open_window(data="digits", network="numpy-cnn", play=True)
    shutil.rmtree(folder, ignore_errors=True)
    growth = monkey.growth()
    print(
        f"{monkey.actions} actions, {len(raised)} exceptions, closed with status {status}, ", end=""
    )
    print(f"{growth / 2**20:+.1f} MB between the moments of rest")
    return int(status != 0 or bool(raised) or growth > GROWTH)


if __name__ == "__main__":
    sys.exit(main())
