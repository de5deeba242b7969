"""The time lab: opens from button and key, not modal, and closes with its threads."""

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QWidget,
)

from cnnviz.ui import theme
from cnnviz.ui.time_lab import TimeLab

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def lab(window, qtbot, until):
    """The lab of a window, opened by its button."""
    qtbot.mouseClick(window.timing.more, LEFT)
    until(lambda: window.windows.made(TimeLab).isActiveWindow())
    return window.windows.made(TimeLab)


def lab_threads():
    return [each for each in threading.enumerate() if each.name.startswith("cnnviz-peak")]


def test_the_button_opens_it_beside_the_window(window, lab):
    assert lab.isWindow()
    assert lab.isVisible()
    assert not lab.isModal()
    assert window.isEnabled()
    titles = [lab.pages.tabText(place) for place in range(lab.pages.count())]
    assert titles == ["Layers", "Race", "History"]


def test_it_is_made_once(window, lab, qtbot, until):
    lab.close()
    assert not lab.isVisible()
    window.windows.open_time_lab()
    until(lab.isVisible)
    assert window.windows.made(TimeLab) is lab


@pytest.mark.parametrize(
    ("key", "modifier"),
    [
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier),
    ],
)
def test_keys_close_it_and_not_the_window(window, lab, qtbot, until, key, modifier):
    qtbot.keyClick(QApplication.focusWidget(), key, modifier)
    until(lambda: not lab.isVisible())
    assert window.isVisible()


def test_ctrl_tab_goes_from_page_to_page(lab, qtbot):
    seen = []
    for _ in range(3):
        qtbot.keyClick(
            QApplication.focusWidget(), Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier
        )
        seen.append(lab.pages.currentIndex())
    assert seen == [1, 2, 0]


def test_only_the_page_that_is_seen_works(lab, window, train, until):
    until(lambda: lab.layers.meter.peak is not None)
    lab.pages.setCurrentWidget(lab.history)
    train(window.session, 5)
    until(lambda: lab.history.plot.drawn != {})
    assert not any(part.rate for part in lab.layers.parts)
    lab.pages.setCurrentWidget(lab.layers)
    until(lambda: any(part.rate for part in lab.layers.parts))


def test_everything_in_it_has_a_name_and_words(lab, window, train, until):
    until(lambda: lab.layers.meter.peak is not None)
    train(window.session, 5)
    for page in range(lab.pages.count()):
        lab.pages.setCurrentIndex(page)
        for widget in lab.findChildren(QWidget):
            if isinstance(widget, QHeaderView) or not widget.isVisible():
                continue
            if isinstance(widget, QAbstractButton | QAbstractItemView):
                text = widget.text() if isinstance(widget, QAbstractButton) else ""
                assert widget.accessibleName() or text, widget
                assert isinstance(widget, QAbstractButton) or widget.toolTip(), widget


def test_tab_reaches_the_parts_of_a_page(lab, qtbot, until):
    until(lambda: lab.layers.meter.peak is not None)
    reached = set()
    for _ in range(12):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.add(QApplication.focusWidget())
    assert {lab.layers.again, lab.layers.table, lab.pages.tabBar()} <= reached


def test_it_changes_theme_with_the_window(lab, window, until):
    until(lambda: lab.layers.meter.peak is not None)
    window.change_theme()
    image = lab.grab().toImage()
    colors = {
        image.pixelColor(x, y).name()
        for x in range(0, image.width(), 3)
        for y in range(0, image.height(), 3)
    }
    assert theme.LIGHT.background in colors
    assert theme.DARK.background not in colors


def test_closing_it_while_it_measures_lets_training_go_on(window, qtbot, until):
    window.session.play()
    until(lambda: len(window.session.timeline) > 3)
    window.windows.open_time_lab()
    lab = window.windows.made(TimeLab)
    until(lambda: lab.layers.meter.has_paused_training)
    lab.close()
    until(lambda: lab_threads() == [] and window.session.is_training)


def test_it_closes_with_the_window_in_the_midst_of_measuring(window, until):
    window.windows.open_time_lab()
    lab = window.windows.made(TimeLab)
    until(lambda: lab_threads() != [])
    window.close()
    until(lambda: not window.isVisible())
    assert not lab.isVisible()
    assert lab_threads() == []


def test_a_window_that_closes_opens_no_lab(window, until):
    window.session.play()
    until(lambda: len(window.session.timeline) > 3)
    window.close()
    window.windows.open_time_lab()
    assert window.windows.made(TimeLab) is None
    until(lambda: not window.isVisible())
