"""How soon the window follows: the pointer across a map, another digit, a stroke while it trains.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.pointer_latency [--data digits] [--network …]

For each move: the event, then all repainting it asks for (trace, plate and inspector; of a stroke
the look through the network and both windows), in ms. Last a flood of moves, as fast as they can be
sent: how long after the last of them all is painted.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from benchmarks.live_window import close, open_window, prepare, spin
from cnnviz.core.datasets import best_available
from cnnviz.core.presets import PRESETS
from cnnviz.ui.draw_window import DrawWindow
from cnnviz.ui.main_window import MainWindow

MOVES, FLOOD = 300, 1000


def timed(act: Callable[[int], None], count: int) -> list[float]:
    """Milliseconds from each act to the end of the painting it caused."""
    found = []
    for k in range(count):
        spin(12)
        begin = time.perf_counter()
        act(k)
        QApplication.sendPostedEvents()
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        found.append(1000 * (time.perf_counter() - begin))
    return found


def report(what: str, found: list[float]) -> None:
    """Median, 95th percentile and greatest."""
    median, p95, greatest = np.percentile(found, [50, 95, 100])
    print(f"{what:32} median {median:5.1f}  95 % {p95:5.1f}  max {greatest:5.1f} ms")


def strokes(window: MainWindow) -> tuple[Callable[[str], None], Callable[[], None]]:
    """Opens the draw window; draws a stroke and reports on it, and draws one as fast as can be."""
    window.windows.open_draw()
    shown = window.windows.made(DrawWindow)
    assert shown
    canvas = shown.canvas
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton

    def send(kind: QEvent.Type, k: int, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        """Round the paper in about 100 moves, farther out and in again."""
        angle, radius = k / 16, 0.2 + 0.1 * np.sin(k / 50)
        place = QPointF(0.5 + radius * np.cos(angle), 0.5 + radius * np.sin(angle))
        at = canvas.paper.topLeft() + place * canvas.paper.width()
        where, modifiers = QPointF(canvas.mapToGlobal(at)), Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(canvas, QMouseEvent(kind, at, where, button, held, modifiers))

    def stroke(what: str) -> None:
        send(QEvent.Type.MouseButtonPress, 0, left, left)
        report(what, timed(lambda k: send(QEvent.Type.MouseMove, k, none, left), MOVES))
        send(QEvent.Type.MouseButtonRelease, MOVES, left, none)

    def flood() -> None:
        send(QEvent.Type.MouseButtonPress, 0, left, left)
        begin = time.perf_counter()
        for k in range(FLOOD):
            send(QEvent.Type.MouseMove, k, none, left)
            QApplication.processEvents()
        sent = time.perf_counter()
        send(QEvent.Type.MouseButtonRelease, FLOOD, left, none)
        QApplication.processEvents()
        lag = 1000 * (time.perf_counter() - sent)
        print(f"{FLOOD / (sent - begin):,.0f} moves/s: all painted {lag:.1f} ms after the last")

    return stroke, flood


def main() -> None:
    """Prints one line for each kind of move."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=best_available())
    parser.add_argument("--network", default="numpy-cnn", choices=PRESETS)
    args = parser.parse_args()
    prepare()
    window = open_window(args.data, args.network)
    session = window.session
    window.pages.setCurrentWidget(window.inspector)
    canvas = window.network.canvas
    random = np.random.default_rng(0)

    def point(at: QPointF) -> None:
        none = Qt.MouseButton.NoButton
        where = QPointF(canvas.mapToGlobal(at))
        modifiers = Qt.KeyboardModifier.NoModifier
        move = QMouseEvent(QEvent.Type.MouseMove, at, where, none, none, modifiers)
        QApplication.sendEvent(canvas, move)

    for column in canvas.columns:

        def move(k: int, column=column) -> None:
            index = tuple(int(random.integers(n)) for n in column.shape)
            point(column.cell(index).center())

        report(f"pointer over {column.title}", timed(move, MOVES // len(canvas.columns)))
    report("another digit", timed(lambda k: session.choose_image(k), MOVES // 3))
    stroke, flood = strokes(window)
    stroke("a stroke, while it trains")
    print(f"meanwhile {session.images_per_second:,.0f} images/s")
    session.pause()
    spin(500)
    stroke("a stroke, paused")
    flood()
    close(window)


if __name__ == "__main__":
    main()
