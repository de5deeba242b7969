"""What the benchmarks of the window share: a window that trains, its event loop, its paintings."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer

from cnnviz.core.datasets import Dataset, Split, load_dataset
from cnnviz.core.parallel import usable_cores
from cnnviz.core.settings import Settings
from cnnviz.ui import theme
from cnnviz.ui.application import discard, make_application
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session

SIZE = 1600, 1000


def prepare() -> None:
    """The application, in the dark."""
    theme.apply_theme(make_application(), "dark")


def training_data(name: str) -> Dataset:
    """Data with hardly a test set: a test falls into some stretches, and not into others."""
    dataset = load_dataset(name)
    return replace(dataset, test=Split(dataset.test.pixels[:16], dataset.test.labels[:16]))


def open_window(
    data: str, network: str = "numpy-cnn", batches: int = 20, threads: int | None = None
) -> MainWindow:
    """A window that trains, on all cores or on `threads`, once it has learned so many batches."""
    session = Session()
    window = MainWindow(session, remember=False, ask=False)
    window.resize(*SIZE)
    window.show()
    settings = Settings(threads=threads or usable_cores())
    request = RunRequest(data, network, settings, 1000)
    session.open_run(request, play=True, dataset=training_data(data))
    while session.status.step < batches:
        spin(50)
    return window


def close(window: MainWindow) -> None:
    """Ends training and closes."""
    window.session.shut_down()
    while not window.session.is_shut_down:
        spin(10)
    window.close()
    discard(window, window.session)


def spin(milliseconds: int) -> None:
    """Lets the event loop run."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Paints(QObject):
    """Counts how often a widget is painted, or painted while `shown` gives something new."""

    def __init__(self, shown: Callable[[], object] = object) -> None:
        super().__init__()
        self.count = 0
        self._shown = shown
        self._last: object = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.Paint and (shown := self._shown()) is not self._last:
            self.count, self._last = self.count + 1, shown
        return False
