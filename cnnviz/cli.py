"""The command line: opens the window, or works without a display: trains, measures, gets data.

Exit status: 0 done, 1 the loss diverged, 2 a mistake in what was asked, 130 stopped by Ctrl-C,
141 whoever read the output has gone, 143 stopped by SIGTERM. Qt is imported only once it is needed
and set up.
"""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import fields
from typing import Any

from cnnviz import arguments, experiment_command, termination
from cnnviz.arguments import EPOCHS, NETWORK, THEMES
from cnnviz.core import CnnvizError, Settings, Trainer
from cnnviz.core.datasets import best_available, is_there
from cnnviz.core.presets import architecture
from cnnviz.core.settings import check_whole, usual_rate
from cnnviz.core.spec_file import load_spec
from cnnviz.core.storage import load_run
from cnnviz.core.trainer import Diverged
from cnnviz.data_command import load_dataset, run_data
from cnnviz.evaluate_command import evaluate_run
from cnnviz.export_command import export_run
from cnnviz.outputs import check_output, write_json


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the arguments say and returns the exit status; see the top of this file."""
    with termination.terminated_like_ctrl_c() as terminated:
        status = _main(argv)
    return termination.STATUS if status == 130 and terminated.is_set() else status


def _main(argv: Sequence[str] | None) -> int:
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
    parser = arguments.parser()
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
    if args.open and args.cores is not None:
        parser.error("a saved run trains on as many cores as ever; leave out --threads")
    if args.command is None:
        return _open_window(args)
    if args.play or args.open or args.cores is not None:
        option = "--play" if args.play else "--open" if args.open else "--threads"
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
    gc.disable()  # nothing is garbage yet, and looking for it takes a tenth of the start
    try:
        from cnnviz.ui.application import open_window

        return open_window(args.data, args.network, args.theme, args.play, args.open, args.cores)
    finally:
        gc.enable()


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
