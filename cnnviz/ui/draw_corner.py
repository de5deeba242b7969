"""Paper in the corner of the main window: draw a digit, and the whole network follows the pen.

The same drawing as in the draw window, which has all tools for it.
"""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cnnviz.ui.drawing_canvas import DrawingCanvas
from cnnviz.ui.fed_image import FedImage
from cnnviz.ui.widgets.quiet_button import quiet_button

SIDE = 209
"""Pixels of the paper, if there is room."""


class DrawCorner(QWidget):
    """A heading, the paper, and what is needed most."""

    more_wanted = Signal()
    """The draw window is asked for."""

    def __init__(self, image: FedImage) -> None:
        super().__init__()
        self._image = image
        self.canvas = DrawingCanvas(image.drawing, "Draw a digit here")
        self.canvas.setToolTip("Left button draws, right button erases")
        self.undo_button = _button("Undo", "Take the last stroke back (Ctrl+Z on the paper)")
        self.clear_button = _button("Clear", "A blank sheet; can be undone (Del on the paper)")
        self.more_button = quiet_button(
            "More ▸", "Larger, with thickness, pictures and sliders (D)", "More for drawing"
        )
        self._lay_out()
        self.undo_button.clicked.connect(image.undo)
        self.clear_button.clicked.connect(image.clear)
        self.more_button.clicked.connect(self.more_wanted)
        self.canvas.drawn.connect(image.take_drawing)
        image.drawn.connect(self.canvas.follow)
        image.drawn.connect(self._enable)
        self._enable()

    def _lay_out(self) -> None:
        heading = QLabel("Draw your own")
        heading.setProperty("heading", "true")
        title = QHBoxLayout()
        title.addWidget(heading)
        title.addStretch(1)
        title.addWidget(self.more_button)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.undo_button, 1)
        buttons.addWidget(self.clear_button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 10, 12)
        column.setSpacing(8)
        column.addLayout(title)
        column.addWidget(self.canvas, 1)
        column.addLayout(buttons)

    def sizeHint(self) -> QSize:
        """The paper as a square, and what is around it."""
        hint = super().sizeHint()
        return QSize(SIDE, hint.height() - self.canvas.sizeHint().height() + SIDE)

    @Slot()
    def _enable(self) -> None:
        self.undo_button.setEnabled(self._image.drawing.can_undo)
        self.clear_button.setEnabled(not self._image.drawing.is_blank)

    def event(self, event: QEvent) -> bool:
        """On the paper, undo and redo are those of the drawing and not of the window."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._slot_for(event)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What the paper leaves over."""
        slot = self._slot_for(event)
        if slot:
            slot()
        else:
            super().keyPressEvent(event)

    def _slot_for(self, event: QKeyEvent) -> Callable[[], None] | None:
        keys = QKeySequence.StandardKey
        slots = (
            (keys.Undo, self._image.undo),
            (keys.Redo, self._image.redo),
            (keys.Delete, self._image.clear),
        )
        return next((slot for key, slot in slots if event.matches(key)), None)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("small", "true")
    button.setToolTip(tip)
    return button
