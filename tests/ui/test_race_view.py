"""The race as its user meets it: started, watched, cancelled, read, and a way chosen from it."""

import threading
import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QColor

from cnnviz.core import race as racing
from cnnviz.core.convolution import WAYS
from cnnviz.core.presets import PRESETS
from cnnviz.core.race import Course, Pace, Underway
from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase
from cnnviz.core.trainer import Interrupted, Trainer
from cnnviz.ui import theme
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.race_bars import Board, RaceBars, three_digits
from cnnviz.ui.race_view import RaceView

PACES = {
    "loop": Pace("loop", 8.32, 32, 1, True),
    "correlate": Pace("correlate", 812.4, 128, 7, False),
    "im2col": Pace("im2col", 10_241.0, 128, 80, False),
}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Little to wait for: what is tested is not how fast this machine is."""
    monkeypatch.setattr(racing, "SECONDS", 0.02)


def wait_until_interrupted(trainer, interrupted=lambda: False):
    while not interrupted():
        time.sleep(0.01)
    raise Interrupted


@pytest.fixture
def endless(monkeypatch):
    """A race that does not end by itself in any test's patience: the first step never ends."""
    monkeypatch.setattr(Trainer, "start_helpers", wait_until_interrupted)


@pytest.fixture
def open_view(qtbot, until, open_session):
    """Shows race views of sessions; all are shut down and deleted at the end."""
    made = []

    def open_one(session, size=(860, 460)):
        view = RaceView(session)
        made.append(view)
        view.resize(*size)
        with qtbot.waitExposed(view):
            view.show()
        view.activateWindow()
        until(view.isActiveWindow)
        return view

    yield open_one
    for view in made:
        view.shut_down()
        until(lambda view=view: view.is_shut_down)
        view.close()
        view.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def tiny(open_session):
    """A paused session in small batches, which even the loops get through."""
    return open_session(batch_size=4, threads=1)


@pytest.fixture
def view(open_view, tiny):
    """A race view of that session."""
    return open_view(tiny)


def press(qtbot, widget):
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def run(qtbot, until, view):
    """Races to the end."""
    press(qtbot, view.button)
    until(lambda: not view.is_racing)
    until(lambda: view.is_shut_down)


def give_paces(view):
    """As if a race had just ended."""
    view._course, view._paces = view._course_of_now(), dict(PACES)
    view._refresh()


def colors_in(row, area):
    """All colours in a part of a row."""
    image = row.grab(area).toImage()
    sides = range(image.width()), range(image.height())
    return {image.pixelColor(x, y).name() for x in sides[0] for y in sides[1]}


# Running it.


def test_before_a_race_it_says_what_one_is(view):
    assert view.button.isEnabled()
    assert not view.cancel_button.isVisible()
    for words in ("“Tiny”", "batches of 4 with Adam on 1 core", "random images", "rests"):
        assert words in view.intro.text()
    assert view.result.text() == ""
    assert list(view.bars.rows) == list(WAYS)


def test_a_race_gives_every_way_a_pace(qtbot, until, view):
    run(qtbot, until, view)
    assert set(view.bars.board.paces) == set(WAYS)
    assert not view.bars.board.stale
    assert "“Tiny” in batches of 4" in view.result.text()
    assert view.message.text() == "Press a way to train with it."
    assert view.button.isEnabled()
    assert not view.cancel_button.isVisible()


def test_it_can_be_run_again(qtbot, until, view):
    run(qtbot, until, view)
    first = view.bars.board.paces
    run(qtbot, until, view)
    assert view.bars.board.paces != first


def test_while_it_runs_it_says_how_it_goes(qtbot, until, view, endless):
    press(qtbot, view.button)
    until(lambda: view.bars.board.underway is not None)
    assert not view.button.isEnabled()
    assert view.cancel_button.isVisible()
    assert view.cancel_button.hasFocus()
    until(lambda: view.message.text() == "Timing loop …")
    assert "warms up" in view.bars.rows["loop"].accessibleName()
    assert "waits" in view.bars.rows["im2col"].accessibleName()


def test_cancelled_it_ends_and_its_thread_too(qtbot, until, view, endless):
    press(qtbot, view.button)
    until(lambda: view.bars.board.underway is not None)
    press(qtbot, view.cancel_button)
    assert not view.is_racing
    assert view.message.text() == "Cancelled."
    assert view.button.isEnabled()
    assert view.button.hasFocus()
    until(lambda: view.is_shut_down)


def test_after_a_cancelled_race_another_can_run(qtbot, until, view, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "start_helpers", wait_until_interrupted)
        press(qtbot, view.button)
        until(lambda: view.bars.board.underway is not None)
        press(qtbot, view.cancel_button)
        until(lambda: view.is_shut_down)
    run(qtbot, until, view)
    assert set(view.bars.board.paces) == set(WAYS)


def test_an_exception_is_shown_and_the_next_race_can_do_better(qtbot, until, view, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("the dog ate it")

    notices = []
    view.session.noticed.connect(notices.append)
    with monkeypatch.context() as patch:
        patch.setattr(racing, "_random_images", broken)
        run(qtbot, until, view)
    assert "the dog ate it" in view.message.text()
    color = view.message.palette().color(view.message.foregroundRole())
    assert color == QColor(theme.tokens().bad)
    assert "Traceback" in notices[0].details
    run(qtbot, until, view)
    assert set(view.bars.board.paces) == set(WAYS)
    assert view.message.text() == "Press a way to train with it."


# Beside training.


def test_training_rests_during_the_race_and_goes_on(
    qtbot, until, open_session, open_view, monkeypatch
):
    begun, let_go = threading.Event(), threading.Event()

    def held(*arguments):
        begun.set()
        let_go.wait(10)
        return random_images(*arguments)

    random_images = racing._random_images
    monkeypatch.setattr(racing, "_random_images", held)
    session = open_session(play=True, batch_size=4, threads=1, epochs=1000)
    view = open_view(session)
    until(lambda: len(session.timeline) > 0)
    goal = session.status.goal
    press(qtbot, view.button)
    until(begun.is_set)
    assert view.is_racing
    assert session.status.phase is Phase.PAUSED
    assert not session.is_training
    let_go.set()
    until(lambda: not view.is_racing)
    assert session.is_training
    assert session.status.goal == goal
    assert "Training goes on." in view.message.text()


def test_it_says_that_training_rests(qtbot, until, open_session, open_view, endless):
    session = open_session(play=True, batch_size=4, threads=1, epochs=1000)
    view = open_view(session)
    until(lambda: len(session.timeline) > 0)
    press(qtbot, view.button)
    until(lambda: "Training rests meanwhile." in view.message.text())
    press(qtbot, view.cancel_button)
    assert view.message.text() == "Cancelled. Training goes on."
    until(lambda: session.is_training)


def test_paused_training_stays_paused(qtbot, until, view):
    run(qtbot, until, view)
    assert not view.session.is_training
    assert len(view.session.timeline) == 0


def test_whoever_trains_meanwhile_ends_the_race(qtbot, until, view, endless):
    press(qtbot, view.button)
    until(lambda: view.bars.board.underway is not None)
    view.session.play()
    until(lambda: not view.is_racing)
    assert "training goes on" in view.message.text()
    until(lambda: len(view.session.timeline) > 0)


def test_another_run_ends_the_race(qtbot, until, view, endless):
    press(qtbot, view.button)
    until(lambda: view.bars.board.underway is not None)
    view.session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: not view.is_racing)
    assert "another run" in view.message.text()
    assert "“No convolution”" in view.intro.text()
    assert "equally fast" in view.intro.text()


# The end.


def test_hidden_it_ends_the_race(qtbot, until, view, endless):
    press(qtbot, view.button)
    until(lambda: view.bars.board.underway is not None)
    view.hide()
    assert not view.is_racing
    until(lambda: view.is_shut_down)


def test_deleted_it_ends_the_race(qtbot, until, tiny, endless):
    view = RaceView(tiny)
    view.show()
    press(qtbot, view.button)
    until(lambda: view.bars.board.underway is not None)
    race = view._race
    view.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    until(lambda: race.is_over)


def test_shut_down_it_returns_at_once_and_races_no_more(qtbot, until, view, endless):
    press(qtbot, view.button)
    until(lambda: view.bars.board.underway is not None)
    assert not view.is_shut_down
    view.shut_down()
    until(lambda: view.is_shut_down)
    view.start()
    assert view.is_shut_down
    assert not view.button.isEnabled()


def test_never_used_it_is_shut_down(view):
    view.shut_down()
    assert view.is_shut_down


# Choosing a way.


def test_a_click_trains_with_a_way(qtbot, view):
    assert view.bars.rows["im2col"].isChecked()
    press(qtbot, view.bars.rows["loop"])
    assert view.session.settings.convolution == "loop"
    assert view.bars.rows["loop"].isChecked()
    assert not view.bars.rows["im2col"].isChecked()
    press(qtbot, view.bars.rows["loop"])
    assert view.bars.rows["loop"].isChecked()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_a_key_trains_with_a_way(qtbot, view, key):
    view.bars.rows["correlate"].setFocus()
    qtbot.keyClick(view.bars.rows["correlate"], key)
    assert view.session.settings.convolution == "correlate"


def test_every_way_is_reached_by_tab(qtbot, view):
    met = []
    view.button.setFocus()
    for _ in WAYS:
        qtbot.keyClick(view.focusWidget(), Qt.Key.Key_Tab)
        met.append(view.focusWidget())
    assert met == list(view.bars.rows.values())


def test_another_way_is_no_other_race(view):
    give_paces(view)
    view.session.set_convolution("correlate")
    assert not view.bars.board.stale
    assert view.bars.board.in_use == "correlate"


def test_the_way_chosen_elsewhere_is_marked(view):
    view.session.set_convolution("loop")
    assert view.bars.rows["loop"].isChecked()
    mark = QRect(0, 0, 40, view.bars.rows["loop"].height())
    assert theme.tokens().selected in colors_in(view.bars.rows["loop"], mark)
    assert theme.tokens().selected not in colors_in(view.bars.rows["im2col"], mark)


# What came out.


def test_another_network_makes_the_result_out_of_date(until, view):
    give_paces(view)
    session = view.session
    bar = QRect(int(view.bars.left), 20, 60, 20)
    assert theme.tokens().positive in colors_in(view.bars.rows["im2col"], bar)
    session.open_run(RunRequest("digits", "mlp", session.settings))
    until(lambda: session.spec.name == "mlp")
    assert view.bars.board.stale
    assert "Race again" in view.message.text()
    assert "“Tiny”" in view.result.text()
    assert "out of date" in view.bars.rows["loop"].accessibleName()
    assert theme.tokens().positive not in colors_in(view.bars.rows["im2col"], bar)


def test_the_same_network_again_makes_it_true_again(view):
    give_paces(view)
    settings = view.session.settings
    view.session.settings = replace(settings, batch_size=16)
    view.session.settings_changed.emit()
    assert view.bars.board.stale
    view.session.settings = settings
    view.session.settings_changed.emit()
    assert not view.bars.board.stale


def test_what_was_timed_on_a_part_is_said(view):
    view.session.settings = replace(view.session.settings, batch_size=128)
    give_paces(view)
    assert "loop was timed on 32 of the 128 images" in view.result.text()
    view._paces["correlate"] = view._paces["correlate"]._replace(images=32, scaled=True)
    view._refresh()
    assert "loop and correlate were each timed on 32" in view.result.text()


def test_numbers_factors_and_use_are_told_to_those_who_do_not_see(view):
    give_paces(view)
    names = {way: row.accessibleName() for way, row in view.bars.rows.items()}
    assert "8.32 images/s, the slowest" in names["loop"]
    assert "812 images/s, ×97.6 faster than loop" in names["correlate"]
    assert "10\u2009200 images/s, ×1\u2009230 faster than loop, in use" in names["im2col"]


def test_the_axis_is_logarithmic(view):
    give_paces(view)
    bars = view.bars
    steps = [bars.x_of(10.0 ** (k + 1)) - bars.x_of(10.0**k) for k in range(5)]
    assert steps == pytest.approx([steps[0]] * 5)
    assert bars.x_of(1) == bars.left
    row = bars.rows["im2col"]
    middle = row.height() // 2
    orange = theme.tokens().positive
    inside, outside = int(bars.x_of(9_900)), int(bars.x_of(10_600))
    assert colors_in(row, QRect(inside, middle, 1, 1)) == {orange}
    assert orange not in colors_in(row, QRect(outside, middle, 1, 1))


def test_the_axis_reaches_to_every_pace():
    slow, fast = Pace("loop", 0.02, 1, 1, True), Pace("im2col", 3e6, 1, 1, False)
    assert Board().decades == (0, 5)
    assert Board(PACES).decades == (0, 5)
    assert Board({"loop": slow, "im2col": fast}).decades == (-2, 7)


def test_one_pace_alone_is_compared_with_nothing():
    assert Board({"loop": PACES["loop"]}).factor("loop") == ""
    assert Board(PACES).factor("elsewhere") == ""


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0832, "0.0832"),
        (1, "1.00"),
        (8.319, "8.32"),
        (9.999, "10.0"),
        (54.61, "54.6"),
        (812.4, "812"),
        (999.9, "1\u2009000"),
        (10_241.0, "10\u2009200"),
        (123_456, "123\u2009000"),
    ],
)
def test_numbers_are_as_exact_as_the_measurement(number, text):
    assert three_digits(number) == text


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("width", [480, 560, 1400])
def test_it_can_be_painted_in_any_state_theme_and_width(qapp, qtbot, name, width):
    theme.apply_theme(qapp, name)
    bars = RaceBars(WAYS)
    qtbot.addWidget(bars)
    bars.resize(max(width, bars.minimumSizeHint().width()), 240)
    assert bars.span >= 130
    for board in (
        Board(),
        Board({}, Underway("loop", 0, 0.0, 0.0), True, "im2col"),
        Board({"loop": PACES["loop"]}, Underway("correlate", 640, 0.7, 1.0), True, "loop"),
        Board(PACES, None, False, "im2col"),
        Board(PACES, None, False, "im2col", stale=True),
    ):
        bars.show_board(board)
        image = bars.grab().toImage()
        assert image.pixelColor(1, 1).name() == theme.tokens().background


def test_another_theme_recolours_the_message(qapp, view):
    theme.apply_theme(qapp, "light")
    color = view.message.palette().color(view.message.foregroundRole())
    assert color == QColor(theme.LIGHT.muted)


def test_without_a_run_it_waits_for_one(qtbot, until, open_view, open_session):
    session = open_session(batch_size=4, threads=1)
    session.spec = None
    view = open_view(session)
    assert not view.button.isEnabled()
    assert "As soon as" in view.intro.text()
    session.spec = PRESETS["tiny"]
    session.run_changed.emit()
    assert view.button.isEnabled()


def test_the_course_is_the_network_and_batch_of_now(view):
    session = view.session
    assert view._course_of_now() == Course(session.spec, 4, 1, "adam")


def test_training_itself_is_left_alone_by_a_race(qtbot, until, view):
    """The session's own network and its place are the same after a race."""
    before = view.session.network.vector.copy()
    run(qtbot, until, view)
    view.session.drain()
    assert (view.session.network.vector == before).all()
    assert view.session.status.step == 0


def test_a_way_can_be_pressed_in_the_midst(qtbot, until, view, endless):
    press(qtbot, view.button)
    until(lambda: view.bars.board.underway is not None)
    qtbot.mouseClick(view.bars.rows["loop"], Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert view.session.settings.convolution == "loop"
    assert view.is_racing


def test_a_divergence_is_no_crash(qtbot, until, view, monkeypatch):
    """Whatever the trainer raises, the view lives."""

    def raised(*_, **__):
        raise ValueError("odd")

    monkeypatch.setattr(Trainer, "train_batch", raised)
    run(qtbot, until, view)
    assert "ValueError: odd" in view.message.text()
