"""Exports from the window: the moment that is looked at, every format, and weights back."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit

from cnnviz.core.export import FORMATS, Source, read_network
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings
from cnnviz.ui.messages import RunRequest


@pytest.fixture
def notices(session):
    heard = []
    session.noticed.connect(heard.append)
    return heard


@pytest.fixture
def answer(qtbot, until):
    """Types a name into the dialog that comes, and presses Enter."""

    def type_name(path):
        until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
        dialog = QApplication.activeModalWidget()
        field = dialog.findChild(QLineEdit, "fileNameEdit")
        proposed = field.text()
        field.setText(str(path))
        qtbot.keyClick(field, Qt.Key.Key_Return)
        until(lambda: QApplication.activeModalWidget() is not dialog)
        return proposed

    return type_name


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(name, window, session, train, answer, notices, until, tmp_path):
    train(session, 13)
    path = tmp_path / f"out{FORMATS[name].suffix}"
    window.exports.ask_where(FORMATS[name])
    assert answer(path).startswith("Run-1-batch-")
    until(lambda: notices != [])
    assert notices[0].text == f"{path.name} is written."
    assert path.stat().st_size > 100
    if FORMATS[name].read:
        np.testing.assert_array_equal(read_network(path).vector, session.network.vector)


def test_it_is_the_moment_that_is_looked_at(
    window, session, train, answer, notices, until, tmp_path
):
    train(session, 30)
    session.past.look_at(25)
    window.exports.ask_where(FORMATS["npz"])
    session.past.look_at(None)  # when it was asked for counts
    answer(tmp_path / "a.npz")
    until(lambda: notices != [])
    expected = session.timeline.snapshots[25].vector
    np.testing.assert_array_equal(read_network(tmp_path / "a.npz").vector, expected)


def test_where_it_cannot_be_written(window, session, notices, until):
    window.exports._write(FORMATS["npz"], Path("/nowhere/a.npz"), lambda: Source(session.network))
    until(lambda: notices != [])
    assert notices[0].text


def test_weights_come_back_as_a_run(window, session, train, until, press_key, answer, tmp_path):
    train(session, 5)
    learned, first, path = session.network.vector.copy(), session.runs.open, tmp_path / "a.npz"
    window.exports.ask_where(FORMATS["npz"])
    answer(path)
    until(lambda: path.exists() and window.exports.is_idle)
    session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: session.loading is None)
    window.activateWindow()
    until(window.isActiveWindow)
    press_key("Ctrl+I", window)
    answer(path)
    until(lambda: session.spec.name == "tiny" and session.loading is None)
    np.testing.assert_array_equal(session.network.vector, learned)
    assert (session.status.step, len(session.timeline)) == (0, 0)
    assert first in session.runs.all
    train(session, 1)
    session.reset()
    until(lambda: session.status.step == 0 and session.shown_step == 0)
    np.testing.assert_array_equal(session.network.vector, learned)


def test_weights_for_other_images_are_refused_with_both_shapes(
    window, session, notices, until, tmp_path
):
    other = Network(PRESETS["tiny"].fitted((3, 32, 32), 4), 0)
    path = tmp_path / "a.npz"
    FORMATS["npz"].write(path, Source(other))
    window.exports.read_weights(str(path))
    until(lambda: notices != [])
    words = notices[0].text.replace("\u2009", "")
    assert "images of 3×32×32 and 4 classes" in words
    assert "UCI digits has images of 1×28×28 and 10 classes" in words
    assert len(session.runs.all) == 1
    assert session.loading is None


def test_a_file_that_is_no_weights(window, session, notices, until, tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(b"none")
    window.exports.read_weights(str(path))
    until(lambda: notices != [])
    assert "a.npz" in notices[0].text
    assert len(session.runs.all) == 1
