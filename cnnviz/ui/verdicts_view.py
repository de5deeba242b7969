"""What seems to go wrong, in plain words, each with what to try; a button where that is a rate."""

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cnnviz.core.verdicts import Verdict

TITLES = {
    "diverged": "Diverged",
    "rate-high": "Rate too high",
    "rising": "Loss rises",
    "jumping": "Loss jumps",
    "dead": "Dead units",
    "saturated": "Saturated",
    "vanishing": "Gradient vanishes",
    "overfitting": "Overfitting",
    "rate-low": "Rate too low",
    "guessing": "Still guessing",
    "underfitting": "Underfitting",
}
NOTHING = "Nothing looks wrong."


class VerdictsView(QWidget):
    """A card a verdict, the gravest first; `rate_wanted` tells the rate of a pressed button."""

    rate_wanted = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: list[VerdictCard] = []
        """Made when needed, then only changed; those that say nothing are hidden."""
        self.nothing = QLabel()
        self.nothing.setProperty("heading", "true")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self.nothing)

    def show_verdicts(self, verdicts: Sequence[tuple[Verdict, float | None]] | None) -> None:
        """Each with a rate to try, where a button is to set it; None while nothing is known."""
        self.nothing.setVisible(not verdicts)
        self.nothing.setText("Looking …" if verdicts is None else NOTHING)
        while len(self.cards) < len(verdicts or ()):
            card = VerdictCard()
            card.rate_wanted.connect(self.rate_wanted)
            self.cards.append(card)
            self._column.addWidget(card)
        for place, card in enumerate(self.cards):
            there = verdicts is not None and place < len(verdicts)
            card.setVisible(there)
            if verdicts and there:
                card.show_verdict(*verdicts[place])


class VerdictCard(QFrame):
    """One verdict."""

    rate_wanted = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("notice", "true")
        self._rate = 0.0
        self.title, self.words, self.advice = QLabel(), QLabel(), QLabel()
        self.title.setProperty("heading", "true")
        for label in (self.words, self.advice):
            label.setWordWrap(True)
        self.advice.setProperty("muted", "true")
        self.button = QPushButton()
        self.button.clicked.connect(self._want)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for widget in (self.title, self.words, self.advice):
            texts.addWidget(widget)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 9, 12, 9)
        row.addLayout(texts, 1)
        row.addWidget(self.button)

    def show_verdict(self, verdict: Verdict, rate: float | None) -> None:
        """Another one."""
        self._rate = rate or 0.0
        self.title.setText(TITLES.get(verdict.kind, verdict.kind))
        self.words.setText(verdict.words)
        advice = verdict.advice + ("" if rate is None else f" Try {rate:g}.")
        self.advice.setText(advice)
        self.button.setVisible(rate is not None)
        if rate is not None:
            self.button.setText(f"Set the rate to {rate:g}")
            self.button.setToolTip("From the next batch on")
        self.setAccessibleName(f"{self.title.text()}: {verdict.words} {advice}")

    @Slot()
    def _want(self) -> None:
        self.rate_wanted.emit(self._rate)
