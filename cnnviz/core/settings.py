"""The hyperparameters of a run as plain data, checked once where they enter."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from cnnviz.core.convolution import way
from cnnviz.core.errors import SettingsError
from cnnviz.core.optimizers import optimizer
from cnnviz.core.parallel import usable_cores
from cnnviz.core.schedules import PEAKS, schedule


@dataclass(frozen=True)
class Settings:
    """How to train; raises SettingsError where a value makes no sense.

    `epochs` is the planned length: a schedule and the time left are reckoned by it.
    """

    optimizer: str = "adam"
    learning_rate: float = 0.002
    schedule: str = "constant"
    batch_size: int = 128
    epochs: int = 10
    convolution: str = "im2col"
    seed: int = 0
    threads: int = field(default_factory=usable_cores)
    """Threads that share each batch; another number rounds differently."""

    def __post_init__(self) -> None:
        optimizer(self.optimizer)
        schedule(self.schedule)
        way(self.convolution)
        check_learning_rate(self.learning_rate)
        check_whole("batch size", self.batch_size, least=1)
        check_whole("number of epochs", self.epochs, least=1)
        check_whole("seed", self.seed, least=0)
        check_whole("number of threads", self.threads, least=1)

    def to_dict(self) -> dict[str, Any]:
        """The settings as numbers and strings, ready for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Settings":
        """The settings that `to_dict` gave; raises SettingsError naming the field that is off."""
        kinds: dict[str, Any] = {each.name: each.type for each in fields(Settings)}
        for name in kinds.keys() ^ data.keys():
            fault = "lack" if name in kinds else "have an unknown"
            raise SettingsError(f"The settings {fault} “{name}”.")
        for name, value in data.items():
            allowed = (int, float) if kinds[name] is float else kinds[name]
            if isinstance(value, bool) or not isinstance(value, allowed):
                raise SettingsError(f"The setting “{name}” cannot be {value!r:.40}.")
        return Settings(**data)


def usual_rate(optimizer_name: str, schedule_name: str = "constant") -> float:
    """The learning rate to begin with; raises SettingsError for a name there is not."""
    schedule(schedule_name)
    return optimizer(optimizer_name).default_rate * PEAKS[schedule_name]


def planned_epochs(images: int) -> int:
    """A sensible number of epochs for so many training images: 10 for MNIST, 100 for small data."""
    return min(max(round(600_000 / images), 1), 100)


def check_learning_rate(rate: float) -> float:
    """`rate` itself if it is a finite number above zero; raises SettingsError otherwise."""
    try:
        sound = math.isfinite(rate) and rate > 0
    except (TypeError, OverflowError):
        sound = False
    if not sound:
        raise SettingsError(
            f"The learning rate must be a number above zero, not {rate}. Try 0.002 with Adam."
        )
    return rate


def check_whole(what: str, value: int, least: int) -> int:
    """`value` itself if it is a whole number of at least `least`, else raises SettingsError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SettingsError(f"The {what} must be a whole number of at least {least}, not {value}.")
    return value
