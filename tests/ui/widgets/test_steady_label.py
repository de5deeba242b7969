import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from cnnviz.ui.widgets.steady_label import SteadyLabel


class Layouts(QObject):
    """Counts how often a widget is laid out anew."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def relayouts(qtbot, label):
    """How many layouts 20 texts of about one length cost the window."""
    window = QWidget()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    row.addWidget(label)
    label.setText("batch 99 999")
    window.show()
    qtbot.wait(20)
    layouts = Layouts()
    window.installEventFilter(layouts)
    for batch in range(20):
        label.setText(f"batch {batch}")
        qtbot.wait(1)
    return layouts.count


def test_new_texts_lay_nothing_out(qtbot):
    assert relayouts(qtbot, SteadyLabel()) == 0
    assert relayouts(qtbot, QLabel()) > 0, "if Qt no longer does, this widget can go"


def test_it_grows_for_a_longer_text_and_stays(qtbot):
    label = SteadyLabel()
    qtbot.addWidget(label)
    label.setText("short")
    before = label.minimumWidth()
    label.setText("a good deal longer")
    grown = label.minimumWidth()
    assert grown > before
    assert grown >= label.sizeHint().width()
    label.setText("short")
    assert label.minimumWidth() == label.maximumWidth() == grown


@pytest.mark.parametrize("width", [5, 300])
def test_room_can_be_reserved_but_a_text_is_never_cut(qtbot, width):
    label = SteadyLabel()
    qtbot.addWidget(label)
    label.setText("some text")
    label.reserve(width)
    assert label.minimumWidth() == max(width, label.sizeHint().width())


def test_another_font_gets_its_room(qtbot):
    label = SteadyLabel()
    qtbot.addWidget(label)
    label.setText("some text")
    font = label.font()
    font.setPixelSize(40)
    label.setFont(font)
    assert label.minimumWidth() >= label.sizeHint().width()
    assert label.minimumHeight() == label.sizeHint().height()
