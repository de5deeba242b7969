"""The mistakes window: numbers, choice of images, the past of one; it rests while hidden."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QHeaderView,
    QWidget,
)

from cnnviz.core import examination
from cnnviz.core.datasets import LOADERS, Dataset, Split
from cnnviz.core.evaluation import evaluate
from cnnviz.core.scales import percent
from cnnviz.core.settings import Settings
from cnnviz.ui import mistakes_view, theme
from cnnviz.ui.image_grid import shortened
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.mistakes_window import MistakesWindow
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_menu import ChoiceMenu
from cnnviz.ui.widgets.saving import take_picture

LEFT = Qt.MouseButton.LeftButton


def opened(window, until):
    window.windows.open_mistakes()
    made = window.windows.made(MistakesWindow)
    until(lambda: made.isActiveWindow() and made.examiner.answer is not None)
    return made


@pytest.fixture
def mistakes(window, train, until):
    """The window, after a little training."""
    train(window.session, 30)
    return opened(window, until)


def evaluation(mistakes):
    return evaluate(mistakes.examiner.session.network, mistakes.examiner.session.dataset.test)


def wait_for_past(mistakes, until):
    session, history = mistakes.examiner.session, mistakes.examiner.history
    until(lambda: history.epochs == session.timeline.epochs)
    until(lambda: mistakes.examiner.image_past is not None)


# What it says.


def test_the_line_above_tells_the_engines_numbers(mistakes, until):
    expected = evaluation(mistakes)
    right = round(expected.accuracy * 360)
    until(lambda: f"{right} of 360 right" in mistakes.bar.result.text())
    text = mistakes.bar.result.text()
    assert f"{100 * expected.accuracy:.2f}\u2009%" in text
    assert f"loss {expected.loss:.4f}" in text
    assert f"after batch {mistakes.examiner.session.shown_step}" in text


def test_matrix_and_classes_are_those_of_the_evaluation(mistakes):
    expected = evaluation(mistakes)
    assert (mistakes.mistakes.matrix.counts == expected.confusion).all()
    rows = mistakes.mistakes.table.cells.cells
    for row, score in zip(rows, expected.class_scores, strict=True):
        assert [cell.text for cell in row[1:]] == [
            str(score.support),
            *(percent(each) for each in (score.recall, score.precision, score.f1)),
        ]


def test_all_mistakes_are_there_the_worst_first(mistakes):
    expected = evaluation(mistakes)
    shown = mistakes.mistakes.grid.images.images.numbers
    assert shown.tolist() == expected.worst(360).tolist()
    assert mistakes.mistakes.count.text() == f"All mistakes: {len(shown)}"


def test_a_cell_leads_to_its_images(mistakes, qtbot):
    expected, matrix = evaluation(mistakes), mistakes.mistakes.matrix
    wrong = expected.confusion.copy()
    np.fill_diagonal(wrong, 0)
    label, answer = (int(k) for k in np.unravel_index(wrong.argmax(), wrong.shape))
    qtbot.mouseClick(matrix, LEFT, pos=matrix.cell_area((label, answer)).center().toPoint())
    numbers = mistakes.mistakes.grid.images.images.numbers
    assert len(numbers) == wrong.max()
    assert (expected.labels[numbers] == label).all()
    assert (expected.predictions[numbers] == answer).all()
    assert mistakes.mistakes.count.text() == f"{label} read as {answer}: {wrong.max()}"
    matrix.choose((label, label))
    assert len(mistakes.mistakes.grid.images.images.numbers) == expected.confusion[label, label]


def test_a_class_leads_to_the_mistakes_on_it(mistakes):
    expected, view = evaluation(mistakes), mistakes.mistakes
    view.matrix.choose((1, 1))
    view.table.choose(4)
    assert view.matrix.cell is None
    wrong = (expected.labels == 4) & (expected.predictions != 4)
    assert sorted(view.grid.images.images.numbers) == np.flatnonzero(wrong).tolist()
    view.matrix.choose((0, 0))
    assert view.table.chosen_row == -1


@pytest.mark.parametrize("order", ["loss", "confidence", "forgotten", "number"])
def test_images_are_sorted(mistakes, until, order):
    wait_for_past(mistakes, until)
    view, answer = mistakes.mistakes, mistakes.examiner.answer
    view.order.chosen.emit(order)
    numbers = view.grid.images.images.numbers
    keys = {
        "loss": -answer.evaluation.losses,
        "confidence": -answer.confidences,
        "forgotten": -mistakes.examiner.history.forgotten,
        "number": np.arange(360),
    }[order]
    assert (np.diff(keys[numbers]) >= 0).all()
    assert len(numbers) > 3
    assert view.order.key == order


# Images.


def test_a_click_takes_an_image_through_the_network(mistakes, qtbot, until):
    grid, session = mistakes.mistakes.grid, mistakes.examiner.session
    until(lambda: not grid.visualRect(grid.images.index(1)).isEmpty())
    place = grid.visualRect(grid.images.index(1)).center()
    qtbot.mouseClick(grid.viewport(), LEFT, pos=place)
    assert session.image_index == grid.images.images.numbers[1]
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert session.image_index == grid.images.images.numbers[2]


def test_tab_alone_chooses_nothing(mistakes, qtbot):
    session, grid = mistakes.examiner.session, mistakes.mistakes.grid
    session.choose_image(
        int(np.flatnonzero(~np.isin(np.arange(360), grid.images.images.numbers))[0])
    )
    before = session.image_index
    grid.setFocus(Qt.FocusReason.TabFocusReason)
    assert session.image_index == before


def test_a_tile_says_what_it_is(mistakes):
    grid, answer = mistakes.mistakes.grid, mistakes.examiner.answer
    number = grid.images.images.numbers[0]
    label, read = answer.evaluation.labels[number], answer.evaluation.predictions[number]
    text = grid.images.data(grid.images.index(0), Qt.ItemDataRole.AccessibleTextRole)
    sure = percent(float(answer.confidences[number]))
    assert text.startswith(f"Test image {number}, label {label}, read as {read} at {sure}, ")


def test_the_past_of_an_image_is_told_and_drawn(mistakes, until):
    wait_for_past(mistakes, until)
    view, session = mistakes.mistakes.past, mistakes.examiner.session
    number = int(mistakes.mistakes.grid.images.images.numbers[0])
    session.choose_image(number)
    until(lambda: mistakes.examiner.image_past.image == number)
    record = mistakes.examiner.history.image(number)
    assert record.in_words in view.words.text()
    assert f"No. {number}" in view.words.text()
    assert view.lines.record.epochs.tolist() == [e.epoch for e in session.timeline.epochs]
    assert not view.lines.grab().isNull()


def test_a_drawing_has_no_past(mistakes):
    past, session = mistakes.mistakes.past, mistakes.examiner.session
    session.choose_image(3)
    assert past.lines.record is not None
    drawn = np.zeros(session.dataset.input_shape, np.float32)
    session.show_picture(drawn, "a drawn digit")
    assert past.lines.record is None
    assert past.words.text() == ""
    assert past.lines.accessibleDescription().startswith("Shown is a drawn digit.")
    assert past.lines.epoch_at(100) is None
    assert not past.lines.grab().isNull()
    session.choose_image(3)
    assert past.lines.record is not None


def test_a_click_on_an_epoch_looks_at_its_end(mistakes, until, qtbot):
    wait_for_past(mistakes, until)
    lines, session = mistakes.mistakes.past.lines, mistakes.examiner.session
    until(lambda: lines.record is not None and len(lines.record.epochs) > 1)
    qtbot.mouseClick(lines, LEFT, pos=QPoint(round(lines._x(1)) + 2, 30))
    assert session.past.moment == session.timeline.epochs[0].step
    until(lambda: mistakes.examiner.answer.question.step == session.past.moment)


def test_another_answer_leaves_the_place_in_the_grid(mistakes, until):
    grid, session = mistakes.mistakes.grid, mistakes.examiner.session
    mistakes.mistakes.order.chosen.emit("number")
    mistakes.resize(900, 560)
    until(lambda: grid.verticalScrollBar().maximum() > 30)
    grid.verticalScrollBar().setValue(30)
    session.edits.toggle_mute("conv1", 3)
    until(lambda: not mistakes.examiner.is_stale)
    assert grid.verticalScrollBar().value() == 30
    mistakes.mistakes.order.chosen.emit("loss")
    assert grid.verticalScrollBar().value() == 0


def test_long_names_are_shortened_as_little_as_can_be(qapp):
    assert shortened(["4", "9"], 80) == ["4", "9"]
    one, other = shortened(["an extraordinarily long name", "cat"], 120)
    assert one.endswith("…")
    assert other == "cat"
    one, other = shortened(["an extraordinarily long name"] * 2, 120)
    assert one.endswith("…")
    assert other.endswith("…")


# How it follows, and rests.


def test_it_says_when_it_is_older_than_what_is_shown(mistakes, until):
    session = mistakes.examiner.session
    session.past.look_at(0)
    mistakes.bar.refresh()
    assert "Shown by now: batch 0" in mistakes.bar.words.text()
    assert mistakes.bar.test_button.isEnabled()
    until(lambda: not mistakes.examiner.is_stale)
    until(lambda: "before the first batch" in mistakes.bar.result.text())
    until(lambda: not mistakes.bar.test_button.isEnabled())


def test_edits_are_told_of(mistakes, until):
    mistakes.examiner.session.edits.toggle_mute("conv1", 0)
    until(lambda: "with your edits" in mistakes.bar.result.text())


def test_hidden_it_rests(mistakes, window, train, until):
    mistakes.close()
    assert not mistakes.examiner._watched
    before = mistakes.examiner.answer
    train(window.session, 15)
    window.session.past.look_at(0)
    assert mistakes.examiner._job is None
    assert not mistakes.examiner._begin_timer.isActive()
    assert mistakes.examiner.answer is before
    window.windows.open_mistakes()
    until(lambda: mistakes.examiner.answer.question.step == 0)
    until(lambda: "before the first batch" in mistakes.bar.result.text())


def test_another_run_is_followed(mistakes, until):
    session = mistakes.examiner.session
    mistakes.pages.setCurrentWidget(mistakes.space)
    until(lambda: mistakes.space.plane is not None)
    assert mistakes.space.layer == "flatten"
    session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: session.spec.name == "mlp")
    until(lambda: mistakes.examiner.answer is not None)
    assert mistakes.examiner.answer.question.layer == "relu1"
    assert mistakes.space.layer_choice.key == "relu1"


def test_a_network_that_has_diverged_is_told_of(window, until):
    window.session.network.vector[...] = np.nan
    window.session.edits.learned = window.session.network.vector.copy()
    mistakes = opened(window, until)
    until(lambda: "The network has diverged: 360 of 360" in mistakes.bar.words.text())
    assert mistakes.mistakes.grid.images.images.notes[0] == "loss nan"
    mistakes.pages.setCurrentWidget(mistakes.space)
    until(lambda: "diverged" in mistakes.space.plot.empty)
    assert not mistakes.grab().isNull()


def test_the_main_window_closes_it(mistakes, window, until):
    window.session.shut_down()
    until(lambda: window.session.is_shut_down)
    window.close()
    until(lambda: not window.isVisible())
    assert not mistakes.isVisible()
    assert mistakes.is_shut_down


# Other data.


def made_of(count, classes, shape):
    rng = np.random.default_rng(count)
    labels = np.arange(count) % classes
    pixels = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    return Split(pixels, labels.astype(np.int64))


@pytest.mark.parametrize(
    ("classes", "images", "shape"), [(2, 2, (1, 28, 28)), (62, 124, (3, 28, 28))]
)
def test_other_data_are_shown(
    open_window, open_session, monkeypatch, until, classes, images, shape
):
    names = tuple(f"class <{k}>" for k in range(classes))
    train, test = made_of(128, classes, shape), made_of(images, classes, shape)
    data = Dataset("made", "Made", train, test, names, "Made for this test.")
    monkeypatch.setitem(LOADERS, "made", lambda: data)
    window = open_window(open_session(data="made"))
    mistakes = opened(window, until)
    assert f"of {images} right" in mistakes.bar.result.text()
    assert not mistakes.grab().isNull()
    mistakes.pages.setCurrentWidget(mistakes.space)
    until(lambda: mistakes.space.plane is not None)
    assert not mistakes.grab().isNull()
    assert len(mistakes.space.table.cells.cells) == classes
    assert "&lt;" in mistakes.mistakes.past.words.text()


# Saving, words, looks.


def test_what_is_seen_can_be_saved(mistakes, qtbot, until, tmp_path, monkeypatch):
    monkeypatch.setattr(ChoiceMenu, "popup", lambda *_: None)
    menus = []
    for page in (mistakes.mistakes, mistakes.space):
        mistakes.pages.setCurrentWidget(page)
        until(lambda page=page: page is mistakes.mistakes or page.plane is not None)
        qtbot.keyClick(
            QApplication.focusWidget(), Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier
        )
        menus.append(mistakes.findChildren(ChoiceMenu)[-1])
    texts = [[action.text() for action in menu.actions()] for menu in menus]
    assert texts == [
        [
            "Save confusion matrix as picture…",
            "Save confusion matrix as numbers…",
            "Save window as picture…",
        ],
        ["Save points as picture…", "Save points as numbers…", "Save window as picture…"],
    ]
    menus[0].actions()[1].trigger()
    dialog = mistakes.findChild(QFileDialog)
    until(dialog.isVisible)
    dialog.selectFile(str(tmp_path / "matrix.csv"))
    dialog.accept()
    until((tmp_path / "matrix.csv").exists)
    counts = np.loadtxt(tmp_path / "matrix.csv", delimiter=",")
    assert (counts == evaluation(mistakes).confusion).all()


def test_everything_in_it_has_a_name_and_words(mistakes, until):
    for page in (mistakes.mistakes, mistakes.space):
        mistakes.pages.setCurrentWidget(page)
        for widget in mistakes.findChildren(QWidget):
            if isinstance(widget, QHeaderView) or not widget.isVisible():
                continue
            if isinstance(widget, QAbstractButton | QAbstractItemView):
                text = widget.text() if isinstance(widget, QAbstractButton) else ""
                assert widget.accessibleName() or text, widget
                assert isinstance(widget, QAbstractButton) or widget.toolTip(), widget


def test_it_changes_theme_with_the_window(mistakes, window, until):
    for page in (mistakes.mistakes, mistakes.space):
        mistakes.pages.setCurrentWidget(page)
        until(lambda page=page: page is mistakes.mistakes or page.plane is not None)
        if theme.tokens().name == "dark":
            window.change_theme()
        image = mistakes.grab().toImage()
        colors = {
            image.pixelColor(x, y).name()
            for x in range(0, image.width(), 3)
            for y in range(0, image.height(), 3)
        }
        assert theme.LIGHT.background in colors
        assert theme.DARK.background not in colors


def test_of_very_many_images_the_first_are_shown(mistakes, monkeypatch):
    monkeypatch.setattr(mistakes_view, "MOST_SHOWN", 3)
    mistakes.mistakes.refresh()
    worst = evaluation(mistakes).worst(360)
    assert mistakes.mistakes.grid.images.images.numbers.tolist() == worst[:3].tolist()
    assert mistakes.mistakes.count.text() == f"All mistakes: {len(worst)}"
    assert mistakes.mistakes.note.text() == "The first 3 are shown."


@pytest.mark.parametrize("part", ["matrix", "past", "grid", "plot", "window"])
def test_pictures_are_made_both_ways(mistakes, until, part):
    mistakes.pages.setCurrentWidget(mistakes.space if part == "plot" else mistakes.mistakes)
    until(lambda: part != "plot" or mistakes.space.plane is not None)
    parts = {
        "matrix": mistakes.mistakes.matrix,
        "past": mistakes.mistakes.past,
        "grid": mistakes.mistakes.grid,
        "plot": mistakes.space.plot,
        "window": mistakes,
    }
    picture = take_picture(parts[part])
    assert picture.image.width() == 2 * parts[part].width()
    assert picture.svg.startswith(b"<?xml")


def test_without_a_run_it_says_that_nothing_is_tested(qtbot, until):
    session, parent = Session(), QWidget()
    qtbot.addWidget(parent)
    window = MistakesWindow(session, parent)
    window.show_in_front()
    for page in (window.mistakes, window.space):
        window.pages.setCurrentWidget(page)
        assert not window.grab().isNull()
    window.examiner.examine_now()
    assert window.bar.result.text() == "Nothing is tested yet."
    window.shut_down()
    until(lambda: window.is_shut_down)
    session.shut_down()


def test_a_test_can_be_cancelled_and_begun_again(window, until, qtbot, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(examination, "let_others_first", lambda niceness: go_on.wait(20))
    window.windows.open_mistakes()
    mistakes = window.windows.made(MistakesWindow)
    bar = mistakes.bar
    until(lambda: bar.cancel_button.isVisible() and "Testing batch 0 …" in bar.words.text())
    qtbot.mouseClick(bar.cancel_button, LEFT)
    until(lambda: bar.words.text() == "Cancelled. “Test now” tests what is shown.")
    assert not bar.cancel_button.isVisible()
    go_on.set()
    until(bar.test_button.isEnabled)
    qtbot.mouseClick(bar.test_button, LEFT)
    until(lambda: mistakes.examiner.answer is not None)
    until(lambda: "of 360 right" in bar.result.text())


def test_a_click_brings_the_image_back_that_a_drawing_took_the_place_of(mistakes, qtbot):
    session, grid = mistakes.examiner.session, mistakes.mistakes.grid
    number = int(grid.images.images.numbers[0])
    session.choose_image(number)
    session.show_picture(np.zeros(session.dataset.input_shape, np.float32), "a drawn digit")
    assert session.test_image is None
    at = grid.visualRect(grid.images.index(0)).center()
    qtbot.mouseClick(grid.viewport(), LEFT, pos=at)
    assert session.test_image == number
