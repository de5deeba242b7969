"""What data are called on screen, for their key may be a long path with options behind it."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData

from cnnviz.core.datasets.lookup import is_folder
from cnnviz.core.datasets.options import Options, split_name
from cnnviz.core.datasets.reading import SUFFIXES
from cnnviz.core.datasets.report import printable
from cnnviz.core.errors import DataError

LONGEST = 24
"""Characters of a title; of a longer one the middle is left out."""


@dataclass(frozen=True)
class Known:
    """A data set with a name of its own."""

    title: str
    explanation: str


KNOWN = {
    "digits": Known("UCI digits", "1 797 handwritten digits that come with cnnviz"),
    "mnist": Known("MNIST", "60 000 handwritten digits to learn from, 10 000 to test on"),
    "fashion-mnist": Known(
        "Fashion-MNIST", "60 000 pictures of clothes to learn from, 10 000 to test on"
    ),
}


def data_title(name: str) -> str:
    """A short name: of data of one's own, that of the folder or file."""
    if name in KNOWN:
        return KNOWN[name].title
    path, _ = _parts(name)
    return _short(printable(path.name) or printable(path))


def data_line(name: str) -> str:
    """The same with the options that are not usual, to tell two ways to read one folder apart."""
    options = "" if name in KNOWN else _options_in_words(_parts(name)[1])
    return f"{data_title(name)} · {options}" if options else data_title(name)


def data_tip(name: str) -> str:
    """All there is to say: the whole path, and how it is read."""
    if name in KNOWN:
        return KNOWN[name].explanation
    path, options = _parts(name)
    words = _options_in_words(options)
    return f"{printable(path)}\n{words}" if words else printable(path)


def data_path(name: str) -> tuple[Path, Options]:
    """Where data of one's own are, and how they are read."""
    return _parts(name)


def dropped_data(mime: QMimeData) -> list[Path]:
    """The folders and files of data among what is dragged."""
    paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    return [path for path in paths if is_folder(path) or path.suffix.lower() in SUFFIXES]


def names_in(kept: object) -> list[str]:
    """The names that QSettings has kept, which makes one text of a list of one."""
    names = [kept] if isinstance(kept, str) else kept if isinstance(kept, list) else []
    return [str(name) for name in names if name]


def _parts(name: str) -> tuple[Path, Options]:
    try:
        return split_name(name)
    except DataError:  # what makes no sense is told by whoever reads it
        return Path(name), Options()


def _options_in_words(options: Options) -> str:
    usual = Options()
    words = []
    if options.size:
        words.append("×".join(map(str, options.size)))
    if options.colour != usual.colour:
        words.append({"grey": "grey", "rgb": "RGB"}.get(options.colour, options.colour))
    if options.test != usual.test:
        words.append(f"{100 * options.test:.3g} % test")
    if options.seed != usual.seed:
        words.append(f"seed {options.seed}")
    return ", ".join(words)


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = (LONGEST - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
