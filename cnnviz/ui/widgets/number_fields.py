"""Fields for a learning rate and a batch size: only sensible values, by typing, arrows or wheel."""

from PySide6.QtCore import QLocale, QSignalBlocker, QSize, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSizePolicy, QSpinBox, QWidget


class RateField(QDoubleSpinBox):
    """A learning rate from 1e-6 to 10; the arrows move the leading digit."""

    refused = Signal(str)
    """Why what was typed is not taken over."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(6)
        self.setRange(1e-6, 10)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.setPrefix("Rate  ")
        self.setToolTip("Learning rate (Ctrl+L). Changes with the next batch")
        self.setAccessibleName("Learning rate")
        dress(self)

    def sizeHint(self) -> QSize:
        """Room for the longest rate that is likely."""
        return _room_for(self, "Rate  0.00025")

    def minimumSizeHint(self) -> QSize:
        """As the size hint: Qt's own makes room for all six decimals."""
        return self.sizeHint()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Any way to write a number: 0.001, 0,001 or 1e-3; others are not taken over."""
        rate = self._rate(text)
        fits = rate is not None and self.minimum() <= rate <= self.maximum()
        state = QValidator.State.Acceptable if fits else QValidator.State.Intermediate
        return state, text, position

    def fixup(self, text: str) -> str:
        """Asked by Qt for what is no rate, before it goes back to the one of before."""
        typed, kept = text.removeprefix(self.prefix()).strip(), self.textFromValue(self.value())
        least, most = self.textFromValue(self.minimum()), self.textFromValue(self.maximum())
        self.refused.emit(
            f"The learning rate must be a number from {least} to {most}, not “{typed}”; "
            f"it stays {kept}."
        )
        return super().fixup(text)

    def valueFromText(self, text: str) -> float:
        """The number behind the prefix; what is no number leaves the value as it is."""
        rate = self._rate(text)
        return self.value() if rate is None else rate

    def _rate(self, text: str) -> float | None:
        try:
            return float(text.removeprefix(self.prefix()).strip().replace(",", "."))
        except ValueError:
            return None

    def textFromValue(self, value: float) -> str:
        """Without trailing zeros."""
        return f"{value:.6f}".rstrip("0").rstrip(".")

    def show_value(self, value: float) -> None:
        """Shows a value without telling anybody."""
        with QSignalBlocker(self):
            self.setValue(value)


class BatchField(QSpinBox):
    """Images per batch; the arrows double and halve."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(1, 60_000)
        self.setPrefix("Batch  ")
        self.setToolTip("Images per batch. Another size starts a new run")
        self.setAccessibleName("Batch size")
        dress(self)

    def sizeHint(self) -> QSize:
        """Room for the largest batch."""
        return _room_for(self, "Batch  60000")

    def minimumSizeHint(self) -> QSize:
        """As the size hint."""
        return self.sizeHint()

    def stepBy(self, steps: int) -> None:
        """Doubles or halves, which is how batch sizes are compared."""
        factor = 2.0 ** min(max(steps, -16), 16)
        self.setValue(int(min(self.value() * factor, self.maximum())))

    def show_value(self, value: int, most: int) -> None:
        """Shows a value without telling anybody, not even of one before that was too large."""
        with QSignalBlocker(self):
            self.setMaximum(most)
            self.setValue(value)


def dress(field: QAbstractSpinBox) -> None:
    """A value counts when Enter is pressed, which leaves the field, or when it is left otherwise.

    A rate has a point in every language: a German field would read 0.002 as 2.
    """
    field.setLocale(QLocale.c())
    field.lineEdit().returnPressed.connect(field.clearFocus)
    field.lineEdit().setTextMargins(9, 0, 6, 0)
    field.setKeyboardTracking(False)
    field.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    field.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)


def _room_for(field: QAbstractSpinBox, text: str) -> QSize:
    field.ensurePolished()
    metrics = field.fontMetrics()
    return QSize(metrics.horizontalAdvance(text) + 22, metrics.height() + 14)
