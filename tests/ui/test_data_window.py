"""Data of one's own in their window: chosen, dropped, read, looked at, changed, trained on."""

import csv
import io
import threading

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFontMetrics
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from cnnviz.core.datasets import LeftOut, ReadingCancelled, reading
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings
from cnnviz.ui import theme
from cnnviz.ui.data_window import DataWindow
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.widgets.table import TEXT_SIZE
from tests.ui.data_files import CLASSES, make_images

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def photos(tmp_path):
    """Eight images of three classes, and some things that are none."""
    folder = make_images(tmp_path / "photos")
    (folder / "readme.txt").write_text("hello")
    (folder / "dark" / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def data(window, until):
    """The window, opened from the main one."""
    window.windows.open_data()
    made = window.windows.made(DataWindow)
    until(made.isVisible)
    return made


@pytest.fixture
def read(data, until):
    """Has it read something, and waits."""

    def read_it(path):
        data.read(path)
        until(lambda: not data.reader.is_reading)

    return read_it


@pytest.fixture
def slowly(monkeypatch):
    """Reading waits for the event that this returns, in the middle; it can be cancelled."""
    go_on, begun = threading.Event(), threading.Event()

    def read_slowly(path, options=None, progress=None, cancelled=lambda: False):
        progress("Reading images", 12_340, 60_000)
        begun.set()
        while not go_on.wait(0.005):
            if cancelled():
                raise ReadingCancelled
        return real(path, options, progress, cancelled)

    real = reading.read_dataset
    monkeypatch.setattr(reading, "read_dataset", read_slowly)
    monkeypatch.setattr("cnnviz.ui.loading.read_dataset", read_slowly)
    yield go_on
    go_on.set()


def cells(table):
    return [[cell.text for cell in row] for row in table.cells.cells]


def urls(*paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(widget, mime):
    """Whether it takes what is dragged; then it is dropped."""
    move, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(9, 9).toPoint(), move, mime, buttons, none)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(9, 9), move, mime, buttons, none))
    return enter.isAccepted()


# What is shown


def test_at_first_it_says_what_can_be_read(data):
    assert "Drop a folder" in data.message.text()
    assert data.pages.currentIndex() == 0
    assert not data.again_button.isEnabled()
    assert not data.recent_button.isEnabled()


def test_the_classes_with_their_images(data, read, photos):
    read(photos)
    assert data.pages.currentIndex() == 1
    assert cells(data.classes) == [[name, "7", "1", ""] for name in CLASSES]
    words = data.summary.text()
    assert words.startswith("A folder of class folders: 24 images of 1×28×28, 3 classes, 21 to")
    assert "16.7 % of each class" in data.notes.text()
    assert data.place.text() == data.place.toolTip() == str(photos)
    picture = data.classes.grab().toImage()
    levels = {
        picture.pixelColor(data.classes.columnViewportPosition(3) + 20, y).red() // 32
        for y in (50, 92, 134)
    }
    assert len(levels) == 3  # bright, dark and middle


def test_everything_left_out_with_its_reason(data, read, photos, tmp_path, qtbot):
    read(photos)
    assert data.tabs.tabText(1) == "Left out  2"
    rows = dict(cells(data.left_out.table))
    assert set(rows) == {"readme.txt", "dark/broken.png"}
    assert rows["readme.txt"] == "it is in no class's folder"
    data.tabs.setCurrentIndex(1)
    qtbot.mouseClick(data.left_out.copy_button, LEFT)
    copied = QApplication.clipboard().text().splitlines()
    assert copied[0] == "where\twhy"
    assert f"{photos / 'readme.txt'}\tit is in no class's folder" in copied


def test_reasons_get_the_room_that_names_leave(data, read, photos, qtbot):
    read(photos)
    data.tabs.setCurrentIndex(1)
    left_out = data.left_out
    reason = "its pixels cannot be read: " + "a long story of what is wrong with them " * 3
    left_out.show_rows([LeftOut(str(photos / "a.png"), reason)], str(photos))
    table = left_out.table
    width = table.viewport().width()
    assert table.columnWidth(0) < 0.3 * width
    assert table.columnWidth(0) + table.columnWidth(1) == width
    metrics = QFontMetrics(theme.font(TEXT_SIZE))
    assert table.columnWidth(1) > metrics.horizontalAdvance(reason[:100])
    assert table.cells.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == reason
    left_out.show_rows([LeftOut(str(photos / ("a" * 300)), reason)], str(photos))
    assert table.columnWidth(0) == pytest.approx(width / 2, abs=1)  # names do not push them out
    data.resize(data.width() - 100, data.height())
    assert table.columnWidth(0) == pytest.approx(table.viewport().width() / 2, abs=1)


def test_what_was_left_out_is_saved_as_csv(data, read, photos, tmp_path, qtbot, until):
    read(photos)
    (photos / 'a "quoted", name').mkdir()
    read(photos)
    data.tabs.setCurrentIndex(1)
    qtbot.mouseClick(data.left_out.save_button, LEFT)
    until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
    file = tmp_path / "out.csv"
    QApplication.activeModalWidget().fileSelected.emit(str(file))
    QApplication.activeModalWidget().close()
    lines = list(csv.reader(io.StringIO(file.read_text())))
    assert lines[0] == ["where", "why"]
    assert str(photos / 'a "quoted", name') in [where for where, _ in lines]
    assert len(lines) == 4


def test_nothing_left_out(data, read, tmp_path):
    read(make_images(tmp_path / "clean"))
    assert data.left_out.summary.text() == "Nothing was left out."
    assert not data.left_out.save_button.isEnabled()


def test_many_thousand_left_out_are_shown_at_once(data, read, photos, qtbot):
    read(photos)
    left_out = data.report.left_out * 50_000
    data.left_out.show_rows(left_out, str(photos))
    data.tabs.setCurrentIndex(1)
    table = data.left_out.table
    assert table.cells.rowCount() == 100_000
    table.scrollToBottom()
    assert table.cells.index(99_999, 0).data() == "dark/broken.png"
    assert not table.grab().isNull()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path, "There is no data set"),
        (lambda path: path.mkdir(), "has no class folders"),
        (lambda path: (path / "only").mkdir(parents=True), "has no image in its 1 class folders"),
        (lambda path: path.with_suffix(".npz").write_bytes(b"junk"), ".npz"),
        (lambda path: path.with_suffix(".csv").write_text("label,pixel\n"), ".csv"),
    ],
)
def test_bad_data_are_told_in_words(make, words, data, read, tmp_path, photos):
    make(tmp_path / "bad")
    suffix = words if words.startswith(".") else ""
    read(photos)
    read((tmp_path / "bad").with_suffix(suffix))
    assert data.pages.currentIndex() == 0
    assert words in data.message.text()
    assert "Traceback" not in data.message.text()
    assert data.dataset is None
    assert not data.trainer.train_button.isEnabled()
    read(photos)
    assert data.pages.currentIndex() == 1


def test_names_with_markup_are_shown_as_they_are(data, read, tmp_path, session, window, until):
    folder = make_images(tmp_path / "<b>bold<b>")
    read(folder)
    assert data.summary.textFormat() is Qt.TextFormat.PlainText
    data.trainer.train_button.click()
    assert "&lt;b&gt;" in window.controls.place.words.text()
    until(lambda: session.request.data == str(folder))


# Options


def test_other_options_read_again(data, read, photos, until):
    read(photos)
    data.options.size_choice.chosen.emit("chosen")
    until(lambda: not data.reader.is_reading)
    assert data.report.shape == (1, 28, 28)
    data.options.height_field.setValue(12)
    data.options.colour_choice.chosen.emit("rgb")
    data.options.test_field.setValue(50)
    data.options.seed_field.setValue(7)
    until(lambda: not data.reader.is_reading)
    assert data.report.shape == (3, 12, 28)
    assert data.report.test == (4, 4, 4)
    assert data.dataset.name == f"{photos}?size=12x28&colour=rgb&test=0.5&seed=7"
    data.options.size_choice.chosen.emit("common")
    until(lambda: not data.reader.is_reading)
    assert data.report.shape == (3, 28, 28)
    assert data.options.height_field.isHidden()


def test_a_sixth_that_nobody_touched_stays_a_sixth(data, read, photos, until):
    read(photos)
    data.options.seed_field.setValue(1)
    until(lambda: not data.reader.is_reading)
    assert data.dataset.name == f"{photos}?seed=1"


def test_while_it_reads_again_nothing_can_be_trained(data, read, photos, slowly, until):
    slowly.set()
    read(photos)
    assert data.trainer.train_button.isEnabled()
    slowly.clear()
    data.options.seed_field.setValue(1)
    assert not data.trainer.train_button.isEnabled()
    until(lambda: data.progress.value() > 0)
    data.cancel_button.click()
    assert data.options.options.seed == data.options.seed_field.value() == 0
    assert data.trainer.train_button.isEnabled()
    assert data.dataset.name == str(photos)


def test_read_again_sees_what_is_on_the_disk_now(data, read, photos, until):
    read(photos)
    (photos / "dark" / "broken.png").unlink()
    data.again_button.click()
    until(lambda: not data.reader.is_reading)
    assert data.tabs.tabText(1) == "Left out  1"


# Progress and cancelling


def test_progress_and_cancel(data, photos, slowly, until, qtbot):
    data.read(photos)
    until(lambda: data.progress.value() == 12_340)
    assert data.status.text().replace("\u2009", " ") == "Reading images: 12 340 of 60 000"
    assert data.progress.maximum() == 60_000
    qtbot.mouseClick(data.cancel_button, LEFT)
    assert "Cancelled" in data.message.text()
    until(lambda: data.is_shut_down)
    slowly.set()
    qtbot.mouseClick(data.again_button, LEFT)
    until(lambda: data.report is not None)


def test_the_newest_wish_counts(data, photos, tmp_path, slowly, until):
    other = make_images(tmp_path / "other", count=4)
    data.read(photos)
    until(lambda: data.progress.value() > 0)
    data.read(other)
    slowly.set()
    until(lambda: not data.reader.is_reading)
    assert data.report.images == 12
    assert data.place.text() == str(other)


def test_closing_in_the_middle_ends_the_reading(data, photos, slowly, until, press_key):
    data.read(photos)
    until(lambda: data.progress.value() > 0)
    press_key("Escape", data)
    until(lambda: not data.isVisible())
    until(lambda: data.is_shut_down)
    assert data.dataset is None


def test_the_main_window_closes_in_the_middle(window, data, photos, slowly, until):
    data.read(photos)
    until(lambda: data.progress.value() > 0)
    window.close()
    until(lambda: not window.isVisible())
    data.read(photos)
    assert not data.reader.is_reading


def test_what_was_shown_is_read_again_when_it_comes_back(window, data, read, photos, until):
    read(photos)
    data.close()
    assert data.dataset is None
    (photos / "readme.txt").unlink()
    window.windows.open_data()
    until(lambda: data.report is not None)
    assert data.tabs.tabText(1) == "Left out  1"


# Training


def test_train_on_it(window, data, read, photos, session, until):
    read(photos)
    dataset = data.dataset
    assert "in batches of 21 (not 128" in data.trainer.verdict.text()
    data.trainer.train_button.click()
    assert not data.isVisible()
    until(lambda: session.request.data == str(photos))
    assert session.dataset is dataset  # not read a second time
    assert session.settings.batch_size == 21
    assert session.spec.layers[-1]["units"] == 3
    until(lambda: len(session.timeline) > 0)  # it has begun
    assert session.recent_data == [str(photos)]
    assert window.controls.data_choice.accessibleName() == "Data: photos"


def test_a_network_that_does_not_fit_is_told_and_others_are_offered(
    window, read, data, tmp_path, session, until
):
    small = make_images(tmp_path / "small", count=30, size=(6, 6))
    session.open_run(RunRequest("digits", "numpy-cnn", Settings()))
    until(lambda: session.spec.name == "numpy-cnn")
    read(small)
    words = data.trainer.verdict.text()
    assert words.startswith("“Two convolutions” does not fit. conv2: its kernel 5×5 is larger")
    assert data.trainer.train_button.isHidden()
    shown = [button for button in data.trainer.other_buttons if not button.isHidden()]
    assert [button.text() for button in shown] == ["Train “No convolution” on it"]
    shown[0].click()
    until(lambda: session.request.data == str(small))
    assert session.spec.name == "mlp"
    assert session.spec.input_shape == (1, 6, 6)


def test_another_network_chosen_meanwhile_is_judged(read, data, photos, session, until):
    read(photos)
    assert "“Tiny”" in data.trainer.verdict.text()
    session.open_run(RunRequest("digits", PRESETS["mlp"], Settings()))
    until(lambda: "“No convolution”" in data.trainer.verdict.text())


def test_without_any_run_it_trains_all_the_same(open_window, photos, until, no_threads_left):
    from cnnviz.ui.session import Session

    session = Session()
    window = open_window(session)
    window.windows.open_data_at(photos)
    data = window.windows.made(DataWindow)
    until(lambda: data.report is not None)
    data.trainer.train_button.click()
    until(lambda: session.dataset is not None)
    assert session.spec.name == "numpy-cnn"


def test_it_opens_on_the_data_of_the_open_run(window, photos, session, until):
    session.open_run(RunRequest(f"{photos}?seed=5", "tiny", Settings(batch_size=8)))
    until(lambda: session.request.data != "digits")
    window.windows.open_data()
    data = window.windows.made(DataWindow)
    until(lambda: data.report is not None)
    assert data.options.seed_field.value() == 5
    assert data.dataset.name == session.request.data


# Ways in


def test_dropping_on_either_window(window, data, photos, tmp_path, until):
    data.close()
    assert drop(window, urls(photos))
    until(lambda: data.isVisible() and data.report is not None)
    file = tmp_path / "arrays.npz"
    rng = np.random.default_rng(0)
    np.savez(file, x=rng.integers(0, 255, (20, 9, 9), dtype=np.uint8), y=np.arange(20) % 2)
    assert drop(data, urls(file))
    until(lambda: data.place.text() == str(file) and not data.reader.is_reading)
    assert data.pages.currentIndex() == 1, data.message.text()


@pytest.mark.parametrize("name", ["picture.png", "text.txt", "none"])
def test_what_is_no_data_cannot_be_dropped(name, window, data, tmp_path):
    (tmp_path / name).write_bytes(b"")
    assert not drop(data, urls(tmp_path / name))
    if not name.endswith(".png"):  # a picture is something else
        assert not drop(window, urls(tmp_path / name))
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/photos.npz")])
    assert not drop(data, mime)


@pytest.mark.parametrize("button", ["folder_button", "file_button"])
def test_choosing_by_a_dialog(button, data, photos, qtbot, until):
    qtbot.mouseClick(getattr(data, button), LEFT)
    until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
    QApplication.activeModalWidget().fileSelected.emit(str(photos))
    QApplication.activeModalWidget().close()
    until(lambda: data.report is not None)


def test_recent_data_can_be_read_again(data, read, photos, session, qtbot, until):
    session.recent_data = [f"{photos}?seed=2"]
    read(photos)
    assert data.recent_button.isEnabled()
    qtbot.mouseClick(data.recent_button, LEFT)
    until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    (line,) = menu.actions()
    assert line.text() == "photos · seed 2"
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(line).center())
    until(lambda: not data.reader.is_reading and data.dataset is not None)
    assert data.dataset.name == f"{photos}?seed=2"


def test_recent_data_are_remembered(open_window, open_session, until):
    window = open_window(remember=True)
    window.session.recent_data = ["/a/photos"]
    window.close()
    until(lambda: not window.isVisible())
    assert open_window(open_session(), remember=True).session.recent_data == ["/a/photos"]


def test_the_menu_of_data_opens_it(window, until):
    window.controls.data_choice.chosen.emit("own")
    until(lambda: window.windows.made(DataWindow) is not None)
    assert window.windows.made(DataWindow).isVisible()


# Loading a run that takes long


def test_a_data_set_smaller_than_the_batch_before_opens_once(window, photos, session, until):
    changes = []
    session.run_changed.connect(lambda: changes.append(session.settings.batch_size))
    session.open_run(RunRequest(str(photos), "tiny", Settings(batch_size=8)))
    until(lambda: session.request.data == str(photos))
    assert session.loading is None
    assert changes == [8]
    assert window.controls.batch_field.value() == 8
    assert window.controls.batch_field.maximum() == 21


def test_loading_that_takes_long_says_how_far_it_is(window, photos, slowly, session, until):
    session.open_run(RunRequest(str(photos), "tiny", Settings(batch_size=8)))
    controls = window.controls
    assert controls.place.cancel_button.isHidden()
    until(lambda: not controls.place.cancel_button.isHidden())
    assert controls.place.speed.text().replace("\u2009", " ") == "12 340 of 60 000"
    assert controls.place.words.text() == "Reading photos …"
    assert controls.place.progress.value() == 12_340
    slowly.set()
    until(lambda: session.request.data == str(photos))
    assert controls.place.cancel_button.isHidden()
    assert "batches an epoch" in controls.place.words.text()


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_loading_is_cancelled(way, window, photos, slowly, session, until, press_key, qtbot):
    notices = []
    session.noticed.connect(notices.append)
    session.open_run(RunRequest(str(photos), "tiny", Settings(batch_size=8)))
    until(lambda: not window.controls.place.cancel_button.isHidden())
    if way == "button":
        qtbot.mouseClick(window.controls.place.cancel_button, LEFT)
    else:
        press_key("Escape", window)
    assert session.loading is None
    assert window.controls.place.cancel_button.isHidden()
    assert window.controls.place.words.text().startswith("Untrained")
    until(lambda: not session._threads._leaving or session.drain())
    assert session.request.data == "digits"
    assert session.recent_data == []
    assert notices == []


def test_another_choice_gives_up_what_is_loading(window, photos, slowly, session, until):
    session.open_run(RunRequest(str(photos), "tiny", Settings(batch_size=8)))
    session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: session.spec.name == "mlp")
    until(lambda: session.drain() or not session._threads._leaving)


def test_the_window_closes_while_data_load(window, photos, slowly, session, until):
    session.open_run(RunRequest(str(photos), "tiny", Settings(batch_size=8)))
    until(lambda: session.loading_progress[1] > 0)
    window.close()
    until(lambda: not window.isVisible())
