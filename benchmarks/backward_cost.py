"""What the gradients of the shown digit, live at frame rate, cost the training beside them.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.backward_cost [--page health] [--threads 1]

Training goes on with the window of how it learns open on that page, in turns with stretches in
which it is closed; the main window is open all the time. With fewer threads than cores, the window
has a core of its own. Prints the ratio of the speeds, median
(least–greatest), and how many pictures a second the page drew.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from benchmarks.live_window import Paints, close, open_window, prepare, spin
from cnnviz.core.datasets import best_available
from cnnviz.ui.learning_window import LearningWindow
from cnnviz.ui.session import Session

TURNS, SECONDS = 10, 2.0
PAGES = {"gradients": 0, "health": 2}


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=best_available())
    parser.add_argument("--page", default="gradients", choices=PAGES)
    parser.add_argument("--threads", type=int, help="that train; all cores by default")
    args = parser.parse_args()
    prepare()
    window = open_window(args.data, batches=50, threads=args.threads)
    session = window.session
    window.windows.open_learning()
    learning = window.windows.made(LearningWindow)
    assert learning
    learning.pages.setCurrentIndex(PAGES[args.page])
    backward, health = learning.backward, learning.health
    painted: dict[str, tuple[QWidget, Callable[[], object]]] = {
        "gradients": (backward.canvas, lambda: backward.seen),
        "health": (health.table.viewport(), lambda: health.watch.answer),
    }
    widget, shown = painted[args.page]
    paints = Paints(shown)
    widget.installEventFilter(paints)
    ratios, pictures = [], []
    for turn in range(TURNS):
        speeds = {}
        for open_it in (turn % 2 == 0, turn % 2 != 0):  # either goes first as often
            learning.setVisible(open_it)
            spin(300)
            paints.count, began = 0, time.perf_counter()
            speeds[open_it] = speed(session)
            if open_it:
                pictures.append(paints.count / (time.perf_counter() - began))
        ratios.append(speeds[True] / speeds[False])
        print(f"{speeds[False]:.1f} batches a second without, {speeds[True]:.1f} with it")
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"{args.page}: training with it / without: {middle:.2f} ({low:.2f}–{high:.2f}), ", end="")
    print(f"{statistics.median(pictures):.0f} pictures a second")
    close(window)


def speed(session: Session) -> float:
    """Batches a second over some seconds."""
    session.drain()
    before, begin = session.status.step, time.perf_counter()
    spin(round(1000 * SECONDS))
    session.drain()
    return (session.status.step - before) / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
