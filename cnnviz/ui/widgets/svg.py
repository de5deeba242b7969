"""A widget as an SVG document: lines stay lines, text is outlines, maps are pictures in it.

Qt draws it, but knows nothing of clipping there: what is scrolled out of sight would stand over its
neighbours. So the contents of every scroll area are drawn apart, each behind a mask.
"""

import re
from collections.abc import Iterator

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect
from PySide6.QtGui import QPainter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from cnnviz.ui import theme
from cnnviz.ui.widgets.svg_alike import alike


def svg_of(widget: QWidget, area: QRect) -> bytes:
    """The part of `widget` in `area`, one unit a pixel of the screen."""
    region, masks, layers = QRegion(area), [], []
    for number, (viewport, place) in enumerate(_viewports(widget, area)):
        region -= QRegion(place)
        masks.append(_mask(f"mask{number}", place.translated(-area.topLeft())))
        corner = viewport.mapTo(widget, QPoint()) - area.topLeft()
        drawn = _drawn(viewport, QRegion(viewport.rect()), corner, f"view{number}-")
        layers.append(f'<g mask="url(#mask{number})">\n{drawn}</g>\n')
    corner = region.boundingRect().topLeft() - area.topLeft()
    ground = _drawn(widget, region, corner, "ground-")
    return _document(area, "".join([*masks, ground, *layers])).encode()


def _viewports(widget: QWidget, area: QRect) -> Iterator[tuple[QWidget, QRect]]:
    """What scrolls inside of `widget` (but not inside of that again), and where it is seen."""
    for child in widget.findChildren(QAbstractScrollArea):
        viewport = child.viewport()
        if viewport.isVisible() and not _scrolls_within(child, widget):
            place = QRect(viewport.mapTo(widget, QPoint()), viewport.size()).intersected(area)
            if not place.isEmpty():
                yield viewport, place


def _scrolls_within(child: QWidget, widget: QWidget) -> bool:
    parent = child.parentWidget()
    while parent is not None and parent is not widget:
        if isinstance(parent, QAbstractScrollArea):
            return True
        parent = parent.parentWidget()
    return isinstance(parent, QAbstractScrollArea)


def _drawn(widget: QWidget, region: QRegion, corner: QPoint, prefix: str) -> str:
    """What Qt draws of `region`, whose corner comes to `corner`, as a piece of a document."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()  # of SVG Tiny: in the other version clips are at the wrong place
    generator.setOutputDevice(buffer)
    generator.setResolution(widget.logicalDpiX())
    painter = QPainter(generator)
    widget.render(painter, corner, region)
    painter.end()
    whole = bytes(buffer.data().data()).decode()
    piece = whole[whole.index("<defs>") : whole.rindex("</svg>")]
    piece = alike(piece)
    return re.sub(r'(\bid="|url\(#)', rf"\g<1>{prefix}", piece)  # other pieces have the same ids


def _mask(name: str, place: QRect) -> str:
    box = f'x="{place.x()}" y="{place.y()}" width="{place.width()}" height="{place.height()}"'
    return f'<mask id="{name}" maskUnits="userSpaceOnUse" {box}><rect {box} fill="white"/></mask>\n'


def _document(area: QRect, content: str) -> str:
    width, height = area.width(), area.height()
    ground = theme.tokens().background
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"\n'
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        "<title>cnnviz</title>\n"
        f'<rect width="{width}" height="{height}" fill="{ground}"/>\n{content}</svg>\n'
    )
