"""The benchmark in the terminal: its table, its progress bar, and its report for programs.

The table goes to the standard output, row by row as it is measured; the moving bar to the standard
error output.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tqdm import tqdm

from cnnviz import __version__
from cnnviz.core import benchmark
from cnnviz.core.benchmark import TORCH, Case, Measurement, Ratio, Side, Speed, summary
from cnnviz.core.environment import environment
from cnnviz.terminal import count

COLUMNS = "{:>5}  {:>7}  {:>5}  {:<9}  {:>8}  {:>17}  {:>7}"
RATIO_COLUMN = "  {:>22}"


def bench(
    cases: Sequence[Case], sides: Sequence[Side], repeats: int, measured: list[Measurement]
) -> None:
    """Prints a row for each case and side, and adds each case to `measured` as soon as it is done.

    So what was measured is there, however it ends.
    """
    print(_introduction(cases[0], repeats), end="\n\n")
    rivals = _rivals(sides)
    heads = "Batch Filters Image By Images/s min–max Timings".split()
    ratio_heads = [RATIO_COLUMN.format(f"× {_title(rival)}") for rival in rivals]
    print(COLUMNS.format(*heads) + "".join(ratio_heads), flush=True)
    for number, case in enumerate(cases, start=1):
        with _progress_bar(f"Case {number}/{len(cases)}") as bar:
            measurement = benchmark.measure(case, sides, repeats, _Progress(bar))
        for speed in measurement.speeds:
            print(_line(measurement, speed, rivals), flush=True)
        measured.append(measurement)
    if any(len(speed.timings) < repeats for done in measured for speed in done.speeds):
        print(f"\nA step of more than {benchmark.SLOW:g} s is timed fewer times; see Timings.")


class _Progress:
    """Shows on a bar which side's turn it is."""

    def __init__(self, bar: tqdm) -> None:
        self._bar = bar

    def __call__(self, side: str, done: int, of: int) -> None:
        self._bar.total, self._bar.n = of or None, done
        self._bar.set_postfix_str(side if of else f"{side} warms up")


def _progress_bar(what: str) -> tqdm:
    """A bar that counts timings; it shows itself only if the standard error is a terminal."""
    layout = "{desc} {bar} {n_fmt}/{total_fmt} timings [{elapsed}{postfix}]"
    return tqdm(desc=what, bar_format=layout, leave=False, disable=None)


# For people.


def _introduction(case: Case, repeats: int) -> str:
    return (
        f"Training {case.network} on random images, "
        f"{case.threads} core{'s' if case.threads > 1 else ''}\n"
        f"Median (min–max) of {repeats} timing{'s' if repeats > 1 else ''} "
        f"of about {benchmark.SLICE:g} s, taken in turns"
    )


def _rivals(sides: Sequence[Side]) -> list[Side]:
    """Whom the others are held against: PyTorch, and every way of ours but the last."""
    theirs = [side for side in sides if side == TORCH]
    return theirs + [side for side in sides if side != TORCH][:-1]


def _title(side: Side) -> str:
    return "PyTorch" if side == TORCH else side.name


def _line(measurement: Measurement, speed: Speed, rivals: Sequence[Side]) -> str:
    case, (median, low, high) = measurement.case, summary(speed.timings)
    numbers = COLUMNS.format(
        case.batch_size,
        case.filters or "",
        case.image_side,
        _title(speed.side),
        _speed(median),
        f"{_speed(low)}–{_speed(high)}",
        len(speed.timings),
    )
    ratios = {ratio.versus: ratio for ratio in measurement.ratios if ratio.ours == speed.side}
    return numbers + "".join(RATIO_COLUMN.format(_ratio(ratios.get(rival))) for rival in rivals)


def _speed(images_per_second: float) -> str:
    """9 800, or 8.2 for what is slow."""
    return count(images_per_second) if images_per_second >= 100 else f"{images_per_second:.1f}"


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    median, low, high = map(_factor, summary(ratio.pairs))
    return f"{median} ({low}–{high})"


def _factor(number: float) -> str:
    """1 234, 1.50, or 0.0012."""
    if number >= 100:
        return count(number)
    return f"{number:#.3g}" if number >= 0.1 else f"{number:#.2g}"


# For programs.


def report(measured: Sequence[Measurement]) -> dict[str, Any]:
    """All that was measured, on what and when, as JSON's dicts, lists, strings and numbers."""
    return {
        "cnnviz": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": environment(),
        "rows": [_row_entry(done.case, speed) for done in measured for speed in done.speeds],
        "ratios": [_ratio_entry(done.case, ratio) for done in measured for ratio in done.ratios],
    }


def _row_entry(case: Case, speed: Speed) -> dict[str, Any]:
    median, low, high = summary(speed.timings)
    return {
        **_what(case, speed.side),
        "images_per_second": median,
        "min": low,
        "max": high,
        "timings": speed.timings,
    }


def _ratio_entry(case: Case, ratio: Ratio) -> dict[str, Any]:
    what = {**_what(case, ratio.ours), "versus": ratio.versus.name}
    return {**what, **summary(ratio.pairs)._asdict(), "pairs": ratio.pairs}


def _what(case: Case, side: Side) -> dict[str, Any]:
    """What a row is about; `filters` is None if the convolutions have different numbers."""
    return {
        "engine": side.engine,
        "convolution": side.convolution,
        "network": case.network,
        "batch_size": case.batch_size,
        "threads": case.threads,
        "filters": case.filters,
        "image_side": case.image_side,
    }
