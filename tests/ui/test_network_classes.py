"""Rows of classes by themselves: what is written below a bar does not run into its neighbour."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QRegion

from cnnviz.core.scales import percent
from cnnviz.ui import theme
from cnnviz.ui.network_classes import LEAST_BAR_WITH_MARK, NAME_GAP, ClassRows, names_width


def reach_of_the_mark(share, bar_width):
    """The leftmost pixel of the green mark, from the bar's left end."""
    names = ("0", "1")
    left = names_width(names) + NAME_GAP
    rows = ClassRows()
    rows.place([QRectF(0, 40 * k, left + bar_width, 40) for k in range(2)], names)
    probabilities = np.array([share, 1 - share], np.float32)
    rows.show(probabilities)
    rows.tell(probabilities, 0)
    picture = QImage(round(left + bar_width) + 2, 80, QImage.Format.Format_RGB32)
    picture.fill(theme.color(theme.tokens().background))
    painter = QPainter(picture)
    rows.paint(painter, QRegion(picture.rect()))
    painter.end()
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(80, -1, 4)[:40].astype(int)
    green = pixels[..., 1] - np.maximum(pixels[..., 0], pixels[..., 2]) > 30
    return int(np.flatnonzero(green.any(axis=0)).min()) - left


@pytest.mark.parametrize("share", [0.6, 0.99999])
@pytest.mark.parametrize("bar_width", [LEAST_BAR_WITH_MARK, 140])
def test_the_mark_of_the_label_keeps_clear_of_the_number(qapp, share, bar_width):
    number = QFontMetricsF(theme.font(theme.SMALL)).horizontalAdvance(percent(share, 2))
    assert reach_of_the_mark(share, bar_width) >= number + 4
