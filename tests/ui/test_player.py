"""Playing the past: from where to where, how fast, what stops it, and its buttons and keys."""

from itertools import pairwise
from time import perf_counter

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMenu

from cnnviz.core.status import Phase

LEFT = Qt.MouseButton.LeftButton
STEPS = 200


@pytest.fixture
def trained(open_window, open_session, until):
    """The window of a network that has learned for 200 batches, paused; the past takes 1 s."""
    window = open_window(open_session(batch_size=32, epochs=5), size=(1280, 800))
    session = window.session
    session.train_to(STEPS)
    until(lambda: session.status.phase is Phase.PAUSED and session.status.step == STEPS)
    session.drain()
    window.loss.plot.show_history(session.timeline, session.status.batches_per_epoch)
    session.player.set_seconds(1)
    return window


@pytest.fixture
def seen(trained):
    """The moments that were looked at."""
    moments = []
    past = trained.session.past

    def note():
        moments.append(past.moment)

    past.changed.connect(note)
    return moments


def test_it_goes_from_the_beginning_to_now_in_its_time(trained, seen, until):
    player, session = trained.session.player, trained.session
    began = perf_counter()
    player.play()
    assert player.is_playing
    assert session.past.moment == 0
    until(lambda: not player.is_playing)
    assert perf_counter() - began >= 1.0
    assert session.past.moment is None
    assert session.shown_step == STEPS
    assert seen[0] == 0
    assert seen[-1] is None
    assert len(seen) > 3
    assert all(before < after for before, after in pairwise(seen[:-1]))


def test_it_begins_where_the_cursor_stands(trained, seen, until):
    player, past = trained.session.player, trained.session.past
    past.look_at(150)
    began = perf_counter()
    player.play()
    until(lambda: not player.is_playing)
    assert 0.25 <= perf_counter() - began < 10
    assert min(each for each in seen if each is not None) == 150
    assert past.moment is None


def test_where_drawing_is_slow_it_skips_and_is_in_time(trained, seen, until):
    """What the window does for long counts as time that has passed."""
    session = trained.session

    def dawdle():
        end = perf_counter() + 0.3
        while perf_counter() < end:
            pass

    session.network_changed.connect(dawdle)
    session.player.play()
    until(lambda: not session.player.is_playing)
    session.network_changed.disconnect(dawdle)
    assert len(seen) <= 6
    assert session.past.moment is None


def test_the_speed_can_change_on_the_way(trained, until):
    player, past = trained.session.player, trained.session.past
    player.set_seconds(100)
    past.look_at(100)
    player.play()
    player.set_seconds(0.5)
    began = perf_counter()
    until(lambda: not player.is_playing)
    assert 0.2 <= perf_counter() - began < 10


def test_training_goes_on_underneath(trained, seen, until):
    session = trained.session
    session.train_to(10**9)
    session.player.play()
    until(lambda: not session.player.is_playing)
    assert len(session.timeline) > STEPS
    assert session.is_training
    assert session.past.moment is None
    played = [each for each in seen if each is not None]
    assert played == sorted(played)


def press(window, qtbot, *_):
    qtbot.mouseClick(window.loss.plot.viewport(), LEFT, pos=QPoint(120, 60))


def key(keys):
    def press_it(window, _, press_key):
        press_key(keys, window)

    return press_it


def live(window, *_):
    window.loss.live.click()


def go_where_it_is(window, *_):
    window.session.past.look_at_snapshot(window.session.past.snapshot)


def drag(window, qtbot, *_):
    plot, session = window.loss.plot, window.session
    at = QPoint(round(plot.across.pixel(session.past.moment)), plot.height() // 2)
    qtbot.mousePress(plot.viewport(), LEFT, pos=at)
    qtbot.mouseMove(plot.viewport(), at + QPoint(30, 0))
    qtbot.mouseRelease(plot.viewport(), LEFT, pos=at + QPoint(30, 0))


@pytest.mark.parametrize(
    "use",
    [press, drag, live, go_where_it_is, key(","), key("."), key("Backspace"), key("Ctrl+Space")],
    ids=["click", "drag", "live", "same", "back", "forward", "now", "toggle"],
)
def test_whoever_takes_the_cursor_stops_it(use, trained, qtbot, press_key, until):
    session = trained.session
    session.player.set_seconds(60)
    session.past.look_at(100)
    session.player.play()
    assert session.player.is_playing
    use(trained, qtbot, press_key)
    assert not session.player.is_playing


def test_going_back_in_training_stops_it(trained, until):
    session = trained.session
    session.player.set_seconds(60)
    session.player.play()
    session.travel(100)
    until(lambda: len(session.timeline) == 100)
    until(lambda: not session.player.is_playing)


def test_another_run_stops_it(trained, until):
    session = trained.session
    session.player.set_seconds(60)
    session.player.play()
    session.open_run(session.wanted)
    until(lambda: len(session.timeline) == 0)
    assert not session.player.is_playing
    assert not session.player.can_play


def test_without_a_past_there_is_nothing_to_play(window, press_key, train):
    player, button = window.session.player, window.loss.player.play
    assert not button.isEnabled()
    press_key("Ctrl+Space", window)
    assert not player.is_playing
    train(window.session)
    assert button.isEnabled()


def test_the_button_plays_and_stops_and_says_which(trained, qtbot):
    session, button = trained.session, trained.loss.player.play
    session.player.set_seconds(60)
    assert button.accessibleName() == "Play the past"
    qtbot.wait(100)  # until the heading has taken its place
    place = button.mapToGlobal(QPoint())
    qtbot.mouseClick(button, LEFT)
    assert session.player.is_playing
    assert button.accessibleName() == "Stop here"
    QApplication.processEvents()
    assert button.mapToGlobal(QPoint()) == place  # it stays under the pointer
    qtbot.mouseClick(button, LEFT)
    assert not session.player.is_playing
    assert session.past.moment is not None


def test_the_menu_sets_the_speed(trained, qtbot):
    buttons, opened = trained.loss.player, []

    def choose():
        menu = QApplication.activePopupWidget()
        opened.append(isinstance(menu, QMenu))
        next(each for each in menu.actions() if "20" in each.text()).trigger()
        menu.close()

    QTimer.singleShot(200, choose)
    qtbot.mouseClick(buttons.speed, LEFT)  # comes back when the menu is closed
    assert opened == [True]
    assert trained.session.player.seconds == 20
    assert buttons.speed.text().startswith("20")
    assert "in 20 seconds" in buttons.speed.accessibleName()
    checked = [each.text() for each in buttons.speed.menu().actions() if each.isChecked()]
    assert checked == ["The whole past in 20 seconds"]


@pytest.mark.parametrize("width", [1280, 1100, 1000, 960])
def test_nothing_of_the_heading_is_cut_off_while_looking_back(width, trained, until):
    trained.resize(width, 700)
    QApplication.processEvents()
    before = trained.loss.width()
    trained.session.past.look_at(100)
    QApplication.processEvents()
    loss = trained.loss
    assert abs(loss.width() - before) <= 4  # a splitter's rounding, no matter what it holds
    if width != 1100:  # there it may just fit
        assert loss.legend.isVisible() == (width >= 1280)
    buttons = [loss.go_on, loss.live, loss.player, loss.player.play, loss.player.speed, loss.log]
    for widget in [*buttons, *([loss.legend] if loss.legend.isVisible() else [])]:
        assert widget.isVisible()
        assert widget.width() >= widget.sizeHint().width()
