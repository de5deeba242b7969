"""What menus offer to save: numbers, the kernels of a layer, and pictures."""

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from cnnviz.core.layers import Conv2D
from cnnviz.core.workspace import Array
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_menu import Choice
from cnnviz.ui.widgets.save_dialog import ask_for_numbers, ask_for_picture
from cnnviz.ui.widgets.saving import take_picture


def numbers_choice(
    parent: QWidget, session: Session, text: str, values: Array, what: str
) -> Choice:
    """Saves `values` as they were when the menu was opened."""
    kept = values.copy()

    def ask() -> None:
        ask_for_numbers(parent.window(), session, kept, what)

    return Choice(text, ask)


def kernel_choices(
    parent: QWidget, session: Session, layer: Conv2D, number: int | None
) -> list[Choice]:
    """One filter's kernel over all channels, if one is meant, and all kernels of the layer."""
    if session.network is None:
        return []
    weights, choices = dict(session.network.named_parameters())[f"{layer.name}.weight"], []
    label, name = layer.label, slug(layer.label)
    if number is not None:
        text, what = "Save this kernel…", f"{name}-kernel-{number}"
        choices.append(numbers_choice(parent, session, text, flat(weights[number]), what))
    text, what = f"Save all kernels of {label}…", f"{name}-kernels"
    return [*choices, numbers_choice(parent, session, text, weights, what)]


def picture_choice(
    widget: QWidget, session: Session, text: str, what: str, area: QRect | None = None
) -> Choice:
    """Saves what `widget` looks like, or the part of it in `area`."""

    def ask() -> None:
        ask_for_picture(widget.window(), session, take_picture(widget, area), what)

    return Choice(text, ask)


def flat(values: Array) -> Array:
    """Values (1, H, W) of a single channel as a table (H, W), others as they are."""
    return values[0] if values.ndim == 3 and len(values) == 1 else values


def slug(label: str) -> str:
    """A name for people as a part of a file's name: conv-2."""
    return "-".join(label.lower().split())
