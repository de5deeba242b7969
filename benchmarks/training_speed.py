"""Training steps per second of cnnviz and PyTorch, side by side, alternating, on random images.

    python benchmarks/training_speed.py [--repeats 7] [--threads 2]

Whole steps (forward, loss, backward, Adam) of the numpy-cnn network; PyTorch eager with fused Adam,
the same number of threads, float32. Prints medians, and the ratio pair by pair.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from cnnviz.core import PRESETS, Dataset, Settings, Split, Trainer
from cnnviz.core.parallel import usable_cores

STEPS = 20
BATCH_SIZES = (32, 64, 128)


def random_dataset(count: int) -> Dataset:
    """Noise in MNIST's shape: the arithmetic does not care."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, 1, 28, 28), dtype=np.uint8)
    split = Split(pixels, rng.integers(0, 10, count))
    return Dataset("noise", "Noise", split, split, tuple("0123456789"), "made up")


def our_step(batch_size: int, threads: int) -> Callable[[], object]:
    """One batch of our trainer."""
    settings = Settings(batch_size=batch_size, threads=threads)
    return Trainer(PRESETS["numpy-cnn"], random_dataset(20 * batch_size), settings).train_batch


def torch_step(batch_size: int) -> Callable[[], object]:
    """One batch of the same network in PyTorch, fetched from memory as ours is."""
    nn = torch.nn
    network = nn.Sequential(
        nn.Conv2d(1, 8, 5),
        nn.ReLU(),
        nn.Conv2d(8, 8, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(800, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=0.002, fused=True)
    train = random_dataset(20 * batch_size).train
    pixels, labels = torch.from_numpy(train.pixels.copy()), torch.from_numpy(train.labels.copy())

    def step() -> None:
        chosen = torch.randint(len(pixels), (batch_size,))
        images = pixels[chosen].float() / 255
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), labels[chosen]).backward()
        optimizer.step()

    return step


def images_per_second(step: Callable[[], object], batch_size: int) -> float:
    """Over STEPS steps."""
    begin = time.perf_counter()
    for _ in range(STEPS):
        step()
    return STEPS * batch_size / (time.perf_counter() - begin)


def main() -> None:
    """Prints a row a batch size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=usable_cores())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"{args.threads} threads, medians of {args.repeats} pairs of {STEPS} steps")
    print("batch  cnnviz images/s  PyTorch images/s  ratio (min to max)")
    for size in BATCH_SIZES:
        ours, theirs = our_step(size, args.threads), torch_step(size)
        images_per_second(ours, size), images_per_second(theirs, size)
        pairs = [
            (images_per_second(ours, size), images_per_second(theirs, size))
            for _ in range(args.repeats)
        ]
        ratios = [our / their for our, their in pairs]
        our, their = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(
            f"{size:5}  {our:15,.0f}  {their:16,.0f}  "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
