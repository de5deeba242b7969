"""A titled part of the window."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget


class Panel(QWidget):
    """A heading (or none) with a quiet hint, at its end perhaps a button; one widget below."""

    def __init__(
        self, title: str, hint: str, content: QWidget, button: QWidget | None = None
    ) -> None:
        super().__init__()
        heading, quiet = QLabel(title), QLabel(hint)
        heading.setProperty("heading", "true")
        quiet.setProperty("small", "true")
        row = QHBoxLayout()
        row.setContentsMargins(14, 14 if title else 8, 14, 0)
        if title:
            row.addWidget(heading)
        row.addWidget(quiet)
        row.addStretch(1)
        if button:
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(content, 1)
