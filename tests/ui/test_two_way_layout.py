"""Where an image and its channels' gradients stand: in the room, beside each other, of one size."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF

from cnnviz.ui.two_way_layout import stacked


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 64), st.integers(1, 64)),
    st.integers(60, 400),
    st.integers(120, 900),
)
def test_all_pictures_stand_in_the_room_and_on_no_other(shape, width, height):
    tiles = stacked(shape, 10.0, 70.0, width, height)
    assert len(tiles) == shape[0] + 1
    room = QRectF(10, 69, width, height + 1)
    for tile in tiles:
        assert tile.size() == tiles[0].size()
        assert tile.width() / tile.height() == pytest.approx(shape[2] / shape[1])
        assert room.contains(tile)
    assert not any(one.intersects(other) for one, other in combinations(tiles, 2))


def test_cells_are_of_whole_pixels_where_there_is_room():
    image, gradient = stacked((1, 28, 28), 0, 0, 200, 600)
    assert image.width() == gradient.width() == 196
    assert gradient.top() > image.bottom()
