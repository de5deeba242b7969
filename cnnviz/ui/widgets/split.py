"""Parts beside or below each other, with a hairline between them that the pointer can move."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget


def make_split(*parts: QWidget, way: Qt.Orientation = Qt.Orientation.Horizontal) -> QSplitter:
    """None of them can be folded away."""
    made = QSplitter(way)
    made.setHandleWidth(1)
    made.setChildrenCollapsible(False)
    for part in parts:
        made.addWidget(part)
    return made
