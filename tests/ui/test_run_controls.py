"""The bar at the top as its user meets it: buttons, words, menus, fields, and questions."""

import re
from dataclasses import replace

import pytest
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QProgressBar

from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.presets import preset
from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase, Status
from cnnviz.ui.messages import Notice, RunRequest
from cnnviz.ui.run_controls import RunControls
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_button import ChoiceButton
from cnnviz.ui.widgets.quantities import duration

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def show(qtbot, until):
    """Shows the controls of a session in a width."""

    def show_controls(session, width=1200):
        made = RunControls(session)
        qtbot.addWidget(made)
        made.setMinimumSize(960, 1)  # as the window has it
        made.resize(width, 90)
        with qtbot.waitExposed(made):
            made.show()
        made.activateWindow()
        until(made.isActiveWindow)
        return made

    return show_controls


@pytest.fixture
def controls(show, session):
    """The controls of that session, shown."""
    return show(session)


@pytest.fixture
def press(qtbot):
    """Clicks a widget with the mouse."""

    def click(widget):
        qtbot.mouseClick(widget, LEFT)

    return click


@pytest.fixture
def pick(qtbot, press, until):
    """Picks a line of a choice's menu with the mouse."""

    def pick_line(choice, title):
        choice.open_menu()
        menu = choice.menu()
        until(menu.isVisible)
        (line,) = [action for action in menu.actions() if action.text() == title]
        qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(line).center())
        until(lambda: not menu.isVisible())

    return pick_line


@pytest.fixture
def answer(press, until):
    """Waits for the question, returns its words and presses a button of it."""

    def press_answer(text):
        until(lambda: question() is not None)
        box = question()
        words = f"{box.text()} {box.informativeText()}"
        (button,) = [button for button in box.buttons() if button.text() == text]
        press(button)
        until(lambda: question() is None)
        return words

    return press_answer


def question():
    box = QApplication.activeModalWidget()
    return box if isinstance(box, QMessageBox) else None


def place(controls):
    """What stands left of the progress, without its markup."""
    (bar,) = controls.findChildren(QProgressBar)
    (label,) = [label for label in controls.findChildren(QLabel) if label.x() < bar.x()]
    return re.sub("<[^>]*>", "", label.text()).replace("\u2009", " ")


def speed(controls):
    """What stands right of the progress."""
    (bar,) = controls.findChildren(QProgressBar)
    (label,) = [label for label in controls.findChildren(QLabel) if label.x() > bar.x()]
    return label.text().replace("\u2009", " ")


def fill(qtbot, field, text):
    """Types over what a field holds, then presses Enter."""
    qtbot.mouseClick(field.lineEdit(), LEFT)
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def wheel(field, notches):
    at = QPointF(field.rect().center())
    event = QWheelEvent(
        at,
        QPointF(field.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(field, event)


# Where the run is


@pytest.mark.parametrize(
    ("status", "words", "done"),
    [
        (Status(Phase.LOADING), "No data yet", 0),
        (Status(Phase.STOPPED, 30, 30, 20, 60), "Stopped", 10),
        (Status(Phase.PAUSED, 0, 0, 468, 4680), "Untrained · 468 batches an epoch", 0),
        (Status(Phase.PAUSED, 0, 0, 60_000, 60_000), "Untrained · 60 000 batches an epoch", 0),
        (Status(Phase.TRAINING, 1, 4680, 468, 4680), "Epoch 1 of 10 · batch 1 / 468", 1),
        (Status(Phase.TRAINING, 467, 4680, 468, 4680), "Epoch 1 of 10 · batch 467 / 468", 467),
        (Status(Phase.EVALUATING, 468, 4680, 468, 4680), "Epoch 1 of 10 · testing", 468),
        (Status(Phase.PAUSED, 936, 936, 468, 4680), "Epoch 2 of 10 done", 468),
        (Status(Phase.TRAINING, 937, 4680, 468, 4680), "Epoch 3 of 10 · batch 1 / 468", 1),
        (Status(Phase.PAUSED, 4680, 4680, 468, 4680), "Epoch 10 of 10 done", 468),
        (Status(Phase.TRAINING, 4681, 1e99, 468, 4680), "Epoch 11 · batch 1 / 468", 1),
        (Status(Phase.PAUSED, 5148, 5148, 468, 4680), "Epoch 11 done", 468),
    ],
)
def test_the_place_in_words_and_as_a_bar(status, words, done, show):
    session = Session()
    controls = show(session)
    session.status = status
    session.status_changed.emit()
    assert place(controls) == words
    (bar,) = controls.findChildren(QProgressBar)
    assert (bar.minimum(), bar.value()) == (0, done)
    assert bar.maximum() == status.batches_per_epoch


@pytest.mark.parametrize(
    ("status", "train", "usable"),
    [
        (Status(Phase.LOADING), "Train", False),
        (Status(Phase.PAUSED, 0, 0, 20, 60), "Train", True),
        (Status(Phase.PAUSED, 7, 7, 20, 60), "Train", True),
        (Status(Phase.TRAINING, 7, 60, 20, 60), "Pause", True),
        (Status(Phase.EVALUATING, 20, 60, 20, 60), "Pause", True),
        (Status(Phase.EVALUATING, 20, 20, 20, 60), "Train", True),
        (Status(Phase.STOPPED, 7, 60, 20, 60), "Train", False),
    ],
)
def test_the_buttons_in_every_phase(status, train, usable, show):
    session = Session()
    controls = show(session)
    session.status = status
    session.status_changed.emit()
    assert controls.train_button.text() == train
    buttons = (controls.train_button, controls.batch_button, controls.epoch_button)
    assert [button.isEnabled() for button in buttons] == [usable] * 3
    assert controls.reset_button.isEnabled() == (usable and status.step > 0)


def test_while_it_loads_it_says_what(session, controls, until, mnist):
    session.open_run(RunRequest("mnist", "tiny", Settings()))
    assert place(controls) == "Loading MNIST …"
    assert controls.train_button.isEnabled()  # the old run is still there
    until(lambda: session.loading is None)
    assert place(controls) == "Untrained · 7 batches an epoch"


def test_a_run_that_cannot_be_loaded_takes_the_words_back(session, controls, until):
    before = place(controls)
    session.open_run(RunRequest("/data/of/mine", "tiny", Settings()))
    assert place(controls) == "Loading mine …"
    until(lambda: session.loading is None)
    assert place(controls) == before
    assert controls.data_choice.accessibleName() == "Data: UCI digits"


def test_a_network_of_ones_own_is_shown_by_its_title_and_stays_with_other_data(
    session, controls, until
):
    own = replace(preset("tiny"), name="numpy-cnn", title="My own")
    session.open_run(RunRequest("digits", own, Settings()))
    until(lambda: session.loading is None)
    assert session.spec == own
    assert controls.network_choice.accessibleName() == "Network: My own"
    controls.optimizer_choice.chosen.emit("momentum")
    until(lambda: session.loading is None)
    assert (session.spec, session.settings.optimizer) == (own, "momentum")
    controls.network_choice.chosen.emit("tiny")
    until(lambda: session.loading is None)
    assert session.spec == preset("tiny")


def test_the_speed_and_the_time_left(show, until, open_session):
    session = open_session()
    controls = show(session)
    assert speed(controls) == ""
    session.images_per_second, session.settings = 1280.4, Settings(batch_size=128)
    session.status = Status(Phase.TRAINING, 20, 645, 100, 645)
    session.times_changed.emit()
    assert speed(controls) == "1 280 images/s · 1 min 02 s left"
    session.status = Status(Phase.PAUSED, 20, 20, 100, 645)
    session.status_changed.emit()
    assert speed(controls) == "1 280 images/s"
    session.status = Status(Phase.TRAINING, 650, 1e99, 100, 645)
    session.status_changed.emit()
    assert speed(controls) == "1 280 images/s"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (37.6, "38 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (12_000, "3 h 20 min"),
    ],
)
def test_a_time_to_come_in_words(seconds, words):
    assert duration(seconds) == words


# Training


def test_train_and_pause(session, controls, press, until):
    press(controls.train_button)
    assert controls.train_button.text() == "Pause"
    until(lambda: len(session.timeline) > 20)
    until(lambda: place(controls).startswith("Epoch "))
    press(controls.train_button)
    assert controls.train_button.text() == "Train"
    until(lambda: session.status.phase is Phase.PAUSED)


def test_one_batch_then_one_epoch(session, controls, press, until):
    press(controls.batch_button)
    until(lambda: session.status.step == 1)
    assert place(controls) == "Epoch 1 of 100 · batch 1 / 11"
    assert controls.reset_button.isEnabled()
    press(controls.epoch_button)
    until(lambda: place(controls) == "Epoch 1 of 100 done")
    assert session.status.step == 11


def test_reset_asks_and_keeps_when_told_so(session, controls, press, answer, train):
    train(session, 12)
    press(controls.reset_button)
    before = len(session.timeline)
    assert f"{before} batches" in answer("Keep the network")
    assert len(session.timeline) == before
    assert controls.train_button.text() == "Train"


def test_reset_asks_and_resets_when_told_so(session, controls, press, answer, train, until):
    train(session, 1)
    press(controls.reset_button)
    assert "one batch" in answer("Reset")
    until(lambda: not session.has_work)
    until(lambda: place(controls) == "Untrained · 11 batches an epoch")
    assert not controls.reset_button.isEnabled()


def test_escape_and_enter_keep(session, controls, press, train, qtbot, until):
    train(session, 12)
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        press(controls.reset_button)
        until(lambda: question() is not None)
        qtbot.keyClick(question(), key)
        until(lambda: question() is None)
    assert session.has_work


def test_while_it_asks_training_goes_on(session, controls, press, answer, until):
    press(controls.train_button)
    until(lambda: len(session.timeline) > 5)
    press(controls.reset_button)
    until(lambda: question() is not None)
    before = len(session.timeline)
    until(lambda: len(session.timeline) > before + 5)
    answer("Keep the network")
    assert session.is_training


# Settings that start a new run


CHOICES = [
    ("data_choice", "MNIST", lambda run: run.data == "mnist"),
    ("network_choice", "LeNet-5", lambda run: run.network == "lenet-5"),
    ("optimizer_choice", "Momentum", lambda run: run.settings.optimizer == "momentum"),
]


@pytest.mark.parametrize(("name", "title", "holds"), CHOICES)
def test_a_choice_is_in_force_at_once_if_nothing_is_learned(
    name, title, holds, session, controls, pick, until, mnist
):
    pick(getattr(controls, name), title)
    assert question() is None
    until(lambda: session.loading is None)
    assert holds(session.wanted)
    assert getattr(controls, name).accessibleName().endswith(f": {title}")


@pytest.mark.parametrize(("name", "title", "holds"), CHOICES)
def test_after_a_choice_what_was_learned_stays_in_the_list_of_runs(
    name, title, holds, session, controls, pick, until, train, mnist
):
    train(session, 3)
    [run], batches = session.runs.all, len(session.timeline)
    pick(getattr(controls, name), title)
    assert question() is None
    until(lambda: session.loading is None)
    assert holds(session.wanted)
    assert not session.has_work
    assert session.runs.all[0] is run
    assert session.runs.open is session.runs.all[1]
    until(lambda: run.saved is not None)
    assert (run.saved.step, len(run.timeline)) == (batches, batches)


def test_without_a_convolution_there_is_no_way_of_it(session, controls, pick, until):
    assert controls.way_choice.isEnabled()
    pick(controls.network_choice, "No convolution")
    until(lambda: session.loading is None)
    assert not controls.way_choice.isEnabled()
    assert controls.way_choice.toolTip() == "This network has no convolution"
    controls.way_choice.open_menu()
    assert not controls.way_choice.menu().isVisible()
    pick(controls.network_choice, "Tiny")
    until(lambda: session.loading is None)
    assert controls.way_choice.isEnabled()


def test_picking_what_is_chosen_already_does_nothing(session, controls, pick, train):
    train(session, 3)
    pick(controls.network_choice, "Tiny")
    assert question() is None
    assert session.loading is None


def test_another_optimizer_brings_its_usual_rate(session, controls, pick, until):
    pick(controls.optimizer_choice, "Momentum")
    until(lambda: session.loading is None)
    usual = OPTIMIZERS["momentum"].default_rate
    assert controls.rate_field.value() == session.settings.learning_rate == usual


def test_two_choices_in_a_row_are_both_in_force(session, controls, pick, until, mnist):
    pick(controls.data_choice, "MNIST")
    pick(controls.network_choice, "LeNet-5")
    fields = controls.batch_field
    fields.stepBy(1)
    until(lambda: session.loading is None)
    assert session.wanted.data == "mnist"
    assert session.spec.name == "lenet-5"
    assert session.settings.batch_size == fields.value() == 256


def test_a_choice_mends_a_first_run_that_failed(show, pick, until, no_threads_left):
    session = Session()
    notices: list[Notice] = []
    session.noticed.connect(notices.append)
    controls = show(session)
    session.open_run(RunRequest("/nowhere", "tiny", Settings(batch_size=32)))
    assert controls.network_choice.accessibleName() == "Network: Tiny"
    until(lambda: notices != [])
    assert place(controls) == "No data yet"
    pick(controls.data_choice, "UCI digits")
    until(lambda: session.dataset is not None)
    assert session.settings.batch_size == 32
    assert controls.train_button.isEnabled()
    session.shut_down()
    until(lambda: session.is_shut_down)


def test_a_typed_batch_size_starts_a_new_run(session, controls, until, qtbot):
    fill(qtbot, controls.batch_field, "64")
    until(lambda: session.loading is None)
    assert session.settings.batch_size == 64
    assert place(controls) == "Untrained · 22 batches an epoch"


def test_arrows_and_wheel_double_and_halve_the_batch(session, controls, until, qtbot):
    field = controls.batch_field
    qtbot.mouseClick(field.lineEdit(), LEFT)
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert field.value() == 256
    wheel(field, -1)
    wheel(field, -1)
    assert field.value() == 64
    until(lambda: session.loading is None)
    assert session.settings.batch_size == field.value() == 64


def test_a_batch_is_at_least_one_and_at_most_all(session, controls, until, qtbot):
    field = controls.batch_field
    fill(qtbot, field, "5000")  # the last zero is refused
    until(lambda: session.loading is None)
    assert session.settings.batch_size == field.value() == 500
    fill(qtbot, field, "0")  # refused: the value before comes back
    assert session.settings.batch_size == field.value() == 500
    fill(qtbot, field, "1")
    until(lambda: session.loading is None)
    assert session.settings.batch_size == field.value() == 1
    field.stepBy(-1)
    assert field.value() == 1
    field.stepBy(40)
    until(lambda: session.loading is None)
    assert session.settings.batch_size == field.value() == len(session.dataset.train)


# Settings that change while it trains


def test_a_typed_rate_is_in_force_at_enter(session, controls, press, until, qtbot):
    press(controls.train_button)
    until(lambda: len(session.timeline) > 5)
    field = controls.rate_field
    qtbot.mouseClick(field.lineEdit(), LEFT)
    field.selectAll()
    qtbot.keyClicks(field, "0.0005")
    assert session.settings.learning_rate == 0.002
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert session.settings.learning_rate == 0.0005
    until(lambda: session.timeline.rates[-1] == 0.0005)
    assert session.is_training
    assert field.text() == "Rate  0.0005"
    assert not field.hasFocus()


def test_leaving_the_field_counts_too(session, controls, qtbot):
    qtbot.mouseClick(controls.rate_field.lineEdit(), LEFT)
    controls.rate_field.selectAll()
    qtbot.keyClicks(controls.rate_field, "0.03")
    qtbot.keyClick(controls.rate_field, Qt.Key.Key_Tab)
    assert session.settings.learning_rate == 0.03


@pytest.mark.parametrize(
    ("text", "rate"),
    [("0.03", 0.03), ("0,5", 0.5), ("1e-3", 0.001), ("10", 10.0), (" 2 ", 2.0)],
)
def test_a_rate_is_taken_however_it_is_written(text, rate, session, controls, qtbot):
    fill(qtbot, controls.rate_field, text)
    assert controls.rate_field.value() == session.settings.learning_rate == rate


@pytest.mark.parametrize("text", ["abc", "", "-3", "0", "50", "1e5", "nan", "inf"])
def test_wrong_text_never_becomes_a_rate(text, session, controls, qtbot):
    fill(qtbot, controls.rate_field, text)
    assert controls.rate_field.value() == session.settings.learning_rate == 0.002


def test_arrows_and_wheel_move_the_leading_digit_of_the_rate(session, controls, qtbot):
    field = controls.rate_field
    qtbot.mouseClick(field.lineEdit(), LEFT)
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert session.settings.learning_rate == pytest.approx(0.0021)
    wheel(field, -1)
    assert session.settings.learning_rate == pytest.approx(0.002)


def test_a_rate_has_a_point_in_every_language(open_session, show, qtbot):
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.German))
    try:
        session = open_session()
        controls = show(session)
        fill(qtbot, controls.rate_field, "0.004")
        assert session.settings.learning_rate == 0.004
    finally:
        QLocale.setDefault(before)


def test_the_way_of_convolution_changes_without_a_question(
    session, controls, pick, train, press, until
):
    train(session, 3)
    before = len(session.timeline)
    pick(controls.way_choice, "correlate")
    assert question() is None
    assert session.settings.convolution == "correlate"
    assert controls.way_choice.accessibleName() == "Convolution: correlate"
    press(controls.batch_button)
    until(lambda: len(session.timeline) == before + 1)


# Room


def one_row(controls):
    top = controls.train_button.mapTo(controls, QPoint()).y()
    return abs(controls.rate_field.mapTo(controls, QPoint()).y() - top) < 10


def cut_off(controls):
    """What has less room than its text needs."""
    kinds = (QLabel, ChoiceButton)
    return [
        (widget.accessibleName() or widget.text(), widget.width(), widget.sizeHint().width())
        for kind in kinds
        for widget in controls.findChildren(kind)
        if widget.width() < widget.sizeHint().width()
    ]


@pytest.mark.parametrize("network", ["tiny", "numpy-cnn"])
def test_settings_share_the_row_where_there_is_room(network, open_session, show, until):
    controls = show(open_session(network))
    rows = []
    for width in (*range(960, 2200, 40), *range(2200, 960, -40)):
        controls.resize(width, 90)
        until(lambda width=width: controls.width() == width)
        QApplication.sendPostedEvents()
        rows.append(one_row(controls))
        assert cut_off(controls) == []
    assert rows == sorted(rows[:31]) + sorted(rows[31:], reverse=True)
    assert set(rows) == {False, True}


@pytest.mark.parametrize("width", [960, 1440, 1600, 1760, 1920])
def test_a_run_that_comes_later_finds_its_room(width, show, until, no_threads_left):
    session = Session()
    controls = show(session, width)
    session.open_run(RunRequest("digits", "numpy-cnn", Settings()))
    until(lambda: session.dataset is not None)
    QApplication.sendPostedEvents()
    assert cut_off(controls) == []
    session.shut_down()
    until(lambda: session.is_shut_down)


def test_data_in_a_far_folder_need_no_more_room(show, until, no_threads_left):
    session = Session()
    controls = show(session, 960)
    session.open_run(RunRequest("/very/long/path" * 20 + "/mine", "numpy-cnn", Settings()))
    until(lambda: session.loading is None)
    assert controls.data_choice.accessibleName() == "Data: mine"
    assert controls.minimumSizeHint().width() < 960
    session.shut_down()
    until(lambda: session.is_shut_down)


@pytest.mark.parametrize("width", [960, 1760, 2000])
def test_while_numbers_change_nothing_moves(width, open_session, show, press, until):
    session = open_session("numpy-cnn", epochs=120, batch_size=16)
    controls = show(session, width)
    widgets = [
        *controls.findChildren(QLabel),
        *controls.findChildren(QProgressBar),
        *controls.findChildren(ChoiceButton),
        controls.batch_button,
    ]
    places = set()

    def look():
        places.add(tuple(tuple(widget.mapTo(controls, QPoint()).toTuple()) for widget in widgets))
        assert cut_off(controls) == []

    QApplication.sendPostedEvents()
    look()
    session.status_changed.connect(look)
    press(controls.train_button)
    until(lambda: len(session.timeline.epochs) > 1 and session.times.batches > 40)
    press(controls.train_button)
    until(lambda: session.status.phase is Phase.PAUSED)
    for status in (
        Status(Phase.TRAINING, 100 * 89 + 88, 1e99, 89, 120 * 89),
        Status(Phase.PAUSED, 120 * 89, 120 * 89, 89, 120 * 89),
    ):
        session.status = status
        session.status_changed.emit()
        QApplication.sendPostedEvents()
        look()
    assert len(places) == 1


@pytest.mark.parametrize("typed", ["0", "100", "-1", "nonsense"])
def test_a_rate_that_makes_no_sense_is_refused_with_words(typed, window, qtbot, until):
    field = window.controls.rate_field
    before = field.value()
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, typed)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    until(window.notice.isVisible)
    assert f"not “{typed}”" in window.notice._text.text()
    assert field.value() == before
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    until(lambda: not window.notice.isVisible())
