"""What can be done with a place of the network view: the menu that a right click opens there.

The canvas finds the spot and hands over sections; saving is one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtWidgets import QWidget

from cnnviz.core.inspection import Inspection
from cnnviz.core.layers import Conv2D
from cnnviz.ui.network_layout import Column, Kind
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_menu import Section
from cnnviz.ui.widgets.save_choices import (
    flat,
    kernel_choices,
    numbers_choice,
    picture_choice,
    slug,
)

BESIDE = 6
"""Pixels of the ground that a column's picture has left and right of it."""


@dataclass(frozen=True)
class Spot:
    """A column, and which of its maps, where one is meant."""

    column: Column
    map: int | None = None


def spot_at(columns: Sequence[Column], point: QPointF) -> Spot | None:
    """What stands at `point`: a map, the kernel beside it, or just a column."""
    for column in columns:
        for tiles in (column.tiles, column.kernels):
            for number, tile in enumerate(tiles):
                if tile.contains(point):
                    return Spot(column, number if column.kind is Kind.MAPS else None)
        if column.x - BESIDE <= point.x() < column.x + column.width + BESIDE:
            return Spot(column)
    return None


def save_sections(canvas: QWidget, session: Session, spot: Spot | None) -> list[Section]:
    """What can be saved: numbers and kernels of the spot's layer, then pictures."""
    pictures = [picture_choice(canvas, session, "Save whole network as picture…", "network")]
    if spot is None or session.inspection is None:
        return [pictures]
    column, area = spot.column, _area_of(spot.column, canvas)
    text = f"Save column {column.title} as picture…"
    pictures.insert(0, picture_choice(canvas, session, text, slug(column.title), area))
    return [
        _numbers(canvas, session, session.inspection, spot),
        _kernels(canvas, session, spot),
        pictures,
    ]


def _numbers(canvas: QWidget, session: Session, inspection: Inspection, spot: Spot) -> Section:
    column, label = spot.column, spot.column.title
    name = slug(label)
    if column.kind is Kind.INPUT:
        number, words = session.test_image, session.image.words if session.image else ""
        what = f"image-{slug(words) if number is None else number}"
        values = flat(inspection.image)
        return [numbers_choice(canvas, session, "Save this image's numbers…", values, what)]
    values = inspection.outputs[column.name]
    if column.kind is Kind.CLASSES:
        shares = inspection.probabilities.astype(np.float32, copy=False)
        return [
            numbers_choice(canvas, session, "Save logits…", values, "logits"),
            numbers_choice(canvas, session, "Save probabilities…", shares, "probabilities"),
        ]
    if column.kind is Kind.UNITS:
        text = f"Save all units of {label}…"
        return [numbers_choice(canvas, session, text, values, f"{name}-units")]
    text = f"Save all maps of {label}…"
    section = [numbers_choice(canvas, session, text, values, f"{name}-maps")]
    if spot.map is not None:
        text, what = "Save this map's numbers…", f"{name}-map-{spot.map}"
        section.insert(0, numbers_choice(canvas, session, text, values[spot.map], what))
    return section


def _kernels(canvas: QWidget, session: Session, spot: Spot) -> Section:
    layers = session.network.layers if session.network else []
    layer = next((each for each in layers if each.name == spot.column.name), None)
    return kernel_choices(canvas, session, layer, spot.map) if isinstance(layer, Conv2D) else []


def _area_of(column: Column, canvas: QWidget) -> QRect:
    """The whole height of the view, from a little before the column to a little behind it."""
    area = QRectF(column.x - BESIDE, 0, column.width + 2 * BESIDE, canvas.height())
    return area.toAlignedRect().intersected(canvas.rect())
