"""Finds the files that travel with the program, installed or in the repository.

A wheel carries them in `assets/` inside the package; the repository keeps them at its top level.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def asset_path(name: str) -> Path:
    """The file `assets/<name>`; raises FileNotFoundError, naming both places, if there is none."""
    places = [_PACKAGE / "assets" / name, _PACKAGE.parent / "assets" / name]
    for path in places:
        if path.exists():
            return path
    raise FileNotFoundError(
        f"cnnviz is incomplete: {name} is neither at {places[0]} nor at {places[1]}. "
        "Install cnnviz again."
    )
