"""The values of the network view in words: what the plate beside the pointer says."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF

from cnnviz.core.receptive_field import Place
from cnnviz.core.scales import percent
from cnnviz.ui.network_layout import Column, Kind
from cnnviz.ui.selection import kernel_channels
from cnnviz.ui.session import Session


def value_in_words(session: Session, columns: Sequence[Column], place: Place) -> str:
    """A value and where it is; empty if no column shows it."""
    inspection = session.inspection
    column = next((each for each in columns if each.name == place.layer), None)
    if inspection is None or column is None:
        return ""
    if column.kind is Kind.INPUT:
        _, y, x = place.index
        pixel = ", ".join(f"{value:.4g}" for value in inspection.image[:, y, x])
        return f"{column.title} · x {x}, y {y} · {pixel}"
    value = _value(session, place)
    if column.kind is Kind.CLASSES:
        unit = place.index[0]
        name = session.dataset.class_names[unit] if session.dataset else str(unit)
        share = percent(float(inspection.probabilities[unit]), 3)
        return f"Class {name} · logit {value} · probability {share}"
    if column.kind is Kind.UNITS:
        return f"{column.title} · unit {place.index[0]} · {value}"
    channel, y, x = place.index
    muted = " · muted" if session.edits.is_muted(place) else ""
    return f"{column.title} · map {channel} · x {x}, y {y} · {value}{muted}"


def weight_in_words(session: Session, columns: Sequence[Column], point: QPointF) -> str:
    """The weight under `point`, of the kernels beside the maps; empty where there is none."""
    network = session.network
    if network is None:
        return ""
    channels = kernel_channels(network.layers, session.selection.place)
    for column in columns:
        for number, kernel in enumerate(column.kernels):
            if kernel.contains(point):
                channel = channels[column.name]
                weights = dict(network.named_parameters())[f"{column.name}.weight"]
                height, width = weights.shape[2:]
                y = min(int((point.y() - kernel.y()) / kernel.height() * height), height - 1)
                x = min(int((point.x() - kernel.x()) / kernel.width() * width), width - 1)
                where = f"filter {number} · channel {channel} · x {x}, y {y}"
                return f"{column.title} · {where} · {_number(weights[number, channel, y, x])}"
    return ""


def _value(session: Session, place: Place) -> str:
    """The value at `place`; while two are compared, both."""
    inspections = {"": session.inspection}
    if kept := session.comparison.kept:
        inspections = {"now ": session.inspection, f"{kept.title} ": kept.inspection}
    return " · ".join(
        f"{name}{_number(each.outputs[place.layer][place.index])}"
        for name, each in inspections.items()
        if each
    )


def _number(value: float) -> str:
    return f"{float(value):.4g}".replace("-", "−")
