"""What the open window costs training, and whether the window stays smooth beside it.

    QT_QPA_PLATFORM=offscreen python benchmarks/window_cost.py [--data digits] [--smooth]

Alternates: the runner alone, drained 30 times a second and nothing drawn; then the window, drawing.
Prints images/s of both, how many pictures a second the network view drew, and the 95th and 99th
percentile of a 16 ms GUI timer's intervals. With --smooth pictures go before training.
"""

import argparse
import statistics
import time

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from cnnviz.core import PRESETS, Runner, Settings, Trainer, load_dataset
from cnnviz.core.datasets import best_available
from cnnviz.ui import theme
from cnnviz.ui.application import make_application
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session

SECONDS = 6.0


def spin(seconds: float) -> None:
    """Lets the event loop run."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def alone(data: str) -> float:
    """Images/s of a runner that nobody draws."""
    dataset, settings = load_dataset(data), Settings(epochs=1000)
    runner = Runner(lambda: Trainer(PRESETS["numpy-cnn"], dataset, settings))
    runner.start()
    runner.play()
    time.sleep(1)
    begin, first = time.perf_counter(), runner.status.step
    while time.perf_counter() - begin < SECONDS:
        time.sleep(1 / 30)
        runner.drain()
    speed = (runner.status.step - first) * settings.batch_size / (time.perf_counter() - begin)
    runner.stop()
    runner.join()
    return speed


class Paints(QObject):
    """Counts how often a widget is painted."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        self.count += event.type() is QEvent.Type.Paint
        return False


def with_window(data: str, smooth: bool) -> tuple[float, float, list[float]]:
    """With the window open and drawing: images/s, pictures/s, and a GUI timer's intervals in ms."""
    session = Session()
    window = MainWindow(session, remember=False, ask=False)
    window.resize(1600, 1000)
    window.show()
    session.open_run(RunRequest(data, "numpy-cnn", Settings(), 1000), play=True)
    if smooth:
        session.choose_smooth_or_fast()
    paints = Paints()
    window.network.canvas.installEventFilter(paints)
    while session.status.step < 5:
        spin(0.05)
    spin(1)
    ticks: list[float] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(16)
    paints.count, begin, first = 0, time.perf_counter(), session.status.step
    spin(SECONDS)
    elapsed = time.perf_counter() - begin
    speed = (session.status.step - first) * session.settings.batch_size / elapsed
    pictures = paints.count / elapsed
    timer.stop()
    session.shut_down()
    while not session.is_shut_down:
        spin(0.01)
    window.close()
    return speed, pictures, list(1000 * np.diff(ticks))


def main() -> None:
    """Prints both sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=best_available())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--smooth", action="store_true")
    args = parser.parse_args()
    app: QApplication = make_application()
    theme.apply_theme(app, "dark")
    ratios, intervals = [], []
    for _ in range(args.rounds):
        bare = alone(args.data)
        drawn, pictures, gaps = with_window(args.data, args.smooth)
        ratios.append(drawn / bare)
        intervals += gaps
        print(
            f"alone {bare:8,.0f} images/s   with the window {drawn:8,.0f}   {drawn / bare:.3f}",
            end="",
        )
        print(f"   {pictures:.0f} pictures a second")
    p95, p99 = np.percentile(intervals, [95, 99])
    print(f"median ratio {statistics.median(ratios):.3f}; ", end="")
    print(f"16 ms timer: 95 % within {p95:.1f} ms, 99 % within {p99:.1f} ms")


if __name__ == "__main__":
    main()
