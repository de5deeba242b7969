"""Files that a command is to write: checked before the work begins, written when it is done."""

import json
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from cnnviz.core import CnnvizError
from cnnviz.core.files import write_atomically


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
    """Writes it as indented JSON, all at once; ValueError for what is no finite number."""
    text = json.dumps(content, indent=2, allow_nan=False)
    write_atomically(path, f"{text}\n".encode())
