"""A line in the window of runs that says what has just happened, with the way back from it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from cnnviz.ui.widgets.quiet_button import quiet_button


class RunsMessage(QWidget):
    """Hidden until there is something to say."""

    def __init__(self, margin: int) -> None:
        """`margin` in pixels, at the left and the right."""
        super().__init__()
        self.setProperty("bar", "true")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.undo_button = quiet_button("Undo", "Bring the deleted run back (Ctrl+Z)")
        self.close_button = quiet_button("✕", "Close the message", "Close the message")
        self.close_button.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(margin, 4, margin - 6, 4)
        row.addWidget(self.words, 1)
        row.addWidget(self.undo_button)
        row.addWidget(self.close_button)
        self.hide()

    def say(self, text: str, can_undo: bool = False) -> None:
        """Shows this until it is closed, or something else is said."""
        self.words.setText(text)
        self.undo_button.setVisible(can_undo)
        self.show()
