"""A picture of the window: its size, what is in it, and what cannot be pictured."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from cnnviz.core.errors import CnnvizError
from cnnviz.ui import screenshot, theme


@pytest.fixture
def take(tmp_path, no_threads_left, monkeypatch):
    """Takes a picture with some arguments other than usual; the picture."""
    monkeypatch.setattr(screenshot, "SETTLE_MS", 20)

    def take_one(out=None, **changes):
        usual: dict[str, Any] = {
            "data": "digits",
            "network": "tiny",
            "epochs": 0,
            "digit": 0,
            "size": (1000, 700),
            "scale": 1.0,
            "theme_name": "dark",
        }
        out = out or tmp_path / "window.png"
        try:
            screenshot.take_screenshot(out, **(usual | changes))
        finally:
            assert not [each for each in QApplication.topLevelWidgets() if each.isVisible()]
        image = QImage(str(out))
        assert not image.isNull()
        return image

    return take_one


@pytest.mark.parametrize("size", [(960, 640), (1601, 999)])
def test_the_picture_is_as_large_as_asked(size, take):
    assert take(size=size).size().toTuple() == size


def test_a_scaled_picture_has_more_pixels(tmp_path):
    out = tmp_path / "large.png"
    options = "--data digits --network tiny --epochs 1 --size 1000x700 --scale 1.5".split()
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    command = [sys.executable, "-m", "cnnviz", "screenshot", "--out", str(out), *options]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert QImage(str(out)).size().toTuple() == (1500, 1050)


@pytest.mark.parametrize("name", sorted(theme.THEMES))
def test_it_wears_the_theme(name, take):
    image = take(theme_name=name)
    assert image.pixelColor(3, 3) == QColor(theme.THEMES[name].background)


def test_training_and_the_digit_show(take):
    pictures = [take(), take(epochs=1), take(digit=3)]
    assert pictures[0] != pictures[1]
    assert pictures[0] != pictures[2]


def test_an_existing_picture_is_replaced_whole(take, tmp_path):
    out = tmp_path / "old.png"
    out.write_bytes(b"old")
    assert take(out).width() == 1000
    assert [path.name for path in tmp_path.glob("*.png")] == ["old.png"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"digit": 10_000}, "no test image 10000; there are 0 to"),
        ({"digit": -1}, "no test image -1"),
        ({"data": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"network": "resnet-5000"}, "resnet-5000"),
        ({"size": (640, 480)}, "at least 960x640"),
    ],
)
def test_what_cannot_be_pictured(changes, told, take, tmp_path):
    with pytest.raises(CnnvizError, match=told):
        take(**changes)
    assert not (tmp_path / "window.png").exists()


@pytest.mark.parametrize("name", ["missing/window.png", "folder"])
def test_where_nothing_can_be_written(name, take, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(CnnvizError, match="Cannot write"):
        take(tmp_path / name)
    assert not list(tmp_path.rglob("*.png"))
    assert not list(tmp_path.rglob(".*png*"))


def test_ctrl_c_ends_it_without_a_picture(take, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    QTimer.singleShot(500, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        take(network="numpy-cnn", epochs=500)
    assert not list(tmp_path.glob("*.png"))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_diverged_loss_is_a_message(take, monkeypatch):
    from cnnviz.core.trainer import Diverged, Trainer

    def diverged(self, *arguments):
        raise Diverged(self.step, float("nan"))

    monkeypatch.setattr(Trainer, "train_batch", diverged)
    with pytest.raises(CnnvizError, match="loss became nan"):
        take(epochs=1)
