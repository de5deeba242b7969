"""The benchmark's table, bar and report, on measurements that are made up."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from cnnviz import bench_command
from cnnviz.core import benchmark
from cnnviz.core.benchmark import TORCH, Case, Measurement, Side, Speed
from cnnviz.core.parallel import usable_cores

LOOP, IM2COL = Side("cnnviz", "loop"), Side("cnnviz", "im2col")
CASES = [Case("numpy-cnn", 32, 2, 8, 28), Case("lenet-5", 128, 2, None, 56)]
TIMINGS = {LOOP: [8.0], IM2COL: [8000.0, 12_000.0, 9000.0], TORCH: [5000.0, 6000.0, 6000.0]}


@pytest.fixture(autouse=True)
def made_up(monkeypatch):
    def measure(case, sides, repeats, progress):
        progress(sides[0].name, 0, 0)
        progress(sides[-1].name, 2, 7)
        return Measurement(case, [Speed(side, TIMINGS[side]) for side in sides])

    monkeypatch.setattr(benchmark, "measure", measure)


def test_a_row_for_each_case_and_side(capsys):
    measured: list[Measurement] = []
    bench_command.bench(CASES, [IM2COL, TORCH], 3, measured)
    assert [done.case for done in measured] == CASES
    output, errors = capsys.readouterr()
    assert errors == ""  # the bar shows itself only in a terminal
    what, how, empty, heads, *rows = output.replace("\u00a0", " ").splitlines()
    assert what == "Training numpy-cnn on random images, 2 cores"
    assert "3 timings of about 0.3 s" in how
    assert empty == ""
    assert heads.split() == "Batch Filters Image By Images/s min–max Timings × PyTorch".split()
    assert len(rows) == 4
    assert {len(row) for row in rows} == {len(heads)}
    first = ["32", "8", "28", "im2col", "9 000", "8 000–12 000", "3", "1.60 (1.50–2.00)"]
    assert rows[0].split() == " ".join(first).split()
    assert rows[1].split() == "32 8 28 PyTorch 6 000 5 000–6 000 3".split()
    assert rows[2].split()[:3] == ["128", "56", "im2col"]


def test_what_is_slow_says_so(capsys):
    bench_command.bench(CASES[:1], [LOOP, IM2COL], 3, [])
    output = capsys.readouterr().out.replace("\u00a0", " ")
    *_, heads, slow, fast, empty, note = output.splitlines()
    assert heads.endswith("× loop")
    assert slow.split() == "32 8 28 loop 8.0 8.0–8.0 1".split()
    assert fast.endswith("3     1 000 (1 000–1 000)")
    assert empty == ""
    assert note.startswith("A step of more than 2 s is timed fewer times")


def test_factors_of_all_sizes():
    texts = [bench_command._factor(number) for number in (0.00123, 0.0996, 0.5, 2, 45.61, 123.4)]
    assert texts == ["0.0012", "0.10", "0.500", "2.00", "45.6", "123"]


def test_the_bar_shows_itself_in_a_terminal(monkeypatch, capsys):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    bench_command.bench(CASES, [IM2COL, TORCH], 3, [])
    for said in ("Case 1/2", "Case 2/2", "im2col warms up", "2/7", "torch"):
        assert said in screen.getvalue()


def test_the_report_holds_every_field():
    measured = [benchmark.measure(case, [LOOP, IM2COL, TORCH], 3, print) for case in CASES]
    report = json.loads(json.dumps(bench_command.report(measured), allow_nan=False))
    assert set(report) == {"cnnviz", "date", "machine", "rows", "ratios"}
    assert abs(datetime.now(UTC) - datetime.fromisoformat(report["date"])) < timedelta(minutes=1)
    assert set(report["machine"]) >= {"cpu", "python", "numpy", "scipy", "torch", "blas"}
    assert report["machine"]["cpu"]
    assert report["machine"]["cores"] == usable_cores()
    first = {"network": "numpy-cnn", "batch_size": 32, "threads": 2, "filters": 8, "image_side": 28}
    ours = {**first, "engine": "cnnviz", "convolution": "im2col"}
    theirs = {**first, "engine": "torch", "convolution": None}
    assert len(report["rows"]) == 6
    assert report["rows"][1] == ours | {
        "images_per_second": 9000, "min": 8000, "max": 12_000, "timings": TIMINGS[IM2COL],
    }  # fmt: skip
    assert report["rows"][2] == theirs | {
        "images_per_second": 6000, "min": 5000, "max": 6000, "timings": TIMINGS[TORCH],
    }  # fmt: skip
    assert [(row["network"], row["filters"]) for row in report["rows"][3:4]] == [("lenet-5", None)]
    assert [ratio["versus"] for ratio in report["ratios"]] == 2 * ["torch", "torch", "loop"]
    assert report["ratios"][1] == ours | {
        "versus": "torch", "median": 1.6, "min": 1.5, "max": 2.0, "pairs": [1.6, 2.0, 1.5],
    }  # fmt: skip
    assert report["ratios"][2]["pairs"] == [1000.0]
