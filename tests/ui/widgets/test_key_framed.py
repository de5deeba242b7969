"""A frame shows where the keys are, if they came by key."""

import pytest
from PySide6.QtCore import Qt

from cnnviz.ui.network_view import NetworkView

REASONS = Qt.FocusReason


@pytest.mark.parametrize("reason", [REASONS.TabFocusReason, REASONS.BacktabFocusReason])
def test_the_frame_is_seen_while_the_keys_are_there(reason, session, show_view):
    canvas = show_view(NetworkView(session), 900, 600, active=True).canvas
    canvas.clearFocus()
    bare = canvas.grab().toImage()
    canvas.setFocus(REASONS.MouseFocusReason)
    assert canvas.hasFocus()
    assert canvas.grab().toImage() == bare
    canvas.clearFocus()
    canvas.setFocus(reason)
    assert canvas.grab().toImage() != bare
    canvas.clearFocus()
    assert canvas.grab().toImage() == bare
