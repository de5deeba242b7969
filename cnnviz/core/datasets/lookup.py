"""What is at a path, where nobody may be stopped by what cannot be looked at.

`Path.is_dir`, `is_file` and `exists` raise for a folder that may not be looked into or a name that
is too long; what the user typed may be no path at all, so here the answer is then no.
"""

import os
from pathlib import Path


def is_folder(path: str | Path) -> bool:
    """Whether there is a folder that can be seen."""
    return os.path.isdir(path)  # noqa: PTH112 - see above


def is_file(path: str | Path) -> bool:
    """Whether there is a file that can be seen."""
    return os.path.isfile(path)  # noqa: PTH113 - see above


def exists(path: str | Path) -> bool:
    """Whether there is anything that can be seen."""
    return os.path.exists(path)  # noqa: PTH110 - see above
