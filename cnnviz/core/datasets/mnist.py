"""Finds the four IDX files of MNIST, or of any data set published in the same way, in a folder."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from cnnviz.core.datasets.dataset import Dataset, Split
from cnnviz.core.datasets.digits import TEN_DIGITS
from cnnviz.core.datasets.idx import read_idx
from cnnviz.core.datasets.lookup import is_file, is_folder
from cnnviz.core.errors import DataError

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
SPELLINGS = "each with or without .gz"


@dataclass(frozen=True)
class Published:
    """A data set that is published as four such files, and known by its name."""

    name: str
    title: str
    class_names: tuple[str, ...]
    source: str


MNIST = Published(
    "mnist",
    "MNIST",
    TEN_DIGITS,
    "MNIST by Y. LeCun, C. Cortes and C. Burges, from data of NIST, CC BY-SA 3.0.",
)
FASHION_MNIST = Published(
    "fashion-mnist",
    "Fashion-MNIST",
    (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    "Fashion-MNIST by H. Xiao, K. Rasul and R. Vollgraf, Zalando Research, MIT licence.",
)


def load_mnist() -> Dataset:
    """MNIST, 60 000 + 10 000 images of 1×28×28, from $CNNVIZ_DATA/mnist or the cache.

    If CNNVIZ_DATA is not set, or has no folder mnist, the user's cache directory is asked. Raises
    DataError if MNIST is in neither place, or as `load_idx_folder` does.
    """
    return load_published(MNIST)


def load_fashion_mnist() -> Dataset:
    """Fashion-MNIST, as many images of clothes, of the same shape, found in the same way."""
    return load_published(FASHION_MNIST)


def mnist_is_available() -> bool:
    """Whether all four files are where `load_mnist` looks; they are not opened."""
    return is_available(MNIST)


def fashion_mnist_is_available() -> bool:
    """The same for `load_fashion_mnist`."""
    return is_available(FASHION_MNIST)


def load_published(published: Published) -> Dataset:
    """Any of the two, as `load_mnist` does it."""
    folder = existing_folder(published)
    if folder is None:
        raise DataError(_nowhere(published))
    return replace(
        load_idx_folder(folder),
        name=published.name,
        title=published.title,
        class_names=published.class_names,
        source=published.source,
    )


def is_available(published: Published) -> bool:
    """Whether all four files are where `load_published` looks; they are not opened."""
    folder = existing_folder(published)
    return folder is not None and all(_find(folder, name) for name in FILES)


def cache_folder(published: Published) -> Path:
    """Where it is put when it is fetched; it need not exist."""
    return platformdirs.user_cache_path("cnnviz") / published.name


def existing_folder(published: Published) -> Path | None:
    """The folder it is read from, if there is one; files may be missing in it."""
    return next((place for place in _places(published) if is_folder(place)), None)


def has_idx_files(folder: str | Path) -> bool:
    """Whether at least one of the four files is there."""
    return bool(idx_files(Path(folder)))


def load_idx_folder(folder: str | Path) -> Dataset:
    """The data set in a folder that holds four IDX files named as MNIST's are.

    Images are uint8 of any (N, H, W) or (N, C, H, W); classes are named "0" to the greatest label.
    Raises DataError if the folder or a file is missing, if a file is damaged, or if the files do
    not belong together; the message says which, and the way out.
    """
    folder = Path(folder)
    paths = _find_all(folder)
    train = _read_split(paths[TRAIN_IMAGES], paths[TRAIN_LABELS])
    test = _read_split(paths[TEST_IMAGES], paths[TEST_LABELS])
    classes = 1 + int(max(train.labels.max(), test.labels.max()))
    return Dataset(
        name=str(folder.absolute()),
        title=folder.absolute().name,
        train=train,
        test=test,
        class_names=tuple(str(label) for label in range(classes)),
        source=f"IDX files in {folder}.",
    )


def idx_files(folder: Path) -> list[Path]:
    """Those of the four files that are there."""
    return [path for name in FILES if (path := _find(folder, name)) is not None]


def _places(published: Published) -> list[Path]:
    """Where it may be, in the order of asking; the last one is the cache."""
    chosen = os.environ.get("CNNVIZ_DATA")
    cache = cache_folder(published)
    return [Path(chosen) / published.name, cache] if chosen else [cache]


def _nowhere(published: Published) -> str:
    places = _places(published)
    where = " nor in ".join(str(place) for place in places)
    return (
        f"{published.title} is not in {where}. Fetch it by `cnnviz data fetch {published.name}`, "
        f"set CNNVIZ_DATA to the folder that contains {published.name}/, or put the four files "
        f"{', '.join(FILES)} ({SPELLINGS}) into {places[-1]}; or use --data digits."
    )


def _find_all(folder: Path) -> dict[str, Path]:
    """The path of each of FILES; raises DataError naming all that are missing."""
    if not is_folder(folder):
        raise DataError(f"There is no folder {folder}. Name one that holds {', '.join(FILES)}.")
    found = {name: path for name in FILES if (path := _find(folder, name)) is not None}
    missing = [name for name in FILES if name not in found]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}. Put the missing files there ({SPELLINGS}), "
            "or use --data digits."
        )
    return found


def _find(folder: Path, name: str) -> Path | None:
    """The file `name` in `folder`, unpacked or gzipped, in either of its two usual spellings."""
    dotted = name.replace("-idx", ".idx")
    candidates = [folder / (stem + end) for stem in (name, dotted) for end in ("", ".gz")]
    return next((path for path in candidates if is_file(path)), None)


def _read_split(images_path: Path, labels_path: Path) -> Split:
    pixels = _read_images(images_path)
    labels = _read_labels(labels_path)
    if len(pixels) != len(labels):
        raise DataError(
            f"{images_path} has {len(pixels)} images but {labels_path} has {len(labels)} labels; "
            "they do not belong together. Get both again from one source."
        )
    return Split(pixels, labels)


def _read_images(path: Path) -> NDArray[np.uint8]:
    """Images as (N, C, H, W), whether the file has channels or not."""
    images = read_idx(path)
    if images.ndim == 3:
        return images[:, np.newaxis]
    if images.ndim == 4:
        return images
    raise DataError(
        f"{path} has {images.ndim} dimensions; images need 3 (N, height, width) "
        "or 4 (N, channels, height, width). Look whether the files' names are mixed up."
    )


def _read_labels(path: Path) -> NDArray[np.int64]:
    labels = read_idx(path)
    if labels.ndim != 1:
        raise DataError(
            f"{path} has {labels.ndim} dimensions; labels need 1. "
            "Look whether the files' names are mixed up."
        )
    return labels.astype(np.int64)
