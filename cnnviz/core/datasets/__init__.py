"""Where images come from: one name or path in, one Dataset out.

Read `dataset.py` first: it says what a Dataset is.
"""

from cnnviz.core.datasets.dataset import Dataset, Split
from cnnviz.core.datasets.digits import load_digits
from cnnviz.core.datasets.mnist import (
    fashion_mnist_is_available,
    load_fashion_mnist,
    load_idx_folder,
    load_mnist,
    mnist_is_available,
)
from cnnviz.core.datasets.options import Options
from cnnviz.core.datasets.reading import LOADERS, Reading, is_there, load_dataset, read_dataset
from cnnviz.core.datasets.report import LeftOut, ReadingCancelled, Report

__all__ = [
    "LOADERS",
    "Dataset",
    "LeftOut",
    "Options",
    "Reading",
    "ReadingCancelled",
    "Report",
    "Split",
    "best_available",
    "fashion_mnist_is_available",
    "is_there",
    "load_dataset",
    "load_digits",
    "load_fashion_mnist",
    "load_idx_folder",
    "load_mnist",
    "mnist_is_available",
    "read_dataset",
]


def best_available() -> str:
    """The name of the richest data set that is already on this machine: "mnist" or "digits"."""
    return "mnist" if mnist_is_available() else "digits"
