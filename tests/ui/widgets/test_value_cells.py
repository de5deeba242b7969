"""Numbers on cells: as many digits as fit, and always to be read."""

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFontMetricsF

from cnnviz.ui import theme
from cnnviz.ui.widgets.value_cells import (
    LEAST_CELL,
    numbers_glass,
    places_that_fit,
    written,
    written_colors,
)


@pytest.mark.parametrize("level", [0.0, 1e-7, 0.003, 0.4, 1.0, 9.99, 12.0, 250.0, 1e5, 1e12])
@pytest.mark.parametrize("width", [20, LEAST_CELL, 40, 60, 96])
def test_what_is_written_fits_in_its_cell(level, width):
    places = places_that_fit(level, width)
    if places is None:
        return
    metrics = QFontMetricsF(theme.font(theme.SMALL))
    assert width >= LEAST_CELL
    for value in (-level, -level / 3, level):
        assert metrics.horizontalAdvance(written(value, places)) < width


def test_wide_cells_have_more_places():
    assert places_that_fit(1.5, LEAST_CELL) == 1
    assert places_that_fit(1.5, 96) == 3
    assert places_that_fit(1.5, LEAST_CELL - 1) is None
    assert places_that_fit(1e12, LEAST_CELL) is None
    assert places_that_fit(float("inf"), 96) is None


def test_how_values_are_written():
    told = [written(value, 2) for value in (0.0, -0.0, -0.001, 0.004, -1.234, 12.0)]
    assert told == ["0", "0", "0.00", "0.00", "−1.23", "12.00"]
    assert [written(value, 1) for value in (np.inf, -np.inf, np.nan)] == ["∞", "−∞", "?"]


def contrast(one, other):
    def luminance(color):
        parts = [QColor(color).redF(), QColor(color).greenF(), QColor(color).blueF()]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("ink", [False, True])
def test_numbers_can_be_read_on_every_colour(qapp, name, ink):
    theme.apply_theme(qapp, name)
    table = theme.ink_table() if ink else theme.signed_table()
    values = np.linspace(0 if ink else -1, 1, 255, dtype=np.float32)[np.newaxis]
    entries = np.rint(values[0] * (255 if ink else 127) + (0 if ink else 128)).astype(int)
    for color, entry in zip(written_colors(values, 1.0, ink)[0], entries, strict=True):
        ground = QColor(*table[entry].tolist()).name()
        assert contrast(color, ground) > 3.5, (color, ground)


def test_the_glass_is_clear_but_for_the_numbers():
    values = np.array([[1.0, 0.0], [-1.0, np.nan]], np.float32)
    glass = numbers_glass(values, 1.0, QSize(80, 80), 2.0, ink=False)
    image = glass.toImage()
    assert (image.width(), image.height()) == (160, 160)
    for x in (0, 80):
        for y in (0, 80):
            assert image.pixelColor(x + 2, y + 2).alpha() == 0
            inked = [image.pixelColor(x + 40 + k, y + 40).alpha() for k in range(-30, 30)]
            assert max(inked) > 0


def test_small_cells_have_no_glass():
    assert numbers_glass(np.ones((8, 8), np.float32), 1.0, QSize(160, 160), 1.0, False).isNull()
