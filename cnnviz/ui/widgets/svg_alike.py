"""Makes an SVG look the same wherever it is opened.

Not everybody has our font, so text becomes outlines. Viewers smooth enlarged pictures, each in its
way, so those whose pixels are to be seen are enlarged here, pixel by pixel.
"""

import html
import math
import re

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QFont, QImage, QImageWriter, QPainterPath

TEXT = re.compile(r"<text ([^>]*)>([^<]*)</text>")
PICTURE = re.compile(r'<image ([^>]*image-rendering="optimizeSpeed"[^>]*)base64,([^"]*)"')
PIXELS = 4
"""Of an enlarged picture, for each one of the screen."""
GREATEST = 2048
"""Pixels of an enlarged picture along a side."""


def alike(svg: str) -> str:
    """The same drawing without what viewers disagree about."""
    return PICTURE.sub(_enlarged, TEXT.sub(_outlined, svg))


def _attribute(name: str, attributes: str) -> str:
    found = re.search(rf'(?:^|\s){name}="([^"]*)"', attributes)
    return found[1] if found else ""


def _outlined(text: re.Match[str]) -> str:
    attributes, words = text[1], html.unescape(text[2])
    font = QFont(_attribute("font-family", attributes))
    font.setPixelSize(max(1, round(float(_attribute("font-size", attributes)))))
    font.setWeight(QFont.Weight(int(_attribute("font-weight", attributes))))
    font.setItalic(_attribute("font-style", attributes) == "italic")
    font.setFeature(QFont.Tag("tnum"), 1)
    path = QPainterPath()
    x, y = float(_attribute("x", attributes)), float(_attribute("y", attributes))
    path.addText(x, y, font, words)
    fill, opacity = _attribute("fill", attributes), _attribute("fill-opacity", attributes) or "1"
    ink = f'fill="{fill}" fill-opacity="{opacity}" fill-rule="nonzero" stroke="none"'
    return f'<path aria-label="{html.escape(words)}" {ink} d="{_lines(path)}"/>'


def _lines(path: QPainterPath) -> str:
    """A path in the words of SVG."""
    letters = {
        QPainterPath.ElementType.MoveToElement: "M",
        QPainterPath.ElementType.LineToElement: "L",
        QPainterPath.ElementType.CurveToElement: "C",
        QPainterPath.ElementType.CurveToDataElement: "",
    }
    elements = (path.elementAt(index) for index in range(path.elementCount()))
    return " ".join(f"{letters[each.type]}{each.x:.2f},{each.y:.2f}" for each in elements)


def _enlarged(picture: re.Match[str]) -> str:
    """Every pixel as a square of several, if it is small enough on the screen to need it."""
    image = QImage.fromData(QByteArray.fromBase64(picture[2].encode()))
    shown = float(_attribute("width", picture[1]))
    factor = min(math.ceil(PIXELS * shown / image.width()), GREATEST // max(_sides(image.size())))
    if shown <= image.width() or factor < 2:
        return picture[0]
    way = Qt.TransformationMode.FastTransformation
    image = image.scaled(image.size() * factor, mode=way)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    content = bytes(buffer.data().toBase64().data()).decode()
    return f'<image {picture[1]}base64,{content}"'


def _sides(size: QSize) -> tuple[int, int]:
    return size.width(), size.height()
