"""Thousands of damaged run files: each opens soundly or is refused with a StorageError.

    python -m benchmarks.mutate_run_file [--count 10000] [--seed 0]

Half of them are damaged blindly: bytes changed, cut out, put in. The other half are zips in order
whose text, arrays or directory tell lies, so that no checksum stops them at the door. What opens is
also trained for a batch. Exit status 0 if nothing else was raised and memory stayed small.
"""

import argparse
import io
import json
import random
import resource
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from cnnviz.core import CnnvizError, Dataset, Settings, Split, Timeline, Trainer, load_dataset
from cnnviz.core.errors import StorageError
from cnnviz.core.presets import preset
from cnnviz.core.storage import load_run, save_run
from cnnviz.core.trainer import Diverged

MOST_GROWTH = 200 * 2**20
JUNK: list[Any] = [
    None, True, 0, -1, 1, 2**31, 2**63, 10**40, 0.5, -0.0, 1e308, "", "adam", "é\n", "\ud800",
    "../x", [], [0], [[0, 1]], [[0, "loop"]], [[]], {}, {"type": "dense"},
    {"type": "dense", "units": 10**9},
]  # fmt: skip
HEADERS = [
    "(1,)",
    "()",
    "(-1,)",
    "(10**9,)",
    "(999999999999, 9)",
    "(1554, )" + " " * 70_000,
    "((" * 50,
]


def few_digits() -> Dataset:
    """Enough to train on for a moment."""
    digits = load_dataset("digits")
    train = Split(digits.train.pixels[:64], digits.train.labels[:64])
    test = Split(digits.test.pixels[:20], digits.test.labels[:20])
    return Dataset("few", "Few digits", train, test, digits.class_names, digits.source)


def run_file(path: Path, optimizer: str, dataset: Dataset) -> bytes:
    """A short run of the tiny network."""
    settings = Settings(optimizer, batch_size=16, epochs=2, threads=1)
    timeline = Timeline()
    with closing(Trainer(preset("tiny"), dataset, settings)) as trainer:
        timeline.keep(trainer.snapshot())
        for _ in range(8):
            timeline.record(trainer.train_batch())
            if trainer.step % 4 == 0:
                loss, accuracy = 1.0, 0.5
                epoch = timeline.epoch_result(trainer.step // 4, 4, 16, loss, accuracy)
                timeline.epochs.append(epoch)
                timeline.keep(trainer.snapshot())
        save_run(path, trainer, timeline, "A note.")
    return path.read_bytes()


# Blind damage.


def changed(content: bytes, rng: random.Random) -> bytes:
    """A few bytes are others; half of the times among the last, where the directory is."""
    damaged = bytearray(content)
    first = rng.choice([0, len(content) - 900])
    for _ in range(rng.choice([1, 1, 3, 30])):
        damaged[rng.randrange(first, len(content))] = rng.randrange(256)
    return bytes(damaged)


def cut(content: bytes, rng: random.Random) -> bytes:
    """The end or a part is missing."""
    start, length = rng.randrange(len(content)), rng.choice([1, 8, 1000, len(content)])
    return content[:start] + content[start + length :]


def lengthened(content: bytes, rng: random.Random) -> bytes:
    """Something was put in, perhaps a part of itself."""
    at, start = rng.randrange(len(content) + 1), rng.randrange(len(content))
    more = rng.choice([b"\0", rng.randbytes(50), content[start : start + 500]])
    return content[:at] + more + content[at:]


# Zips in order that lie.


def rewritten(content: bytes, change: Callable[[dict[str, bytes]], None], packed: int) -> bytes:
    """The same zip, made anew with all checksums after `change` had its way with the entries."""
    with ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    file = io.BytesIO()
    with ZipFile(file, "w", packed) as archive:
        for name, data in entries.items():
            archive.writestr(name.removesuffix("#"), data)
    return file.getvalue()


def lying_text(content: bytes, rng: random.Random) -> bytes:
    """Something in run.json is junk, missing, or one too many."""

    def change(entries: dict[str, bytes]) -> None:
        data = json.loads(entries["run.json"])
        for _ in range(rng.choice([1, 1, 2])):
            _spoil(data, rng)
        entries["run.json"] = json.dumps(data).encode()

    return rewritten(content, change, ZIP_STORED)


def _spoil(data: Any, rng: random.Random) -> None:
    keys = list(data) if isinstance(data, dict) else list(range(len(data)))
    if not keys:
        return
    key = rng.choice(keys)
    if isinstance(data[key], dict | list) and rng.random() < 0.7:
        _spoil(data[key], rng)
    elif rng.random() < 0.2:
        del data[key]
    elif isinstance(data, dict) and rng.random() < 0.1:
        data[rng.choice(["more", "format", "padding", "type"])] = deepcopy(rng.choice(JUNK))
    elif isinstance(data[key], int) and rng.random() < 0.3:
        data[key] += rng.choice([-1, 1, 7])
    else:
        data[key] = deepcopy(rng.choice(JUNK))


def lying_entry(content: bytes, rng: random.Random) -> bytes:
    """An entry holds other bytes, or has another name, or is there twice, or is compressed."""

    def change(entries: dict[str, bytes]) -> None:
        name = rng.choice(list(entries))
        kind = rng.randrange(7)
        if kind == 0:
            del entries[name]
        elif kind == 1:
            entries[rng.choice(["../x.npy", "/etc/x", "a/b/c/d", name.upper()])] = entries.pop(name)
        elif kind == 2:
            entries[f"{name}#"] = entries[name]
        elif kind == 3:
            entries[name] = rng.choice([changed, cut, lengthened])(entries[name].ljust(1000), rng)
        elif kind == 4:
            entries[name] = rng.choice(list(entries.values()))
        elif kind == 5:
            start = entries[name].find(b"(")
            lie = rng.choice(HEADERS).encode()
            entries[name] = entries[name][:start] + lie + entries[name][start + len(lie) :]
        else:
            at = rng.randrange(len(entries[name]))
            flipped = bytes([entries[name][at] ^ 1 << rng.randrange(8)])
            entries[name] = entries[name][:at] + flipped + entries[name][at + 1 :]

    packed = ZIP_DEFLATED if rng.random() < 0.05 else ZIP_STORED
    with warnings.catch_warnings(action="ignore"):  # zipfile's, of names that are there twice
        return rewritten(content, change, packed)


DAMAGES = (changed, cut, lengthened, lying_text, lying_text, lying_entry)


def outcome(path: Path, dataset: Dataset) -> str:
    """What came of opening a file and, if it opens, of going on with it."""
    try:
        run = load_run(path)
    except StorageError:
        return "refused"
    run.timeline()
    try:
        with closing(run.trainer(dataset)) as trainer:
            trainer.train_batch()
    except (CnnvizError, Diverged):
        return "opened, but could not go on"
    return "opened and went on"


def main() -> int:
    """Damages, opens and counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng, dataset, outcomes = random.Random(args.seed), few_digits(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.cnnviz"
        sound = [run_file(path, name, dataset) for name in ("adam", "momentum", "gradient-descent")]
        assert outcome(path, dataset) == "opened and went on"
        before = _peak()
        for number in range(args.count):
            path.write_bytes(rng.choice(DAMAGES)(rng.choice(sound), rng))
            try:
                outcomes[outcome(path, dataset)] += 1
            except Exception:
                outcomes["FAILED"] += 1
                print(f"file {number} of seed {args.seed}:\n{traceback.format_exc()}")
    growth = _peak() - before
    print(dict(outcomes), f"memory grew by {growth / 2**20:.0f} MB")
    return 1 if outcomes["FAILED"] or growth > MOST_GROWTH else 0


def _peak() -> int:
    """The most memory this process has had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.exit(main())
