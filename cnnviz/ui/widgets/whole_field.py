"""A field for a whole number of a design: every value can be typed, for it is others who judge."""

from typing import Any

from PySide6.QtCore import QEvent, QLocale, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QSpinBox, QWidget

MOST = 10**9
STRANGE = -MOST - 1
"""The number behind a text that is shown because the value is no number."""
UNDO_KEYS = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


class WholeField(QSpinBox):
    """`valueChanged` tells each value while it is typed; arrows and wheel keep to what is usual."""

    def __init__(self, least: int, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._usual = least, most
        self.setRange(STRANGE, MOST)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setLocale(QLocale.c())
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.lineEdit().setTextMargins(4, 0, 4, 0)

    def show_value(self, value: Any) -> None:
        """Shows a value without telling anybody; what is no number as it is written."""
        with QSignalBlocker(self):
            if type(value) is int:
                self.setSpecialValueText("")
                if value != self.value():  # else the cursor would jump while somebody types
                    self.setValue(value)
            else:
                self.setSpecialValueText("none" if value is None else f"{value!s:.9}")
                self.setValue(STRANGE)

    def mark(self, is_bad: bool) -> None:
        """In a red frame or not."""
        if bool(self.property("bad")) != is_bad:
            self.setProperty("bad", is_bad)
            self.style().unpolish(self)
            self.style().polish(self)

    def stepBy(self, steps: int) -> None:
        """Within what is usual; from elsewhere, to its nearer end."""
        least, most = self._usual
        self.setValue(min(max(self.value() + steps, least), most))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only in the field that has the keyboard, so that scrolling the form changes nothing."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def sizeHint(self) -> QSize:
        """Room for the largest usual number, and a digit more."""
        self.ensurePolished()
        metrics, digits = self.fontMetrics(), max(len(str(self._usual[1])), 2) + 1
        return QSize(metrics.horizontalAdvance("0" * digits) + 32, metrics.height() + 14)

    def minimumSizeHint(self) -> QSize:
        """As the size hint."""
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        """Undo is the window's, unless something half typed is in the field."""
        if leaves_undo(self.lineEdit(), event):
            return False
        return super().event(event)


def leaves_undo(line: QLineEdit, event: QEvent) -> bool:
    """Whether Qt asks if the key for undo is the field's own, and it is not."""
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    if line.isModified() or not any(event.matches(key) for key in UNDO_KEYS):
        return False
    event.ignore()
    return True
