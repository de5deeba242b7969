"""Films as their user makes them: what can be chosen, what is in the file, and every early end."""

import os
import sys

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QContextMenuEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu, QMessageBox

from cnnviz.core.film import NO_FFMPEG
from cnnviz.core.status import Phase
from cnnviz.ui import theme
from cnnviz.ui.film_dialog import UP_TO_HERE, WHOLE, FilmDialog
from cnnviz.ui.filming import CANCELLED, Plan
from cnnviz.ui.widgets.frames import frame_size, take_frame

LEFT = Qt.MouseButton.LeftButton
STEPS = 200


@pytest.fixture
def trained(open_window, open_session, until, tmp_path, monkeypatch):
    """The window of a network that has learned for 200 batches, paused; no ffmpeg on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    window = open_window(open_session(batch_size=32, epochs=5), size=(1280, 800))
    session = window.session
    session.train_to(STEPS)
    until(lambda: session.status.phase is Phase.PAUSED and session.status.step == STEPS)
    session.drain()
    session.folder = str(tmp_path)
    return window


@pytest.fixture
def settled(trained, qtbot):
    """Times have been told, so that all views are as wide as they will be."""
    for _ in range(2):
        with qtbot.waitSignal(trained.session.times_changed, timeout=20_000):
            pass
    QApplication.processEvents()


@pytest.fixture
def opened(trained, until):
    """Its dialog for films, open: 5 s at 10 frames a second."""
    trained.save_film()
    dialog = trained.film
    until(dialog.isVisible)
    dialog.seconds.button(5).click()
    dialog.rate.button(10).click()
    return dialog


@pytest.fixture
def answer(qtbot, until):
    """Types a name into the file dialog, or takes the one that is there, and presses Enter."""

    def answer_with(name=None):
        until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
        dialog = QApplication.activeModalWidget()
        field = dialog.findChild(QLineEdit, "fileNameEdit")
        proposed = field.text()
        if name is not None:
            field.setText(str(name))
        qtbot.keyClick(field, Qt.Key.Key_Return)
        until(lambda: QApplication.activeModalWidget() is not dialog)
        return proposed

    return answer_with


@pytest.fixture
def films(tmp_path):
    """Names of all that lies where films are saved, hidden files too."""
    keep = {each.name for each in tmp_path.iterdir()}

    def names():
        made = {each.name for each in tmp_path.iterdir()}
        return sorted(name for name in made - keep if name.startswith((".", "cnnviz-", "film")))

    return names


def read(path):
    with Image.open(path) as image:
        frames = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append((image.info["duration"], np.asarray(image.convert("RGB"))))
    return frames


def start(dialog, path, seconds=5, rate=10):
    dialog.filming.start(Plan(dialog.plan.widget, seconds, rate, dialog.plan.until), path)


def finished(dialog, until):
    until(lambda: not dialog.filming.is_active)
    return dialog.filming.message


# What is in a film


def test_a_film_of_the_network_shows_each_batch(
    settled, opened, trained, qtbot, answer, until, tmp_path
):
    session, canvas = trained.session, trained.network.canvas
    size = frame_size(canvas)
    qtbot.mouseClick(opened.save_button, LEFT)
    name = answer()
    assert name == "cnnviz-network-film.gif"
    assert finished(opened, until).startswith(f"Saved {name}: 50 frames, ")
    assert not opened.filming.failed
    assert session.past.moment is None
    assert session.shown_step == STEPS
    frames = read(tmp_path / name)
    assert [duration for duration, _ in frames] == [100] * 50
    assert {frame.shape for _, frame in frames} == {(size.pixels[1], size.pixels[0], 3)}
    for number in (0, 20, 49):
        session.past.look_at(STEPS * number // 49)
        words = f"batch {theme.spaced(session.shown_step)}"
        expected = take_frame(canvas, size, words).astype(int)
        off = np.abs(frames[number][1] - expected)
        assert off.mean() < 1
        assert np.quantile(off, 0.999) < 20
    for color in (theme.tokens().positive, theme.tokens().negative):
        made = QColor(color)
        wanted = np.array([made.red(), made.green(), made.blue()])
        assert (frames[49][1] == wanted).all(axis=2).any()  # to the bit, somewhere
    assert (frames[0][1] != frames[49][1]).any()


@pytest.mark.parametrize("view", ["filters", "loss", "window"])
def test_other_views_are_filmed_too(view, settled, opened, trained, until, tmp_path):
    opened.view.button(view).click()
    widget = {"filters": trained.filters.canvas, "loss": trained.loss, "window": trained}[view]
    assert opened.plan.widget is widget
    trained.session.past.look_at(0)  # the size that it has while it looks back
    QApplication.processEvents()
    width, height = frame_size(widget).pixels
    trained.session.past.look_at(None)
    start(opened, tmp_path / "film.gif", 1)
    assert finished(opened, until).startswith("Saved film.gif: 10 frames")
    frames = read(tmp_path / "film.gif")
    assert len(frames) == 10
    assert frames[0][1].shape == (height, width, 3)
    assert (frames[0][1] != frames[5][1]).any()


def test_a_film_up_to_the_moment_looked_at_ends_there(trained, until, tmp_path):
    session = trained.session
    session.past.look_at(100)
    trained.save_film()
    dialog = trained.film
    dialog.span.button(UP_TO_HERE).click()
    assert dialog.span.button(UP_TO_HERE).text() == "Up to batch 100"
    seen = []
    session.past.changed.connect(lambda: seen.append(session.past.moment))
    start(dialog, tmp_path / "film.gif", 1)
    finished(dialog, until)
    assert max(seen) == 100
    assert min(seen) == 0
    assert None not in seen
    assert session.past.moment == 100


def test_live_there_is_no_moment_to_end_at(opened):
    assert not opened.span.button(UP_TO_HERE).isEnabled()
    assert opened.span.value == WHOLE
    assert opened.plan.until is None


def test_training_rests_and_goes_on(opened, trained, until, tmp_path):
    session = trained.session
    session.train_to(10**9)
    until(lambda: len(session.timeline) > STEPS)
    start(opened, tmp_path / "film.gif", 2)
    until(lambda: opened.filming.done > 0)
    assert not session.is_training
    last, seen = len(session.timeline), []
    session.past.changed.connect(lambda: seen.append(session.shown_step))
    finished(opened, until)
    assert last in seen  # the newest batch, even if it was not over when the film was asked for
    assert session.is_training
    assert session.status.goal == 10**9


def test_the_player_stops(trained):
    trained.session.player.play()
    trained.save_film()
    assert not trained.session.player.is_playing


def test_frames_stay_of_one_size_when_the_window_changes(opened, trained, until, tmp_path):
    opened.view.button("window").click()
    width, height = frame_size(trained).pixels
    start(opened, tmp_path / "film.gif", 2)
    until(lambda: opened.filming.done > 3)
    trained.resize(1100, 690)
    assert finished(opened, until).startswith("Saved")
    frames = read(tmp_path / "film.gif")
    assert len(frames) == 20
    assert {frame.shape for _, frame in frames} == {(height, width, 3)}


# What can be chosen


def test_the_estimate_follows_the_choices(settled, opened, trained):
    words = opened.estimate.text()
    width, height = (theme.spaced(each) for each in frame_size(trained.network.canvas).pixels)
    assert words == f"50 frames of {width} × {height} pixels"  # and no guess at its bytes
    opened.seconds.button(20).click()
    opened.rate.button(25).click()
    assert opened.estimate.text().startswith("500 frames of ")


def test_without_ffmpeg_the_dialog_says_so(opened):
    assert not opened.kind.button(".mp4").isEnabled()
    assert opened.without_ffmpeg.isVisible()
    assert opened.without_ffmpeg.text() == NO_FFMPEG


def put_ffmpeg(tmp_path, source):
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "ffmpeg").write_text(f"#!{sys.executable}\n{source}")
    (folder / "ffmpeg").chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="a made-up ffmpeg is a script")
def test_with_ffmpeg_there_is_mp4_and_its_failure_is_told(
    trained, answer, until, qtbot, tmp_path, films
):
    put_ffmpeg(tmp_path, "import sys; sys.exit('No space left on device')")
    trained.save_film()
    dialog = trained.film
    assert not dialog.without_ffmpeg.isVisible()
    dialog.kind.button(".mp4").click()
    qtbot.mouseClick(dialog.save_button, LEFT)
    assert answer() == "cnnviz-network-film.mp4"
    message = finished(dialog, until)
    assert message == "The film was not saved. ffmpeg gave up: No space left on device"
    assert dialog.filming.failed
    assert dialog.message.isVisible()
    assert dialog.save_button.isVisible()  # try again
    assert films() == []
    assert trained.session.past.moment is None


def test_what_nobody_sees_cannot_be_filmed(opened, trained):
    assert not opened.view.button("inspector").isEnabled()
    opened.close()
    trained.turn_page()
    trained.save_film()
    assert opened.view.button("inspector").isEnabled()
    assert not opened.view.button("filters").isEnabled()


def test_without_a_past_there_is_nothing_to_film(window):
    window.save_film()
    assert not window.film.save_button.isEnabled()
    assert window.film.estimate.text() == "There is no past yet: train first."


@pytest.mark.parametrize("view", ["network", "filters", "loss", "window"])
def test_menus_offer_a_film_of_their_view(view, trained, qtbot, until):
    widget = {
        "network": trained.network.canvas,
        "filters": trained.filters.canvas,
        "loss": trained.loss.plot,
        "window": trained.timing,
    }[view]
    at = widget.rect().center() if view != "network" else QPoint(2, 2)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
    QApplication.sendEvent(widget, event)
    until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    text = "Save as film…" if view in ("network", "filters") else f"Save {view} as film…"
    next(each for each in menu.actions() if each.text() == text).trigger()
    menu.close()
    assert trained.film.isVisible()
    assert trained.film.view.value == view


# Where it is saved


def test_a_file_that_is_there_is_not_overwritten_without_asking(
    opened, answer, until, qtbot, tmp_path
):
    kept = tmp_path / "film.gif"
    kept.write_bytes(b"kept")
    qtbot.mouseClick(opened.save_button, LEFT)
    answer(tmp_path / "film")
    until(lambda: isinstance(QApplication.activeModalWidget(), QMessageBox))
    box = QApplication.activeModalWidget()
    next(each for each in box.buttons() if each.text() == "Keep it").click()
    assert kept.read_bytes() == b"kept"
    assert not opened.filming.is_active
    answer(tmp_path / "film")
    until(lambda: isinstance(QApplication.activeModalWidget(), QMessageBox))
    box = QApplication.activeModalWidget()
    next(each for each in box.buttons() if each.text() == "Replace").click()
    assert finished(opened, until).startswith("Saved film.gif")
    assert kept.read_bytes().startswith(b"GIF89a")


@pytest.mark.parametrize(
    ("name", "words"),
    [("film.avi", "“.avi” is unknown here"), ("film.mp4", "“.mp4” is unknown here")],
)
def test_other_kinds_of_files_are_refused(name, words, opened, answer, qtbot, tmp_path, films):
    qtbot.mouseClick(opened.save_button, LEFT)
    answer(tmp_path / name)
    assert words in opened.message.text()
    assert opened.filming.failed
    assert not opened.filming.is_active
    assert films() == []


def test_a_folder_that_cannot_be_written_to_is_told(opened, until, tmp_path):
    start(opened, tmp_path / "gone" / "film.gif")
    assert finished(opened, until).startswith("The film was not saved. Cannot write to")
    assert opened.filming.failed


# Early ends


@pytest.fixture
def underway(opened, trained, until, tmp_path):
    """A long film that is being made, begun at batch 100."""
    trained.session.past.look_at(100)
    start(opened, tmp_path / "film.gif", 1000, 25)
    until(lambda: opened.filming.done > 3)
    return opened


def test_cancel_leaves_nothing_and_the_cursor_where_it_was(underway, trained, until, films, qtbot):
    assert underway.progress.isVisible()
    assert underway.estimate.text().startswith("Frame ")
    assert not underway.view.button("loss").isEnabled()
    qtbot.mouseClick(underway.cancel_button, LEFT)
    assert not underway.filming.is_active
    assert underway.message.text() == CANCELLED
    assert trained.session.past.moment == 100
    until(lambda: underway.is_shut_down)
    assert films() == []
    assert underway.isVisible()


def test_escape_cancels_first_and_then_closes(underway, until, films, qtbot):
    qtbot.keyClick(underway, Qt.Key.Key_Escape)
    assert not underway.filming.is_active
    assert underway.isVisible()
    qtbot.keyClick(underway, Qt.Key.Key_Escape)
    assert not underway.isVisible()
    until(lambda: underway.is_shut_down)
    assert films() == []


def test_closing_the_dialog_cancels(underway, until, films):
    underway.close()
    until(lambda: underway.is_shut_down)
    assert films() == []


def test_closing_the_window_ends_it(underway, trained, until, films):
    trained.close()
    until(lambda: not trained.isVisible())
    assert underway.is_shut_down
    assert not underway.isVisible()
    assert films() == []


def test_another_run_ends_it(underway, trained, until, films):
    trained.session.open_run(trained.session.wanted)
    assert finished(underway, until) == "Another run was opened, so the film was given up."
    assert trained.session.past.moment is None
    until(lambda: underway.is_shut_down)
    assert films() == []


@pytest.mark.parametrize(("back", "moment"), [(150, 100), (50, None)])
def test_training_that_travels_ends_it(back, moment, underway, trained, until, films):
    trained.session.travel(back)
    assert finished(underway, until) == "Training went back, so the film was given up."
    assert trained.session.past.moment == moment
    until(lambda: underway.is_shut_down)
    assert films() == []


def test_training_that_begins_again_ends_it(underway, trained, until, films):
    trained.session.train_to(100_000)  # to play would be over at once, the plan's end is near
    assert finished(underway, until) == "Training began again, so the film was given up."
    until(lambda: underway.is_shut_down)
    assert films() == []


def test_the_window_lives_while_frames_are_taken(underway, trained, until):
    """Every frame has a turn of the event loop of its own, and there are never many in memory."""
    film, most = underway.filming._film, []
    goal = underway.filming.done + 30
    underway.filming.changed.connect(lambda: most.append(film._frames.qsize()))
    trained.session.choose_image(3)
    until(lambda: underway.filming.done >= goal)
    assert max(most) <= film._frames.maxsize
    assert trained.session.image_index == 3


def test_it_is_one_dialog_and_opens_again(opened, trained, until, tmp_path):
    start(opened, tmp_path / "film.gif", 1)
    finished(opened, until)
    assert opened.message.isVisible()
    opened.close()
    trained.save_film()
    assert isinstance(QApplication.activeModalWidget(), FilmDialog)
    assert not opened.message.isVisible()
    start(opened, tmp_path / "film2.gif", 1)
    assert finished(opened, until).startswith("Saved film2.gif")
