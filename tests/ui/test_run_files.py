"""Runs in files: saved, opened, dropped, copied for a crash; nothing is lost without a question."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox, QPushButton

from cnnviz.core import run_file_tasks
from cnnviz.core.settings import Settings
from cnnviz.core.storage import load_run, write_run
from cnnviz.ui.messages import RunRequest

SAMPLE = Path(__file__).parents[1] / "data" / "tiny-format-1.cnnviz"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def asking(open_window, session):
    """The window of `session`, which asks before it closes."""
    return open_window(session, ask=True)


@pytest.fixture
def notices(session):
    heard = []
    session.noticed.connect(heard.append)
    return heard


def dialog(kind):
    found = QApplication.activeModalWidget()
    return found if isinstance(found, kind) else None


@pytest.fixture
def answer(until, qtbot):
    """Presses a button of the question."""

    def press(text):
        until(lambda: dialog(QMessageBox) is not None)
        box = dialog(QMessageBox)
        [button] = [each for each in box.findChildren(QPushButton) if each.text() == text]
        said = box.informativeText()
        qtbot.mouseClick(button, LEFT)
        return said

    return press


@pytest.fixture
def choose(until, qtbot):
    """Types the name of a file into the dialog that comes, and presses Enter."""
    done = []

    def name(path):
        until(lambda: dialog(QFileDialog) not in (None, *done))
        box = dialog(QFileDialog)
        done.append(box)
        field = box.findChild(QLineEdit, "fileNameEdit")
        field.setText(str(path))
        qtbot.keyClick(field, Qt.Key.Key_Return)
        until(lambda: QApplication.activeModalWidget() is not box)

    return name


def drop(window, *paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    enter = QDragEnterEvent(
        window.rect().center(), Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier(0)
    )
    enter.ignore()
    QApplication.sendEvent(window, enter)
    if not enter.isAccepted():
        return False
    at = QPointF(window.rect().center())
    event = QDropEvent(at, Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier(0))
    QApplication.sendEvent(window, event)
    return True


# Saving and opening.


def test_a_run_is_saved_and_says_so(asking, session, train, press_key, choose, until, tmp_path):
    train(session, 30)
    assert asking.isWindowModified()
    path = tmp_path / "mine.cnnviz"
    press_key("Ctrl+S", asking)
    choose(path)
    until(lambda: not asking.isWindowModified())
    run = load_run(path)
    assert (run.step, run.name) == (len(session.timeline), "Run 1")
    np.testing.assert_array_equal(run.newest.vector, session.network.vector)
    assert session.runs.open.path == path
    train(session, 1)
    assert asking.isWindowModified()
    asking.activateWindow()
    until(asking.isActiveWindow)
    press_key("Ctrl+S", asking)  # knows where
    until(lambda: not asking.isWindowModified())
    assert dialog(QFileDialog) is None
    assert load_run(path).step == len(session.timeline)


def test_saving_while_it_trains(asking, session, until, tmp_path):
    session.play()
    until(lambda: len(session.timeline) > 30)
    path, told = tmp_path / "a.cnnviz", []
    asking.keeper.save(session.runs.open, path, told.append)
    until(lambda: told == [True])
    assert session.is_training
    run = load_run(path)
    assert 30 < run.step == len(run.timeline())


# Nothing in a file is lost without a question.


@pytest.fixture
def save(asking, press_key, until):
    """Presses Ctrl+S in the window."""

    def press():
        asking.activateWindow()
        until(asking.isActiveWindow)
        press_key("Ctrl+S", asking)

    return press


@pytest.fixture
def saved_run(asking, session, train, until, tmp_path):
    """The file of the open run, which has learned more since."""
    train(session, 3)
    path, told = tmp_path / "mine.cnnviz", []
    asking.keeper.save(session.runs.open, path, told.append)
    until(lambda: told == [True])
    train(session, 1)
    return path


def change(path):
    path.write_bytes(SAMPLE.read_bytes())


def put_another_in_its_place(path):
    other = path.with_name("other")
    other.write_bytes(SAMPLE.read_bytes())
    other.replace(path)


def remove_and_make_again(path):
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("meddle", [change, put_another_in_its_place, remove_and_make_again])
def test_a_file_that_others_changed_is_asked_about(
    meddle, asking, session, saved_run, save, answer, until
):
    meddle(saved_run)
    before = saved_run.read_bytes()
    save()
    assert "replaces what is in the file now" in answer("Cancel")
    until(lambda: dialog(QMessageBox) is None)
    assert saved_run.read_bytes() == before
    assert session.runs.open.is_unsaved
    save()
    answer("Replace")
    until(lambda: not asking.isWindowModified())
    assert load_run(saved_run).step == len(session.timeline)


def test_saved_again_before_it_is_written_it_is_not_taken_for_anothers(
    asking, session, saved_run, train, until, monkeypatch
):
    written, go_on, told, lost = threading.Event(), threading.Event(), [], []

    def write_slowly(path, run):
        write_run(path, run)
        written.set()
        go_on.wait(20)

    monkeypatch.setattr(run_file_tasks, "write_run", write_slowly)
    asking.keeper.save(session.runs.open, saved_run, told.append, lost.append)
    until(written.is_set)
    train(session, 1)
    asking.keeper.save(session.runs.open, saved_run, told.append, lost.append)
    train(session, 1)
    assert told == []
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "cnnviz-writing":
            thread.join(20)
    assert not asking.keeper.is_idle, "closing would forget the second"
    until(lambda: told == [True, True] or lost != [])
    assert lost == []
    assert load_run(saved_run).step == len(session.timeline) - 1


def test_cancel_is_what_enter_presses(asking, saved_run, save, until):
    change(saved_run)
    save()
    until(lambda: dialog(QMessageBox) is not None)
    assert dialog(QMessageBox).defaultButton().text() == "Cancel"
    dialog(QMessageBox).reject()
    until(lambda: dialog(QMessageBox) is None)


def test_a_copy_leaves_the_changed_file_alone(
    asking, session, saved_run, save, answer, choose, until
):
    change(saved_run)
    save()
    answer("Save a copy as…")
    choose(saved_run.with_name("copy.cnnviz"))
    until(lambda: not asking.isWindowModified())
    assert saved_run.read_bytes() == SAMPLE.read_bytes()
    assert load_run(saved_run.with_name("copy.cnnviz")).step == len(session.timeline)


def test_a_file_that_went_is_written_again_without_a_question(asking, saved_run, save, until):
    saved_run.unlink()
    save()
    until(lambda: not asking.isWindowModified())
    assert dialog(QMessageBox) is None
    assert saved_run.exists()


def test_closing_asks_about_a_changed_file_too(asking, session, saved_run, answer, until):
    change(saved_run)
    asking.close()
    answer("Save…")
    until(lambda: "replaces" in getattr(dialog(QMessageBox), "informativeText", str)())
    answer("Cancel")
    until(lambda: dialog(QMessageBox) is None)
    assert asking.isVisible()
    assert saved_run.read_bytes() == SAMPLE.read_bytes()


def test_an_opened_file_that_changed_meanwhile_is_asked_about(
    asking, session, train, save, answer, until, tmp_path
):
    path = tmp_path / "mine.cnnviz"
    change(path)
    asking.keeper.open(path)
    until(lambda: session.runs.open.path == path)
    train(session, 1)
    path.write_bytes(b"others")
    save()
    answer("Cancel")
    until(lambda: dialog(QMessageBox) is None)
    assert path.read_bytes() == b"others"


@pytest.fixture
def fuller_file(asking, session, saved_run, train, until):
    """The file of the open run, which has fewer moments by now."""
    train(session, 300)
    told = []
    asking.keeper.save(session.runs.open, saved_run, told.append)
    until(lambda: told == [True])
    session.runs.set_budget(1)  # no less than two stay, and what is never thinned
    train(session, 1)
    return saved_run


def test_that_others_changed_it_is_told_of_a_fuller_file_too(fuller_file, save, answer, until):
    change(fuller_file)
    save()
    assert "replaces what is in the file now" in answer("Cancel")
    until(lambda: dialog(QMessageBox) is None)
    assert fuller_file.read_bytes() == SAMPLE.read_bytes()


def test_a_fuller_file_that_went_has_nothing_to_lose(asking, fuller_file, save, until):
    fuller_file.unlink()
    save()
    until(lambda: not asking.isWindowModified())
    assert fuller_file.exists()


def test_a_thinned_run_does_not_go_over_its_fuller_file_unasked(
    asking, session, fuller_file, train, save, answer, until
):
    saved_run = fuller_file
    moments = len(load_run(saved_run).snapshots)
    save()
    said = answer("Cancel")
    left = len(session.timeline.snapshots)
    assert left < moments
    assert f"The file has {moments} moments of “Run 1”" in said
    assert f"{left} of them would be left" in said
    until(lambda: dialog(QMessageBox) is None)
    assert len(load_run(saved_run).snapshots) == moments
    save()
    answer("Replace")
    until(lambda: not asking.isWindowModified())
    assert len(load_run(saved_run).snapshots) == left
    train(session, 1)
    save()  # the file is no fuller now
    until(lambda: not asking.isWindowModified())


def test_what_was_given_up_by_going_back_is_not_asked_about(
    asking, session, saved_run, train, save, until
):
    train(session, 100)
    told = []
    asking.keeper.save(session.runs.open, saved_run, told.append)
    until(lambda: told == [True])
    session.travel(30)
    until(lambda: len(session.timeline) == 30)
    save()
    until(lambda: not asking.isWindowModified())
    assert load_run(saved_run).step == 30


def test_where_it_cannot_be_saved_there_is_a_way_out(asking, session, train, notices, until):
    train(session, 1)
    told = []
    asking.keeper.save(session.runs.open, Path("/nowhere/a.cnnviz"), told.append)
    until(lambda: told == [False])
    assert notices[-1].text.startswith("Cannot write to /nowhere")
    assert notices[-1].action == "Try again"
    assert session.runs.open.is_unsaved


def test_a_saved_run_opens_where_it_was(asking, session, until, press_key, choose, train):
    train(session, 3)
    before = session.runs.open
    press_key("Ctrl+O", asking)
    choose(SAMPLE)
    until(lambda: session.runs.open is not before)
    assert (session.status.step, len(session.timeline), session.settings.seed) == (22, 22, 1)
    assert [epoch.step for epoch in session.timeline.epochs] == [11, 22]
    assert session.runs.all == [before, session.runs.open]
    assert session.runs.open.name == "tiny-format-1"
    assert not asking.isWindowModified()
    assert "tiny-format-1" in asking.windowTitle()
    train(session, 2)
    assert asking.isWindowModified()


def test_the_same_file_is_the_same_run(asking, session, until):
    asking.keeper.open(SAMPLE)
    until(lambda: session.runs.open.path == SAMPLE)
    first = session.runs.open
    session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: session.runs.open is not first)
    until(lambda: first.saved is not None)
    asking.keeper.open(SAMPLE)
    until(lambda: session.runs.open is first)
    assert session.runs.all == [first]  # the one between learned nothing


def test_a_run_is_dropped_on_the_window(asking, session, until, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("no run")
    assert not drop(asking, other)
    assert drop(asking, other, SAMPLE)
    until(lambda: session.runs.open.path == SAMPLE)


@pytest.mark.parametrize("content", [b"", b"no zip at all", SAMPLE.read_bytes()[:5000]])
def test_a_damaged_file_says_so_and_loses_nothing(
    content, asking, session, notices, until, tmp_path, train
):
    train(session, 2)
    before, path = session.runs.open, tmp_path / "bad.cnnviz"
    path.write_bytes(content)
    asking.keeper.open(path)
    until(lambda: notices != [])
    assert "bad.cnnviz is damaged" in notices[0].text
    assert session.runs.all == [before]
    assert session.runs.open is before


def test_a_run_whose_data_are_gone_says_so(asking, session, notices, until, tmp_path):
    path = tmp_path / "gone.cnnviz"
    with ZipFile(SAMPLE) as old, ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "run.json":
                about = json.loads(content)
                about["data"]["name"] = "/data/that/went"
                content = json.dumps(about).encode()
            new.writestr(name, content)
    asking.keeper.open(path)
    until(lambda: notices != [])
    assert "/data/that/went" in notices[0].text
    assert session.dataset.name == "digits"


def test_files_that_were_used_last(open_window, session, until, train, tmp_path):
    window = open_window(session, remember=True)
    train(session, 1)
    told = []
    for number, name in enumerate("aba", start=1):
        window.keeper.save(session.runs.open, tmp_path / f"{name}.cnnviz", told.append)
        until(lambda number=number: told == [True] * number)
    assert window.keeper.recent == [tmp_path / "a.cnnviz", tmp_path / "b.cnnviz"]
    window.open_menu()
    menu = QApplication.activePopupWidget()
    [line] = [each for each in menu.actions() if each.text().startswith("Open b\t")]
    line.trigger()
    menu.close()
    until(lambda: session.loading is None and session.runs.open.path == tmp_path / "b.cnnviz")
    (tmp_path / "a.cnnviz").unlink()
    assert window.keeper.recent == [tmp_path / "b.cnnviz"]
    for number in range(12):
        window.keeper.save(session.runs.open, tmp_path / f"{number}.cnnviz", told.append)
        until(lambda number=number: len(told) == number + 4)
    assert len(window.keeper.recent) == 8
    assert isinstance(QSettings().value("files/recent"), list)


# Closing.


def test_nothing_learned_closes_at_once(asking, until):
    asking.close()
    until(lambda: not asking.isVisible())


def test_closing_asks_and_cancel_keeps_training(asking, session, until, answer):
    session.play()
    until(lambda: len(session.timeline) > 5)
    asking.close()
    assert "“Run 1” has learned something that is in no file." in answer("Cancel")
    before = len(session.timeline)
    until(lambda: len(session.timeline) > before + 5)
    assert asking.isVisible()


def test_closing_without_saving(asking, session, until, answer, train):
    train(session, 2)
    asking.close()
    answer("Don’t save")
    until(lambda: not asking.isVisible())
    assert session.is_shut_down


def test_asked_twice_it_asks_once(asking, session, until, train, answer):
    train(session, 2)
    asking.close()
    asking.close()
    answer("Cancel")
    until(lambda: dialog(QMessageBox) is None)
    assert asking.isVisible()


def test_saving_then_closing(asking, session, until, answer, choose, train, tmp_path):
    train(session, 2)
    asking.close()
    answer("Save…")
    choose(tmp_path / "kept.cnnviz")
    until(lambda: not asking.isVisible())
    assert load_run(tmp_path / "kept.cnnviz").step == len(session.timeline)


def test_giving_up_the_file_keeps_the_window(asking, session, until, answer, train):
    train(session, 2)
    asking.close()
    answer("Save…")
    until(lambda: dialog(QFileDialog) is not None)
    dialog(QFileDialog).reject()
    until(lambda: dialog(QFileDialog) is None)
    assert asking.isVisible()
    assert not session.has_ended


def test_two_runs_are_asked_about_and_saved_one_by_one(
    asking, session, until, answer, choose, train, tmp_path
):
    train(session, 2)
    first = session.runs.open
    session.open_run(RunRequest("digits", "tiny", Settings(seed=1)))
    until(lambda: session.runs.open is not first)
    until(lambda: first.saved is not None)
    train(session, 3)
    asking.close()
    assert "“Run 1”, “Run 2” have learned" in answer("Save…")
    choose(tmp_path / "one.cnnviz")
    until(lambda: first.path is not None)
    choose(tmp_path / "two.cnnviz")
    until(lambda: not asking.isVisible())
    assert load_run(tmp_path / "one.cnnviz").settings.seed == 0
    assert load_run(tmp_path / "two.cnnviz").settings.seed == 1


# Copies for a crash.


def copies(tmp_path):
    return sorted((tmp_path / "state" / "cnnviz" / "copies").glob("*/*.cnnviz"))


def test_copies_are_made_of_what_is_unsaved_and_go_with_the_window(
    open_window, session, until, train, tmp_path
):
    window = open_window(session, remember=True)
    window.keeper.copy()
    assert copies(tmp_path) == []
    train(session, 30)
    window.keeper.copy()
    until(lambda: len(copies(tmp_path)) == 1)
    [path] = copies(tmp_path)
    until(lambda: load_run(path).step == len(session.timeline))
    until(lambda: window.keeper.is_idle)
    stamp = path.stat().st_mtime_ns
    window.keeper.copy()
    assert path.stat().st_mtime_ns == stamp  # nothing is new
    train(session, 2)
    until(lambda: (window.keeper.copy(), load_run(path).step == len(session.timeline))[1])
    assert copies(tmp_path) == [path]
    until(lambda: window.keeper.is_idle)
    window.close()
    until(lambda: not window.isVisible())
    assert copies(tmp_path) == []


CRASH = """
    import os, signal, sys, time
    from pathlib import Path
    from PySide6.QtCore import QTimer
    from cnnviz.core.settings import Settings
    from cnnviz.ui.application import make_application
    from cnnviz.ui.main_window import MainWindow
    from cnnviz.ui.messages import RunRequest
    from cnnviz.ui.session import Session
    app = make_application()
    session = Session()
    window = MainWindow(session)
    session.open_run(RunRequest("digits", "tiny", Settings(seed=5)), play=True)
    def look():
        if len(session.timeline) > 50:
            window.keeper.copy()
        if list(Path(sys.argv[1]).glob("cnnviz/copies/*/*.cnnviz")):
            os.kill(os.getpid(), signal.SIGKILL)
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(20)
    app.exec()
"""


def test_after_a_crash_the_run_is_offered_and_goes_on(
    open_window, open_session, until, tmp_path, train
):
    state = tmp_path / "state"
    environment = {**os.environ, "XDG_STATE_HOME": str(state), "XDG_CONFIG_HOME": str(tmp_path)}
    code = textwrap.dedent(CRASH)
    command = [sys.executable, "-c", code, str(state)]
    killed = subprocess.run(command, env=environment, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(copies(tmp_path)) == 1

    session, heard = open_session(), []
    session.noticed.connect(heard.append)
    window = open_window(session, remember=True)
    window.keeper.offer_copies()
    assert heard[-1].text == "The last time cnnviz ended all at once. One run was kept."
    heard[-1].act()
    until(lambda: session.settings.seed == 5 and session.loading is None)
    assert session.status.step > 50
    assert session.runs.open.is_unsaved
    train(session, 2)
    heard.clear()
    window.keeper.offer_copies()  # it is this window's own now
    assert heard == []
    window.close()
    until(lambda: not window.isVisible())
    assert copies(tmp_path) == []


def test_recovered_runs_keep_their_names(open_window, session, train, until, tmp_path):
    window = open_window(session, remember=True)
    train(session, 1)
    session.runs.rename(session.runs.open, "seed 1")
    for number in range(3):
        folder = tmp_path / "state" / "cnnviz" / "copies" / str(number)
        folder.mkdir(parents=True)
        saved = replace(load_run(SAMPLE), name="other" if number == 2 else "seed 1")
        write_run(folder / "1.cnnviz", saved)
    heard = []
    session.noticed.connect(heard.append)
    window.keeper.offer_copies()
    heard[-1].act()
    until(lambda: len(session.runs.all) == 4)
    names = {run.name for run in session.runs.all}
    assert names == {"seed 1", "seed 1 (recovered)", "seed 1 (recovered 2)", "other"}
    until(lambda: session.loading is None)


def test_a_recovered_run_may_have_the_name_of_one_that_never_learned(
    open_window, session, until, tmp_path
):
    window = open_window(session, remember=True)
    folder = tmp_path / "state" / "cnnviz" / "copies" / "gone"
    folder.mkdir(parents=True)
    write_run(folder / "1.cnnviz", replace(load_run(SAMPLE), name=session.runs.open.name))
    heard = []
    session.noticed.connect(heard.append)
    window.keeper.offer_copies()
    heard[-1].act()
    until(lambda: session.settings.seed == 1 and session.loading is None)
    assert [run.name for run in session.runs.all] == ["Run 1"]


def test_another_window_that_is_open_is_left_alone(open_window, session, train, until, tmp_path):
    first = open_window(session, remember=True)
    train(session, 1)
    first.keeper.copy()
    until(lambda: len(copies(tmp_path)) == 1)
    until(lambda: first.keeper.is_idle)
    code = "from cnnviz.ui.keeper import _left_behind\nimport sys\nsys.exit(len(_left_behind()))"
    found = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert found.returncode == 0


def test_interrupted_it_closes_without_a_question_and_keeps_its_copies(
    open_window, session, train, until, tmp_path
):
    window = open_window(session, remember=True, ask=True)
    train(session, 3)
    window.keeper.copy()
    until(lambda: len(copies(tmp_path)) == 1)
    window.interrupt()
    until(lambda: not window.isVisible())
    assert len(copies(tmp_path)) == 1


def test_a_copy_of_what_is_saved_or_deleted_goes(open_window, session, train, until, tmp_path):
    window = open_window(session, remember=True)
    train(session, 3)
    window.keeper.copy()
    until(lambda: len(copies(tmp_path)) == 1 and window.keeper.is_idle)
    told = []
    window.keeper.save(session.runs.open, tmp_path / "mine.cnnviz", told.append)
    until(lambda: told == [True])
    until(lambda: (window.keeper.copy(), copies(tmp_path) == [])[1])


def test_a_copy_that_cannot_be_moved_stays(open_window, session, tmp_path, until, monkeypatch):
    window = open_window(session, remember=True)
    folder = tmp_path / "state" / "cnnviz" / "copies" / "gone"
    folder.mkdir(parents=True)
    (folder / "1.cnnviz").write_bytes(SAMPLE.read_bytes())
    heard = []
    session.noticed.connect(heard.append)
    window.keeper.offer_copies()

    def refuse(*arguments):
        raise PermissionError

    monkeypatch.setattr(shutil, "move", refuse)
    heard[-1].act()
    assert (folder / "1.cnnviz").exists()
    monkeypatch.undo()
    heard[-1].act()
    until(lambda: session.settings.seed == 1 and session.loading is None)
    assert not folder.exists()


def test_a_recovered_run_knows_how_long_an_epoch_is(open_window, session, train, until):
    window, got = open_window(session), []
    train(session, 1)
    session.capture(got.append)
    until(lambda: got != [])
    assert got[0].epochs == ()
    assert window.keeper._run_of(got[0], "copy").batches_per_epoch == 11
    elsewhere = replace(got[0], data="other")
    assert window.keeper._run_of(elsewhere, "copy").batches_per_epoch == 1
