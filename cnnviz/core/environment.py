"""What a speed was measured on, for a number of images per second means nothing without it."""

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from cnnviz.core.parallel import usable_cores


def environment() -> dict[str, Any]:
    """The processor, the cores this process may use, and versions, ready for JSON.

    A library that is not installed is None. "blas" lists the ones NumPy and SciPy have loaded, each
    with the kernels it chose for this processor.
    """
    return {
        "cpu": _processor(),
        "cores": usable_cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{library: _version(library) for library in ("numpy", "scipy", "torch")},
        "blas": _blas(),
    }


def _processor() -> str:
    """Its name as the maker gives it, where the system tells; at least the architecture."""
    linux = Path("/proc/cpuinfo")
    if linux.is_file():
        for line in linux.read_text("utf-8", "replace").splitlines():
            what, _, name = line.partition(":")
            if what.strip() == "model name":
                return name.strip()
    return platform.processor() or platform.machine()


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _blas() -> list[str]:
    names = {
        f"{library['internal_api']} {library['version']} ({library.get('architecture')})"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return sorted(names)
