"""Tables as CSV, which every spreadsheet opens: the history of a run, and any other.

Numbers are written so that reading them gives the same bits; what is not a finite number stays
empty.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from cnnviz.core.errors import CnnvizError
from cnnviz.core.export.source import Source
from cnnviz.core.files import write_atomically
from cnnviz.core.saved_run import COLUMNS, SavedRun
from cnnviz.core.timeline import EpochResult


def write_table(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a line of heads and a line for each row, in UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    write_atomically(path, text.getvalue().encode())


def write_batches(path: Path, source: Source) -> None:
    """Loss, accuracy, rate and seconds of every batch, from 1; needs a run."""
    run = _run(source)
    columns = [run.history[name].tolist() for name in COLUMNS]
    write_table(path, ("batch", *COLUMNS), zip(range(1, run.step + 1), *columns, strict=True))


def write_epochs(path: Path, source: Source) -> None:
    """What each tested epoch gave, see EpochResult; needs a run."""
    heads = [field.name for field in fields(EpochResult)]
    write_table(path, heads, [astuple(epoch) for epoch in _run(source).epochs])


def _run(source: Source) -> SavedRun:
    if source.run is None:
        raise CnnvizError("A network alone has no history to write. Export a run.")
    return source.run


def _cell(value: Any) -> Any:
    return "" if isinstance(value, float) and not math.isfinite(value) else value
