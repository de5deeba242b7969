"""The command line: opens the window, or works without a display: trains, measures, gets data.

Exit status: 0 done, 1 the loss diverged, 2 a mistake in what was asked, 130 stopped by Ctrl-C,
141 whoever read the output has gone. Qt is imported only once it is needed and set up.
"""

import argparse
import os
import re
import sys
from argparse import SUPPRESS
from collections.abc import Sequence
from contextlib import closing
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from cnnviz import __version__, experiment_command
from cnnviz.core import PRESETS, CnnvizError, Settings, Trainer
from cnnviz.core.convolution import WAYS
from cnnviz.core.datasets import best_available, is_there
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.parallel import usable_cores
from cnnviz.core.presets import architecture
from cnnviz.core.schedules import PEAKS, SCHEDULES
from cnnviz.core.settings import check_whole, usual_rate
from cnnviz.core.spec_file import load_spec
from cnnviz.core.storage import load_run
from cnnviz.core.trainer import Diverged
from cnnviz.data_command import add_data, load_dataset, run_data
from cnnviz.evaluate_command import add_evaluate, evaluate_run
from cnnviz.export_command import add_export, export_run
from cnnviz.outputs import add_force, check_output, write_json

NETWORK = "numpy-cnn"
EPOCHS = 3
THEMES = ("dark", "light")
SMALLEST, LARGEST = (640, 480), (7680, 4320)
"""Sizes of a picture, (width, height)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the arguments say and returns the exit status; see the top of this file."""
    try:
        try:
            return _run(argv)
        finally:
            if sys.stdout:  # a program without a console has none
                sys.stdout.flush()
    except CnnvizError as error:
        _complain(str(error))
        return 2
    except KeyboardInterrupt:
        _complain("stopped.")
        return 130
    except BrokenPipeError:
        # Python flushes once more at its end; let it do so into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(argv: Sequence[str] | None) -> int:
    parser = _parser()
    args = parser.parse_args(_with_run(sys.argv[1:] if argv is None else argv))
    if args.command in ("evaluate", "export", "experiment") and args.network:
        parser.error(f"“{args.command}” brings its own network; leave out --network")
    spec = getattr(args, "spec", None)
    others = [name for name in ("resume", "weights") if getattr(args, name, None)]
    if spec and (args.network or "resume" in others):
        parser.error("--spec names the network; leave out --network and --resume")
    if spec:
        args.network = load_spec(spec)
    elif not others:  # a run that goes on has a network of its own, and weights may have one
        args.network = args.network or NETWORK
    if args.command is None:
        return _open_window(args)
    if args.play or args.open:
        option = "--play" if args.play else "--open"
        parser.error(f"{option} is for the window; leave it out or leave out “{args.command}”")
    if args.command in ("bench", "data") and args.data:
        parser.error(f"“{args.command}” does without it; leave out --data")
    commands = {
        "train": _train,
        "evaluate": evaluate_run,
        "export": export_run,
        "experiment": experiment_command.experiment,
        "bench": _bench,
        "screenshot": _take_screenshot,
        "data": run_data,
    }
    return commands[args.command](args)


def _with_run(argv: Sequence[str]) -> list[str]:
    """`cnnviz RUN.cnnviz` opens that file, as a desktop asks for it."""
    if argv and argv[0].endswith(".cnnviz"):
        return ["--open", *argv]
    return list(argv)


def _complain(message: str) -> None:
    print(f"cnnviz: {message}", file=sys.stderr)


# What may be asked.


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cnnviz",
        description="Watch a convolutional network train, and look at everything inside it. "
        "Without a command, opens the window; with RUN.cnnviz, on that run.",
        epilog="cnnviz COMMAND --help says more about a command.",
    )
    parser.add_argument("--version", action="version", version=f"cnnviz {__version__}")
    _add_data_and_network(parser, None, None)
    parser.add_argument(
        "--theme", choices=THEMES, help="colours of the window (default: as it was left)"
    )
    parser.add_argument("--play", action="store_true", help="start to train at once")
    parser.add_argument(
        "--open", type=Path, metavar="RUN.cnnviz", help="open the window on a run that was saved"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_train(commands)
    add_evaluate(commands)
    add_export(commands)
    _add_bench(commands)
    _add_screenshot(commands)
    add_data(commands)
    experiment_command.add_command(commands)
    return parser


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


# Doing it.


def _open_window(args: argparse.Namespace) -> int:
    if not _has_display():
        raise CnnvizError(
            "There is no display to open the window on. `cnnviz train` trains in the terminal, "
            "`cnnviz screenshot` saves a picture of the window; neither needs a display."
        )
    if args.open:
        load_run(args.open)  # says what is wrong before a window opens that has nothing to show
    else:
        _check_data(args.data)
    from cnnviz.ui.application import open_window

    return open_window(args.data, args.network, args.theme, args.play, args.open)


def _check_data(name: str | None) -> None:
    """Raises DataError before a window opens that would have nothing to show."""
    if name and not is_there(name):
        load_dataset(name)  # says what is missing


def _has_display() -> bool:
    if sys.platform in ("win32", "cygwin", "darwin"):
        return True
    return any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")))


def _train(args: argparse.Namespace) -> int:
    from cnnviz import terminal

    if args.save:
        _check_save(args)
    if args.json:
        check_output(args.json, args.force)
    status = 0
    run = _begin(args)
    with closing(run.trainer) as trainer:
        try:
            terminal.train(run)
        except Diverged as diverged:
            smaller = min(trainer.base_rate / 10, usual_rate(trainer.settings.optimizer))
            _complain(f"{diverged} Try a smaller rate, such as --learning-rate {smaller:g}.")
            status = 1
        except KeyboardInterrupt:
            kept = "" if run.saved is None else f"; {run.path} holds the first {run.saved}"
            _complain(f"stopped after {len(run.timeline)} batches{kept}.")
            status = 130
        finally:
            if args.json:
                write_json(args.json, terminal.report(run))
    if run.seconds:
        print(f"\n{terminal.times_table(run)}")
    return status


def _begin(args: argparse.Namespace) -> Any:
    """The run that `train` shall train: a new one, or a saved one that goes on."""
    from cnnviz import resuming, starting_weights, terminal

    names = [each.name for each in fields(Settings)]
    chosen = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.resume:
        more = {"data": args.data, "network": args.network}
        given = chosen | {name: value for name, value in more.items() if value is not None}
        run = resuming.resume(args.resume, given)
    else:
        settings = _settings(chosen)
        data = load_dataset(args.data or best_available())
        if args.weights:
            run = starting_weights.run(args.weights, args.network, data, settings)
        else:
            run = terminal.Run(Trainer(architecture(args.network), data, settings))
    run.path = args.save
    return run


def _settings(chosen: dict[str, Any]) -> Settings:
    names = {"optimizer": Settings.optimizer, "schedule": Settings.schedule} | chosen
    rate = usual_rate(names["optimizer"], names["schedule"])
    return Settings(**{"epochs": EPOCHS, "learning_rate": rate} | chosen)


def _check_save(args: argparse.Namespace) -> None:
    """Raises CnnvizError if the run may not, or could not, be saved where it is asked to be."""
    from cnnviz.resuming import is_same_file

    if args.json and args.json.absolute() == args.save.absolute():
        raise CnnvizError(f"--json and --save both name {args.save}. Name two files.")
    mine = args.force or is_same_file(args.save, args.resume)
    if args.save.is_file() and not mine:
        raise CnnvizError(
            f"{args.save} exists already. Name another file, go on with the run in it by "
            f"--resume {args.save}, or add --overwrite."
        )
    check_output(args.save, force=True)


def _bench(args: argparse.Namespace) -> int:
    from cnnviz import bench_command
    from cnnviz.core.benchmark import Measurement, cases, compared

    check_whole("number of repeats", args.repeats, least=1)
    todo = cases(args.network, args.batch_sizes, args.threads, args.scaling)
    sides = compared(args.convolution, against_torch=args.against == "torch")
    if args.json:
        check_output(args.json, args.force)
    measured: list[Measurement] = []
    try:
        bench_command.bench(todo, sides, args.repeats, measured)
    except KeyboardInterrupt:
        _complain(f"stopped after {len(measured)} of {len(todo)} cases.")
        return 130
    finally:
        if args.json:
            write_json(args.json, bench_command.report(measured))
    return 0


def _take_screenshot(args: argparse.Namespace) -> int:
    check_whole("number of epochs", args.epochs, least=0)
    check_whole("index of the digit", args.digit, least=0)
    if args.out.suffix.lower() != ".png":
        raise CnnvizError(f"{args.out} must end in .png, for it becomes a PNG picture.")
    check_output(args.out, args.force)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"  # Qt reads both once, when it starts
    os.environ["QT_SCALE_FACTOR"] = f"{args.scale:g}"
    from cnnviz.ui.screenshot import take_screenshot

    theme = args.theme or THEMES[0]
    take_screenshot(
        args.out, args.data, args.network, args.epochs, args.digit, args.size, args.scale, theme
    )
    return 0
