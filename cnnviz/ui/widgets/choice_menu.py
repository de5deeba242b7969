"""A menu of what can be done with something, in sections that know nothing of each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtGui import QContextMenuEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QMenu, QWidget


@dataclass(frozen=True)
class Choice:
    """What the menu says, and what happens then."""

    text: str
    act: Callable[[], None]
    is_on: bool | None = None
    """Whether it is in force, which gets a tick; None for what is done, not switched."""


Section = Sequence[Choice]
"""Choices that belong together; there may be none."""


class ChoiceMenu(QMenu):
    """Sections below each other with a line between; it is gone once it is closed."""

    def __init__(self, parent: QWidget, sections: Sequence[Section]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for section in sections:
            if section and not self.isEmpty():
                self.addSeparator()
            for choice in section:
                action = self.addAction(choice.text)
                action.setCheckable(choice.is_on is not None)
                action.setChecked(bool(choice.is_on))
                # Not the menu's own signal, which tells of actions of other menus, too.
                action.triggered.connect(partial(_make, choice))

    def open_at(self, at: QPoint) -> None:
        """Opens at a point of the screen and returns at once; an empty menu stays closed."""
        if self.isEmpty():
            self.deleteLater()
        else:
            self.popup(at)


def _make(choice: Choice, _checked: bool = False) -> None:
    choice.act()


class MenuKey(QShortcut):
    """Shift+F10 in `window` asks what has the focus for its menu, even where Qt knows no such key.

    The Menu key needs no help.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(QKeySequence("Shift+F10"), window)
        self._window = window
        self.activated.connect(self._ask)

    @Slot()
    def _ask(self) -> None:
        widget = QApplication.focusWidget() or self._window
        at, reason = widget.rect().center(), QContextMenuEvent.Reason.Keyboard
        QApplication.sendEvent(widget, QContextMenuEvent(reason, at, widget.mapToGlobal(at)))
