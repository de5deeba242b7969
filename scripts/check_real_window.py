"""Opens the real window on a real X server, presses Train with a real pointer, watches, closes.

    Xvfb :9 & DISPLAY=:9 openbox & DISPLAY=:9 python scripts/check_real_window.py

Needs xdotool. Exit status 0 if the first frame came, the loss fell and the window closed cleanly;
prints the time from a warm start to the first frame.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from cnnviz.ui.application import make_application, open_window
from cnnviz.ui.main_window import MainWindow

PATIENCE = 60.0
"""Seconds for each stage, on a machine that is busy with other things."""


class Visitor(QObject):
    """Does what a user would do, a stage after the other, from a timer of the window's own loop."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = time.perf_counter()
        self.stages: list[tuple[str, Callable[[MainWindow], bool]]] = [
            ("the window is painted", self.is_painted),
            ("the data are loaded", lambda window: window.session.dataset is not None),
            ("Train is pressed", self.press_train),
            ("the loss fell", self.loss_fell),
            ("the maps follow", lambda window: window.session.shown_step > 0),
            ("the window is asked to close", self.press_close),
            ("it asks, and is told not to save", self.press_discard),
        ]
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
    visitor = Visitor()
    status = open_window(data="digits", theme_name="dark")
    if visitor.stages:
        return 1
    print(f"closed with status {status}", flush=True)
    return status


if __name__ == "__main__":
    make_application()
    sys.exit(main())
