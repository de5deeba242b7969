"""A process that saves a run over and over is killed at random moments: the file is always whole.

    python -m benchmarks.kill_while_saving [--times 100] [--seed 0]

Two runs take turns in one file. Exit status 0 if after every kill the file held one of them.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cnnviz.core.storage import load_run

SAVER = """
import sys
from pathlib import Path
from cnnviz.core import PRESETS, Settings, Timeline, Trainer, load_dataset
from cnnviz.core.saved_run import capture
from cnnviz.core.storage import write_run

path, runs = Path(sys.argv[1]), []
for seed in (1, 2):
    trainer = Trainer(PRESETS["mlp"], load_dataset("digits"), Settings(seed=seed, threads=1))
    runs.append(capture(trainer, Timeline(), f"seed {seed}"))
write_run(path, runs[0])
print("ready", flush=True)
while True:
    for run in reversed(runs):
        write_run(path, run)
"""
LONGEST = 0.05
"""Seconds until the kill; a save takes a few milliseconds."""


def kill_once(path: Path, seconds: float) -> None:
    """Starts a saver and ends it without warning, so long after its first save."""
    command = [sys.executable, "-c", SAVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as saver:
        assert saver.stdout
        assert saver.stdout.readline() == "ready\n"
        time.sleep(seconds)
        saver.send_signal(signal.SIGKILL)


def main() -> int:
    """Kills and looks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng, found, halves = random.Random(args.seed), [0, 0, 0], 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.cnnviz"
        for _ in range(args.times):
            kill_once(path, rng.uniform(0, LONGEST))
            run = load_run(path)
            assert run.notes == f"seed {run.settings.seed}"
            found[run.settings.seed] += 1
            for other in set(path.parent.iterdir()) - {path}:
                halves += 1
                other.unlink()
    print(
        f"found whole: {found[1]} and {found[2]}; killed in the middle of writing: {halves} times"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
