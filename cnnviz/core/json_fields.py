"""Values taken out of a JSON object one by one; what is missing or of another kind is named."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cnnviz.core.archive import Unsound

Value = TypeVar("Value")
LARGEST = 2**53
"""Whole numbers beyond are not exact everywhere, and nothing here is so many."""


def field(data: Mapping[str, Any], name: str) -> Any:
    """Whatever is there; raises Unsound if nothing is."""
    if name not in data:
        raise Unsound(f"it does not say the “{name}”")
    return data[name]


def text(data: Mapping[str, Any], name: str) -> str:
    """A string, which may be empty and of many lines."""
    value = field(data, name)
    if not isinstance(value, str):
        raise Unsound(f"its “{name}” is not a text")
    return value


def line(data: Mapping[str, Any], name: str) -> str:
    """A string that a terminal may show as it is."""
    value = text(data, name)
    if not value.isprintable():
        raise Unsound(f"its “{name}” is not a line of text")
    return value


def members(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object."""
    value = field(data, name)
    if not isinstance(value, dict):
        raise Unsound(f"its “{name}” is not an object")
    return value


def entries(data: Mapping[str, Any], name: str, read: Callable[[str, Any], Value]) -> list[Value]:
    """A list, each of whose entries `read(name, entry)` accepts."""
    value = field(data, name)
    if not isinstance(value, list):
        raise Unsound(f"its “{name}” is not a list")
    return [read(name, entry) for entry in value]


def as_whole(name: str, value: Any, most: int = LARGEST) -> int:
    """A whole number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise Unsound(f"its “{name}” has {_short(value)} for a whole number from 0 to {most}")
    return value


def as_number(name: str, value: Any) -> float:
    """A number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e300:
        raise Unsound(f"its “{name}” has {_short(value)} for a number")
    return float(value)


def as_yes_or_no(name: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Unsound(f"its “{name}” has {_short(value)} for true or false")
    return value


def as_text(name: str, value: Any) -> str:
    """A string, which may be empty and of many lines."""
    if not isinstance(value, str):
        raise Unsound(f"its “{name}” has {_short(value)} for a text")
    return value


def as_loss(name: str, value: Any) -> float:
    """A number, or None for one that was not finite."""
    return math.nan if value is None else as_number(name, value)


def as_pair(name: str, value: Any) -> tuple[int, Any]:
    """[step, what is so from that step on]."""
    if not isinstance(value, list) or len(value) != 2:
        raise Unsound(f"its “{name}” has {_short(value)} for a step and a value")
    return as_whole(name, value[0]), value[1]


def check_rising(name: str, steps: list[int], last: int) -> None:
    """Raises Unsound unless each is greater than the one before, and none beyond `last`."""
    if steps != sorted(set(steps)) or (steps and steps[-1] > last):
        raise Unsound(f"its “{name}” are not in order, or go beyond step {last}")


def _short(value: Any) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"
