"""A line under the controls for what went wrong, or well, with the way out as a button."""

from PySide6.QtCore import QEvent, QSize, QTimer, Slot
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.ui import theme
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.icons import icon

GOOD_NEWS_MS = 8000
"""How long what went well stays, if nothing is to be done about it."""


class NoticeView(QWidget):
    """Shows the newest notice until the user acts on it or closes it; mere good news go alone."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notice = Notice("")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self.action_button, self.close_button = QPushButton(), QPushButton()
        self.action_button.setProperty("primary", "true")
        self.close_button.setIconSize(QSize(12, 12))
        self.close_button.setToolTip("Close this message")
        self.close_button.setAccessibleName("Close this message")
        self.action_button.clicked.connect(self._act)
        self.close_button.clicked.connect(self.leave)
        self.frame = QFrame()
        row = QHBoxLayout(self.frame)
        row.setContentsMargins(12, 6, 8, 6)
        row.addWidget(self._text, 1)
        row.addWidget(self.action_button)
        row.addWidget(self.close_button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(14, 0, 14, 9)
        outer.addWidget(self.frame)
        self._leaving = QTimer(self)
        self._leaving.setSingleShot(True)
        self._leaving.setInterval(GOOD_NEWS_MS)
        self._leaving.timeout.connect(self.leave)
        session.noticed.connect(self.show_notice)
        session.run_changed.connect(self.leave)
        self.hide()
        self._show_icon()

    @Slot(object)
    def show_notice(self, notice: Notice) -> None:
        """Shows `notice` in place of the one before; its details come as a tooltip."""
        self._notice = notice
        self.frame.setProperty("notice", "good" if notice.is_good else "bad")
        self.frame.style().unpolish(self.frame)
        self.frame.style().polish(self.frame)
        self._text.setText(notice.text)
        self._text.setToolTip(notice.details)
        self.action_button.setVisible(bool(notice.action))
        self.action_button.setText(notice.action)
        if notice.is_good and not notice.action:
            self._leaving.start()
        else:
            self._leaving.stop()
        self.show()

    @Slot()
    def leave(self) -> None:
        """Goes away; the keyboard is the window's again, not whichever field's comes next."""
        focused, parent = QApplication.focusWidget(), self.parentWidget()
        if focused and parent and self.isAncestorOf(focused):
            parent.setFocus()
        self.hide()

    @Slot()
    def _act(self) -> None:
        self.leave()
        if self._notice.act:
            self._notice.act()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "close_button"):
            self._show_icon()
        super().changeEvent(event)

    def _show_icon(self) -> None:
        self.close_button.setIcon(icon("close", theme.tokens().muted))
