from itertools import pairwise

from PySide6.QtCore import QObject

from cnnviz.ui.widgets.throttle import APART_MS, CALM_MS, Throttle


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


def test_calm_ones_that_are_due_together_act_one_after_the_other(qtbot):
    moments = []
    parent = QObject()
    for _ in range(3):
        throttle = Throttle(lambda: moments.append(Throttle._last_calm_act), CALM_MS, parent)
        throttle.ask()
        throttle.ask()
    del moments[:]
    qtbot.waitUntil(lambda: len(moments) == 3)
    pauses = [later - before for before, later in pairwise(moments)]
    assert min(pauses) >= APART_MS / 1000


def test_a_rest_may_be_asked_for_whenever_it_begins(qtbot):
    rests, calls = [10_000, 10], []
    parent = QObject()
    throttle = Throttle(lambda: calls.append(None), lambda: rests[0], parent)
    throttle.act()
    throttle.ask()
    qtbot.wait(50)
    assert len(calls) == 1
    del rests[0]
    throttle.act()
    throttle.ask()
    qtbot.waitUntil(lambda: len(calls) == 3)
