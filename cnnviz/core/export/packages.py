"""Packages that only one format needs: imported when it is used, missed in a sentence."""

from importlib import import_module
from types import ModuleType

from cnnviz.core.errors import MissingPackageError


def package(name: str, title: str, *modules: str) -> ModuleType:
    """The package `name` with these of its modules; raises MissingPackageError with the way out."""
    try:
        for module in modules:
            import_module(f"{name}.{module}")
        return import_module(name)
    except ImportError:
        raise MissingPackageError(
            f"{title} needs the package “{name}”, which is not installed. Install it by "
            f"`python -m pip install {name}`, or choose .npz, which needs nothing more."
        ) from None
