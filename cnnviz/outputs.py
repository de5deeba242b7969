"""Files that commands write: none is overwritten unasked, none fails only once the work is done."""

import json
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from cnnviz.core import CnnvizError
from cnnviz.core.files import write_atomically


def add_force(parser: ArgumentParser, *names: str) -> None:
    """The option to overwrite, --force or one of the other names."""
    help_text = "overwrite the file if it exists"
    parser.add_argument("--force", *names, action="store_true", help=help_text)


def check_output(path: Path, force: bool) -> None:
    """Raises CnnvizError if `path` could not be written later, when the work is done."""
    try:
        if path.exists() and not path.is_file():
            raise CnnvizError(f"{path} is not a file. Name a file to write.")
        if path.exists() and not force:
            raise CnnvizError(f"{path} exists already. Name another file, or add --force.")
        TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise CnnvizError(f"Cannot write {path}: {error.strerror}.") from None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes `content`, which must hold finite numbers alone."""
    text = json.dumps(content, indent=2, allow_nan=False)
    write_atomically(path, f"{text}\n".encode())
