"""A run or a network for other programs and for people, and weights back from there.

source = of_run(load_run("run.cnnviz"))
FORMATS["onnx"].write(Path("network.onnx"), source)
network = read_network(Path("weights.safetensors"))
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cnnviz.core.errors import WeightsError
from cnnviz.core.export import csv_file, npz_file, onnx_file, safetensors_file
from cnnviz.core.export.source import Source, of_run
from cnnviz.core.export.weights import Weights
from cnnviz.core.network import Network
from cnnviz.core.reading import open_warily
from cnnviz.core.spec import Spec

__all__ = ["FORMATS", "Format", "Source", "Weights", "of_run", "read_network", "read_weights"]


@dataclass(frozen=True)
class Format:
    """One way to write a Source to a file, the whole of it or nothing; raises CnnvizError."""

    name: str
    title: str
    suffix: str
    write: Callable[[Path, Source], None]
    read: Callable[[BinaryIO], Weights] | None = None
    """How weights come back, if they do."""
    needs_run: bool = False
    """Whether a network alone does not do."""


def _write_report(path: Path, source: Source) -> None:
    from cnnviz.core.export import report  # what it draws with takes a while to load

    report.write(path, source)


FORMATS: dict[str, Format] = {
    format.name: format
    for format in (
        Format("onnx", "ONNX model", ".onnx", onnx_file.write, onnx_file.read),
        Format(
            "safetensors",
            "PyTorch weights",
            ".safetensors",
            safetensors_file.write,
            safetensors_file.read,
        ),
        Format("npz", "NumPy weights", ".npz", npz_file.write, npz_file.read),
        Format(
            "csv",
            "the run's every batch, as a table",
            ".csv",
            csv_file.write_batches,
            needs_run=True,
        ),
        Format(
            "epochs-csv",
            "the run's every epoch, as a table",
            ".csv",
            csv_file.write_epochs,
            needs_run=True,
        ),
        Format("html", "report of one page", ".html", _write_report, needs_run=True),
    )
}


def read_weights(path: str | Path) -> Weights:
    """The weights in an .npz, .safetensors or .onnx file, not yet held against any network.

    Raises WeightsError saying what is wrong with any other file, CnnvizError where a package is
    needed that is not installed.
    """
    with _opened(Path(path)) as weights:
        return weights


def read_network(path: str | Path, spec: Spec | None = None) -> Network:
    """A network of `spec`, or else of the one the file names, with the weights in the file.

    Raises WeightsError for a file that is damaged, holds anything else than the weights of this
    network or values that are not finite; nothing but a new network is ever changed.
    """
    with _opened(Path(path)) as weights:
        return weights.network(spec)


@contextmanager
def _opened(path: Path) -> Iterator[Weights]:
    """What is in the file; whatever is wrong with it, and raised in the body, names the file."""
    read = _reader(path)
    with open_warily(path, WeightsError, "a file of weights") as file:
        try:
            yield read(file)
        except WeightsError as error:
            raise WeightsError(f"{path} cannot be used: {error}") from None


def _reader(path: Path) -> Callable[[BinaryIO], Weights]:
    by_suffix = {format.suffix: format.read for format in FORMATS.values() if format.read}
    read = by_suffix.get(path.suffix.lower())
    if read is None:
        raise WeightsError(f"{path} must end in {', '.join(by_suffix)} to be read as weights.")
    return read
