"""How it learns: opens by its key, not modal, and closes with its threads."""

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QSlider,
    QWidget,
)

from cnnviz.core.receptive_field import Place
from cnnviz.ui import theme
from cnnviz.ui.learning_window import LearningWindow


@pytest.fixture
def learning(window, press_key, until):
    press_key("G", window)
    until(lambda: window.windows.made(LearningWindow).isActiveWindow())
    learning = window.windows.made(LearningWindow)
    until(lambda: learning.backward.seen is not None)
    return learning


def threads():
    names = ("cnnviz-health", "cnnviz-microscope", "cnnviz-backward", "cnnviz-gradient")
    return [each for each in threading.enumerate() if each.name.startswith(names)]


def test_the_key_opens_it_beside_the_window(window, learning):
    assert learning.isWindow()
    assert not learning.isModal()
    titles = [learning.pages.tabText(place) for place in range(learning.pages.count())]
    assert titles == ["Gradients", "Microscope", "Health"]


def test_escape_closes_it_and_not_the_window(window, learning, qtbot, until):
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    until(lambda: not learning.isVisible())
    assert window.isVisible()


def test_only_the_page_that_is_seen_works(learning, window, train, until):
    assert learning.health.watch.answer is None
    learning.pages.setCurrentWidget(learning.health)
    until(lambda: learning.health.watch.answer is not None)
    seen = learning.backward.seen
    train(window.session, 2)
    assert learning.backward.seen is seen
    learning.pages.setCurrentWidget(learning.backward)
    until(lambda: learning.backward.seen is not seen)


def test_everything_in_it_has_a_name_and_words(learning, until):
    learning.pages.setCurrentWidget(learning.microscope)
    learning.microscope.start()
    until(lambda: learning.microscope.stops is not None)
    kinds = QAbstractButton | QAbstractItemView | QAbstractSpinBox | QComboBox | QSlider | QLineEdit
    for page in range(learning.pages.count()):
        learning.pages.setCurrentIndex(page)
        for widget in learning.findChildren(QWidget):
            if isinstance(widget, QHeaderView) or not widget.isVisible():
                continue
            inner = isinstance(widget.parent(), QAbstractSpinBox | QComboBox)
            if isinstance(widget, kinds) and not inner:
                text = widget.text() if isinstance(widget, QAbstractButton) else ""
                assert widget.accessibleName() or text, widget


def test_tab_reaches_the_parts_of_the_microscope(learning, qtbot, until):
    view = learning.microscope
    learning.pages.setCurrentWidget(view)
    view.start()
    until(lambda: view.stops is not None)
    reached = set()
    for _ in range(40):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.add(QApplication.focusWidget())
    wanted = {view.button, view.walk.slider, view.walk.play_button, view.strip.row, view.canvas}
    wanted |= {view.chooser.array, view.chooser.numbers[0], view.check.button, view.check.step}
    assert wanted <= reached


def test_ctrl_c_copies_from_the_page_that_is_seen(learning, qtbot, until):
    view = learning.microscope
    learning.pages.setCurrentWidget(view)
    view.start()
    until(lambda: view.stops is not None)
    for page in (view, learning.backward):
        learning.pages.setCurrentWidget(page)
        page.canvas.setFocus()
        page.canvas._tell_choice(Place("conv1", (0, 3, 3)))
        until(lambda page=page: page.panel.found is not None)
        QApplication.clipboard().clear()
        qtbot.keyClick(page.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert QApplication.clipboard().text() == page.panel.text


def test_it_changes_theme_with_the_window(learning, window, until):
    learning.pages.setCurrentWidget(learning.microscope)
    learning.microscope.start()
    until(lambda: learning.microscope.stops is not None)
    window.change_theme()
    for page in range(learning.pages.count()):
        learning.pages.setCurrentIndex(page)
        image = learning.grab().toImage()
        colors = {
            image.pixelColor(x, y).name()
            for x in range(0, image.width(), 3)
            for y in range(0, image.height(), 3)
        }
        assert theme.LIGHT.background in colors
        assert theme.DARK.background not in colors


def test_it_closes_with_the_window_in_the_midst_of_training(window, learning, until):
    window.session.play()
    until(lambda: len(window.session.timeline) > 3)
    for page in (learning.microscope, learning.health):
        learning.pages.setCurrentWidget(page)
        learning.microscope.start()
    window.close()
    until(lambda: not window.isVisible())
    assert not learning.isVisible()
    until(lambda: threads() == [])
