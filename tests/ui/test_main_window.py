"""The window as a whole: keys, what it remembers, its two themes, and how it closes."""

import threading
from collections import Counter
from itertools import pairwise
from time import perf_counter

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QSettings, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QFileDialog,
    QInputDialog,
    QMenu,
    QMessageBox,
    QSplitter,
    QWidget,
)

from cnnviz.core.convolution import correlate
from cnnviz.core.edits import Filter
from cnnviz.core.receptive_field import Place
from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase
from cnnviz.ui import main_menu, theme
from cnnviz.ui.comparison import Scale, Side
from cnnviz.ui.data_window import DataWindow
from cnnviz.ui.draw_window import DrawWindow
from cnnviz.ui.editor_window import EditorWindow
from cnnviz.ui.experiments_window import ExperimentsWindow
from cnnviz.ui.film_dialog import FilmDialog
from cnnviz.ui.learning_window import LearningWindow
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.mistakes_window import MistakesWindow
from cnnviz.ui.network_view import ZOOM_STEP
from cnnviz.ui.runs_window import RunsWindow
from cnnviz.ui.session import Session
from cnnviz.ui.shortcuts import SHORTCUTS, ShortcutsDialog
from cnnviz.ui.time_lab import TimeLab
from cnnviz.ui.widgets.choice_menu import ChoiceMenu

LEFT = Qt.MouseButton.LeftButton
KEYS = [(key, shortcut.slot) for shortcut in SHORTCUTS for key in shortcut.keys]


def dialog(kind):
    found = QApplication.activeModalWidget()
    return found if isinstance(found, kind) else None


def menu():
    found = QApplication.activePopupWidget()
    return found if isinstance(found, ChoiceMenu) else None


def is_open(window, kind):
    """Whether a window of this kind stands beside the main one."""
    made = window.windows.made(kind)
    return made is not None and made.isVisible()


def runner_threads():
    return [each for each in threading.enumerate() if each.name.startswith("cnnviz")]


# Keys


def after(method):
    """What must hold after a key, of the window."""
    return {
        "train_or_pause": lambda window: window.session.is_training,
        "controls.batch_button.click": lambda window: len(window.session.timeline) == 3,
        "controls.epoch_button.click": lambda window: len(window.session.timeline) == 11,
        "controls.reset_button.click": lambda window: dialog(QMessageBox) is not None,
        "next_image": lambda window: window.session.image_index == 6,
        "previous_image": lambda window: window.session.image_index == 4,
        "edit_number": lambda window: window.digits.number.hasFocus(),
        "edit_rate": lambda window: window.controls.rate_field.hasFocus(),
        "controls.data_choice.open_menu": lambda window: (
            window.controls.data_choice.menu().isVisible()
        ),
        "controls.network_choice.open_menu": lambda window: (
            window.controls.network_choice.menu().isVisible()
        ),
        "controls.optimizer_choice.open_menu": lambda window: (
            window.controls.optimizer_choice.menu().isVisible()
        ),
        "controls.way_choice.open_menu": lambda window: (
            window.controls.way_choice.menu().isVisible()
        ),
        "mute_filter": lambda window: Filter("conv1", 3) in window.session.edits.now.muted,
        "paint_kernels": lambda window: window.filters.canvas.painting,
        "session.edits.undo": lambda window: not window.session.edits.now,
        "session.edits.redo": lambda window: len(window.session.edits.now.muted) == 2,
        "save_window": lambda window: dialog(QFileDialog) is not None,
        "exports.choose_format": lambda window: menu() is not None,
        "exports.open_weights": lambda window: dialog(QFileDialog) is not None,
        "files.open": lambda window: dialog(QFileDialog) is not None,
        "files.save": lambda window: dialog(QFileDialog) is not None,
        "files.save_as": lambda window: dialog(QFileDialog) is not None,
        "windows.open_data": lambda window: is_open(window, DataWindow),
        "windows.open_experiments": lambda window: is_open(window, ExperimentsWindow),
        "windows.open_runs": lambda window: is_open(window, RunsWindow),
        "save_film": lambda window: dialog(FilmDialog) is window.film,
        "windows.open_draw": lambda window: is_open(window, DrawWindow),
        "windows.open_editor": lambda window: is_open(window, EditorWindow),
        "windows.open_learning": lambda window: is_open(window, LearningWindow),
        "windows.open_time_lab": lambda window: is_open(window, TimeLab),
        "open_menu": lambda window: menu() is not None,
        "windows.open_mistakes": lambda window: is_open(window, MistakesWindow),
        "turn_page": lambda window: window.pages.currentWidget() is window.inspector,
        "inspector.slide_or_rest": lambda window: window.session.slide.running,
        "escape": lambda window: window.session.selection.pinned is None,
        "loss.look_back": lambda window: window.session.past.moment == 0,
        "loss.look_forward": lambda window: window.session.past.moment is None,
        "loss.look_back_by_epoch": lambda window: window.session.past.moment == 0,
        "loss.look_forward_by_epoch": lambda window: window.session.past.moment is None,
        "loss.look_back_by_batch": lambda window: window.session.past.moment == 1,
        "loss.look_forward_by_batch": lambda window: window.session.past.moment == 1,
        "loss.look_at_first": lambda window: window.session.past.moment == 0,
        "loss.look_at_best": lambda window: window.session.past.moment == 11,
        "loss.note": lambda window: dialog(QInputDialog) is not None,
        "loss.look_at_now": lambda window: window.session.past.moment is None,
        "session.player.toggle": lambda window: window.session.player.is_playing,
        "session.keep_or_end": lambda window: window.comparison.isVisible(),
        "comparison.next_side": lambda window: window.session.comparison.side is Side.NOW,
        "network.next_scale": lambda window: window.session.comparison.scale is Scale.MAP,
        "network.zoom_in": lambda window: window.network.zoom == ZOOM_STEP**2,
        "network.zoom_out": lambda window: window.network.zoom == 1,
        "network.zoom_to_fit": lambda window: window.network.zoom == 1,
        "inspector.copy": lambda window: (
            QApplication.clipboard().text().startswith("Conv 1 · map 0")
        ),
        "session.choose_smooth_or_fast": lambda window: window.session.smooth,
        "change_theme": lambda window: theme.tokens().name == "light",
        "show_shortcuts": lambda window: dialog(ShortcutsDialog) is not None,
        "close": lambda window: not window.isVisible(),
    }[method]


def prepare(window, method):
    """What some keys need to have something to do."""
    window.session.selection.pin(Place("relu1", (3, 2, 2)))
    window.session.edits.toggle_mute("conv1", 0)
    window.session.edits.toggle_mute("conv1", 1)
    window.session.edits.undo()
    if method == "turn_page":
        window.pages.setCurrentWidget(window.filters_page)
    if method in ("inspector.slide_or_rest", "escape", "inspector.copy"):
        QApplication.clipboard().clear()
        window.session.selection.pin(Place("conv1", (0, 1, 1)))
    if "forward" in method or "now" in method:
        window.session.past.look_at(0)
    if "best" in method:
        window.session.train_to(13)
        while len(window.session.timeline) < 13:
            window.session.drain()
    if "zoom" in method:
        window.network.set_zoom(ZOOM_STEP)
    if method == "comparison.next_side":
        window.session.keep_or_end()
        window.session.comparison.show_side(Side.DIFFERENCE)


def close_popups():
    for popup in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
        if popup:
            popup.close()


@pytest.mark.parametrize(("keys", "method"), KEYS, ids=[keys for keys, _ in KEYS])
def test_every_key_does_what_the_list_says(keys, method, window, train, until, press_key):
    for _ in range(2):
        train(window.session)
    window.session.choose_image(5)
    prepare(window, method)
    holds = after(method)
    assert not holds(window)
    press_key(keys, window)
    until(lambda: holds(window))
    close_popups()


def test_no_key_has_two_meanings():
    assert max(Counter(keys for keys, _ in KEYS).values()) == 1


def test_what_is_pinned_turns_to_the_inspector(window):
    assert window.pages.currentWidget() is window.filters_page
    window.session.selection.pin(Place("conv1", (0, 1, 1)))
    assert window.pages.currentWidget() is window.inspector
    assert window.inspector.title.text().startswith("Conv 1")


def test_the_list_of_keys_shows_them_all(window, press_key, until, qtbot):
    press_key("F1", window)
    until(lambda: dialog(ShortcutsDialog) is not None)
    texts = " ".join(
        label.text()
        for label in dialog(ShortcutsDialog).findChildren(QWidget)
        if hasattr(label, "text")
    )
    for shortcut in SHORTCUTS:
        assert shortcut.text in texts
    room = window.screen().availableSize()
    assert dialog(ShortcutsDialog).height() < room.height()
    assert dialog(ShortcutsDialog).width() < room.width()
    qtbot.keyClick(dialog(ShortcutsDialog), Qt.Key.Key_Escape)
    until(lambda: dialog(ShortcutsDialog) is None)


def test_space_trains_then_pauses(window, press_key, until):
    press_key("Space", window)
    until(lambda: len(window.session.timeline) > 3)
    press_key("Space", window)
    until(lambda: window.session.status.phase is Phase.PAUSED)


def test_space_presses_the_focused_button(window, press_key, until):
    window.controls.epoch_button.setFocus()
    press_key("Space", window)
    until(lambda: len(window.session.timeline) == 11)
    until(lambda: window.session.status.phase is Phase.PAUSED)


def test_space_opens_the_menu_of_a_focused_choice(window, press_key):
    window.controls.network_choice.setFocus()
    opened = []

    def look():
        opened.append(window.controls.network_choice.menu().isVisible())
        close_popups()

    QTimer.singleShot(200, look)
    press_key("Space", window)  # comes back when the menu is closed
    assert opened == [True]
    assert not window.session.is_training


def test_keys_typed_into_a_field_are_not_shortcuts(window, press_key):
    press_key("Ctrl+L", window)
    for keys in ("N", "B", "E", "Space", "P"):
        press_key(keys, window)
    assert window.session.image_index == 0
    assert window.session.status.goal == 0
    assert window.controls.rate_field.hasFocus()


@pytest.mark.parametrize("field", ["Ctrl+L", "Ctrl+G"])
def test_after_enter_the_keys_are_the_windows_again(field, window, press_key, qtbot, until):
    press_key(field, window)
    qtbot.keyClicks(QApplication.focusWidget(), "3")
    press_key("Return", window)
    press_key("Space", window)
    until(lambda: len(window.session.timeline) > 0)


def test_the_keyboard_is_the_windows_at_first(open_window, press_key, until):
    window = open_window()
    press_key("B", window)
    until(lambda: len(window.session.timeline) == 1)


# Words and reach


def operable(window):
    """Buttons, fields and grids that are there to be used."""
    kinds = (QAbstractButton, QAbstractSpinBox, QAbstractItemView)
    return [
        widget
        for widget in window.findChildren(QWidget)
        if isinstance(widget, kinds)
        and widget.isVisible()
        and widget.isEnabled()
        and not isinstance(widget.window(), QMenu)
    ]


def named(widget):
    """What a screen reader says; of a button without a name its text."""
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName() or text


def test_everything_operable_has_a_tooltip_and_a_name(window, train):
    train(window.session)
    found = operable(window)
    assert len(found) > 20
    assert [named(widget) for widget in found if not widget.toolTip()] == []
    assert [str(widget) for widget in found if not named(widget)] == []


def test_tooltips_name_the_keys(window):
    tips = " ".join(widget.toolTip() for widget in operable(window))
    for keys in ("Space", "B", "E", "Ctrl+L", "Ctrl+D", "Ctrl+N", "Ctrl+U", "Ctrl+K", "Ctrl+T"):
        assert f"({keys})" in tips


def test_tab_reaches_everything(window, train, press_key):
    train(window.session)
    reached = set()
    for _ in range(100):
        press_key("Tab", window)
        reached.add(QApplication.focusWidget())
    groups = {widget.group() for widget in reached if isinstance(widget, QAbstractButton)}
    unreached = [
        named(widget)
        for widget in operable(window)
        if widget not in reached
        # Of a group of chips Tab reaches the chosen one, arrows the others.
        and not (isinstance(widget, QAbstractButton) and widget.group() in groups - {None})
    ]
    assert unreached == []


# What is remembered


def splitters(window):
    return {
        (splitter.orientation(), splitter.count()): splitter.sizes()
        for splitter in window.findChildren(QSplitter)
    }


def close(window, until):
    window.close()
    until(lambda: not window.isVisible())


def drag(qtbot, splitter, by):
    handle = splitter.handle(1)
    middle = handle.rect().center()
    qtbot.mousePress(handle, LEFT, pos=middle)
    qtbot.mouseMove(handle, middle + by / 2)
    qtbot.mouseMove(handle, middle + by / 2)
    qtbot.mouseRelease(handle, LEFT, pos=middle)


def test_size_and_layout_are_remembered(open_window, open_session, until, qtbot):
    window = open_window(remember=True)
    window.resize(1130, 730)
    for splitter in window.findChildren(QSplitter):
        before = splitter.sizes()
        sideways = splitter.orientation() is Qt.Orientation.Horizontal
        drag(qtbot, splitter, QPoint(30, 0) if sideways else QPoint(0, -30))
        assert splitter.sizes() != before
    size, layout = window.size(), splitters(window)
    close(window, until)
    window = open_window(open_session(), remember=True)
    assert window.size() == size
    assert splitters(window) == layout


def test_the_folder_that_was_saved_in_is_remembered(open_window, open_session, until, tmp_path):
    window = open_window(remember=True)
    window.session.folder = str(tmp_path)
    close(window, until)
    assert open_window(open_session(), remember=True).session.folder == str(tmp_path)
    assert open_window(open_session()).session.folder == ""


def test_the_theme_is_remembered(open_window, until, press_key):
    window = open_window(remember=True)
    press_key("Ctrl+T", window)
    close(window, until)
    assert QSettings().value("window/theme") == "light"


def test_smooth_pictures_are_ticked_in_the_menu_and_remembered(
    open_window, open_session, until, press_key
):
    window = open_window(remember=True)

    def ticks():
        choices = [choice for section in main_menu.sections(window) for choice in section]
        made = ChoiceMenu(window, [choices])
        return {action.text().split("\t")[0]: action.isChecked() for action in made.actions()}

    line = "Smooth pictures, at training's cost"
    assert not any(ticks().values())
    press_key("Ctrl+M", window)
    assert [text for text, ticked in ticks().items() if ticked] == [line]
    close(window, until)
    assert open_window(open_session(), remember=True).session.smooth
    assert not open_window(open_session()).session.smooth


def test_without_remembering_nothing_is_written_or_read(
    open_window, open_session, until, settings_file
):
    close(open_window(remember=True, size=(1000, 700)), until)
    kept = settings_file.read_bytes()
    window = open_window(open_session(), remember=False, size=(1200, 800))
    assert window.size().toTuple() == (1200, 800)
    close(window, until)
    assert settings_file.read_bytes() == kept


def test_nonsense_in_the_settings_does_no_harm(open_window):
    settings = QSettings()
    for name in ("geometry", "body", "middle", "right"):
        settings.setValue(f"window/{name}", "nonsense")
    window = open_window(remember=True)
    assert all(min(sizes) > 100 for sizes in splitters(window).values())


@pytest.mark.parametrize("size", [(960, 640), (1100, 700), (1600, 1000), (2560, 1440)])
def test_every_view_has_room_at_every_size(size, open_window):
    window = open_window(size=size)
    assert window.size().toTuple() == size
    views = (window.digits, window.network, window.loss, window.filters, window.timing)
    for view in views:
        assert view.width() >= 190
        assert view.height() >= 120
    assert window.network.width() > window.digits.width()


def test_it_cannot_be_smaller_than_its_parts(open_window):
    window = open_window(size=(300, 200))
    assert window.size().toTuple() == (960, 640)


# Two themes


def most_common_colors(widget, count):
    image = widget.grab().toImage()
    pixels = Counter(
        image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)
    )
    return {QColor(pixel).name() for pixel, _ in pixels.most_common(count)}


def test_another_theme_recolours_every_part(window, train, until, press_key):
    train(window.session, 15)
    until(lambda: window.session.times.batches > 0)
    press_key("Ctrl+T", window)
    QCoreApplication.processEvents()
    old = {theme.DARK.background, theme.DARK.surface, theme.DARK.raised, theme.DARK.line}
    parts = "controls digits network loss filters timing status".split()
    for part in parts:
        colors = most_common_colors(getattr(window, part), 4)
        assert theme.LIGHT.background in colors, part
        assert not colors & old, part
    press_key("Ctrl+T", window)
    QCoreApplication.processEvents()
    for part in parts:
        assert theme.DARK.background in most_common_colors(getattr(window, part), 4), part


def test_the_corner_buttons_change_theme_and_list_keys(window, qtbot, until):
    buttons = {widget.accessibleName(): widget for widget in operable(window)}
    qtbot.mouseClick(buttons["Dark or light"], LEFT)
    assert theme.tokens().name == "light"
    qtbot.mouseClick(buttons["Keyboard shortcuts"], LEFT)
    until(lambda: dialog(ShortcutsDialog) is not None)
    close_popups()


# Notices


def test_a_notice_stands_in_the_window_and_its_button_works(
    open_session, open_window, until, qtbot
):
    session = open_session("numpy-cnn", optimizer="momentum", learning_rate=1e6)
    window = open_window(session)
    assert not window.notice.isVisible()
    session.play()
    until(window.notice.isVisible)
    qtbot.mouseClick(window.notice.action_button, LEFT)
    until(lambda: session.status.phase is Phase.PAUSED and session.status.step == 0)
    assert window.controls.rate_field.value() == session.settings.learning_rate < 1


def test_a_failed_run_is_told_and_the_window_lives(window, until, press_key):
    window.session.open_run(RunRequest("/nowhere", "tiny", Settings()))
    until(window.notice.isVisible)
    press_key("B", window)
    until(lambda: len(window.session.timeline) == 1)


# The end

FREEZE = 2
"""Seconds for which only a window that waits for its threads stands still.

Closing keeps the event loop from turning for 20 ms at most; 130 were seen with two busy processes
beside it, and 740 on a CI machine. Waiting for a slow batch or for the data takes many seconds.
"""


@pytest.fixture
def heartbeat():
    """Called, it begins to note how long the event loop stands still; what it returns tells."""
    beats = []
    timer = QTimer()
    timer.setInterval(5)
    timer.timeout.connect(lambda: beats.append(perf_counter()))

    def longest():
        times = [*beats, perf_counter()]
        return max(late - early for early, late in pairwise(times))

    def start():
        beats.append(perf_counter())
        timer.start()
        return longest

    yield start
    timer.stop()


def test_it_closes_in_the_midst_of_training(window, until, heartbeat):
    window.session.play()
    until(lambda: len(window.session.timeline) > 20)
    longest_pause = heartbeat()
    close(window, until)
    assert longest_pause() < FREEZE
    assert runner_threads() == []


def test_it_closes_in_the_midst_of_a_slow_batch(open_session, open_window, until, heartbeat, qtbot):
    """Which would have taken a minute and more, on any machine."""
    slow = open_session("numpy-cnn", convolution="loop", batch_size=1024, play=True)
    window = open_window(slow)
    until(lambda: window.session.status.phase is Phase.TRAINING)
    qtbot.wait(300)
    assert len(window.session.timeline) == 0
    begin, longest_pause = perf_counter(), heartbeat()
    close(window, until)
    assert perf_counter() - begin < 15
    assert longest_pause() < FREEZE
    assert runner_threads() == []


def test_it_lives_while_it_waits_for_a_batch_to_be_given_up(
    open_session, open_window, until, monkeypatch, qtbot
):
    begun, let_go = threading.Event(), threading.Event()

    def held(*arguments):
        begun.set()
        let_go.wait(10)
        return forward(*arguments)

    forward = correlate.forward
    monkeypatch.setattr(correlate, "forward", held)
    window = open_window(open_session(convolution="correlate", play=True))
    until(begun.is_set)
    window.close()
    qtbot.wait(50)
    assert window.isVisible()
    assert runner_threads() != []
    let_go.set()
    until(lambda: not window.isVisible())
    assert runner_threads() == []


def test_it_closes_while_the_first_run_loads(no_threads_left, open_window, until, heartbeat, mnist):
    session = Session()
    window = open_window(session)
    session.open_run(RunRequest("mnist", "numpy-cnn", Settings()))
    longest_pause = heartbeat()
    close(window, until)
    assert longest_pause() < FREEZE
    assert session.dataset is None


def test_it_closes_while_another_run_loads(window, until, mnist):
    window.session.play()
    window.session.open_run(RunRequest("mnist", "numpy-cnn", Settings()), play=True)
    close(window, until)


def test_closing_twice_closes_once(window, until):
    window.session.play()
    until(lambda: len(window.session.timeline) > 5)
    window.close()
    window.close()
    until(lambda: not window.isVisible())
    window.close()


def test_while_it_closes_nothing_can_begin(open_session, open_window, until, press_key, mnist):
    window = open_window(open_session("numpy-cnn", convolution="loop", play=True))
    until(lambda: window.session.status.phase is Phase.TRAINING)
    window.close()
    for keys in ("Space", "B", "E", "Ctrl+R", "N", "Ctrl+D", "Ctrl+T"):
        press_key(keys, window)
    window.controls.data_choice.chosen.emit("mnist")
    close_popups()
    until(lambda: not window.isVisible())
    assert window.session.loading is None


@pytest.mark.parametrize("learned", [False, True])
def test_it_closes_with_a_number_half_typed(learned, window, train, until, press_key, qtbot):
    if learned:
        train(window.session)
    qtbot.mouseClick(window.controls.batch_field.lineEdit(), LEFT)
    window.controls.batch_field.selectAll()
    qtbot.keyClicks(window.controls.batch_field, "64")
    press_key("Ctrl+Q", window)
    until(lambda: not window.isVisible())
    assert QApplication.activeModalWidget() is None


def test_ctrl_q_in_a_window_beside_closes_all_of_it(window, until, press_key):
    window.windows.open_runs()
    beside = window.windows.made(RunsWindow)
    until(beside.isActiveWindow)
    press_key("Ctrl+Q", beside)
    until(lambda: not window.isVisible() and not beside.isVisible())


def test_it_closes_with_a_question_open(window, train, until):
    train(window.session)
    window.controls.reset_button.click()
    until(lambda: dialog(QMessageBox) is not None)
    close(window, until)


def test_it_closes_with_the_list_of_keys_open(window, until):
    window.show_shortcuts()
    until(lambda: dialog(ShortcutsDialog) is not None)
    close(window, until)


def test_it_closes_with_a_menu_open(window, until):
    window.controls.network_choice.open_menu()
    close(window, until)
    close_popups()


def test_windows_leave_nothing_behind(open_session, until, qapp):
    counts = []
    for _ in range(4):
        window = MainWindow(open_session(), remember=False, ask=False)
        window.show()
        window.session.play()
        until(lambda window=window: len(window.session.timeline) > 3)
        close(window, until)
        window.deleteLater()
        del window
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        counts.append(len(QApplication.allWidgets()))
    assert len(set(counts)) == 1
