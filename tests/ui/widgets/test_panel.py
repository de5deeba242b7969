"""A titled part: its heading, its hint, and the widget that has all the rest of the room."""

from PySide6.QtWidgets import QLabel, QWidget

from cnnviz.ui.widgets.panel import Panel


def test_the_content_fills_the_room_below_the_title(qtbot):
    content = QWidget()
    panel = Panel("Filters", "what each kernel looks for", content)
    qtbot.addWidget(panel)
    panel.resize(300, 400)
    with qtbot.waitExposed(panel):
        panel.show()
    heading, hint = panel.findChildren(QLabel)
    assert (heading.text(), hint.text()) == ("Filters", "what each kernel looks for")
    assert content.width() == 300
    assert content.geometry().bottom() == panel.rect().bottom()
    assert content.y() > heading.geometry().bottom()
    assert heading.font().weight() > hint.font().weight()
