"""Training in the terminal: the loop, its progress bar, and what it reports to people and programs.

Lines for people go to the standard output, the moving bar to the standard error output.
"""

import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from cnnviz import __version__
from cnnviz.core import EpochResult, Stopwatch, Timeline, Trainer
from cnnviz.core.optimizers import optimizer
from cnnviz.core.saved_run import Origin, capture
from cnnviz.core.stopwatch import Row
from cnnviz.core.storage import write_run
from cnnviz.core.trainer import Diverged

EPOCH_COLUMNS = "{:>5}  {:>10}  {:>9}  {:>13}  {:>7}  {:>8}"
TIME_COLUMNS = "{:<12}{:>9}{:>10}{:>9}"


@dataclass
class Run:
    """A training and all it gave so far, fit to report whenever it is cut short."""

    trainer: Trainer
    timeline: Timeline = field(default_factory=Timeline)
    seconds: dict[Row, float] = field(default_factory=dict)
    """Wall time by row, summed over all batches since `begin`."""
    diverged_at: int | None = None
    """The batch, from 1, whose loss was not a finite number."""

    begin: int = 0
    """Batches that were trained before, in a run that goes on."""
    notes: str = ""
    name: str = ""
    origin: Origin | None = None
    """Of a run that goes on: what it is called, and where it forked off."""
    path: Path | None = None
    """Where the run is saved after each epoch, if anywhere."""
    saved: int | None = None
    """Batches in the file; None until it is written."""

    @property
    def batches(self) -> int:
        """Batches trained since `begin`."""
        return len(self.timeline) - self.begin

    def milliseconds(self) -> dict[Row, float]:
        """Mean time per batch by row; empty before the first batch."""
        return {row: 1000 * total / self.batches for row, total in self.seconds.items()}

    def milliseconds_besides_layers(self) -> dict[str, float]:
        """The same for what is no layer: fetching data, the loss, the update; last, the rest."""
        layers = {layer.name for layer in self.trainer.network.layers}
        rows = [(what, ms) for (what, _), ms in self.milliseconds().items() if what not in layers]
        return dict(sorted(rows, key=lambda row: row[0] == "other"))


def train(run: Run) -> None:
    """Trains the planned epochs that are left, tests after each, saves, and prints a line for it.

    Raises CnnvizError if it cannot be saved, Diverged when the loss is no longer a finite number,
    in training or on the test set.
    """
    print(_introduction(run), end="\n\n")
    heads = ("Epoch", "Train loss", "Test loss", "Test accuracy", "Seconds", "Images/s")
    print(EPOCH_COLUMNS.format(*heads), flush=True)
    if run.path and run.trainer.step == 0:
        run.timeline.keep(run.trainer.snapshot())
    try:
        for epoch in range(_next_epoch(run), run.trainer.settings.epochs + 1):
            _train_and_test(run, epoch)
    except Diverged as diverged:
        run.diverged_at = diverged.step + 1
        raise


def _next_epoch(run: Run) -> int:
    """The first, from 1, that is not trained to its end or not yet tested there."""
    tested = run.timeline.epochs[-1].epoch if run.timeline.epochs else 0
    under_way = -(-run.trainer.step // run.trainer.batches_per_epoch)
    return max(tested + 1, under_way)


def _train_and_test(run: Run, epoch: int) -> None:
    with _progress_bar(run.trainer, epoch) as bar:
        _train_epoch(run, epoch, bar)
        bar.set_postfix_str("testing")
        result = _test(run, epoch)
    run.timeline.epochs.append(result)
    if run.path:
        _save(run, run.path)
    print(_epoch_line(result), flush=True)


def _save(run: Run, path: Path) -> None:
    """With a snapshot of each epoch's end: enough to look back, and a small file."""
    run.timeline.keep(run.trainer.snapshot())
    saved = capture(run.trainer, run.timeline, run.notes)
    write_run(path, replace(saved, name=run.name, origin=run.origin))
    run.saved = run.trainer.step


def _train_epoch(run: Run, epoch: int, bar: tqdm) -> None:
    stopwatch = Stopwatch()
    while run.trainer.step < epoch * run.trainer.batches_per_epoch:
        stopwatch.start()
        result = run.trainer.train_batch(stopwatch)
        bar.set_postfix_str(f"loss {result.loss:.4f}", refresh=False)
        bar.update(run.trainer.settings.batch_size)
        stopwatch.lap("other")
        sums = {row: run.seconds.get(row, 0) + time for row, time in stopwatch.seconds.items()}
        run.timeline.record(result)
        run.seconds = sums  # all at once, for Ctrl-C may come at any moment


def _test(run: Run, epoch: int) -> EpochResult:
    trainer = run.trainer
    test = trainer.evaluate()
    assert test, "nobody interrupts it"
    if not math.isfinite(test.loss):  # the last update went astray
        raise Diverged(trainer.step - 1, test.loss)
    return run.timeline.epoch_result(
        epoch, trainer.batches_per_epoch, trainer.settings.batch_size, test.loss, test.accuracy
    )


def _progress_bar(trainer: Trainer, epoch: int) -> tqdm:
    """A bar that counts images; it shows itself only if the standard error is a terminal."""
    left = epoch * trainer.batches_per_epoch - trainer.step
    return tqdm(
        desc=f"Epoch {epoch}/{trainer.settings.epochs}",
        total=left * trainer.settings.batch_size,
        unit=" images",
        unit_scale=True,
        leave=False,
        disable=None,
    )


# For people.


def _introduction(run: Run) -> str:
    trainer = run.trainer
    settings, data = trainer.settings, trainer.dataset
    begin = f"\nGoes on after {count(run.begin)} batches" if run.begin else ""
    if begin and not run.path:
        begin += "; nothing is saved without --save"
    return (
        f"{trainer.network.spec.name} with {count(trainer.network.vector.size)} parameters, "
        f"{data.title} with {count(len(data.train))} training and "
        f"{count(len(data.test))} test images\n"
        f"{optimizer(settings.optimizer).title}, rate {trainer.base_rate:g} "
        f"({settings.schedule}), batches of {settings.batch_size}, {trainer.convolution}, "
        f"seed {settings.seed}, {settings.threads} core{'s' if settings.threads > 1 else ''}"
        + begin
    )


def _epoch_line(result: EpochResult) -> str:
    return EPOCH_COLUMNS.format(
        result.epoch,
        _loss(result.train_loss),
        _loss(result.test_loss),
        f"{result.test_accuracy:.2%}",
        f"{result.seconds:.1f}",
        count(result.images_per_second),
    )


def times_table(run: Run) -> str:
    """Where a batch's time went, row by row; the rows add up to the wall time of a step."""
    times = run.milliseconds()
    lines = [
        f"Milliseconds per batch of {run.trainer.settings.batch_size}, "
        f"mean over {count(run.batches)} batches:",
        TIME_COLUMNS.format("Layer", "Forward", "Backward", "Sum"),
    ]
    for layer in run.trainer.network.layers:
        both = [times[layer.name, "forward"], times[layer.name, "backward"]]
        lines.append(_time_line(layer.name, *both, sum(both)))
    lines += [_time_line(what, ms) for what, ms in run.milliseconds_besides_layers().items()]
    return "\n".join([*lines, _time_line("sum", sum(times.values()))])


def _time_line(name: str, *milliseconds: float) -> str:
    numbers = [f"{number:.2f}" for number in milliseconds]
    return TIME_COLUMNS.format(name, *[""] * (3 - len(numbers)), *numbers)


def _loss(number: float) -> str:
    """0.1234, or 1.23e+09 where training goes astray: always short enough for its column."""
    return f"{number:.4f}" if number < 1000 else f"{number:.2e}"


def count(number: float) -> str:
    """60 000, with a no-break space, which every encoding of Windows has, too."""
    return f"{number:,.0f}".replace(",", "\u00a0")


# For programs.


def report(run: Run) -> dict[str, Any]:
    """The whole run as JSON's dicts, lists, strings and numbers; times that were not taken: None.

    Seconds for epochs, milliseconds per batch for layers, accuracy from 0 to 1.
    """
    network, times = run.trainer.network, run.milliseconds()
    content = {
        "cnnviz": __version__,
        "data": run.trainer.dataset.name,
        "network": network.spec.name,
        "parameters": network.vector.size,
        "settings": run.trainer.settings.to_dict(),
        "threads": run.trainer.settings.threads,
        "epochs": [_epoch_entry(result) for result in run.timeline.epochs],
        "layers": [_layer_entry(layer.name, times) for layer in network.layers],
        "other_ms": run.milliseconds_besides_layers(),
        "step_ms": sum(times.values()) if times else None,
    }
    if run.diverged_at is not None:
        content["diverged_at_batch"] = run.diverged_at
    return content


def _epoch_entry(result: EpochResult) -> dict[str, float]:
    return {name: value for name, value in asdict(result).items() if name != "step"}


def _layer_entry(name: str, times: dict[Row, float]) -> dict[str, str | float | None]:
    return {
        "name": name,
        "forward_ms": times.get((name, "forward")),
        "backward_ms": times.get((name, "backward")),
    }
