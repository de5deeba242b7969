"""What may be asked on the command line: each command's options, their defaults and their help."""

import argparse
import re
from argparse import SUPPRESS
from functools import partial
from pathlib import Path
from typing import Any

from cnnviz import __version__, experiment_command
from cnnviz.core import PRESETS, Settings
from cnnviz.core.convolution import WAYS
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.parallel import MANY, usable_cores
from cnnviz.core.schedules import PEAKS, SCHEDULES
from cnnviz.data_command import add_data
from cnnviz.evaluate_command import add_evaluate
from cnnviz.export_command import add_export
from cnnviz.outputs import add_force

NETWORK = "numpy-cnn"
EPOCHS = 3
THEMES = ("dark", "light")
SMALLEST, LARGEST = (640, 480), (7680, 4320)
"""Sizes of a picture, (width, height)."""


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    whole = argparse.ArgumentParser(
        prog="cnnviz",
        description="Watch a convolutional network train, and look at everything inside it. "
        "Without a command, opens the window; with RUN.cnnviz, on that run.",
        epilog="cnnviz COMMAND --help says more about a command.",
    )
    whole.add_argument("--version", action="version", version=f"cnnviz {__version__}")
    _add_data_and_network(whole, None, None)
    whole.add_argument(
        "--theme", choices=THEMES, help="colours of the window (default: as it was left)"
    )
    whole.add_argument("--play", action="store_true", help="start to train at once")
    whole.add_argument(
        "--open", type=Path, metavar="RUN.cnnviz", help="open the window on a run that was saved"
    )
    whole.add_argument(
        "--threads",
        dest="cores",
        type=int,
        metavar="N",
        help=f"cores that train in the window (default: all; from {MANY} on, all but one). One "
        "less than there are leaves one to the window: more pictures, at little cost",
    )
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_train(commands)
    add_evaluate(commands)
    add_export(commands)
    _add_bench(commands)
    _add_screenshot(commands)
    add_data(commands)
    experiment_command.add_command(commands)
    return whole


def _add_train(commands: Any) -> None:
    command = commands.add_parser(
        "train",
        help="train in the terminal",
        description="Train in the terminal: a line for each epoch, then the time each layer took.",
    )
    add = partial(_add, command, chosen=None)  # so that --resume can tell what was chosen
    _add_data_and_network(command, SUPPRESS, SUPPRESS)
    _add_spec(command)
    add("--epochs", EPOCHS, "times to see every image, in all")
    add("--batch-size", Settings.batch_size, "images per update of the weights")
    add("--optimizer", Settings.optimizer, "how a gradient becomes an update", choices=OPTIMIZERS)
    rates = ", ".join(f"{kind.default_rate:g} for {name}" for name, kind in OPTIMIZERS.items())
    rates += f"; {PEAKS['one-cycle']:g} times as much with one-cycle"
    command.add_argument(
        "--learning-rate", type=float, help=f"size of an update (default: {rates})"
    )
    add("--schedule", Settings.schedule, "how the rate moves in time", choices=SCHEDULES)
    add("--convolution", Settings.convolution, "how it is computed; loop is slow", choices=WAYS)
    add("--seed", Settings.seed, "draws the first weights and the order of the images")
    add("--threads", usable_cores(), "that share each batch; by default all cores")
    command.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the results there: accuracy from 0 to 1; seconds of each epoch, testing left "
        "out; mean milliseconds per batch of each layer",
    )
    command.add_argument(
        "--save", type=Path, metavar="RUN.cnnviz", help="save the run there after each epoch"
    )
    origin = command.add_mutually_exclusive_group()
    origin.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="begin with the weights in an .onnx, .safetensors or .npz file; the network is the "
        "one it names, or that of --network",
    )
    origin.add_argument(
        "--resume",
        type=Path,
        metavar="RUN.cnnviz",
        help="go on with a saved run, all options of which hold; only --epochs, --learning-rate "
        "and --convolution may be others from here on. --save may name the same file",
    )
    add_force(command, "--overwrite")


def _add_bench(commands: Any) -> None:
    command = commands.add_parser(
        "bench",
        help="measure the speed of training, beside PyTorch if you like",
        description="Measure how many images per second training gets through: whole steps (fetch "
        "a batch, forward, loss, backward, Adam) on random images of MNIST's shape. What is "
        "compared takes turns, and each ratio is that of two neighbours in time.",
    )
    add = partial(_add, command)
    _add_network(command, SUPPRESS)
    numbers: dict[str, Any] = {"type": _whole_numbers, "metavar": "N,N"}
    add("--batch-sizes", "32,64,128", "images per update, one or several", **numbers)
    ways: dict[str, Any] = {"type": lambda text: text.split(","), "metavar": "WAY,WAY"}
    among = ", ".join(WAYS)
    add("--convolution", "im2col", f"one or several to compare, of {among}; loop is slow", **ways)
    add("--threads", usable_cores(), "that share each batch; by default all cores")
    command.add_argument(
        "--against", choices=("torch",), help="compare with PyTorch, if it is installed"
    )
    add("--repeats", 7, "timings of each, about 0.3 s long; less for what is slow")
    command.add_argument(
        "--scaling",
        action="store_true",
        help="also vary the batch, the filters and the size of the images, one at a time, around "
        "the last of the batch sizes",
    )
    command.add_argument(
        "--json", type=Path, metavar="FILE", help="write the results and the machine there"
    )
    add_force(command)


def _add_screenshot(commands: Any) -> None:
    command = commands.add_parser(
        "screenshot",
        help="train, then save a picture of the window",
        description="Train, then save a picture of the window. Needs no display.",
    )
    add = partial(_add, command)
    command.add_argument(
        "--out", type=Path, metavar="FILE.png", required=True, help="where to save the picture"
    )
    _add_data_and_network(command, SUPPRESS, SUPPRESS)
    _add_spec(command)
    add("--epochs", 1, "times to see every image before; may be 0")
    add("--digit", 0, "the test image to look at, from 0 on", metavar="INDEX")
    add("--size", "1600x1000", "of the window", type=_size, metavar="WIDTHxHEIGHT")
    add("--scale", "2", "pixels for each of the window's, 0.5 to 4", type=_scale)
    command.add_argument("--theme", choices=THEMES, default=SUPPRESS, help="(default: dark)")
    add_force(command)


def _add(
    parser: argparse.ArgumentParser, flag: str, default: int | str, text: str, **more: Any
) -> None:
    """An option of the default's type, whose help ends in that default; `chosen` stands for it."""
    chosen = more.pop("chosen", default)
    options = {"type": type(default), "help": f"{text} (default: {default})"} | more
    parser.add_argument(flag, default=chosen, **options)


def _add_data_and_network(
    parser: argparse.ArgumentParser, data: str | None, network: str | None
) -> None:
    """Before the command or after it: SUPPRESS as default keeps what was said before."""
    parser.add_argument(
        "--data",
        default=data,
        metavar="NAME",
        help="digits, mnist, fashion-mnist, or a path: a folder of class folders or of IDX files, "
        ".npz, .csv (default: mnist if it is there, or digits)",
    )
    _add_network(parser, network)


def _add_network(parser: argparse.ArgumentParser, network: str | None) -> None:
    parser.add_argument(
        "--network", choices=PRESETS, default=network, help=f"what to train (default: {NETWORK})"
    )


def _add_spec(parser: argparse.ArgumentParser) -> None:
    text = "train the network in that file in place of --network"
    parser.add_argument("--spec", type=Path, metavar="FILE.toml", help=text)


def _whole_numbers(text: str) -> list[int]:
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"“{text}” is not one or more whole numbers such as 32,64,128"
        ) from None


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match:
        width, height = int(match[1]), int(match[2])
        if SMALLEST[0] <= width <= LARGEST[0] and SMALLEST[1] <= height <= LARGEST[1]:
            return width, height
    smallest, largest = ("x".join(map(str, size)) for size in (SMALLEST, LARGEST))
    raise argparse.ArgumentTypeError(f"{text} is not a size from {smallest} to {largest}")


def _scale(text: str) -> float:
    factor = float(text)
    if not 0.5 <= factor <= 4:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0.5 to 4")
    return factor
