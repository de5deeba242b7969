from PySide6.QtCore import QObject

from cnnviz.ui.widgets.throttle import Throttle


def test_at_once_then_seldom_but_never_forgotten(qtbot):
    calls, asked = [], []
    parent = QObject()
    throttle = Throttle(lambda: calls.append(len(asked)), 200, parent)
    for _ in range(50):
        asked.append(None)
        throttle.ask()
    assert calls == [1]
    qtbot.waitUntil(lambda: len(calls) == 2)
    assert calls == [1, 50]
    qtbot.wait(300)
    assert calls == [1, 50], "nothing was asked for since"


def test_now_means_now(qtbot):
    calls = []
    parent = QObject()
    throttle = Throttle(lambda: calls.append(None), 10_000, parent)
    throttle.ask()
    throttle.ask()
    throttle.act()
    assert len(calls) == 2
