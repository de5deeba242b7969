"""The line for what went wrong, and its way out."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLabel

from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase
from cnnviz.core.trainer import Trainer
from cnnviz.ui import theme
from cnnviz.ui.messages import Notice, RunRequest
from cnnviz.ui.notice_view import NoticeView

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot, session):
    """The notice view of that session; with nothing to say it is hidden."""
    made = NoticeView(session)
    qtbot.addWidget(made)
    made.resize(900, 60)
    return made


def words(view):
    (label,) = view.findChildren(QLabel)
    return label.text()


def test_with_nothing_to_say_it_takes_no_room(view):
    assert not view.isVisible()


def test_a_notice_is_shown_until_it_is_closed(view, session, qtbot):
    session.noticed.emit(Notice("The disk is full.", "no space left"))
    assert view.isVisible()
    assert words(view) == "The disk is full."
    assert not view.action_button.isVisible()
    assert view.findChildren(QLabel)[0].toolTip() == "no space left"
    qtbot.mouseClick(view.close_button, LEFT)
    assert not view.isVisible()


def test_the_keyboard_is_the_windows_again_when_it_goes(window, press_key, qtbot):
    window.session.noticed.emit(Notice("Oh.", action="Mend it", act=lambda: None))
    window.notice.action_button.setFocus()
    qtbot.mouseClick(window.notice.action_button, LEFT)
    assert not isinstance(QApplication.focusWidget(), QAbstractSpinBox)
    press_key("N", window)
    assert window.session.image_index == 1


def test_the_way_out_is_taken_once(view, session, qtbot):
    taken = []
    session.noticed.emit(Notice("Oh.", action="Mend it", act=lambda: taken.append(1)))
    assert view.action_button.text() == "Mend it"
    qtbot.mouseClick(view.action_button, LEFT)
    assert taken == [1]
    assert not view.isVisible()


def test_the_newest_notice_counts(view, session, qtbot):
    taken = []
    session.noticed.emit(Notice("First.", action="One", act=lambda: taken.append(1)))
    session.noticed.emit(Notice("Second."))
    assert words(view) == "Second."
    assert not view.action_button.isVisible()


def test_another_run_takes_the_notice_away(view, session, until):
    session.open_run(RunRequest("/nowhere", "tiny", Settings()))
    until(view.isVisible)
    assert "/nowhere" in words(view)
    session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: not view.isVisible())


def test_a_diverged_loss_leads_back_to_a_sound_network(open_session, qtbot, until, train):
    session = open_session("numpy-cnn", optimizer="momentum", learning_rate=1e6)
    view = NoticeView(session)
    qtbot.addWidget(view)
    session.play()
    until(view.isVisible)
    assert "training paused" in words(view)
    until(lambda: session.status.phase is Phase.PAUSED)
    qtbot.mouseClick(view.action_button, LEFT)
    train(session, 5)
    assert not view.isVisible()


def test_an_exception_leads_to_a_new_run(view, session, qtbot, until, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(Trainer, "train_batch", None)
        session.step()
        until(view.isVisible)
    assert "TypeError" in words(view)
    qtbot.mouseClick(view.action_button, LEFT)
    until(lambda: session.status.phase is Phase.PAUSED)
    session.step()
    until(lambda: len(session.timeline) == 1)
    assert not view.isVisible()


def test_another_theme_recolours_the_cross(view, session, qapp):
    session.noticed.emit(Notice("Oh."))
    theme.apply_theme(qapp, "light")
    image = view.close_button.icon().pixmap(12, 12).toImage()
    pixels = [image.pixelColor(x, y) for x in range(12) for y in range(12)]
    strongest, wanted = max(pixels, key=QColor.alphaF), QColor(theme.LIGHT.muted)
    assert strongest.red() == pytest.approx(wanted.red(), abs=3)
    assert strongest.blue() == pytest.approx(wanted.blue(), abs=3)


def test_mere_good_news_go_alone_and_what_is_to_be_done_stays(view, session, until):
    view._leaving.setInterval(10)
    session.noticed.emit(Notice("It is saved.", is_good=True))
    assert view.isVisible()
    until(lambda: not view.isVisible())
    for stays in (Notice("Oh."), Notice("Written.", action="Open it", is_good=True)):
        session.noticed.emit(Notice("It is saved.", is_good=True))
        session.noticed.emit(stays)
        assert view.isVisible()
        assert not view._leaving.isActive()
