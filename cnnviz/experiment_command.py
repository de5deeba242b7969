"""An experiment in the terminal: its table for people, its report for programs.

The table goes to the standard output once all is through, or as much of it as there is when it is
stopped; the moving bar to the standard error output.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean
from typing import Any

from tqdm import tqdm

from cnnviz import __version__
from cnnviz.core import Settings, experiments
from cnnviz.core.datasets import Dataset, best_available
from cnnviz.core.environment import environment
from cnnviz.core.experiments import EXPERIMENTS, Experiment, Outcome, Terms
from cnnviz.core.optimizers import optimizer
from cnnviz.core.parallel import usable_cores
from cnnviz.core.settings import check_whole
from cnnviz.data_command import load_dataset
from cnnviz.outputs import check_output, write_json
from cnnviz.terminal import count

COLUMNS = "{:<18}{:>10}  {:<16}"
SEED_COLUMN = "{:>10}"
LAST_COLUMNS = "{:>10}{:>10}"


def add_command(commands: Any) -> None:
    """Adds `experiment` with its options to argparse's `commands`; it is done by `experiment`."""
    names = "".join(f"\n  {each.name:<17}{each.title}" for each in EXPERIMENTS.values())
    command = commands.add_parser(
        "experiment",
        help="networks that differ in one thing learn side by side",
        description="Networks that differ in one thing learn from the same batches, taking turns.\n"
        f"A row for each: its test accuracy with every seed.\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("name", choices=EXPERIMENTS, metavar="NAME", help="which; see above")
    command.add_argument(
        "--data",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="digits, mnist, or a folder of IDX files (default: mnist if it is there, or digits)",
    )
    command.add_argument("--epochs", type=int, default=3, help="for each network (default: 3)")
    command.add_argument(
        "--seeds",
        type=_seeds,
        default=[0, 1, 2],
        metavar="N,N",
        help="one run of all networks with each (default: 0,1,2)",
    )
    command.add_argument(
        "--batch-size",
        type=int,
        default=Settings.batch_size,
        help=f"images per update of the weights (default: {Settings.batch_size})",
    )
    command.add_argument(
        "--threads",
        type=int,
        default=usable_cores(),
        help=f"that share each batch; by default all cores (default: {usable_cores()})",
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="write all results there")
    command.add_argument("--force", action="store_true", help="overwrite the file if it exists")


def _seeds(text: str) -> list[int]:
    try:
        seeds = [int(number) for number in text.split(",")]
    except ValueError:
        seeds = [-1]
    if min(seeds) < 0:
        raise argparse.ArgumentTypeError(
            f"“{text}” is not one or more whole numbers from 0 on, such as 0,1,2"
        )
    return list(dict.fromkeys(seeds))


def experiment(args: argparse.Namespace) -> int:
    """Does what `add_command` understood and returns the exit status; 130 if it was stopped."""
    check_whole("number of epochs", args.epochs, least=1)
    terms = Terms(args.epochs, args.batch_size, threads=args.threads)
    chosen = EXPERIMENTS[args.name]
    for contestant in chosen.contestants:
        terms.settings(contestant.optimizer)  # says what is wrong before the data are read
    if args.json:
        check_output(args.json, args.force)
    dataset = load_dataset(args.data or best_available())
    print(_introduction(chosen, dataset, terms), end="\n\n", flush=True)
    outcomes: list[Outcome] = []
    try:
        _run_seeds(chosen, dataset, terms, args.seeds, outcomes)
    except KeyboardInterrupt:
        done = len(outcomes) // len(chosen.contestants)
        print(f"cnnviz: stopped after {done} of {len(args.seeds)} seeds.", file=sys.stderr)
        return 130
    finally:
        if outcomes:
            print(table(chosen, outcomes), flush=True)
        if args.json:
            write_json(args.json, report(chosen, dataset, terms, outcomes))
    return 0


def _run_seeds(
    chosen: Experiment,
    dataset: Dataset,
    terms: Terms,
    seeds: Sequence[int],
    outcomes: list[Outcome],
) -> None:
    """Adds to `outcomes` seed by seed, so that what is through is there however it ends."""
    layout = "{desc} {bar} {percentage:3.0f} % [{elapsed}<{remaining}]"
    for number, seed in enumerate(seeds, start=1):
        what = f"Seed {seed} ({number}/{len(seeds)})"
        with tqdm(desc=what, total=1.0, bar_format=layout, leave=False, disable=None) as bar:
            tell = _Progress(bar)
            outcomes += experiments.run(chosen, dataset, replace(terms, seed=seed), tell)


class _Progress:
    """Shows on a bar how much of a seed's run is over."""

    def __init__(self, bar: tqdm) -> None:
        self._bar = bar

    def __call__(self, share: float, outcomes: tuple[Outcome, ...]) -> None:
        self._bar.n = share
        self._bar.refresh()


# For people.


def _introduction(chosen: Experiment, dataset: Dataset, terms: Terms) -> str:
    shuffled = ", pixels shuffled" if chosen.shuffled else ""
    return (
        f"{chosen.question}\n"
        f"{dataset.title}{shuffled} with {count(len(dataset.train))} training and "
        f"{count(len(dataset.test))} test images, {terms.epochs} "
        f"epoch{'s' if terms.epochs > 1 else ''}, batches of {terms.batch_size}, "
        f"{terms.threads} core{'s' if terms.threads > 1 else ''}"
    )


def table(chosen: Experiment, outcomes: Sequence[Outcome]) -> str:
    """Test accuracy of each contestant by seed, their mean, and the mean seconds of training."""
    seeds = list(dict.fromkeys(outcome.seed for outcome in outcomes))
    lines = [
        COLUMNS.format("Network", "Parameters", "Optimiser")
        + "".join(SEED_COLUMN.format(f"Seed {seed}") for seed in seeds)
        + LAST_COLUMNS.format("Mean", "Seconds")
    ]
    for contestant in chosen.contestants:
        mine = [outcome for outcome in outcomes if outcome.contestant == contestant]
        accuracies = [outcome.accuracy for outcome in mine]
        known = [accuracy for accuracy in accuracies if accuracy is not None]
        average = f"{mean(known):.2%}" if len(known) == len(mine) else "–"
        title = optimizer(contestant.optimizer).title
        lines.append(
            COLUMNS.format(contestant.title, count(mine[0].parameters), title)
            + "".join(SEED_COLUMN.format(_accuracy(accuracy)) for accuracy in accuracies)
            + LAST_COLUMNS.format(average, f"{mean(outcome.seconds for outcome in mine):.1f}")
        )
    if any(outcome.accuracy is None for outcome in outcomes):
        lines.append("\ndiverged: its loss became no finite number, and there it stopped.")
    return "\n".join(lines)


def _accuracy(accuracy: float | None) -> str:
    return "diverged" if accuracy is None else f"{accuracy:.2%}"


# For programs.


def report(
    chosen: Experiment, dataset: Dataset, terms: Terms, outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """All results as JSON's dicts, lists, strings and numbers; accuracy from 0 to 1."""
    return {
        "cnnviz": __version__,
        "experiment": chosen.name,
        "data": dataset.name,
        "shuffled_pixels": chosen.shuffled,
        "epochs": terms.epochs,
        "batch_size": terms.batch_size,
        "threads": terms.threads,
        "machine": environment(),
        "runs": [_entry(outcome) for outcome in outcomes],
    }


def _entry(outcome: Outcome) -> dict[str, Any]:
    return {
        "title": outcome.contestant.title,
        "network": outcome.spec.to_dict(),
        "optimizer": outcome.contestant.optimizer,
        "seed": outcome.seed,
        "parameters": outcome.parameters,
        "accuracy": outcome.accuracy,
        "seconds": outcome.seconds,
        "diverged_at_batch": outcome.diverged_at,
        "epochs": [asdict(epoch) for epoch in outcome.epochs],
        "losses": outcome.losses.tolist(),
    }
