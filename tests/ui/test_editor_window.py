"""The network's editor as people use it: keys, drags, files, code, a run of what was designed."""

import random
import struct

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
)

from cnnviz.core.code_generation import CODE
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.remedies import refusal
from cnnviz.core.settings import Settings
from cnnviz.core.spec import conv2d, flatten
from cnnviz.core.spec_edit import Design
from cnnviz.core.spec_file import load_design, save_design
from cnnviz.core.trainer import Trainer
from cnnviz.ui import theme
from cnnviz.ui.editor_window import EditorWindow
from cnnviz.ui.layer_list import ROW
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session

LEFT = Qt.MouseButton.LeftButton
TINY = ["conv2d", "relu", "max_pool2d", "flatten", "dense"]


def kinds(editor):
    return [layer["type"] for layer in editor.editor.design.layers]


def middle(editor, row):
    area = editor.layers.visualRect(editor.layers.rows.index(row))
    return QPoint(area.left() + 60, area.top() + ROW // 2)


def drag(editor, row, gap):
    """Drags a row to before another one, `gap` beyond the last to the end."""
    view, viewport = editor.layers, editor.layers.viewport()
    none = Qt.KeyboardModifier.NoModifier
    last = gap == len(view.rows.rows)
    to = middle(editor, gap - 1 if last else gap) + QPoint(
        0, ROW // 2 - 3 if last else 3 - ROW // 2
    )
    QTest.mousePress(viewport, LEFT, none, middle(editor, row))
    QTest.mouseMove(viewport, (middle(editor, row) + to) / 2)
    QTest.mouseMove(viewport, to)
    assert view.dragged == row
    QTest.mouseRelease(viewport, LEFT, none, to)


def pick(title, until):
    """Chooses a line of the menu that is open."""
    until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    [action] = [each for each in menu.actions() if each.text().split("\t")[0] == title]
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())


def field(editor, name):
    layer = editor.editor.layer
    return editor.form.pages[layer["type"]].rows[name]


def drop(window, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier(0)
    enter = QDragEnterEvent(window.rect().center(), copy, mime, LEFT, none)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        at = QPointF(window.rect().center())
        QApplication.sendEvent(window, QDropEvent(at, copy, mime, LEFT, none))
    return enter.isAccepted()


# The window.


def test_it_opens_with_the_open_runs_network(window, editor):
    assert editor.isWindow()
    assert not editor.isModal()
    assert kinds(editor) == TINY
    assert editor.bar.title.text() == "Tiny"
    assert editor.footer.state.text() == "Run 1 trains this network."
    assert editor.footer.totals.text().startswith(f"1{theme.THIN_SPACE}554 parameters")


def test_the_network_menu_leads_to_it(window, until):
    window.controls.edit_action.trigger()
    until(lambda: window.windows.made(EditorWindow) is not None)
    assert window.windows.made(EditorWindow).isVisible()


def test_what_was_designed_is_there_when_it_opens_again(window, editor, until):
    editor.editor.add("relu")
    editor.close()
    assert not editor.isVisible()
    window.windows.open_editor()
    until(editor.isVisible)
    assert window.windows.made(EditorWindow) is editor
    assert kinds(editor) == ["conv2d", "relu", *TINY[1:]]


def test_an_untouched_design_follows_the_open_run(window, editor, until):
    window.controls.network_choice.chosen.emit("mlp")
    until(lambda: kinds(editor) == ["flatten", "dense", "relu", "dense"])
    editor.editor.remove()
    window.controls.network_choice.chosen.emit("tiny")
    until(lambda: window.session.spec.name == "tiny")
    assert kinds(editor) == ["dense", "relu", "dense"]


def test_everything_in_it_has_a_name_and_words(editor):
    for place in range(len(TINY)):
        editor.editor.choose(place)
        for widget in editor.findChildren(QAbstractButton):
            if widget.isVisible():
                assert widget.accessibleName() or widget.text(), widget
                text = widget.toolTip() or widget.property("small") or widget.property("chip")
                assert text, widget.text()


def test_it_follows_the_theme(window, editor):
    window.change_theme()
    image = editor.grab().toImage()
    seen = {
        image.pixelColor(x, y).name()
        for x in range(0, image.width(), 3)
        for y in range(0, image.height(), 3)
    }
    assert theme.LIGHT.background in seen
    assert theme.DARK.background not in seen


def test_it_closes_with_the_window_in_the_midst_of_playing(window, editor, until):
    window.session.play()
    until(lambda: len(window.session.timeline) > 2)
    window.close()
    until(lambda: not window.isVisible())
    assert not editor.isVisible()


# Steps, by mouse and keys.


def test_a_layer_is_added_behind_the_chosen_one(editor, until):
    editor.editor.choose(1)
    editor.open_add_menu()
    pick("Sigmoid", until)
    assert kinds(editor) == ["conv2d", "relu", "sigmoid", *TINY[2:]]
    assert editor.editor.position == 2
    assert editor.form.title.text() == "Sigmoid 1"


def test_keys_do_what_the_buttons_say(editor, press_key, until):
    press_key("Down", editor)
    assert editor.editor.position == 1
    press_key("Ctrl+D", editor)
    assert kinds(editor) == ["conv2d", "relu", "relu", *TINY[2:]]
    press_key("Alt+Down", editor)
    assert kinds(editor) == ["conv2d", "relu", "max_pool2d", "relu", "flatten", "dense"]
    assert editor.editor.position == 3
    press_key("Alt+Up", editor)
    press_key("Del", editor)
    assert kinds(editor) == TINY
    for _ in range(4):
        press_key("Ctrl+Z", editor)
    assert not editor.bar.undo_button.isEnabled()
    press_key("Ctrl+Shift+Z", editor)
    assert kinds(editor) == ["conv2d", "relu", "relu", *TINY[2:]]
    press_key("Ins", editor)
    until(lambda: QApplication.activePopupWidget() is not None)
    QApplication.activePopupWidget().close()


def test_all_layers_can_be_taken_out_and_put_back(editor, press_key):
    for _ in TINY:
        press_key("Del", editor)
    press_key("Del", editor)
    assert kinds(editor) == []
    assert editor.editor.position == -1
    assert not editor.remove_button.isEnabled()
    assert not editor.footer.train_button.isEnabled()
    assert editor.note.text.text() == refusal(editor.editor.design).args[0]
    for _ in TINY:
        press_key("Ctrl+Z", editor)
    assert editor.editor.design.to_spec() == PRESETS["tiny"]


@pytest.mark.parametrize(
    ("row", "gap", "expected"),
    [
        (0, 2, ["relu", "conv2d", "max_pool2d", "flatten", "dense"]),
        (4, 0, ["dense", "conv2d", "relu", "max_pool2d", "flatten"]),
        (0, 5, ["relu", "max_pool2d", "flatten", "dense", "conv2d"]),
        (1, 1, TINY),
        (1, 2, TINY),
    ],
)
def test_a_layer_is_dragged(editor, row, gap, expected):
    drag(editor, row, gap)
    assert kinds(editor) == expected
    assert editor.layers.dragged == -1
    assert bool(editor.editor.undoes) == (expected != TINY)


def test_escape_lets_go_of_a_dragged_layer_and_closes_nothing(editor, qtbot):
    viewport = editor.layers.viewport()
    QTest.mousePress(viewport, LEFT, Qt.KeyboardModifier.NoModifier, middle(editor, 0))
    QTest.mouseMove(viewport, middle(editor, 3))
    assert editor.layers.gap > 2
    qtbot.keyClick(editor.layers, Qt.Key.Key_Escape)
    assert editor.layers.dragged == -1
    QTest.mouseRelease(viewport, LEFT, Qt.KeyboardModifier.NoModifier, middle(editor, 3))
    assert kinds(editor) == TINY
    assert editor.isVisible()


def test_the_first_edit_makes_it_a_network_of_ones_own(editor):
    editor.editor.add("relu")
    assert (editor.editor.design.name, editor.bar.title.text()) == ("custom", "Tiny, edited")
    editor.editor.undo()
    assert (editor.editor.design.name, editor.bar.title.text()) == ("tiny", "Tiny")


@pytest.mark.parametrize("seed", range(4))
def test_undo_and_redo_of_random_edits_and_the_engine_agrees(seed, editor, press_key, session):
    """Through the window's own actions; what it calls fine trains, what it refuses says why."""
    chance, begin = random.Random(seed), editor.editor.design
    actions = (editor.duplicate, editor.remove, editor.move_up, editor.move_down)

    def type_a_number():
        rows = getattr(editor.form.pages.get((editor.editor.layer or {}).get("type")), "rows", {})
        if rows:
            number = chance.choice(chance.choice(list(rows.values())).numbers)
            if number.isEnabled():
                number.setValue(chance.choice((-1, 0, 1, 2, 3, 5, 9, 30)))
                number.editingFinished.emit()

    def drag_one():
        count = len(editor.editor.design.layers)
        if count:
            drag(editor, chance.randrange(count), chance.randrange(count + 1))

    def mend():
        problem = editor.editor.report.problem
        if problem and problem.remedies:
            editor.editor.take_remedy(chance.randrange(len(problem.remedies)))

    def add_one():
        if len(editor.editor.design.layers) < 8:
            editor.editor.add(chance.choice(TINY))

    def choose():
        editor.editor.choose(chance.randrange(-1, len(editor.editor.design.layers)))

    fine, refused = 0, 0
    for _ in range(40):
        chance.choice((*actions, type_a_number, type_a_number, drag_one, mend, add_one, choose))()
        error, spec = refusal(editor.editor.design), editor.editor.report.spec
        assert editor.footer.train_button.isEnabled() == (error is None)
        if error is None:
            fine += 1
            trainer = Trainer(spec, session.dataset, Settings(batch_size=2, threads=1))
            assert np.isfinite(trainer.train_batch().loss)
        else:
            refused += 1
            note = editor.note if error.layer is None else editor.layers.note
            assert note.text.text() == str(error)
            assert note.isVisible()
    end = editor.editor.design
    assert fine
    assert refused
    editor.layers.setFocus()
    while editor.bar.undo_button.isEnabled():
        press_key("Ctrl+Z", editor)
    assert editor.editor.design == begin
    while editor.bar.redo_button.isEnabled():
        press_key("Ctrl+Shift+Z", editor)
    assert editor.editor.design == end


# Presets, files, code.


def test_a_preset_takes_its_place_and_undo_brings_it_back(editor, until):
    editor.editor.add("relu")
    mine = editor.editor.design
    editor.bar.open_start_menu()
    pick("LeNet-5", until)
    assert editor.editor.design.to_spec() == PRESETS["lenet-5"]
    editor.editor.undo()
    assert editor.editor.design == mine


def test_a_file_is_saved_and_opened(editor, press_key, until, qtbot, tmp_path):
    path = tmp_path / "mine.toml"
    editor.editor.set_title("Ours")
    press_key("Ctrl+S", editor)
    until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
    line = QApplication.activeModalWidget().findChild(QLineEdit, "fileNameEdit")
    assert line.text() == "ours.toml"
    line.setText(str(path))
    qtbot.keyClick(line, Qt.Key.Key_Return)
    until(path.exists)
    assert load_design(path) == editor.editor.design
    assert editor.footer.state.text() == "Saved as mine.toml."
    saved = editor.editor.design
    editor.editor.remove()
    assert drop(editor, path)
    assert editor.editor.design == saved
    editor.editor.undo()
    assert kinds(editor) == TINY[1:]


def test_other_files_are_not_taken_by_dropping(editor, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("x")
    assert not drop(editor, path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"format = 1\n[[layers", "not sound TOML"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"format = 99\n", "newer cnnviz"),
        (
            b"format = 1\ninput_shape = [1, 8, 8]\n" + 1000 * b'[[layers]]\ntype = "relu"\n',
            "than 200",
        ),
        (b"format = 1\ninput_shape = [1, 8, 8]\n[[layers]]\ntype = 1.5\n", "type"),
    ],
)
def test_a_bad_file_is_refused_in_words_and_nothing_is_lost(editor, tmp_path, content, words):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    before = editor.editor.design
    assert drop(editor, path)
    assert editor.notice.isVisible()
    assert words in " ".join(label.text() for label in editor.notice.findChildren(QLabel))
    assert editor.editor.design == before


def test_a_strange_file_opens_and_the_place_is_marked(editor, tmp_path):
    path = tmp_path / "strange.toml"
    path.write_text(
        'format = 1\ninput_shape = [1, 28, 28]\n[[layers]]\ntype = "conv2d"\nfilters = 4\n'
        'kernel = [0, 3]\n[[layers]]\ntype = "lstm"\nunits = 5\n'
    )
    editor.files.open_file(str(path))
    assert editor.layers.rows.rows[0].is_refused
    assert editor.layers.rows.rows[1].title == "Layer 2"
    assert "kernel" in field(editor, "kernel").note.text.text()
    assert field(editor, "kernel").numbers[0].value() == 0
    field(editor, "kernel").note.shown[0].click()
    editor.editor.choose(1)
    assert "lstm" in editor.form.note.text.text()
    assert not any(page.isVisible() for page in editor.form.pages.values())


def test_a_field_that_there_is_not_can_be_left_out(editor):
    layers = ({**conv2d(4, 5), "colour": 7}, flatten(), {"type": "dense", "units": 10})
    editor.editor.start_from(Design(layers), "Start")
    assert "colour" in editor.form.note.text.text()
    [button] = editor.form.note.shown
    assert button.text() == "Leave out colour"
    button.click()
    assert editor.editor.report.problem is None


def test_a_file_for_other_images_is_fitted_and_says_so(editor, tmp_path):
    path = tmp_path / "large.toml"
    layers = (conv2d(4, 5), flatten(), {"type": "dense", "units": 3})
    save_design(path, Design(layers, (3, 64, 64), 3, "he", "Large", "large"))
    editor.files.open_file(str(path))
    assert editor.editor.report.layers[0].input_shape == (1, 28, 28)
    assert editor.editor.report.layers[-1].output_shape == (10,)
    assert "Made for images of 3" in editor.footer.state.text()


@pytest.mark.parametrize("library", CODE)
def test_code_goes_to_the_clipboard(editor, until, library):
    editor.editor.set_field("filters", 5)
    editor.bar.open_copy_menu()
    pick(f"Copy as {library}", until)
    assert QApplication.clipboard().text() == CODE[library](editor.editor.report.spec)
    assert editor.footer.state.text() == f"Copied to the clipboard as {library} code."


def test_there_is_no_code_of_what_does_not_fit(editor):
    editor.editor.set_field("kernel", (40, 40))
    assert not editor.bar.copy_button.isEnabled()


def test_how_weights_begin_is_said_in_words(editor):
    button = editor.bar.initializer
    titles = [action.text() for action in button.menu().actions()]
    assert titles == ["He (normal)", "Glorot (uniform)", "Numpy-CNN (normal)"]
    assert "Normal with deviation" in button.menu().actions()[0].toolTip()
    assert "Weights begin: He (normal)" in button.accessibleName()
    editor.editor.set_initializer("glorot")
    assert "Glorot (uniform)" in button.accessibleName()


def test_a_long_title_stays_within_its_field(editor, qtbot):
    width = editor.minimumSizeHint().width()
    title = editor.bar.title
    title.setFocus()
    title.selectAll()
    qtbot.keyClicks(title, "wide " * 60)
    qtbot.keyClick(title, Qt.Key.Key_Return)
    assert editor.editor.design.title == ("wide " * 40).strip()
    assert editor.minimumSizeHint().width() == width
    editor.editor.undo()
    assert title.text() == "Tiny"


# Training.


def test_training_begins_a_new_run_and_the_old_one_stays(window, editor, train, until, qtbot):
    session = window.session
    train(session, 3)
    first = session.runs.open
    editor.editor.choose(0)
    editor.editor.set_field("filters", 6)
    qtbot.mouseClick(editor.footer.train_button, LEFT)
    until(lambda: session.runs.open is not first)
    until(lambda: len(session.timeline) > 1)
    session.pause()
    assert session.runs.all == [first, session.runs.open]
    assert session.spec == editor.editor.report.spec
    assert session.spec.layers[0]["filters"] == 6
    assert "other network" in session.runs.open.differences
    assert editor.footer.state.text() == "Run 2 trains this network."
    assert not isinstance(QApplication.focusWidget(), QLineEdit)  # a key would overwrite a name
    assert window.controls.network_choice.accessibleName() == "Network: Tiny, edited"
    until(lambda: first.saved is not None)
    assert first.saved.step >= 3


def test_unchanged_layers_keep_their_weights_bit_for_bit(window, editor, train, until, press_key):
    session = window.session
    train(session, 5)
    old, vector = session.spec, session.network.vector.copy()
    editor.editor.choose(1)
    editor.editor.add("conv2d")
    assert editor.footer.keep.text() == "Keep the weights of conv1"
    editor.footer.keep.setChecked(True)
    press_key("Ctrl+Return", editor)
    until(lambda: len(session.runs.all) == 2)
    session.pause()
    begun, drawn, before = (Network(spec, 0) for spec in (session.spec, session.spec, old))
    begun.vector[...] = session.timeline.snapshots[0].vector
    before.vector[...] = vector
    now, new, then = (net.state_dict() for net in (begun, drawn, before))
    for name in ("conv1.weight", "conv1.bias"):
        np.testing.assert_array_equal(now[name], then[name])
        assert not np.array_equal(then[name], new[name])
    for name in ("conv2.weight", "dense1.weight"):
        np.testing.assert_array_equal(now[name], new[name])
    assert session.runs.open.differences.endswith("weights kept")
    assert session.wanted.weights is None


def test_without_the_tick_all_weights_are_drawn_anew(window, editor, train, until, qtbot):
    session = window.session
    train(session, 3)
    qtbot.mouseClick(editor.footer.train_button, LEFT)
    until(lambda: len(session.runs.all) == 2)
    session.pause()
    drawn = Network(session.spec, 0).vector
    np.testing.assert_array_equal(session.timeline.snapshots[0].vector, drawn)


def test_what_cannot_be_kept_is_said(editor):
    editor.editor.start_from(Design.from_spec(PRESETS["mlp"]), "Start")
    assert not editor.footer.keep.isEnabled()
    assert editor.footer.keep.text() == "No layer’s weights can be kept"


def test_a_run_that_cannot_be_says_so_here(window, editor, until, qtbot):
    """The trainer has the last word, whatever the window thought."""
    session = window.session
    session.settings = Settings(batch_size=100_000)
    qtbot.mouseClick(editor.footer.train_button, LEFT)
    until(editor.notice.isVisible)
    assert editor.editor.design.to_spec() == PRESETS["tiny"]
    assert session.spec is not None


# Other data, or none.


@pytest.fixture
def folder(tmp_path):
    """Images of 12×10 in three classes."""
    random = np.random.default_rng(0)
    for stem, count in (("train", 60), ("t10k", 12)):
        images = random.integers(0, 256, (count, 12, 10), dtype=np.uint8)
        labels = (np.arange(count) % 3).astype(np.uint8)
        for name, values in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
            (tmp_path / f"{stem}-{name}-ubyte").write_bytes(header + values.tobytes())
    return str(tmp_path)


def test_shape_and_classes_are_those_of_the_data(
    folder, open_window, open_session, open_editor, until, qtbot
):
    session = open_session(data=folder, batch_size=8)
    editor = open_editor(open_window(session))
    assert editor.editor.report.layers[0].input_shape == (1, 12, 10)
    assert editor.editor.report.layers[-1].output_shape == (3,)
    editor.editor.start_from(Design.from_spec(PRESETS["numpy-cnn"]), "Start")
    assert editor.editor.report.problem is None
    assert editor.editor.design.to_spec().layers[-1]["units"] == 3
    assert editor.illustration.picture.motion.image.shape == (12, 10)
    editor.editor.add("relu")
    qtbot.mouseClick(editor.footer.train_button, LEFT)
    until(lambda: len(session.timeline) > 2 and session.spec.name == "custom")
    assert session.spec.input_shape == (1, 12, 10)


def test_other_data_change_what_is_known_of_an_edited_design(
    folder, window, session, editor, until
):
    editor.editor.add("relu")
    session.open_run(RunRequest(folder, "mlp", Settings(batch_size=8)))
    until(lambda: session.spec.name == "mlp")
    assert editor.editor.report.layers[0].input_shape == (1, 12, 10)
    assert kinds(editor) == ["conv2d", "relu", *TINY[1:]]


def test_without_data_nothing_can_be_trained(open_window, qtbot, until):
    session = Session()
    window = open_window(session)
    window.windows.open_editor()
    editor = window.windows.made(EditorWindow)
    assert kinds(editor)[0] == "conv2d"
    assert editor.editor.report.spec is not None
    assert not editor.footer.train_button.isEnabled()
    assert editor.illustration.words.text() == "The picture comes with the data."
    editor.pages.setCurrentIndex(1)
    editor.grab()


# The end, and the next time.


def test_what_was_not_trained_is_there_the_next_time(
    open_window, open_session, open_editor, until, train
):
    """Until it is trained: then it is a run's."""
    window = open_window(open_session(), remember=True)
    editor = open_editor(window)
    editor.editor.set_field("filters", 7)
    mine = editor.editor.design
    window.close()
    until(lambda: not window.isVisible())
    window = open_window(open_session(), remember=True)
    editor = open_editor(window)
    assert editor.editor.design == mine
    editor.editor.undo()
    assert editor.editor.design.to_spec() == PRESETS["tiny"]
    window.close()
    until(lambda: not window.isVisible())
    editor = open_editor(open_window(open_session(), remember=True))
    assert not editor.editor.is_edited


def test_a_window_that_remembers_nothing_keeps_no_design(editor, window, settings_file, until):
    editor.editor.remove()
    window.close()
    until(lambda: not window.isVisible())
    assert not settings_file.exists()


@pytest.mark.parametrize("text", ["", "nonsense", "format = 7\n", 'format = 1\nlayers = "x"\n'])
def test_what_was_kept_and_is_no_design_is_ignored(editor, text):
    editor.bring_back(text)
    assert kinds(editor) == TINY
    assert not editor.editor.is_edited


def test_a_right_click_offers_what_can_be_done(editor, until):
    at = editor.layers.mapTo(editor, middle(editor, 0))
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, editor.mapToGlobal(at))
    QApplication.sendEvent(editor, event)
    until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    texts = [each.text().split("\t")[0] for each in menu.actions() if each.text()]
    assert texts == ["Duplicate", "Remove", "Move down", "Save window as picture…"]
    pick("Remove", until)
    assert kinds(editor) == TINY[1:]
