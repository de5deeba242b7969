"""The way there and back in words: what is said of a column, and of a value or weight in it."""

from collections.abc import Sequence

from cnnviz.core.arithmetic_text import where
from cnnviz.core.backward_arithmetic_text import parameter_words
from cnnviz.core.network import Network
from cnnviz.core.parameter_arithmetic import Parameter
from cnnviz.core.receptive_field import Place
from cnnviz.ui.arithmetic_blocks import number, scale
from cnnviz.ui.network_layout import Column, Kind
from cnnviz.ui.two_way_pictures import Frame

Chosen = Place | Parameter
Notes = tuple[str, str, str]
"""Two quiet lines below the shape, and the scale below the pictures."""
KERNEL_WORDS = {"weight": "kernels", "gradient": "kernels", "step": "steps"}


def title_of(column: Column) -> str:
    """What stands above it."""
    return "Loss" if column.kind is Kind.CLASSES else column.title


def notes_of(frame: Frame, column: Column, kernels: float | None, level: float | None) -> Notes:
    """What is said of a column whose kernels and whose pictures have these levels, if any."""
    is_back = column.name in frame.gradients
    notes = ("", "")
    if kernels is not None:
        notes = (KERNEL_WORDS[frame.kernel_words[column.name]], scale(kernels))
    elif column.name in frame.blocked:
        notes = (f"{100 * frame.blocked[column.name].mean():.0f} %", "blocked")
    if column.kind is Kind.CLASSES:
        back = f"(p − y) / {frame.count}" if frame.count > 1 else "p − y"
        notes = (back if is_back else "logits z", "")
    way = "←" if is_back else "→"
    return *notes, "" if level is None else f"{way} {scale(level)}"


def shorter(level: str) -> tuple[str, ...]:
    """A scale as it is, without its arrow, and with one digit: for columns that are narrow."""
    bare = level.partition(" ")[2]
    if "±" not in bare:
        return level, bare
    value = float(bare[1:].replace("−", "-"))
    return level, bare, f"±{value:.1g}".replace("-", "−").replace("e−0", "e−")


def in_words(frame: Frame, network: Network, names: Sequence[str], choice: Chosen) -> str:
    """A value or weight, where it is, and whether nothing passes there."""
    if isinstance(choice, Parameter):
        return _parameter_in_words(frame, network, choice)
    values = frame.values.get(choice.layer)
    text = where(network.layers, choice)
    if choice.layer == network.layers[-1].name:
        text = f"Class {names[choice.index[0]]}"
    if values is None:
        return f"{text} · not reached yet"
    kind = "gradient" if choice.layer in frame.gradients else "value"
    blocked = frame.blocked.get(choice.layer)
    stops = " · blocked" if blocked is not None and blocked[choice.index] else ""
    return f"{text} · {kind} {number(values[choice.index])}{stops}"


def _parameter_in_words(frame: Frame, network: Network, choice: Parameter) -> str:
    layer, _, what = choice.name.partition(".")
    kernels = frame.kernels.get(layer)
    text = parameter_words(network.layers, choice)
    if kernels is None or what != "weight" or kernels.ndim != len(choice.index):
        return text
    return f"{text} · {frame.kernel_words[layer]} {number(kernels[choice.index])}"
