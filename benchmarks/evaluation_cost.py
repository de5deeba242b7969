"""What the test at each epoch's end costs training, and how long it takes.

    python -m benchmarks.evaluation_cost [--data mnist] [--epochs 5]

Trains as the window does, on a thread with helpers, and times every epoch and the test after it in
one run. Prints medians (least–greatest) and the share that the tests add to the training.
"""

import argparse
import statistics
import time
from contextlib import closing

from cnnviz.core import PRESETS, Settings, Trainer
from cnnviz.core.datasets import best_available, load_dataset


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=best_available())
    parser.add_argument("--network", default="numpy-cnn", choices=PRESETS)
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    dataset = load_dataset(args.data)
    trainings, tests = [], []
    with closing(Trainer(PRESETS[args.network], dataset, Settings())) as trainer:
        trainer.start_helpers()
        for _ in range(args.epochs):
            begin = time.perf_counter()
            for _ in range(trainer.batches_per_epoch):
                trainer.train_batch()
            trained = time.perf_counter()
            trainer.evaluate()
            trainings.append(trained - begin)
            tests.append(time.perf_counter() - trained)
    shares = [test / training for test, training in zip(tests, trainings, strict=True)]
    print(
        f"{dataset.title}: an epoch {described(trainings)} s, its test of "
        f"{len(dataset.test)} images {described(tests)} s, {described(shares)} of the training"
    )


def described(values: list[float]) -> str:
    """Median (least–greatest)."""
    return f"{statistics.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


if __name__ == "__main__":
    main()
