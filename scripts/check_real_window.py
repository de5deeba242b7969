"""Opens the real window on a real X server, trains and draws with a real pointer, closes.

    Xvfb :9 & DISPLAY=:9 openbox & DISPLAY=:9 python scripts/check_real_window.py

Needs xdotool. Exit status 0 if the first frame came, the loss fell, a drawn 7, 3 and 1 were
recognised and the window closed cleanly; prints the time from a warm start to the first frame. With
MNIST at hand (CNNVIZ_DATA) it trains three epochs on it, else longer on the embedded digits.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from cnnviz.core.datasets import best_available
from cnnviz.ui.application import make_application, open_window
from cnnviz.ui.draw_window import DrawWindow
from cnnviz.ui.main_window import MainWindow

PATIENCE = 120.0
"""Seconds for each stage, on a machine that is busy with other things."""
EPOCHS = {"mnist": 3, "digits": 15}
DIGITS = {
    "7": ((0.27, 0.24), (0.5, 0.23), (0.73, 0.24), (0.6, 0.5), (0.44, 0.84)),
    "3": (
        *((0.3, 0.26), (0.4, 0.19), (0.52, 0.17), (0.64, 0.22), (0.67, 0.32), (0.6, 0.43)),
        *((0.46, 0.48), (0.62, 0.54), (0.7, 0.65), (0.65, 0.77), (0.52, 0.84), (0.38, 0.82)),
        (0.28, 0.75),
    ),
    "1": ((0.53, 0.18), (0.51, 0.5), (0.48, 0.84)),
}
"""Strokes of a hand on the paper: shares of its side, from the left and from the top."""
PIECES, PAUSE = 6, 0.008
"""Moves of the pointer from one of these points to the next, and seconds between two."""


class Visitor(QObject):
    """Does what a user would do, a stage after the other, from a timer of the window's own loop."""

    def __init__(self, data: str) -> None:
        super().__init__()
        self.begin = time.perf_counter()
        self.stages: list[tuple[str, Callable[[MainWindow], bool]]] = [
            ("the window is painted", self.is_painted),
            ("the data are loaded", lambda window: window.session.dataset is not None),
            ("Train is pressed", self.press_train),
            ("the loss fell", self.loss_fell),
            ("the maps follow", lambda window: window.session.shown_step > 0),
            ("Pause is pressed", self.press_train),
            ("it rests", self.rests),
            *EPOCHS[data] * [("E is pressed", self.press_epoch), ("an epoch ends", self.rests)],
            ("paper is asked for", self.press_draw),
            ("it lies there", lambda window: self.paper(window) is not None),
        ]
        for digit in DIGITS:
            self.stages += [
                (f"a {digit} is drawn", partial(self.draw, digit)),
                (f"it is read as {digit}", partial(self.is_read_as, digit)),
                ("a blank sheet is taken", self.press_clear),
            ]
        self.stages += [
            ("the paper is put away", self.put_away),
            ("Train is pressed", self.press_train),
            ("it trains on", lambda window: window.session.is_training),
            ("the window is asked to close", self.press_close),
            ("it asks, and is told not to save", self.press_discard),
        ]
        self.goal = 0
        self.hand: subprocess.Popen[bytes] | None = None
        self.done: list[str] = []
        self.painted = False
        self.due = self.begin + PATIENCE
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.visit)
        self.timer.start(20)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Notes the first frame."""
        if event.type() is QEvent.Type.Paint and not self.painted:
            self.painted = True
            print(f"first frame {age_of_process():.2f} s after the process began", flush=True)
        return False

    @Slot()
    def visit(self) -> None:
        """Takes the next stage once the one before is reached; gives up when it takes too long."""
        window = next(
            (w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)), None
        )
        if window is None or not self.stages:
            return
        name, reached = self.stages[0]
        if time.perf_counter() > self.due:
            print(f"gave up waiting: {name}", flush=True)
            self.timer.stop()
            window.interrupt()
        elif reached(window):
            print(f"{time.perf_counter() - self.begin:6.2f} s  {name}", flush=True)
            self.done.append(name)
            self.stages.pop(0)
            self.due = time.perf_counter() + PATIENCE

    def is_painted(self, window: MainWindow) -> bool:
        """The network view got its first paint event."""
        window.network.canvas.installEventFilter(self)
        window.network.canvas.update()
        return self.painted

    def press_train(self, window: MainWindow) -> bool:
        """Moves the pointer to Train and clicks, as the X server's own events."""
        button = window.controls.train_button
        if not button.isEnabled():
            return False
        click(button)
        return True

    def loss_fell(self, window: MainWindow) -> bool:
        """The last batches' mean loss is less than half of the first ones'."""
        losses = window.session.timeline.losses
        return len(losses) >= 40 and losses[-10:].mean() < losses[:10].mean() / 2

    def rests(self, window: MainWindow) -> bool:
        """The goal is reached, and the newest weights are shown."""
        session, step = window.session, window.session.status.step
        return step >= self.goal and not session.is_training and session.shown_step == step

    def press_epoch(self, window: MainWindow) -> bool:
        """E: to the end of the epoch."""
        if not window.isActiveWindow():
            return False
        each = window.session.status.batches_per_epoch
        self.goal = (window.session.status.step // each + 1) * each
        xdotool("key", "e")
        return True

    def press_draw(self, window: MainWindow) -> bool:
        """D: the draw window."""
        xdotool("key", "d")
        return window.isActiveWindow()

    def paper(self, window: MainWindow) -> DrawWindow | None:
        """The draw window, once it has the keyboard."""
        shown = window.windows.made(DrawWindow)
        return shown if shown and shown.canvas.hasFocus() and shown.isActiveWindow() else None

    def draw(self, digit: str, window: MainWindow) -> bool:
        """Draws with the pointer held down; meanwhile the window's loop goes on."""
        shown = self.paper(window)
        if shown is None:
            return False
        if self.hand is None:
            self.hand = subprocess.Popen(["xdotool", *strokes(shown, digit)])
        if self.hand.poll() is None or shown.drawing.under_way:
            return False
        self.hand = None
        return True

    def is_read_as(self, digit: str, window: MainWindow) -> bool:
        """The network, through the same path as any digit, takes what was drawn for it."""
        session = window.session
        if not (session.dataset and session.inspection and session.image):
            return False
        share = session.inspection.probabilities.max()
        read = session.dataset.class_names[int(session.inspection.probabilities.argmax())]
        right = read == digit and session.image.words == "a drawn digit"
        if right:
            print(f"        a {digit} is read as {read} at {100 * share:.1f} %", flush=True)
        return right

    def press_clear(self, window: MainWindow) -> bool:
        """Del: a blank sheet."""
        xdotool("key", "Delete")
        return self.paper(window) is not None

    def put_away(self, window: MainWindow) -> bool:
        """Escape closes the draw window; the main window has the keyboard again."""
        if self.paper(window):
            xdotool("key", "Escape")
        return window.isActiveWindow()

    def press_close(self, window: MainWindow) -> bool:
        """Ctrl+Q while it trains."""
        assert window.session.is_training, "it should still be training"
        xdotool("key", "ctrl+q")
        return True

    def press_discard(self, window: MainWindow) -> bool:
        """What was learned is in no file, so there is a question."""
        boxes = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
        for box in boxes:
            for button in box.buttons():
                if button.text() == "Don’t save":
                    click(button)
        return bool(boxes)


def click(widget: QWidget) -> None:
    """A left click in the middle of `widget`."""
    middle = widget.mapToGlobal(QPoint(widget.width() // 2, widget.height() // 2))
    xdotool("mousemove", str(middle.x()), str(middle.y()), "click", "1")


def strokes(shown: DrawWindow, digit: str) -> list[str]:
    """What xdotool is to do to draw a digit."""
    paper, orders = shown.canvas.paper, []
    corners = [paper.topLeft() + QPointF(x, y) * paper.width() for x, y in DIGITS[digit]]
    places = [
        start + (end - start) * (piece / PIECES)
        for start, end in pairwise(corners)
        for piece in range(PIECES)
    ]
    for k, place in enumerate([*places, corners[-1]]):
        at = shown.canvas.mapToGlobal(place).toPoint()
        orders += ["mousemove", str(at.x()), str(at.y()), "sleep", str(PAUSE)]
        if k == 0:
            orders += ["mousedown", "1"]
    return [*orders, "mouseup", "1"]


def age_of_process() -> float:
    """Seconds since this process was started, imports included (Linux)."""
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - ticks / os.sysconf("SC_CLK_TCK")


def xdotool(*arguments: str) -> None:
    """Sends events through the X server."""
    subprocess.run(["xdotool", *arguments], check=True, timeout=20)


def main() -> int:
    """Runs the visit; the exit status."""
    data = best_available()
    visitor = Visitor(data)
    status = open_window(data=data, theme_name="dark")
    if visitor.stages:
        return 1
    print(f"closed with status {status}", flush=True)
    return status


if __name__ == "__main__":
    make_application()
    sys.exit(main())
