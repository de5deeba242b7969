"""How soon all views follow the line on the loss curve, and what that costs the training under it.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.scrub [--data mnist] [--epochs 10]

Trains so many epochs, then goes on while the line is dragged across them, 60 moves a second (the
window follows as many as its pace allows), in turns with stretches in which nobody touches it. For
each move that is followed at once: the event, then all repainting it asks for, in ms; for the
training the ratio of its speeds, median (least–greatest).
"""

import argparse
import statistics
import time

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from benchmarks.live_window import close, open_window, prepare, spin
from cnnviz.core.datasets import best_available
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.session import Session

MOVES, TURNS, FRAME_MS = 200, 5, 16
REST_SECONDS = 3.0


def main() -> None:
    """Prints the times of the moves, then the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=best_available())
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    prepare()
    window = open_window(args.data)
    session = window.session
    while len(session.timeline.epochs) < args.epochs:
        spin(50)
    window.loss._refresh()
    moves: list[float] = []
    ratios: list[float] = []
    for turn in range(TURNS):
        rest = speed(session, lambda: spin(round(1000 * REST_SECONDS)))
        drag = speed(session, lambda turn=turn: moves.extend(scrub(window, turn)))
        session.past.look_at(None)
        ratios.append(drag / rest)
    median, p95, greatest = np.percentile(moves, [50, 95, 100])
    kept = len(session.timeline.snapshots)
    print(f"{len(moves)} moves of {TURNS * MOVES} followed at once; {kept} snapshots kept")
    print(f"all views repainted: median {median:.1f}  95 % {p95:.1f}  max {greatest:.1f} ms")
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"training while scrubbing / not: {middle:.2f} ({low:.2f}–{high:.2f})")
    close(window)


def speed(session: Session, act) -> float:
    """Batches a second while `act` goes on."""
    session.drain()
    before, begin = session.status.step, time.perf_counter()
    act()
    session.drain()
    return (session.status.step - before) / (time.perf_counter() - begin)


def scrub(window: MainWindow, turn: int) -> list[float]:
    """Drags the line to and fro; milliseconds of each move."""
    plot = window.loss.plot
    port = plot.viewport()
    y = plot.height() / 2
    low, high = plot.across.pixel(0.0), plot.across.pixel(float(len(plot.timeline)))
    rng, found, seen = np.random.default_rng(turn), [], []
    window.session.network_changed.connect(lambda: seen.append(1))
    send(port, QEvent.Type.MouseButtonPress, QPointF(high, y))
    for share in 0.5 + 0.5 * np.cos(np.linspace(0, 4 * np.pi, MOVES)) * rng.uniform(0.8, 1):
        followed, begin = len(seen), time.perf_counter()
        send(port, QEvent.Type.MouseMove, QPointF(low + share * (high - low), y))
        QApplication.sendPostedEvents()
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        took = 1000 * (time.perf_counter() - begin)
        if len(seen) > followed:
            found.append(took)
        spin(max(1, FRAME_MS - round(took)))
    send(port, QEvent.Type.MouseButtonRelease, QPointF(high + 40, y))
    return found


def send(port, kind: QEvent.Type, at: QPointF) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind is QEvent.Type.MouseMove else left
    held = none if kind is QEvent.Type.MouseButtonRelease else left
    where = QPointF(port.mapToGlobal(at))
    event = QMouseEvent(kind, at, where, button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(port, event)


if __name__ == "__main__":
    main()
