"""How the network is doing inside: what seems wrong above, a row a layer below.

Of the moment that is looked at, or of the newest snapshot, or live. All is found in the background.
Live, pictures follow as they come, and what is read a few times a second.
"""

from PySide6.QtCore import QEvent, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from cnnviz.core.health import PROBE_IMAGES, Health
from cnnviz.core.rate_to_try import rate_to_try
from cnnviz.ui import theme
from cnnviz.ui.health_table import HealthTable
from cnnviz.ui.health_watch import HealthWatch
from cnnviz.ui.session import Session
from cnnviz.ui.verdicts_view import VerdictsView
from cnnviz.ui.widgets.throttle import Throttle

RULES = "These are rules of thumb: they warn, they do not know. A run that learns well is right."


class HealthView(QWidget):
    """A sentence, the verdicts, the table."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.watch = HealthWatch(session, self)
        self._told: Health | None = None
        """What the numbers in the table are of."""
        self._calm = Throttle(self._tell, session.pace.calm_ms, self)
        self.about = QLabel("The network's health appears here as soon as the data are loaded.")
        self.about.setProperty("heading", "true")
        self.rules = QLabel(RULES)
        self.rules.setProperty("small", "true")
        self.verdicts = VerdictsView()
        self.table = HealthTable()
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        for widget in (self.about, self.verdicts, self.rules):
            column.addWidget(widget)
        column.addWidget(self.table, 1)
        self.area = QScrollArea()
        self.area.setWidget(whole)
        self.area.setWidgetResizable(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.area)
        self.watch.changed.connect(self._refresh)
        self.verdicts.rate_wanted.connect(self._set_rate)
        session.settings_changed.connect(self._refresh)
        session.past.changed.connect(self._refresh)

    @Slot()
    def _refresh(self) -> None:
        """Shows what is known, if anybody looks."""
        if not self.isVisible():
            return
        if not self.watch.is_live or self.watch.answer is None or self._told is None:
            self._calm.act()  # what is the first to be told does not wait
            return
        self._calm.ask()
        self._show_table()

    def _show_table(self) -> None:
        answer = self.watch.answer
        health = answer.health if answer else None
        self.table.show_health(health, self.watch.course, self._told)

    def _tell(self) -> None:
        """Words and numbers, too."""
        answer, session = self.watch.answer, self._session
        self._told = health = answer.health if answer else None
        self.about.setText(self._in_words())
        found = None
        if answer and answer.verdicts is not None:
            rate, now = session.settings.learning_rate, session.past.moment is None
            found = [
                (each, rate_to_try(each, health, rate) if now else None) for each in answer.verdicts
            ]
        self.verdicts.show_verdicts(found)
        self._show_table()
        self.table.setMinimumHeight(self.table.sizeHint().height())

    def _in_words(self) -> str:
        answer, dataset = self.watch.answer, self._session.dataset
        if answer is None or dataset is None:
            return "Examining …"
        health = answer.health
        images = min(PROBE_IMAGES, len(dataset.train))
        text = f"At batch {theme.spaced(health.step)}"
        newest = self._session.past.moment is None and self._session.is_training
        if newest and not self.watch.is_live:
            text += ", the newest snapshot"
        return (
            f"{text}: loss {health.loss:.4g}, accuracy {100 * health.accuracy:.0f} % on the first "
            f"{images} training images"
        )

    @Slot(float)
    def _set_rate(self, rate: float) -> None:
        self._session.set_learning_rate(rate)

    # The end.

    def shut_down(self) -> None:
        """Ends what is under way; `is_shut_down` says when it has ended."""
        self.watch.watch(False)

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.watch.is_over

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up."""
        super().showEvent(event)
        self.watch.is_seen = True
        self.watch.watch(True)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks, so nobody examines; a minimised window only looks away."""
        super().hideEvent(event)
        self.watch.is_seen = False
        if not event.spontaneous():
            self.watch.watch(False)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "table"):
            self.table.viewport().update()
