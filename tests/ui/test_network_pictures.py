"""The words below the columns of the network view."""

import pytest
from PySide6.QtGui import QFontMetrics

from cnnviz.ui import theme
from cnnviz.ui.network_pictures import within


@pytest.mark.parametrize("words", ["each map", "±4.31 locked", "all 0"])
def test_where_room_is_short_only_the_first_word_is_told(words, qapp):
    metrics = QFontMetrics(theme.font(theme.SMALL))
    room = metrics.horizontalAdvance(words)
    assert within(words, metrics, room) == words
    assert within(words, metrics, room - 1) == words.split()[0]
