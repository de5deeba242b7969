import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnviz.core.export import FORMATS, csv_file, of_run
from cnnviz.core.saved_run import COLUMNS, SavedRun


def table_in(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_batch_comes_back_bit_for_bit(run: SavedRun, tmp_path: Path) -> None:
    FORMATS["csv"].write(tmp_path / "a.csv", of_run(run, run.snapshots[0]))
    rows = table_in(tmp_path / "a.csv")
    assert [int(row["batch"]) for row in rows] == list(range(1, 13))
    for name in COLUMNS:
        np.testing.assert_array_equal([float(row[name]) for row in rows], run.history[name])


def test_every_epoch_and_a_loss_that_is_no_number(run: SavedRun, tmp_path: Path) -> None:
    first, second = run.epochs
    run = replace(run, epochs=(first, replace(second, test_loss=float("nan"))))
    FORMATS["epochs-csv"].write(tmp_path / "a.csv", of_run(run))
    rows = table_in(tmp_path / "a.csv")
    assert [(row["epoch"], row["step"]) for row in rows] == [("1", "6"), ("2", "12")]
    assert float(rows[0]["train_loss"]) == first.train_loss
    assert [row["test_loss"] for row in rows] == ["0.5", ""]


@pytest.mark.parametrize("text", ["a,b", 'say "no"', "two\nlines", "–", ""])
def test_any_table_and_any_text(text: str, tmp_path: Path) -> None:
    csv_file.write_table(tmp_path / "a.csv", ["name", "number"], [[text, 1 / 3], ["x", None]])
    first, second = table_in(tmp_path / "a.csv")
    assert first == {"name": text, "number": repr(1 / 3)}
    assert second == {"name": "x", "number": ""}
