"""`cnnviz export`: a saved run for other programs, for spreadsheets, or as a page to read."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnnviz import kept_moment
from cnnviz.core import CnnvizError, DataError
from cnnviz.core.export import FORMATS, Source
from cnnviz.outputs import add_force, check_output
from cnnviz.terminal import count


def add_export(commands: Any) -> None:
    """The command and its options, one for each format."""
    command = commands.add_parser(
        "export",
        help="write a saved run as ONNX, weights, tables or a report",
        description="Write a saved run to one or several files.",
    )
    kept_moment.add_moment(command)
    for name, format_ in FORMATS.items():
        command.add_argument(
            f"--{name}",
            type=Path,
            dest=_option(name),
            metavar=f"FILE{format_.suffix}",
            help=format_.title,
        )
    add_force(command)


def export_run(args: argparse.Namespace) -> int:
    """Writes what was asked for and says so; returns the exit status."""
    wanted = {name: getattr(args, _option(name)) for name in FORMATS}
    wanted = {name: path for name, path in wanted.items() if path}
    _check(wanted, args)
    source = kept_moment.load(args)
    source = _with_data(source, args)
    print(f"{source.network.spec.title} after {count(source.step or 0)} batches", flush=True)
    for name, path in wanted.items():
        FORMATS[name].write(path, source)
        print(f"{path}: {FORMATS[name].title}", flush=True)
    return 0


def _option(name: str) -> str:
    return "as_" + name.replace("-", "_")


def _check(wanted: dict[str, Path], args: argparse.Namespace) -> None:
    """Raises CnnvizError unless every file can be written and no two are one."""
    if not wanted:
        options = ", ".join(f"--{name}" for name in FORMATS)
        raise CnnvizError(f"Say what to write: one or several of {options}.")
    paths = [path.absolute() for path in wanted.values()]
    if len(set(paths)) < len(paths) or args.run.absolute() in paths:
        raise CnnvizError("Two options name one file. Name a file for each.")
    for name, path in wanted.items():
        suffix = FORMATS[name].suffix
        if path.suffix.lower() != suffix:
            raise CnnvizError(f"{path} must end in {suffix}, for it becomes the file of --{name}.")
        check_output(path, args.force)


def _with_data(source: Source, args: argparse.Namespace) -> Source:
    """With the data, for class names and the report's tests; without them if they are gone."""
    try:
        return replace(source, dataset=kept_moment.data(source, args))
    except DataError as error:
        if args.data:
            raise
        kept_moment.note(f"{error} Until then classes are numbers, and a report has no test.")
        return source
