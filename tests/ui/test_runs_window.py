"""The runs window: every run in a row, opened, forked, named, noted, deleted; and their curves."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QHeaderView,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QWidget,
)

from cnnviz.core.fork import Differences
from cnnviz.core.run_curves import Across, Height
from cnnviz.core.settings import Settings
from cnnviz.core.storage import load_run, write_run
from cnnviz.ui import theme
from cnnviz.ui.fork_dialog import ForkDialog
from cnnviz.ui.forking import fork_off
from cnnviz.ui.keeper import Keeper
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.runs import MEGABYTE
from cnnviz.ui.runs_overlay import NO_BATCH, NO_EPOCH, NO_RUN
from cnnviz.ui.runs_plot import RunsPlot
from cnnviz.ui.runs_table import COLUMNS, lasted, where_from
from cnnviz.ui.runs_window import RunsWindow
from cnnviz.ui.widgets.choice_menu import ChoiceMenu
from cnnviz.ui.widgets.table import BOX, PAD

LEFT = Qt.MouseButton.LeftButton
TITLES = [column.title for column in COLUMNS]


@pytest.fixture
def settled(session):
    """Whether the last run that was asked for is open, and what was left is told."""

    def is_settled():
        others = [run for run in session.runs.all if run is not session.runs.open]
        return session.loading is None and all(run.saved is not None for run in others)

    return is_settled


@pytest.fixture
def open_another(session, until, settled):
    def another(network="tiny", **settings):
        session.open_run(RunRequest("digits", network, Settings(**settings), 100))
        until(settled)
        return session.runs.open

    return another


@pytest.fixture
def fork(session, until, settled):
    def fork_one(**others):
        before = session.runs.open
        fork_off(session, Differences(**others))
        until(lambda: session.runs.open is not before and settled())
        return session.runs.open

    return fork_one


@pytest.fixture
def runs(window, press_key, until):
    """The runs window, opened by its key."""
    press_key("R", window)
    until(lambda: window.windows.made(RunsWindow).isActiveWindow())
    return window.windows.made(RunsWindow)


def cell(runs, row, title):
    return runs.table.cells.cells[row][TITLES.index(title)]


def names(runs):
    return [row[0].text for row in runs.table.cells.cells]


def press(qtbot, key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(QApplication.focusWidget(), key, modifier)


# The list


def test_a_row_says_what_a_run_is(runs, session, train):
    train(session, 12)
    [row] = runs.table.cells.cells
    timeline = session.timeline
    assert row[0].badge == "open"
    assert row[0].mark == "run_1"
    assert row[0].ticked
    assert cell(runs, 0, "Network").text == "Tiny · 1\u2009554 par."
    assert cell(runs, 0, "What differs").text == "the first"
    assert cell(runs, 0, "Batches").text == str(len(timeline))
    best = timeline.best
    told = f"{100 * best.test_accuracy:.2f}\u2009% · epoch {best.epoch}"
    assert cell(runs, 0, "Best test accuracy").text == told
    assert cell(runs, 0, "Trained").text == lasted(float(timeline.seconds.sum()))
    assert cell(runs, 0, "File").text == "not saved"


def test_an_untrained_run_has_dashes(runs):
    for title in ("Best test accuracy", "Trained", "File"):
        assert cell(runs, 0, title).text == "–"


def test_what_differs_and_where_from(runs, session, train, fork, open_another):
    train(session, 60)
    session.past.look_at(50)
    forked = fork(learning_rate=0.0005)
    assert where_from(forked) == "from Run 1 at batch 50: rate 0.002 → 0.0005"
    assert cell(runs, 1, "What differs").text == where_from(forked)
    train(session)
    open_another(optimizer="momentum", learning_rate=0.02)
    assert cell(runs, 2, "What differs").text.startswith("new after Run 2: optimiser adam → mom")
    assert [row[0].badge for row in runs.table.cells.cells] == ["", "", "open"]


def test_the_file_of_a_run(runs, session, train, tmp_path):
    train(session, 3)
    run = session.runs.open
    run.path, run.in_file = tmp_path / "good.cnnviz", run.state
    session.runs.changed.emit()
    assert cell(runs, 0, "File").text == "good.cnnviz"
    train(session)
    assert cell(runs, 0, "File").text == "good.cnnviz, changed since"


def test_it_says_that_the_run_before_stays(runs, session, train, open_another):
    assert "stays here" in runs.about.text()
    train(session, 7)
    batches = len(session.timeline)
    open_another(seed=1)
    assert runs.about.text() == (
        f"Run 2 began. Run 1 stays as it was, at batch {batches}: Open goes on with it."
    )


def test_it_grows_while_training(runs, session, until):
    session.play()
    until(lambda: cell(runs, 0, "Run").badge == "training")
    until(lambda: int(cell(runs, 0, "Batches").text) > 20)
    session.pause()
    until(lambda: cell(runs, 0, "Run").badge == "open")


def test_hidden_it_rests_and_catches_up(runs, window, session, train):
    runs.close()
    train(session, 5)
    assert cell(runs, 0, "Batches").text == "0"
    window.windows.open_runs()
    assert cell(runs, 0, "Batches").text == str(len(session.timeline))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "–"),
        (0.04, "0.0 s"),
        (9.9, "9.9 s"),
        (9.97, "10 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (12_000, "3 h 20 min"),
    ],
)
def test_times_in_words(seconds, text):
    assert lasted(seconds) == text


# Names and notes


def test_a_name_is_typed_in_place(runs, session, train, qtbot, until):
    train(session)
    press(qtbot, Qt.Key.Key_F2)
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    field.selectAll()
    qtbot.keyClicks(field, "with momentum")
    press(qtbot, Qt.Key.Key_Return)
    until(lambda: session.runs.open.name == "with momentum")
    assert names(runs) == ["with momentum"]
    assert runs.notes.title.text() == "with momentum"
    assert runs.overlay.plot.runs[0].name == "with momentum"


def test_the_enter_that_ends_a_name_opens_nothing(runs, session, train, open_another, qtbot, until):
    train(session, 3)
    first = session.runs.open
    second = open_another(seed=1)
    train(session, 3)
    runs.table.choose(0)
    runs.table.setFocus()
    press(qtbot, Qt.Key.Key_F2)
    field = QApplication.focusWidget()
    field.selectAll()
    qtbot.keyClicks(field, "kept")
    press(qtbot, Qt.Key.Key_Return)
    until(lambda: first.name == "kept" and not runs.table.is_editing)
    assert session.runs.open is second
    assert session.loading is None


def test_escape_leaves_the_name_and_the_window(runs, session, qtbot):
    press(qtbot, Qt.Key.Key_F2)
    qtbot.keyClicks(QApplication.focusWidget(), "nonsense")
    press(qtbot, Qt.Key.Key_Escape)
    assert names(runs) == ["Run 1"]
    assert runs.isVisible()


def test_a_name_goes_to_the_run_it_was_typed_for(runs, session, open_another, train, qtbot, until):
    train(session, 3)
    first = session.runs.open
    second = open_another(seed=1)
    until(lambda: len(runs.table.cells.cells) == 2)
    runs.table.setFocus()
    runs.table.choose(1)
    press(qtbot, Qt.Key.Key_F2)
    field = QApplication.focusWidget()
    field.selectAll()
    qtbot.keyClicks(field, "mine")
    third = open_another(seed=2)  # the second has learned nothing, so it is gone
    assert session.runs.all == [first, third]
    qtbot.keyClick(field, Qt.Key.Key_Return)
    until(lambda: not runs.table.is_editing)
    assert (second.name, third.name) == ("mine", "Run 2")


def test_what_is_typed_survives_training(runs, session, until, qtbot):
    press(qtbot, Qt.Key.Key_F2)
    field = QApplication.focusWidget()
    field.selectAll()
    qtbot.keyClicks(field, "half a na")
    session.play()
    until(lambda: len(session.timeline) > 40)
    session.pause()
    until(lambda: not session.is_training)
    qtbot.keyClicks(field, "me")
    press(qtbot, Qt.Key.Key_Return)
    until(lambda: names(runs) == ["half a name"])


def test_a_double_click_on_the_name_edits_it(runs, session, qtbot):
    at = runs.table.visualRect(runs.table.cells.index(0, 0)).center()
    qtbot.mouseClick(runs.table.viewport(), LEFT, pos=at)
    qtbot.mouseDClick(runs.table.viewport(), LEFT, pos=at)
    assert runs.table.is_editing
    assert runs.chosen is session.runs.open


def test_notes_are_kept_as_typed_and_belong_to_their_run(runs, session, train, open_another, qtbot):
    train(session)
    first = session.runs.open
    press(qtbot, Qt.Key.Key_N)
    assert runs.notes.field.hasFocus()
    qtbot.keyClicks(runs.notes.field, "Runs Fine, L.")  # letters that are keys elsewhere
    assert first.notes == "Runs Fine, L."
    second = open_another(seed=1)
    train(session)
    runs.table.choose(1)
    assert runs.chosen is second
    assert runs.notes.field.toPlainText() == ""
    runs.table.choose(0)
    assert runs.notes.field.toPlainText() == "Runs Fine, L."
    assert second.notes == ""


def test_the_settings_of_the_chosen_run(runs, session, train, open_another):
    train(session)
    session.set_learning_rate(0.004)
    open_another(optimizer="momentum", learning_rate=0.01)
    train(session)
    runs.table.choose(1)
    assert "optimiser\u00a0momentum · rate\u00a00.01 ·" in runs.notes.about.text()


# Opening and deleting


def test_enter_goes_on_with_a_run(runs, session, train, open_another, until, settled, qtbot):
    train(session, 5)
    first = session.runs.open
    open_another(seed=1)
    train(session)
    assert runs.chosen is first
    press(qtbot, Qt.Key.Key_Return)
    until(lambda: session.runs.open is first and settled())
    assert [row[0].badge for row in runs.table.cells.cells] == ["open", ""]
    assert not runs.buttons["Open"].isEnabled()


def test_the_open_run_can_neither_be_opened_nor_deleted(runs, session, train, qtbot):
    train(session)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Delete, Qt.Key.Key_C):
        press(qtbot, key)
    assert names(runs) == ["Run 1"]
    enabled = {text for text, button in runs.buttons.items() if button.isEnabled()}
    assert enabled == {"Fork…", "Rename"}


def test_deleting_and_its_undo(runs, session, train, open_another, qtbot):
    train(session, 3)
    first = session.runs.open
    second = open_another(seed=1)
    train(session)
    assert not runs.message.isVisible()
    press(qtbot, Qt.Key.Key_Delete)
    assert session.runs.all == [second]
    assert runs.chosen is second
    assert runs.message.isVisible()
    assert runs.message.words.text() == "Run 1 deleted."
    press(qtbot, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.runs.all == [first, second]
    assert runs.chosen is first
    assert runs.table.chosen_row == 0
    assert not runs.message.isVisible()
    qtbot.mouseClick(runs.buttons["Delete"], LEFT)
    qtbot.mouseClick(runs.message.undo_button, LEFT)
    assert names(runs) == ["Run 1", "Run 2"]
    qtbot.mouseClick(runs.buttons["Delete"], LEFT)
    assert runs.message.isVisible()
    qtbot.mouseClick(runs.message.close_button, LEFT)
    assert not runs.message.isVisible()


def test_the_menu_of_a_row(runs, session, train, open_another, qtbot):
    train(session)
    open_another(seed=1)
    train(session)
    table = runs.table
    at = table.visualRect(table.cells.index(0, 2)).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, table.viewport().mapToGlobal(at))
    QApplication.sendEvent(table.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, ChoiceMenu)
    texts = [action.text().split("\t")[0] for action in menu.actions()]
    assert texts == ["Open", "Fork…", "Compare", "Rename", "Delete"]
    menu.actions()[-1].trigger()
    menu.close()
    assert names(runs) == ["Run 2"]


# Memory


@pytest.fixture
def trained_long(session, until):
    """Many snapshots of the open run, and how many bytes one takes."""
    session.play()
    until(lambda: len(session.timeline) > 300)
    session.pause()
    until(lambda: not session.is_training)
    session.drain()
    return session.timeline.nearest(0).nbytes


def test_how_much_memory_there_is(runs, session, trained_long):
    text = runs.memory.label.text()
    taken = session.runs.snapshot_bytes / MEGABYTE
    assert text.startswith(f"Snapshots: {taken:.1f} of 256\u2009MB · ")
    assert text.endswith("one every 25 batches, each epoch's end")


def test_a_larger_budget_is_taken_over_at_once(runs, session, qtbot):
    field = runs.memory.field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "512")
    press(qtbot, Qt.Key.Key_Return)
    assert session.runs.budget == 512 * MEGABYTE
    assert "of 512\u2009MB" in runs.memory.label.text()


@pytest.mark.parametrize("yes", [True, False])
def test_a_smaller_one_asks_if_snapshots_would_go(
    yes, runs, session, trained_long, until, qtbot, monkeypatch
):
    monkeypatch.setattr("cnnviz.ui.snapshot_memory.MEGABYTE", trained_long)  # 16 fit into 16 "MB"
    count = len(session.timeline.snapshots)
    assert count > 20
    runs.memory.field.setValue(16)
    until(lambda: isinstance(QApplication.activeModalWidget(), QMessageBox))
    box = QApplication.activeModalWidget()
    assert len(session.timeline.snapshots) == count
    before = theme.spaced(256 * MEGABYTE // trained_long)
    texts = {button.text(): button for button in box.buttons()}
    qtbot.mouseClick(texts["Thin out" if yes else f"Stay at {before} MB"], LEFT)
    until(lambda: QApplication.activeModalWidget() is None)
    if yes:
        assert len(session.timeline.snapshots) <= 16
        assert session.runs.budget == 16 * trained_long
    else:
        assert len(session.timeline.snapshots) == count
        assert session.runs.budget == 256 * MEGABYTE


def test_the_budget_is_remembered(open_window, open_session, until):
    window = open_window(remember=True)
    window.session.runs.set_budget(64 * MEGABYTE)
    window.close()
    until(lambda: not window.isVisible())
    assert open_window(open_session(), remember=True).session.runs.budget == 64 * MEGABYTE
    assert open_window(open_session()).session.runs.budget == 256 * MEGABYTE


@pytest.mark.parametrize("value", ["nonsense", "-5", "0", "1e99", "", "99999999999999999"])
def test_nonsense_for_a_budget_does_no_harm(value, open_window):
    QSettings().setValue("runs/budget", value)
    assert open_window(remember=True).session.runs.budget == 256 * MEGABYTE


# Curves


def color_at(plot: RunsPlot, at: QPointF) -> set[str]:
    """The colours about a point of the picture."""
    image = plot.grab().toImage()
    x, y = round(at.x()), round(at.y())
    near = [(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return {QColor(image.pixel(*each)).name() for each in near}


def end_of(plot: RunsPlot, place: int) -> QPointF:
    x, y = plot.overlay.drawn(plot.runs[place].curve, plot.across.pixels_per_unit)
    return QPointF(plot.across.pixel(x[-1]), plot.up.pixel(y[-1]))


def test_every_ticked_run_has_a_curve_in_its_colour(runs, session, train, open_another):
    plot = runs.overlay.plot
    assert runs.overlay.pages.currentWidget() is runs.overlay.empty
    assert runs.overlay.empty.text() == NO_BATCH
    train(session, 60)
    open_another(optimizer="momentum", learning_rate=0.02)
    train(session, 25)
    assert runs.overlay.pages.currentWidget() is plot
    for place, name in enumerate(("run_1", "run_2")):
        assert getattr(theme.tokens(), name) in color_at(plot, end_of(plot, place))
    ends = [end_of(plot, place) for place in (0, 1)]
    runs.table.ticked.emit(0)
    assert [run.name for run in plot.runs] == ["Run 2"]
    assert theme.tokens().run_1 not in color_at(plot, ends[0])
    assert not runs.table.cells.cells[0][0].ticked
    runs.table.ticked.emit(1)
    assert runs.overlay.empty.text() == NO_RUN


def test_a_tick_by_mouse_and_by_space(runs, session, train, qtbot):
    train(session, 3)
    rect = runs.table.visualRect(runs.table.cells.index(0, 0))
    box = QPoint(rect.left() + PAD + BOX // 2, rect.center().y())
    qtbot.mouseClick(runs.table.viewport(), LEFT, pos=box)
    assert runs.overlay.plot.runs == []
    runs.table.setFocus()
    press(qtbot, Qt.Key.Key_Space)
    assert [run.name for run in runs.overlay.plot.runs] == ["Run 1"]


def test_the_words_at_the_pointer_are_the_data(runs, session, train, fork):
    train(session, 60)
    session.past.look_at(50)
    fork(learning_rate=0.0005)
    train(session, 20)
    plot, area = runs.overlay.plot, runs.overlay.plot.area()
    for height, column in ((Height.LOSS, "losses"), (Height.TRAINING_ACCURACY, "accuracies")):
        runs.overlay.heights[height].click()
        at = QPointF(plot.across.pixel(40.2), area.center().y())
        plot._point_at(at)
        place, *rows = plot.in_words(plot.pointed)
        assert place == ("batch 40", "")
        assert [name for name, _ in rows] == ["Run 1", "Run 2"]
        assert rows[0][1] == rows[1][1]  # they share their past
        assert len(getattr(session.timeline, column)) > 40
        _, smoothed = plot.runs[0].curve.points(height, Across.BATCHES)
        assert rows[0][1] == plot.number(float(smoothed[39]))
    plot.grab()
    plot.leaveEvent(QEvent(QEvent.Type.Leave))
    assert plot.pointed is None


def test_test_accuracies_are_those_of_the_epochs(runs, session, train):
    train(session)
    runs.overlay.heights[Height.TEST_ACCURACY].click()
    assert runs.overlay.pages.currentWidget() is runs.overlay.empty
    assert runs.overlay.empty.text() == NO_EPOCH
    train(session, 60)
    assert runs.overlay.pages.currentWidget() is runs.overlay.plot
    plot, epochs = runs.overlay.plot, session.timeline.epochs
    runs.overlay.acrosses[Across.EPOCHS].click()
    _, (_, number) = plot.in_words(3.1)
    assert number == f"{100 * epochs[2].test_accuracy:.2f}\u2009%"
    assert not runs.overlay.log.isVisible()
    runs.overlay.acrosses[Across.SECONDS].click()
    x, _ = plot.runs[0].curve.points(Height.TEST_ACCURACY, Across.SECONDS)
    np.testing.assert_allclose(x, np.cumsum(session.timeline.seconds)[[e.step - 1 for e in epochs]])
    plot.grab()


def test_a_fork_that_counts_anew_is_laid_on_from_where_it_forked(runs, session, train, fork):
    train(session, 30)
    parent = session.runs.open
    step, seconds = len(parent.timeline), float(parent.timeline.seconds.sum())
    fork(batch_size=64)
    train(session, 10)
    curve = runs.overlay.plot.runs[1].curve
    assert curve.points(Height.LOSS, Across.BATCHES)[0][0] == step + 1
    assert curve.points(Height.LOSS, Across.EPOCHS)[0][0] == pytest.approx(step / 11 + 1 / 22)
    first = curve.points(Height.LOSS, Across.SECONDS)[0][0]
    assert first == pytest.approx(seconds + session.timeline.seconds[0])


def test_zoom_move_and_fit(runs, session, train, qtbot, until):
    train(session, 60)
    plot, shown = runs.overlay.plot, runs.overlay.plot.overlay
    whole = shown.x_range
    at = plot.area().center()
    wheel = QWheelEvent(
        at, plot.mapToGlobal(at.toPoint()).toPointF(), QPoint(), QPoint(0, 240),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    assert not runs.overlay.fit.isVisible()
    QApplication.sendEvent(plot.viewport(), wheel)
    low, high = shown.x_range
    assert high - low == pytest.approx(0.85**2 * (whole[1] - whole[0]))
    assert runs.overlay.fit.isVisible()
    viewport, here = plot.viewport(), at.toPoint()
    qtbot.mousePress(viewport, LEFT, pos=here)
    qtbot.mouseMove(viewport, here - QPoint(40, 0))
    qtbot.mouseRelease(viewport, LEFT, pos=here - QPoint(40, 0))
    assert shown.x_range[0] > low
    qtbot.mouseClick(runs.overlay.fit, LEFT)
    assert shown.x_range == whole
    runs.overlay.setFocus()
    press(qtbot, Qt.Key.Key_Plus)
    assert shown.x_range[1] < whole[1]
    press(qtbot, Qt.Key.Key_Home)
    assert shown.x_range == whole
    runs.table.setFocus()
    press(qtbot, Qt.Key.Key_L)
    until(lambda: not shown.is_logarithmic)


def test_the_chosen_run_and_the_one_under_the_pointer_stand_out(runs, session, train, open_another):
    train(session, 5)
    open_another(seed=1)
    train(session, 5)
    plot = runs.overlay.plot
    assert plot.lit == 0
    runs.table.pointed.emit(1)
    assert plot.lit == 1
    runs.table.pointed.emit(-1)
    assert plot.lit == 0
    runs.table.choose(1)
    assert plot.lit == 1


# Comparing


def test_compare_shows_the_run_in_the_main_window(
    runs, window, session, train, open_another, qtbot
):
    train(session, 5)
    open_another(seed=1)
    train(session, 5)
    press(qtbot, Qt.Key.Key_C)
    assert session.comparison.kept.title == "Run 1"
    assert window.comparison.isVisible()
    assert window.comparison.label.text().startswith("Left: Run 1 at batch ")
    assert "V there" in runs.message.words.text()


def test_a_message_is_not_covered_by_an_older_one(runs, session, train, open_another, until, qtbot):
    for seed in (1, 2, 3):
        train(session, 2)
        open_another(seed=seed)
    train(session, 2)
    press(qtbot, Qt.Key.Key_Delete)
    press(qtbot, Qt.Key.Key_C)
    assert "V there" in runs.message.words.text()
    train(session, 5)
    assert "V there" in runs.message.words.text()
    press(qtbot, Qt.Key.Key_Delete)
    assert runs.message.words.text() == "Run 2 deleted."
    press(qtbot, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert runs.message.words.text() == "Run 1 deleted."  # which can come back too
    assert runs.message.undo_button.isVisible()


def test_other_layers_are_refused_in_words(runs, session, train, open_another, qtbot):
    train(session, 5)
    open_another("mlp")
    train(session, 2)
    qtbot.mouseClick(runs.buttons["Compare"], LEFT)
    assert session.comparison.kept is None
    assert runs.message.words.text().startswith("Run 1 has other layers than the open run (")
    assert runs.message.isVisible()
    assert not runs.message.undo_button.isVisible()


# Reach, looks and the end


def test_everything_operable_has_a_tooltip_and_a_name(runs, session, train, open_another):
    train(session, 12)
    open_another(seed=1)
    train(session)
    kinds = (QAbstractButton, QAbstractSpinBox, QAbstractItemView, QPlainTextEdit)
    found = [
        widget
        for widget in runs.findChildren(QWidget)
        if isinstance(widget, kinds) and not isinstance(widget, QHeaderView) and widget.isVisible()
    ]
    assert len(found) > 12
    assert [str(widget) for widget in found if not widget.toolTip()] == []
    assert [str(widget) for widget in found if not widget.accessibleName()] == []
    assert "Run 1: loss " in runs.overlay.accessibleDescription()
    index = runs.table.cells.index(1, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Run 2, open"


def test_tab_reaches_everything(runs, session, train, open_another, qtbot):
    train(session, 12)
    open_another(seed=1)
    train(session)
    reached = set()
    for _ in range(30):
        reached.add(QApplication.focusWidget())
        press(qtbot, Qt.Key.Key_Tab)
    wanted = {
        runs.table,
        runs.overlay,
        runs.notes.field,
        runs.memory.field,
        runs.overlay.log,
        *runs.buttons.values(),
    }
    assert wanted - reached == set()
    assert reached & set(runs.overlay.heights.values())
    assert reached & set(runs.overlay.acrosses.values())


def test_by_keys_alone(runs, session, train, open_another, until, settled, qtbot):
    train(session, 5)
    first = session.runs.open
    second = open_another(seed=1)
    train(session, 5)
    press(qtbot, Qt.Key.Key_Down)
    assert runs.chosen is second
    press(qtbot, Qt.Key.Key_Up)
    press(qtbot, Qt.Key.Key_Space)
    assert [run.name for run in runs.overlay.plot.runs] == ["Run 2"]
    press(qtbot, Qt.Key.Key_Return)
    until(lambda: session.runs.open is first and settled())
    press(qtbot, Qt.Key.Key_F)
    until(lambda: isinstance(QApplication.activeWindow(), ForkDialog))
    press(qtbot, Qt.Key.Key_Escape)
    until(lambda: QApplication.activeModalWidget() is None)
    runs.activateWindow()  # which offscreen nobody does
    until(runs.isActiveWindow)
    press(qtbot, Qt.Key.Key_Escape)
    until(lambda: not runs.isVisible())


@pytest.mark.parametrize("size", [(1060, 580), (1240, 720), (1560, 920)])
@pytest.mark.parametrize("name", ["dark", "light"])
def test_it_looks_right_with_twelve_runs_and_long_names(
    name, size, runs, qapp, session, train, fork
):
    train(session, 12)
    for _ in range(11):
        session.runs.rename(session.runs.open, "A very long name that somebody gave to a run")
        fork(learning_rate=0.001)
    theme.apply_theme(qapp, name)
    runs.resize(*size)
    assert len({run.color for run in session.runs.all}) == 12
    assert runs.size().toTuple() == size
    plot = runs.overlay.plot
    plot._point_at(plot.area().center())
    image = runs.grab().toImage()
    assert QColor(image.pixel(3, 3)).name() == theme.tokens().background
    tall = plot.area().bottom() - plot.area().top()
    assert tall > 100
    assert runs.table.viewport().height() >= 3 * 27


def test_another_theme_recolours_it(runs, qapp, session, train):
    train(session, 30)
    plot = runs.overlay.plot
    for name in ("light", "dark"):
        theme.apply_theme(qapp, name)
        assert theme.tokens().run_1 in color_at(plot, end_of(plot, 0))
        image = runs.table.grab().toImage()
        assert QColor(image.pixel(image.width() // 2, image.height() - 3)).name() == (
            theme.tokens().background
        )


def test_opened_and_closed_ten_times_nothing_is_left_over(runs, window, session, train):
    train(session, 20)

    def count():
        return len(runs.findChildren(QWidget)), len(runs.overlay.plot.items())

    runs.close()
    before = count()
    for _ in range(10):
        window.windows.open_runs()
        runs.grab()
        runs.close()
    assert count() == before
    assert window.windows.made(RunsWindow) is runs


def test_what_a_fork_began_with_otherwise_stays_in_its_file(
    open_session, session, train, fork, until, tmp_path
):
    train(session, 60)
    session.past.look_at(50)
    forked = fork(learning_rate=0.0005)
    told = []
    session.capture(told.append)
    until(lambda: told != [])
    write_run(tmp_path / "fork.cnnviz", forked.complete(told[0]))
    old = load_run(tmp_path / "fork.cnnviz")
    other = open_session()
    keeper = Keeper(other, other, remember=False)
    keeper.open(tmp_path / "fork.cnnviz")
    until(lambda: other.runs.open.origin is not None)
    assert where_from(other.runs.open) == where_from(forked)
    assert old.origin
    write_run(tmp_path / "old.cnnviz", replace(old, origin=replace(old.origin, differences=None)))
    write_run(tmp_path / "alone.cnnviz", replace(old, name="alone", origin=None))
    for name, words in (("old", "from Run 1 at batch 50"), ("alone", "from a file")):
        keeper.open(tmp_path / f"{name}.cnnviz")
        until(lambda path=tmp_path / f"{name}.cnnviz": other.runs.open.path == path)
        assert where_from(other.runs.open) == words
