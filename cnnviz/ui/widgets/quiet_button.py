"""A small button without a frame, beside more important things."""

from PySide6.QtWidgets import QToolButton


def quiet_button(text: str, tip: str, name: str = "") -> QToolButton:
    """`name` is what screen readers say, where that is not the text."""
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(name or text)
    button.setProperty("quiet", "true")
    return button
