"""Checks one weight's gradient by moving the weight a little both ways, and says what came out."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from cnnviz.core.gradient_check import STEP, Check, Checking
from cnnviz.core.microscope import Dissection
from cnnviz.core.parameter_arithmetic import Parameter
from cnnviz.ui.arithmetic_blocks import number
from cnnviz.ui.watched_tasks import OneTask

POLL_MS = 40
TIP = (
    "Runs the batch twice more, with the weight h greater and h smaller, in float64, and compares "
    "(L(w + h) − L(w − h)) / 2h with the gradient"
)


class GradientCheckView(QWidget):
    """A field for h, a button, and the answer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._given: tuple[Dissection, Parameter] | None = None
        self._work: OneTask[Checking] = OneTask(self, self._poll, POLL_MS)
        self.check: Check | None = None
        """What was found last, of the parameter that is chosen."""
        self.button = QPushButton("Check by finite differences")
        self.button.setToolTip(TIP)
        self.button.clicked.connect(self.start)
        self.step = QLineEdit(f"{STEP:g}")
        self.step.setFixedWidth(64)
        self.step.setAccessibleName("h, how far the weight is moved")
        self.step.setToolTip("h: how far the weight is moved each way")
        self.step.returnPressed.connect(self.start)
        self.answer = QLabel()
        self.answer.setWordWrap(True)
        self.answer.setProperty("small", "true")
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addWidget(QLabel("h"))
        row.addWidget(self.step)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 12)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.answer)
        self._say()

    def show_parameter(self, dissection: Dissection | None, parameter: Parameter | None) -> None:
        """Another weight to check; None for none."""
        given = (dissection, parameter) if dissection and parameter else None
        same = given is not None and self._given is not None and (
            given[0] is self._given[0] and given[1] == self._given[1]
        )  # fmt: skip
        if not same:
            self._given, self.check = given, None
            self._work.end()
            self._say()

    @property
    def is_over(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._work.is_over

    @Slot()
    def start(self) -> None:
        """Begins, if there is something to check and nothing runs."""
        if self._given is None or self._work.now:
            return
        try:
            h = float(self.step.text().replace(",", "."))
        except ValueError:
            self._say(f"h must be a number, not “{self.step.text()}”. Try {STEP:g}.")
            return
        self._work.start(Checking(*self._given, h))
        self._say("Checking …")

    @Slot()
    def _poll(self) -> None:
        if self._work.now is None:
            return
        standing = self._work.now.standing
        if standing.ended:
            self._work.end()
            self.check = standing.result
            self._say(standing.failure[0] if standing.failure else "")

    def _say(self, text: str = "") -> None:
        self.button.setEnabled(self._given is not None and self._work.now is None)
        if self.check and not text:
            text = check_in_words(self.check)
        self.answer.setText(text)
        self.answer.setVisible(bool(text))


def check_in_words(check: Check) -> str:
    """What came out."""
    return (
        f"(L(w + h) − L(w − h)) / 2h = {number(check.quotient)}; the gradient is "
        f"{number(check.gradient)}, in float64 {number(check.exact)}. Relative error "
        f"{check.relative_error:.1e}. {check.in_words}"
    )
