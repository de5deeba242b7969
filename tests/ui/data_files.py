"""Folders of images for tests of the interface: small, quickly made, classes easy to tell apart."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("bright", "dark", "middle")


def make_images(folder: Path, count: int = 8, size: tuple[int, int] = (28, 28)) -> Path:
    """`count` grey PNGs (height, width) for each of the three classes."""
    rng = np.random.default_rng(0)
    for name, level in zip(CLASSES, (200, 10, 100), strict=True):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = level + rng.integers(0, 40, size, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder
