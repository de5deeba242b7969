"""Two small buttons to play the past: one plays and stops, one opens the menu of the speeds."""

from PySide6.QtCore import QEvent, QSize, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from cnnviz.ui import theme
from cnnviz.ui.player import SPEEDS
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.icons import icon

ICON = QSize(11, 11)


class PlayerButtons(QWidget):
    """For the session's player."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._player = session.player
        self.play = _button()
        self.play.setIconSize(ICON)
        self.play.clicked.connect(self._player.toggle)
        self.speed = _button()
        self.speed.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.speed.setMenu(self._make_menu())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.play)
        row.addWidget(self.speed)
        self._player.changed.connect(self._refresh)
        session.history_changed.connect(self._follow_history)
        session.run_changed.connect(self._follow_history)
        self._refresh()
        self._follow_history()

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        self._group = QActionGroup(self)
        self._group.triggered.connect(self._choose)
        for seconds in SPEEDS:
            action = QAction(_in_words(seconds), self, checkable=True)
            action.setData(seconds)
            self._group.addAction(action)
            menu.addAction(action)
        return menu

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        self._player.set_seconds(action.data())

    @Slot()
    def _follow_history(self) -> None:
        """Without a past there is nothing to play."""
        self.play.setEnabled(self._player.can_play)

    @Slot()
    def _refresh(self) -> None:
        plays, seconds = self._player.is_playing, self._player.seconds
        name = "Stop here" if plays else "Play the past"
        self.play.setToolTip(f"{name} (Ctrl+Space)")
        self.play.setAccessibleName(name)
        self.play.setIcon(icon("pause" if plays else "play", theme.tokens().muted))
        self.speed.setText(f"{seconds:g}{theme.THIN_SPACE}s ▾")
        self.speed.setToolTip(f"{_in_words(seconds)}; press for another speed")
        self.speed.setAccessibleName(f"Speed of playing: {_in_words(seconds).lower()}")
        for action in self._group.actions():
            action.setChecked(action.data() == seconds)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_group"):
            self._refresh()
        super().changeEvent(event)


def _in_words(seconds: float) -> str:
    return f"The whole past in {seconds:g} seconds"


def _button() -> QToolButton:
    button = QToolButton()
    button.setProperty("quiet", True)
    return button
