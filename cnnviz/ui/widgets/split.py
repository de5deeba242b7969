"""Parts beside or below each other, and the hairlines between them."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget


def make_split(*parts: QWidget, way: Qt.Orientation = Qt.Orientation.Horizontal) -> QSplitter:
    """The line between them can be moved; none of them can be folded away."""
    made = QSplitter(way)
    made.setHandleWidth(1)
    made.setChildrenCollapsible(False)
    for part in parts:
        made.addWidget(part)
    return made


def make_rule() -> QWidget:
    """A hairline that stays where it is."""
    line = QWidget()
    line.setFixedHeight(1)
    line.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    line.setProperty("rule", "true")
    return line
