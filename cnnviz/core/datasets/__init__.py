"""Where images come from: one name or path in, one Dataset out.

Read `dataset.py` first: it says what a Dataset is.
"""

from pathlib import Path

from cnnviz.core.datasets.dataset import Dataset, Split
from cnnviz.core.datasets.digits import load_digits
from cnnviz.core.datasets.mnist import (
    is_folder,
    load_idx_folder,
    load_mnist,
    mnist_is_available,
)
from cnnviz.core.errors import DataError

__all__ = [
    "LOADERS",
    "Dataset",
    "Split",
    "best_available",
    "load_dataset",
    "load_digits",
    "load_idx_folder",
    "load_mnist",
    "mnist_is_available",
]

LOADERS = {"digits": load_digits, "mnist": load_mnist}
"""The data sets that have a name of their own."""


def load_dataset(name_or_path: str | Path) -> Dataset:
    """The data set of that name ("digits", "mnist"), or the one in that folder of IDX files.

    A name wins over a folder called the same; "./mnist" is the folder. Raises DataError if there
    is neither, or if the data are missing or damaged.
    """
    name = str(name_or_path)
    if isinstance(name_or_path, str) and name in LOADERS:
        return LOADERS[name]()
    if not is_folder(name_or_path):
        raise DataError(
            f"There is no data set “{name}”; there are {', '.join(LOADERS)}, "
            "and any folder of IDX files, by its path."
        )
    return load_idx_folder(name_or_path)


def best_available() -> str:
    """The name of the richest data set that is already on this machine: "mnist" or "digits"."""
    return "mnist" if mnist_is_available() else "digits"
