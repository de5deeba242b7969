"""The data in the terminal: what there is, fetching what can be fetched, looking at one's own.

Lines for people go to the standard output, the moving bar to the standard error output.
"""

import argparse
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from cnnviz.core import CnnvizError, DataError, Dataset
from cnnviz.core.datasets import LOADERS, Options, Report, load_digits, mnist, read_dataset
from cnnviz.core.datasets.fetch import SOURCES, Source, fetch
from cnnviz.core.datasets.mnist import Published
from cnnviz.core.datasets.options import COLOURS, TEST_SHARE, size_from, split_name
from cnnviz.core.datasets.report import images, printable
from cnnviz.core.datasets.shaping import by

COLUMNS = "{:<14} {:<14} {:<16} {:<9} {:>8}  {}"
PATIENCE = 0.5
"""Seconds after which reading shows a bar."""
SHOWN = 3
"""Places of each reason that are named; --all names them all."""


def add_data(commands: Any) -> None:
    """Adds the command to those of the parser."""
    command = commands.add_parser(
        "data",
        help="list, fetch and check data sets",
        description="List the data sets that are here and those that can be fetched. "
        "`fetch` downloads one, `check` says what is in a folder or file of your own.",
    )
    command.set_defaults(do=_list)
    actions = command.add_subparsers(dest="action", metavar="ACTION", title="actions")
    fetch_parser = actions.add_parser(
        "fetch",
        help="download MNIST or Fashion-MNIST",
        description="Download a data set into the user's cache. Ctrl-C keeps what has arrived; the "
        "next time, it goes on from there.",
    )
    fetch_parser.add_argument("name", choices=SOURCES, help="which")
    fetch_parser.set_defaults(do=_fetch)
    _add_check(actions)


def _add_check(actions: Any) -> None:
    check = actions.add_parser(
        "check",
        help="say what is in a folder or file of images",
        description="Read a folder of class folders, a folder of IDX files, an .npz or a .csv "
        "file, and say how many images of each class it has, and what was left out and why.",
    )
    check.add_argument("path", metavar="PATH", help="the folder or file, or the name of a data set")
    check.add_argument(
        "--size",
        type=_size,
        metavar="HEIGHTxWIDTH",
        help="of every image (default: the most common one, at most 64 pixels a side)",
    )
    check.add_argument("--colour", choices=COLOURS, help="(default: auto, as most images are)")
    check.add_argument(
        "--test",
        type=float,
        metavar="SHARE",
        help=f"of each class that tests, if the data do not say (default: {TEST_SHARE:.3g})",
    )
    check.add_argument("--seed", type=int, help="draws the images that test (default: 0)")
    check.add_argument("--all", action="store_true", help="name everything that was left out")
    check.set_defaults(do=_check)


def _size(text: str) -> tuple[int, int]:
    try:
        return size_from(text)
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run_data(args: argparse.Namespace) -> int:
    """Does what was asked, and returns the exit status."""
    status: int = args.do(args)
    return status


def load_dataset(name: str | Path) -> Dataset:
    """The data set, with a moving bar if it takes long, and a word on what was left out."""
    dataset, report = _read(name, None)
    if report.left_out:
        _say_aside(
            f"{len(report.left_out)} files or lines were left out; "
            f"`cnnviz data check {shlex.quote(printable(name))}` says why."
        )
    return dataset


def _say_aside(message: str) -> None:
    print(f"cnnviz: {message}", file=sys.stderr)


# What there is.


def _list(args: argparse.Namespace) -> int:
    print(COLUMNS.format("Name", "Title", "Images", "Shape", "On disk", "Where"))
    print(_line(load_digits(), "", "comes with cnnviz"))
    missing = []
    for source in SOURCES.values():
        if not mnist.is_available(source.published):
            missing.append(source)
            continue
        try:
            print(_published_line(source.published), flush=True)
        except DataError as error:
            _say_aside(str(error))
    for source in missing:
        published = source.published
        print(
            f"\n{published.title} is not here. `cnnviz data fetch {published.name}` downloads it "
            f"({_megabytes(source.size)})."
        )
    return 0


def _published_line(published: Published) -> str:
    folder = mnist.existing_folder(published)
    assert folder  # it is available
    size = sum(path.stat().st_size for path in mnist.idx_files(folder))
    return _line(LOADERS[published.name](), _megabytes(size), printable(folder))


def _line(dataset: Dataset, size: str, where: str) -> str:
    counts = f"{len(dataset.train)} + {len(dataset.test)}"
    shape = by(dataset.input_shape)
    return COLUMNS.format(dataset.name, dataset.title, counts, shape, size, where).rstrip()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


# Fetching.


def _fetch(args: argparse.Namespace) -> int:
    source = SOURCES[args.name]
    published = source.published
    cache = mnist.cache_folder(published)
    folder = mnist.existing_folder(published)
    if folder not in (None, cache) and mnist.is_available(published):
        print(f"{published.title} is in {folder} already. There is nothing to fetch.")
        return 0
    try:
        with _bar(f"Fetching {published.title}") as bar:
            fetch(source, tell=_Told(bar, source))
    except KeyboardInterrupt:
        _say_aside(
            f"stopped. What has arrived is kept in {cache}; the same command goes on from there."
        )
        return 130
    print(f"{published.title} is in {cache}. Train on it with --data {published.name}.")
    if folder not in (None, cache):
        _say_aside(f"{folder} is looked at first, but lacks files; remove it, or add them.")
    return 0


class _Told:
    """Shows on a bar how fetching stands."""

    def __init__(self, bar: tqdm, source: Source) -> None:
        self._bar = bar
        bar.total = source.size

    def __call__(self, **changes: Any) -> None:
        if trouble := changes.get("trouble"):
            self._bar.write(f"cnnviz: {trouble} Trying another.", file=sys.stderr)
        if file := changes.get("file"):
            self._bar.set_postfix_str(file)
        if "done" in changes:
            self._bar.total = changes["of"]
            self._bar.update(changes["done"] - self._bar.n)


@contextmanager
def _bar(what: str) -> Iterator[tqdm]:
    """A bar of bytes; it shows itself only if the standard error is a terminal."""
    layout = "{desc} {bar} {n_fmt}/{total_fmt} [{rate_fmt}, {remaining}{postfix}]"
    options = {"unit": "B", "unit_scale": True, "leave": False, "disable": None}
    with tqdm(desc=what, bar_format=layout, **options) as bar:
        yield bar


# One's own.


def _check(args: argparse.Namespace) -> int:
    chosen = {
        key: value
        for key in ("size", "colour", "test", "seed")
        if (value := getattr(args, key)) is not None
    }
    options = None
    if chosen:
        if args.path in LOADERS:
            raise CnnvizError(f"“{args.path}” is as it is; leave out {', '.join(chosen)}.")
        options = Options(**(vars(split_name(args.path)[1]) | chosen))
    dataset, report = _read(args.path, options)
    print(_text(report, args.all))
    print(f"\nTrain on it: cnnviz train --data {shlex.quote(printable(dataset.name))}")
    return 0


def _read(name: str | Path, options: Options | None) -> tuple[Dataset, Report]:
    """Reads with a moving bar."""
    with closing(_Stages()) as stages:
        return read_dataset(name, options, stages.show)


class _Stages:
    """A bar for each stage; one shows itself only if it takes long and somebody sees it."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: tqdm | None = None

    def show(self, stage: str, done: int, of: int) -> None:
        """So many are done."""
        if self._bar is None or stage != self._stage:
            self.close()
            self._stage, layout = stage, "{desc} {bar} {n_fmt}/{total_fmt} [{remaining}]"
            self._bar = tqdm(
                desc=stage, bar_format=layout, leave=False, disable=None, delay=PATIENCE
            )
        self._bar.total = of or None
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Wipes it away."""
        if self._bar is not None:
            self._bar.close()


def _text(report: Report, everything: bool) -> str:
    """The report for people."""
    lines = [
        f"{report.path}: {report.kind}, {images(report.images)} of {by(report.shape)}, "
        f"{len(report.class_names)} classes.",
        "",
        *_counts(report),
    ]
    if report.notes:
        lines += ["", *report.notes]
    if report.left_out:
        lines += ["", f"Left out: {len(report.left_out)}", *_left_out(report, everything)]
    return "\n".join(lines)


def _counts(report: Report) -> list[str]:
    width = max(len("Class"), *map(len, report.class_names))
    rows = [("Class", "Training", "Test")]
    rows += [
        (name, str(train), str(test))
        for name, train, test in zip(report.class_names, report.train, report.test, strict=True)
    ]
    rows.append(("All", str(sum(report.train)), str(sum(report.test))))
    return [f"{name:<{width}} {train:>9} {test:>9}" for name, train, test in rows]


def _left_out(report: Report, everything: bool) -> list[str]:
    """The reasons, the most frequent first, each with some of the places it holds for."""
    places: dict[str, list[str]] = {}
    for item in report.left_out:
        places.setdefault(item.reason, []).append(item.where)
    lines = []
    for reason, where in sorted(places.items(), key=lambda pair: -len(pair[1])):
        shown = where if everything else where[:SHOWN]
        lines.append(f"  {len(where)} × {reason}:")
        lines += [f"      {place}" for place in shown]
        if len(where) > len(shown):
            lines.append(f"      and {len(where) - len(shown)} more (--all names them)")
    return lines
