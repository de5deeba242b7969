"""A line above the network while something is compared: with what, and which side is shown."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from cnnviz.ui.comparison import Side
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.quiet_button import quiet_button
from cnnviz.ui.widgets.throttle import Throttle

TIPS = {
    Side.NOW: "What is shown now",
    Side.KEPT: "What it is compared with",
    Side.BOTH: "That left, now right, on one scale",
    Side.DIFFERENCE: "Now less that: orange where there is more now, blue where less",
}
WORDS = {Side.BOTH: "Left: {} · Right: now", Side.DIFFERENCE: "Now less {}"}
"""What is shown, where the sides would be taken for each other otherwise."""
WORDS_MS = 250
"""Between two tellings of a moment while it changes."""
MOST_TITLE = 110
"""Pixels for the name of what it is compared with."""


class ComparisonView(QWidget):
    """Hidden while nothing is kept."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.label = QLabel()
        self.label.setProperty("small", "true")
        ignored, preferred = QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        self.label.setSizePolicy(ignored, preferred)  # the buttons need their room more
        self.buttons = {side: self._chip(side) for side in Side}
        self._group = QButtonGroup(self)
        for button in self.buttons.values():
            self._group.addButton(button)
        self._group.buttonClicked.connect(self._choose)
        self.close_button = quiet_button("✕", "Compare no more (C)", "Compare no more")
        self.close_button.clicked.connect(session.comparison.end)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 14, 0)
        row.setSpacing(4)
        row.addWidget(self.label, 1)
        for button in self.buttons.values():
            row.addWidget(button)
        row.addWidget(self.close_button)
        self._calm = Throttle(self._say, WORDS_MS, self)
        session.comparison.changed.connect(self._refresh)
        session.comparison.followed.connect(self._calm.ask)
        self._refresh()

    def _chip(self, side: Side) -> QToolButton:
        button = QToolButton()
        button.setText(f" {side.value.capitalize()} ")
        button.setCheckable(True)
        button.setProperty("chip", "true")
        button.setToolTip(f"{TIPS[side]} (V for the next)")
        return button

    @Slot()
    def next_side(self) -> None:
        """The side after the one that is shown."""
        comparison, sides = self._session.comparison, list(Side)
        comparison.show_side(sides[(sides.index(comparison.side) + 1) % len(sides)])

    @Slot()
    def _choose(self) -> None:
        for side, button in self.buttons.items():
            if button.isChecked() and side is not self._session.comparison.side:
                self._session.comparison.show_side(side)

    @Slot()
    def _refresh(self) -> None:
        comparison = self._session.comparison
        self.setVisible(comparison.kept is not None)
        self.buttons[comparison.side].setChecked(True)
        self._say()

    def _say(self) -> None:
        """With what, which may change while training goes on."""
        if kept := self._session.comparison.kept:
            words = WORDS.get(self._session.comparison.side, "Compared with {}")
            self.label.setText(words.format(kept.words))
            self.label.setToolTip(self.label.text())
            other, metrics = self.buttons[Side.KEPT], self.fontMetrics()
            title = kept.title[:1].upper() + kept.title[1:]
            title = metrics.elidedText(title, Qt.TextElideMode.ElideRight, MOST_TITLE)
            other.setText(f" {title} ")
            other.setToolTip(f"{TIPS[Side.KEPT]}: {kept.words} (V for the next)")
