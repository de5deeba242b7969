"""An architecture as a TOML file of its own, to save, open and share (docs/spec-file.md).

Reading trusts nothing: size, types and names are checked before anything is built, and an error
says which line and which field. What the layers' numbers may be is left to the engine.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cnnviz.core.architecture import MOST_LAYERS
from cnnviz.core.errors import CnnvizError, SpecError
from cnnviz.core.files import write_atomically
from cnnviz.core.remedies import engine_layers
from cnnviz.core.spec import LayerSpec, Spec
from cnnviz.core.spec_edit import Design, last_units

FORMAT = 1
MOST_BYTES = 256 * 1024
MOST_TEXT = 200
"""Characters of a title or a name."""
LARGEST = 10**9
"""Whole numbers up to here, and down to its negative; no layer needs more."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_FIELDS = ("format", "title", "name", "input_shape", "classes", "initializer", "layers")


# Writing.


def save_design(path: Path, design: Design) -> None:
    """Writes a design, whether it fits or not; raises CnnvizError if it can't."""
    text = design_text(design)
    _design(path, text)  # what could not be opened again is not saved
    write_atomically(path, text.encode())


def design_text(design: Design) -> str:
    """The file's content; `design_from` makes the very same design of it."""
    about = {
        "format": FORMAT,
        "title": design.title,
        "name": design.name,
        "input_shape": design.input_shape,
        "classes": design.classes,
        "initializer": design.initializer,
    }
    parts = [about if design.layers else about | {"layers": ()}, *design.layers]
    blocks = [
        "".join(f"{_key(name)} = {_value(name, part[name])}\n" for name in part) for part in parts
    ]
    return "# A network for cnnviz.\n" + "\n[[layers]]\n".join(blocks)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _value(name: str, value: Any) -> str:
    if type(value) is int:
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(_value(name, each) for each in value)}]"
    raise SpecError(f"{name} cannot be saved as {value!r:.40}. Enter a whole number.", name)


def _string(text: str) -> str:
    """A basic string, its special characters escaped; lone halves of characters cannot be saved."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SpecError(f"The text {text!a:.60} cannot be saved. Enter it anew.") from None
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"


# Reading.


def load_spec(path: Path) -> Spec:
    """The network in a file, sound and ready to train; raises CnnvizError naming line and field."""
    text = _read(path)
    design = _design(path, text)
    try:
        engine_layers(design)
    except SpecError as error:
        raise _refusal(path, text, str(error), error.layer, error.field) from None
    return design.to_spec()


def load_design(path: Path) -> Design:
    """The design in a file, of which the layers may not fit yet; raises CnnvizError as above."""
    return _design(path, _read(path))


def design_from(text: str) -> Design:
    """The design that `design_text` wrote; raises SpecError naming line and field."""
    return _design(Path("The text"), text)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CnnvizError(f"Cannot read {path}: {error.strerror}.") from None
    if len(content) > MOST_BYTES:
        raise SpecError(f"{path} is larger than {MOST_BYTES // 1024} KB: it is no network's file.")
    try:
        return content.decode("utf-8-sig")  # Windows' editors put a mark before the text
    except UnicodeDecodeError:
        raise SpecError(f"{path} is not text in UTF-8: it is no network's file.") from None


def _design(path: Path, text: str) -> Design:
    try:
        data = tomllib.loads(f"{text}\n")  # so that it counts lines to the last
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply: it is no network's file.") from None
    except ValueError as error:  # TOML's own errors, which say the line, and endless numbers
        raise SpecError(f"{path} is not sound TOML: {error}.") from None
    try:
        return _checked(data)
    except SpecError as error:
        raise _refusal(path, text, str(error), error.layer, error.field) from None


def _checked(data: Mapping[str, Any]) -> Design:
    """Raises SpecError with the field, and the layer, that is off."""
    for name in data:
        if name not in _FIELDS:
            raise SpecError(
                f"there is no field {name!a:.40}; there are {', '.join(_FIELDS)}.", name
            )
    _check_format(data.get("format"))
    layers = data.get("layers")
    if not isinstance(layers, list):
        raise SpecError("there are no layers. Write [[layers]] above each one's fields.", "layers")
    if len(layers) > MOST_LAYERS:
        raise SpecError(f"there are more than {MOST_LAYERS} layers.", "layers")
    checked = tuple(_layer(position, layer) for position, layer in enumerate(layers))
    usual = Design()
    return Design(
        layers=checked,
        input_shape=_shape(data.get("input_shape")),
        classes=_classes(data.get("classes", last_units(checked))),
        initializer=_line(data, "initializer", usual.initializer),
        title=_line(data, "title", usual.title),
        name=_line(data, "name", usual.name),
    )


def _check_format(value: Any) -> None:
    if type(value) is not int or value < 1:
        raise SpecError(
            f"format must be {FORMAT}, not {value!r:.40}. Write “format = {FORMAT}” at the top.",
            "format",
        )
    if value > FORMAT:
        raise SpecError(
            f"it has format {value!s:.20}, which a newer cnnviz wrote. Update cnnviz for it.",
            "format",
        )


def _shape(value: Any) -> tuple[int, int, int]:
    if isinstance(value, list) and len(value) == 3 and all(map(_is_whole, value)):
        channels, height, width = value
        if min(value) >= 1:
            return channels, height, width
    raise SpecError(
        "input_shape must be three whole numbers of at least 1 (channels, height, width), "
        f"not {value!r:.40}.",
        "input_shape",
    )


def _classes(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= LARGEST:
        raise SpecError(
            f"classes must be a whole number of at least 1, not {value!r:.40}.", "classes"
        )
    return int(value)


def _line(data: Mapping[str, Any], name: str, usual: str) -> str:
    value = data.get(name, usual)
    if not isinstance(value, str) or len(value) > MOST_TEXT or not value.isprintable():
        raise SpecError(f"{name} must be one line of at most {MOST_TEXT} characters.", name)
    return value


def _layer(position: int, value: Any) -> LayerSpec:
    """One layer, its fields plain values; whether they are the right ones is the engine's word."""
    if not isinstance(value, dict):
        raise SpecError(f"layers must be tables such as [[layers]], not {value!r:.40}.", "layers")
    for name, field in value.items():
        if not _is_plain(field):
            raise SpecError(
                f"{name!a:.40} must be a whole number, or two (y, x), not {field!r:.40}.",
                name,
                position,
            )
    return {
        name: tuple(field) if isinstance(field, list) else field for name, field in value.items()
    }


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= 3 and all(map(_is_whole, value))
    return _is_whole(value) or (isinstance(value, str) and len(value) <= MOST_TEXT)


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) <= LARGEST


# Where an error is.


def _refusal(path: Path, text: str, fault: str, layer: int | None, field: str | None) -> SpecError:
    line = find_line(text, layer, field)
    place = f"{path}, line {line}" if line else str(path)
    return SpecError(f"{place}: {fault}", field, layer)


def find_line(text: str, layer: int | None, field: str | None) -> int | None:
    """The line, from 1, of a field of a layer (or of the whole), or of the layer; None if unsure.

    Only files in the order and form that cnnviz writes are understood, with [[layers]] on lines of
    their own.
    """
    sections = list(_sections(text.split("\n")))
    if layer is not None and layer + 1 >= len(sections):
        return None
    start, lines = sections[0 if layer is None else layer + 1]
    names = (None,) if field is None else (field, f'"{field}"')
    for number, line in enumerate(lines, start):
        if line.split("=")[0].strip() in names:
            return number
    return None if layer is None else start


def _sections(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """(number of the first line, lines): what is before the layers, then each layer."""
    starts = [1]
    starts += [n for n, line in enumerate(lines, 1) if re.match(r"\s*\[\[\s*layers\s*\]\]", line)]
    for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        yield start, lines[start - 1 : end - 1]
