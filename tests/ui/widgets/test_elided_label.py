"""A line of text that gives way: narrower than its text, with all of it in the tooltip."""

from cnnviz.ui.widgets.elided_label import ElidedLabel


def test_it_never_asks_for_room(qtbot):
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.show_text("/a/very" + "/long" * 200 + "/path")
    assert label.minimumSizeHint().width() == 0
    assert label.toolTip() == label.text()


def test_what_does_not_fit_is_drawn_otherwise(qtbot):
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.show_text("/some/path/that/is/rather/long")
    label.resize(label.sizeHint())
    whole = label.grab().toImage()
    label.resize(label.width() // 2, label.height())
    half = label.grab().toImage()
    assert half != whole.copy(half.rect())  # not just cut off: its middle is left out
