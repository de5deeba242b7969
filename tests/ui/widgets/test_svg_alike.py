"""What viewers disagree about is taken out of an SVG; all else stays as it is."""

import re

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor, QImage, QImageWriter

from cnnviz.ui.widgets.svg_alike import alike

TEXT = (
    '<text fill="#112233" fill-opacity="0.5" x="10" y="20" font-family="Inter" font-size="13" '
    'font-weight="600" font-style="normal">{}</text>'
)


def image_in(svg):
    content = re.findall('base64,([^"]*)"', svg)[0]
    return QImage.fromData(QByteArray.fromBase64(content.encode()))


def image_element(width, rendering="optimizeSpeed"):
    image = QImage(2, 1, QImage.Format.Format_RGB32)
    image.setPixelColor(0, 0, QColor("#ff0000"))
    image.setPixelColor(1, 0, QColor("#0000ff"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    content = bytes(buffer.data().toBase64().data()).decode()
    return (
        f'<image x="0" y="0" width="{width}" height="5" image-rendering="{rendering}" '
        f'xlink:href="data:image/png;base64,{content}" />'
    )


def test_text_becomes_outlines_that_say_what_they_are(qapp):
    made = alike(TEXT.format("a &lt; b"))
    assert made.startswith('<path aria-label="a &lt; b" fill="#112233" fill-opacity="0.5"')
    assert "<text" not in made
    assert 'd="M' in made


def test_text_of_spaces_alone_is_no_trouble(qapp):
    assert 'd="M0.00,0.00"' in alike(TEXT.format("   "))


def test_pixels_that_are_shown_large_become_squares(qapp):
    image = image_in(alike(image_element(10)))
    assert image.width() == 40
    colors = [image.pixelColor(x, 10).name() for x in (0, 19, 20, 39)]
    assert colors == ["#ff0000", "#ff0000", "#0000ff", "#0000ff"]


def test_small_and_smooth_pictures_and_shapes_stay(qapp):
    for svg in (image_element(2), image_element(10, "optimizeQuality"), '<rect width="1"/>'):
        assert alike(svg) == svg
