"""What the open window costs training, and whether the window stays smooth beside it.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.window_cost [--smooth] [--threads 1]

Alternates: the runner alone, drained 30 times a second and nothing drawn; then the window, drawing.
Prints images/s of both, how many pictures a second the network view drew, and the 95th and 99th
percentile of a 16 ms GUI timer's intervals. With --smooth pictures go before training. With fewer
threads than cores, on both sides, the window has a core of its own.
"""

import argparse
import statistics
import time

import numpy as np
from PySide6.QtCore import Qt, QTimer

from benchmarks.live_window import Paints, close, open_window, prepare, spin, training_data
from cnnviz.core import PRESETS, Runner, Settings, Trainer
from cnnviz.core.datasets import best_available
from cnnviz.core.parallel import usable_cores

SECONDS = 6.0


def alone(data: str, threads: int) -> float:
    """Images/s of a runner that nobody draws."""
    dataset, settings = training_data(data), Settings(epochs=1000, threads=threads)
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


def with_window(data: str, threads: int, smooth: bool) -> tuple[float, float, list[float]]:
    """With the window open and drawing: images/s, pictures/s, and a GUI timer's intervals in ms."""
    window = open_window(data, batches=5, threads=threads)
    session, paints = window.session, Paints()
    if smooth:
        session.choose_smooth_or_fast()
    window.network.canvas.installEventFilter(paints)
    spin(1000)
    ticks: list[float] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(16)
    paints.count, begin, first = 0, time.perf_counter(), session.status.step
    spin(round(1000 * SECONDS))
    elapsed = time.perf_counter() - begin
    speed = (session.status.step - first) * session.settings.batch_size / elapsed
    pictures = paints.count / elapsed
    timer.stop()
    close(window)
    return speed, pictures, list(1000 * np.diff(ticks))


def main() -> None:
    """Prints both sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=best_available())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--smooth", action="store_true")
    args = parser.parse_args()
    prepare()
    ratios, intervals = [], []
    for _ in range(args.rounds):
        bare = alone(args.data, args.threads)
        drawn, pictures, gaps = with_window(args.data, args.threads, args.smooth)
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
