"""Every icon of ours draws itself in the colour it is asked for."""

import re

import pytest
from PySide6.QtCore import QSize

from cnnviz.assets import asset_path
from cnnviz.ui.widgets.icons import icon

NAMES = sorted(path.stem for path in asset_path("icons").glob("*.svg"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [16, 32, 64])
def test_it_draws_something_and_leaves_the_rest_clear(qapp, name, side):
    image = icon(name, "#ff0000").pixmap(QSize(side, side)).toImage()
    alphas = {image.pixelColor(x, y).alpha() for x in range(side) for y in range(side)}
    assert max(alphas) > 128
    assert min(alphas) == 0


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_the_colour_of_the_text_beside_it(qapp, name):
    source = asset_path(f"icons/{name}.svg").read_text(encoding="utf-8")
    if "currentColor" not in source:
        assert re.search(r"#[0-9a-fA-F]{6}", source), "neither ours nor its own colours"
        return
    image = icon(name, "#12ab34").pixmap(QSize(64, 64)).toImage()
    solid = {
        image.pixelColor(x, y).name()
        for x in range(64)
        for y in range(64)
        if image.pixelColor(x, y).alpha() == 255
    }
    assert "#12ab34" in solid
