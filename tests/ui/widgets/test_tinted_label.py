"""A tinted label: its colour, small or not, in either theme."""

import pytest

from cnnviz.ui import theme
from cnnviz.ui.widgets.tinted_label import TintedLabel


def color(label):
    return label.palette().color(label.foregroundRole()).name()


@pytest.mark.parametrize("small", [False, True])
def test_its_colour_is_the_last_tint_in_either_theme(small, qtbot, qapp):
    label = TintedLabel(small)
    qtbot.addWidget(label)
    label.setText("Stopped.")
    with qtbot.waitExposed(label):
        label.show()
    for name in ("muted", "good", "bad", "selected", "muted"):
        label.tint(name)
        assert color(label) == getattr(theme.tokens(), name)
    label.tint("bad")
    theme.apply_theme(qapp, "light")
    assert color(label) == theme.LIGHT.bad
    assert label.fontInfo().pixelSize() == (theme.SMALL if small else qapp.font().pixelSize())
