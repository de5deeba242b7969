"""A folder of 60 000 PNGs: how long it takes to load, in how much memory, and to cancel.

    python -m benchmarks.load_many_pngs [--images 60000] [--keep FOLDER]

Makes the folder anew (in a temporary place, unless one is named to keep it in), with 28×28 grey
images in ten class folders. Loads it in a `Reading` task, then again, cancelling half way. Exit
status 0 if all images arrived, the progress never went back, and the task ended within a tenth of a
second of being cancelled.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from cnnviz.core.datasets import Reading

SOON = 0.1
"""Seconds from cancelling to the end."""


def make(folder: Path, count: int) -> None:
    """`count` PNGs in ten class folders; noise over a gradient packs like a photograph."""
    rng = np.random.default_rng(0)
    slope = np.linspace(0, 200, 28, dtype=np.uint8)[:, np.newaxis]
    for label in range(10):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = slope + rng.integers(0, 50, (28, 28), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / str(number % 10) / f"{number}.png")


def load(folder: Path, cancel_at: float | None = None) -> tuple[Reading, float, bool]:
    """The task, the seconds it took (or to end, once cancelled), and if it never went back."""
    task = Reading(folder)
    begin = time.perf_counter()
    task.start()
    seen: list[tuple[str, int]] = []
    steady = True
    while task.is_alive:
        standing = task.standing
        if seen and seen[-1][0] == standing.stage:
            steady = steady and standing.done >= seen[-1][1]
        seen.append((standing.stage, standing.done))
        reading = standing.stage == "Reading images" and standing.of
        if cancel_at is not None and reading and standing.done >= cancel_at * standing.of:
            begin = time.perf_counter()
            task.cancel()
            cancel_at = None
        task.join(0.002)
    stages = dict(seen)
    print("  " + ", ".join(f"{stage or 'starting'} {done}" for stage, done in stages.items()))
    return task, time.perf_counter() - begin, steady


def main() -> int:
    """Measures and prints; see the top of this file."""
    parser = argparse.ArgumentParser(description="How long many small images take to load.")
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (args.keep or Path(scratch)) / "pngs"
        begin = time.perf_counter()
        make(folder, args.images)
        print(f"made {args.images} PNGs in {time.perf_counter() - begin:.1f} s")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        task, seconds, steady = load(folder)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        report = task.standing.report
        count = report.images if report else 0
        print(f"loaded {count} in {seconds:.1f} s, {1e6 * seconds / args.images:.0f} µs each")
        print(f"memory at its most: {grown:.0f} MB more than before")
        if task.standing.failure:
            print(*task.standing.failure, sep="\n")
        task, late, steady_too = load(folder, cancel_at=0.5)
        print(f"cancelled half way: ended after {1000 * late:.1f} ms")
        gone = task.standing.dataset is None
    return 0 if count == args.images and steady and steady_too and gone and late < SOON else 1


if __name__ == "__main__":
    sys.exit(main())
