"""Travels to random batches of a long run and on to its end: the bits must be those of before.

    .venv/bin/python -m benchmarks.travel [--batches 1000] [--travels 20]

For each optimiser and each way of convolution: with the runner, and again after the run was saved
and opened. Exit status 1 if a bit differs.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cnnviz.core import Settings, Snapshot, Spec, Trainer, load_dataset
from cnnviz.core.convolution import WAYS
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.outbox import Captured
from cnnviz.core.runner import Runner
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.spec import conv2d, dense, flatten, max_pool2d, relu
from cnnviz.core.status import Phase
from cnnviz.core.storage import load_run, write_run
from cnnviz.core.timeline import Timeline

SPEC = Spec(
    "travel",
    "Travel",
    (1, 28, 28),
    (conv2d(2, 5, stride=3), relu(), max_pool2d(2), flatten(), dense(10)),
)
LATER_RATE = 0.7
"""Times the rate from the middle of the run on, so that a change is travelled across, too."""


def main() -> int:
    """Prints a line for each combination."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--travels", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    wrong = 0
    for optimizer in OPTIMIZERS:
        for way in WAYS:
            begin = time.perf_counter()
            count = check(optimizer, way, args)
            wrong += count
            seconds = time.perf_counter() - begin
            travels = f"{2 * args.travels} travels in {args.batches} batches"
            print(f"{optimizer:17}{way:11}{travels}: {count} differ ({seconds:.0f} s)", flush=True)
    return 1 if wrong else 0


def check(optimizer: str, way: str, args: argparse.Namespace) -> int:
    """How many journeys ended elsewhere than the run did."""
    settings = Settings(optimizer=optimizer, convolution=way, batch_size=16, threads=2)
    data, rng = load_dataset("digits"), random.Random(args.seed)
    runner = start(lambda: Trainer(SPEC, data, settings), None)
    runner.train_to(args.batches // 2)
    wait(runner, args.batches // 2)
    runner.set_learning_rate(settings.learning_rate * LATER_RATE)
    runner.train_to(args.batches)
    wait(runner, args.batches)
    end = captured(runner)
    steps = [rng.randrange(args.batches) for _ in range(args.travels)]
    wrong = sum(not same(travelled(runner, step, args.batches), end.newest) for step in steps)
    stop(runner)
    with tempfile.TemporaryDirectory() as folder:
        write_run(Path(folder, "run.cnnviz"), end)
        opened = load_run(Path(folder, "run.cnnviz"))
    runner = start(lambda: opened.trainer(data), opened.timeline())
    wrong += sum(not same(travelled(runner, step, args.batches), end.newest) for step in steps)
    stop(runner)
    return wrong


def travelled(runner: Runner, step: int, end: int) -> Snapshot:
    """The end that is reached by way of `step`."""
    runner.travel(step)
    wait(runner, step)
    runner.train_to(end)
    wait(runner, end)
    return captured(runner).newest


def start(build: Callable[[], Trainer], timeline: Timeline | None) -> Runner:
    runner = Runner(build, timeline)
    runner.start()
    while runner.status.phase is Phase.LOADING:
        time.sleep(0.001)
    return runner


def stop(runner: Runner) -> None:
    runner.stop()
    runner.join()


def wait(runner: Runner, step: int) -> None:
    while not (runner.status.phase is Phase.PAUSED and runner.status.step == step):
        time.sleep(0.001)


def captured(runner: Runner) -> SavedRun:
    runner.drain()
    runner.capture()
    while True:
        for entry in runner.drain().entries:
            if isinstance(entry, Captured):
                return entry.run
        time.sleep(0.001)


def same(first: Snapshot, second: Snapshot) -> bool:
    """To the last bit, what the optimiser remembers included."""
    arrays = [(first.vector, second.vector)]
    arrays += [
        (first.optimizer_state[name], second.optimizer_state[name])
        for name in first.optimizer_state
    ]
    return first.step == second.step and all(np.array_equal(a, b) for a, b in arrays)


if __name__ == "__main__":
    sys.exit(main())
