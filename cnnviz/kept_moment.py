"""What `export` and `evaluate` share: a saved run, one moment of it that was kept, and its data."""

import argparse
import sys
from pathlib import Path

from cnnviz.core import CnnvizError, DataError, Dataset, SavedRun, Snapshot, load_dataset, load_run
from cnnviz.core.export import Source, of_run


def add_moment(command: argparse.ArgumentParser) -> None:
    """RUN.cnnviz, and the options that choose a moment of it."""
    command.add_argument("run", type=Path, metavar="RUN.cnnviz", help="a run that was saved")
    moment = command.add_mutually_exclusive_group()
    moment.add_argument("--epoch", type=int, metavar="N", help="the network after that epoch")
    moment.add_argument(
        "--batch", type=int, metavar="N", help="the network after so many batches; 0 is untrained"
    )
    moment.add_argument(
        "--best",
        action="store_true",
        help="the network after the epoch of the greatest test accuracy (default: the newest)",
    )
    command.add_argument(
        "--data",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="digits, mnist, or a folder of IDX files (default: what it was trained on)",
    )


def load(args: argparse.Namespace) -> Source:
    """The run at the chosen moment; raises CnnvizError if that was not kept."""
    run = load_run(args.run)
    return of_run(run, _snapshot(run, args))


def data(source: Source, args: argparse.Namespace) -> Dataset:
    """The data named by --data, or else those of the run; raises DataError if they do not fit.

    Says so, on the standard error, if they are not quite what the run was trained on.
    """
    run = source.run
    assert run is not None
    try:
        dataset = load_dataset(args.data or run.data)
    except DataError as error:
        if args.data:
            raise
        raise DataError(
            f"The data of the run in {args.run} are not to be had. {error} "
            "If they are elsewhere now, say where with --data."
        ) from None
    source.check_data(dataset)
    if dataset.fingerprint != run.fingerprint:
        note(
            f"{dataset.title} is not what the run was trained on: images, labels or classes differ."
        )
    return dataset


def note(message: str) -> None:
    """Says something on the standard error without being asked."""
    print(f"cnnviz: {message}", file=sys.stderr)


def _snapshot(run: SavedRun, args: argparse.Namespace) -> Snapshot:
    kept = {snapshot.step: snapshot for snapshot in (*run.snapshots, *run.edited, run.newest)}
    if args.best or args.epoch is not None:  # as it was tested, before any edit by hand
        kept |= {snapshot.step: snapshot for snapshot in run.snapshots}
    step = _step(run, args)
    if step not in kept:
        near = sorted(sorted(kept, key=lambda other: abs(other - step))[:4])
        raise CnnvizError(
            f"The weights after batch {step} were not kept. Nearest are those after "
            f"{', '.join(map(str, near))}; choose one with --batch."
        )
    return kept[step]


def _step(run: SavedRun, args: argparse.Namespace) -> int:
    """Batches after which the chosen moment is."""
    if args.batch is not None:
        return int(args.batch)
    if args.epoch is None and not args.best:
        return run.step
    if not run.epochs:
        raise CnnvizError(f"No epoch of the run in {args.run} was tested. Leave out the option.")
    if args.best:
        return max(run.epochs, key=lambda epoch: epoch.test_accuracy).step
    steps = {epoch.epoch: epoch.step for epoch in run.epochs}
    if args.epoch not in steps:
        raise CnnvizError(
            f"The run in {args.run} has the epochs {min(steps)} to {max(steps)}, not {args.epoch}."
        )
    return steps[args.epoch]
