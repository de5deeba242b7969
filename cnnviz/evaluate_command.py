"""`cnnviz evaluate`: how well a saved run does on the test images, in all and class by class."""

import argparse
import math
from pathlib import Path
from typing import Any

from cnnviz import __version__, kept_moment
from cnnviz.core import Evaluation, evaluate
from cnnviz.outputs import add_force, check_output, write_json
from cnnviz.terminal import count

NAME_WIDTH = 16
MOST_COLUMNS = 20
"""Classes whose confusion fits a terminal."""
SCORE_COLUMNS = "{:<16}{:>11}{:>9}{:>9}{:>9}"


def add_evaluate(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "evaluate",
        help="test a saved run, class by class",
        description="Test a saved run on all test images: accuracy, loss, each class's precision "
        "and recall, and which classes are taken for which.",
    )
    kept_moment.add_moment(command)
    command.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the results there: shares from 0 to 1, and for each image the class it is of, "
        "the one it was taken for, its loss and the probability of its class",
    )
    add_force(command)


def evaluate_run(args: argparse.Namespace) -> int:
    """Tests, prints and perhaps writes; returns the exit status."""
    if args.json:
        check_output(args.json, args.force)
    source = kept_moment.load(args)
    dataset = kept_moment.data(source, args)
    evaluation = evaluate(source.network, dataset.test)
    assert evaluation is not None  # nobody interrupts it but by Ctrl-C
    names = dataset.class_names
    print(
        f"{source.network.spec.name} after {count(source.step or 0)} batches, "
        f"{count(len(dataset.test))} test images of {dataset.title}\n"
        f"Accuracy {evaluation.accuracy:.2%}, loss {evaluation.loss:.4f}\n\n"
        f"{_scores_table(evaluation, names)}\n\n{_confusion_table(evaluation, names)}"
    )
    if args.json:
        about = {"cnnviz": __version__, "data": dataset.name, "step": source.step}
        write_json(args.json, about | report(evaluation, names))
    return 0


# For people.


def _scores_table(evaluation: Evaluation, names: tuple[str, ...]) -> str:
    lines = [SCORE_COLUMNS.format("Class", "Precision", "Recall", "F1", "Images")]
    lines += [
        SCORE_COLUMNS.format(
            _short(name, NAME_WIDTH - 1), *map(_percent, score[:3]), count(score.support)
        )
        for name, score in zip(names, evaluation.class_scores, strict=True)
    ]
    return "\n".join(lines)


def _confusion_table(evaluation: Evaluation, names: tuple[str, ...]) -> str:
    """A row is what the images are, a column what they were taken for; 0 is left empty."""
    if len(names) > MOST_COLUMNS:
        return f"Who is taken for whom of {len(names)} classes does not fit here; --json writes it."
    width = max(7, max(len(count(most)) for most in evaluation.confusion.max(axis=0)) + 2)
    heads = "".join(f"{_short(name, width - 2):>{width}}" for name in names)
    lines = ["Rows are what the images are, columns what they were taken for:", " " * NAME_WIDTH]
    lines[-1] += heads
    for name, row in zip(names, evaluation.confusion.tolist(), strict=True):
        cells = "".join(f"{count(number) if number else '·':>{width}}" for number in row)
        lines.append(f"{_short(name, NAME_WIDTH - 1):<{NAME_WIDTH}}{cells}")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{share:.2%}" if math.isfinite(share) else "–"


def _short(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"


# For programs.


def report(evaluation: Evaluation, names: tuple[str, ...]) -> dict[str, Any]:
    """All of it as JSON's dicts, lists, strings and numbers; None where nothing can be said."""
    classes = [
        {"name": name, **{what: _number(value) for what, value in score._asdict().items()}}
        for name, score in zip(names, evaluation.class_scores, strict=True)
    ]
    images = {
        "label": evaluation.labels.tolist(),
        "prediction": evaluation.predictions.tolist(),
        "loss": list(map(_number, evaluation.losses.tolist())),
        "probability": list(map(_number, evaluation.probabilities.tolist())),
    }
    return {
        "accuracy": evaluation.accuracy,
        "loss": _number(evaluation.loss),
        "classes": classes,
        "confusion": evaluation.confusion.tolist(),
        "images": images,
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
