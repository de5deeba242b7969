"""A network or a run written for other programs on a thread of its own; a report takes a second."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnviz.core.export import FORMATS, Source, read_network, read_weights
from cnnviz.core.network import Network
from cnnviz.core.spec import Spec
from cnnviz.core.task import Task


@dataclass(frozen=True)
class ExportStanding:
    """Whether it is done, and the network that was read."""

    network: Network | None = None
    ended: bool = False
    failure: tuple[str, str] | None = None


class Exporting(Task[ExportStanding]):
    """Writes one format to `path`, the whole of it or nothing."""

    def __init__(self, format_name: str, path: Path, source: Callable[[], Source]) -> None:
        """`source` is made on the thread."""
        super().__init__("exporting", ExportStanding())
        self._format, self._path, self._source = FORMATS[format_name], path, source

    def _work(self) -> dict[str, Any]:
        self._format.write(self._path, self._source())
        return {}


class ReadingWeights(Task[ExportStanding]):
    """Reads weights into a network of their own spec, or of `spec` if the file names none."""

    def __init__(self, path: Path, spec: Spec | None) -> None:
        super().__init__("reading-weights", ExportStanding())
        self._path, self._spec = path, spec

    def _work(self) -> dict[str, Any]:
        names_none = read_weights(self._path).texts.get("spec") is None
        return {"network": read_network(self._path, self._spec if names_none else None)}
