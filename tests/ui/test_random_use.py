"""Clicks and keys without sense: no exception, and a clean end in the midst of training."""

import random
from operator import attrgetter

import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox, QWidget

from cnnviz.ui.shortcuts import SHORTCUTS

SECONDS = 6
KEYS = "Space Tab Return Escape Up Down Left Right Home End PageUp PageDown Backspace Plus Minus"
LETTERS = "benpclf0123459.-?[]"
LEFT = Qt.MouseButton.LeftButton


class Monkey(QObject):
    """Something every few milliseconds, from the window's own event loop and any loop within it."""

    def __init__(self, window, seed):
        super().__init__(window)
        self.window = window
        self.random = random.Random(seed)
        self.actions = 0
        self.tired = False
        self.act()

    @Slot()
    def act(self):
        """A click, a drag, a turn of the wheel or a key, wherever it may land."""
        if self.tired:
            return
        QTimer.singleShot(10, self.act)  # one that repeats would rest while a menu is open
        self.actions += 1
        popup, modal = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        if popup:
            self.end_popup(popup)
        elif modal:
            self.end_modal(modal)
        else:
            ways = (self.click, self.click, self.drag, self.wheel, self.key, self.type, self.resize)
            self.random.choice(ways)()

    def end_popup(self, popup):
        actions = popup.actions() if isinstance(popup, QMenu) else []
        if actions and self.random.random() < 0.3:
            at = popup.actionGeometry(self.random.choice(actions)).center()
            QTest.mouseClick(popup, LEFT, pos=at)
        else:
            popup.close()

    def end_modal(self, modal):
        if isinstance(modal, QMessageBox):
            QTest.mouseClick(self.random.choice(modal.buttons()), LEFT)
        else:
            QTest.keyClick(modal, Qt.Key.Key_Escape)

    def somewhere(self):
        widgets = [
            widget
            for widget in self.window.findChildren(QWidget)
            if widget.isVisible() and widget.isEnabled() and not widget.rect().isEmpty()
        ]
        widget = self.random.choice(widgets)
        at = QPoint(self.random.randrange(widget.width()), self.random.randrange(widget.height()))
        return widget, at

    def click(self):
        widget, at = self.somewhere()
        QTest.mouseClick(widget, LEFT, pos=at)

    def drag(self):
        widget, start = self.somewhere()
        none = Qt.KeyboardModifier.NoModifier
        QTest.mousePress(widget, LEFT, none, start)
        for _ in range(3):
            QTest.mouseMove(widget, start + QPoint(*self.random.choices(range(-90, 90), k=2)))
        QTest.mouseRelease(widget, LEFT, none, start)

    def wheel(self):
        widget, at = self.somewhere()
        modifiers = self.random.choice(
            (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier)
        )
        event = QWheelEvent(
            QPointF(at),
            QPointF(widget.mapToGlobal(at)),
            QPoint(),
            QPoint(0, 120 * self.random.randint(-5, 5)),
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)

    def key(self):
        key = getattr(Qt.Key, f"Key_{self.random.choice(KEYS.split())}")
        QTest.keyClick(QApplication.focusWidget() or self.window, key)

    def type(self):
        target = QApplication.focusWidget() or self.window
        if self.random.random() < 0.2:
            slots = [each.slot for each in SHORTCUTS if each.slot != "close"]
            attrgetter(self.random.choice(slots))(self.window)()
        else:
            QTest.keyClicks(target, "".join(self.random.choices(LETTERS, k=3)))

    def resize(self):
        if self.random.random() < 0.1:
            size = self.random.randint(900, 1900), self.random.randint(600, 1200)
            self.window.resize(*size)


@pytest.mark.parametrize("seed", [1])
def test_clicks_and_keys_without_sense(seed, open_window, open_session, until, qtbot):
    window = open_window(open_session("numpy-cnn", play=True))
    monkey = Monkey(window, seed)
    qtbot.wait(1000 * SECONDS)
    monkey.tired = True
    assert monkey.actions > 100
    for popup in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
        if popup:
            popup.close()
    assert window.isVisible()
    until(lambda: window.session.loading is None)
    window.session.play()
    until(lambda: window.session.is_training)
    window.close()
    until(lambda: not window.isVisible())
