"""Starts the application: fonts, theme, session, window; and ends with the window."""

import gc
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread

from pyqtgraph.util.garbage_collector import GarbageCollector
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, Qt, QTimer
from PySide6.QtWidgets import QApplication

from cnnviz.core.datasets import best_available
from cnnviz.core.parallel import cores_beside_a_window
from cnnviz.core.settings import Settings
from cnnviz.ui import theme
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.icons import icon


def make_application(arguments: Sequence[str] = ("cnnviz",)) -> QApplication:
    """The QApplication (made once a process) with our name, icon and fonts."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(list(arguments))
    QCoreApplication.setOrganizationName("cnnviz")
    QCoreApplication.setApplicationName("cnnviz")
    app.setDesktopFileName("cnnviz")
    theme.load_fonts(app)
    app.setWindowIcon(icon("cnnviz"))
    return app


def open_window(
    data: str | None = None,
    network: str = "numpy-cnn",
    theme_name: str | None = None,
    play: bool = False,
    run: Path | None = None,
    threads: int | None = None,
) -> int:
    """Opens the window and runs until it is closed; the exit status.

    It opens on `run`, a file, else on `data`, else on the best data there is, to train on so many
    `threads` (a run of a file has its own). Raises SettingsError if that makes no sense.
    """
    settings = Settings(threads=cores_beside_a_window() if threads is None else threads)
    app = make_application(sys.argv[:1])
    kept = str(QSettings().value("window/theme", "dark"))
    name = theme_name or kept
    theme.apply_theme(app, name if name in theme.THEMES else "dark")
    session = Session()
    window = MainWindow(session)
    if run:
        window.keeper.open(run)
    else:
        session.open_run(RunRequest(data or best_available(), network, settings), play)
    # The first run's opening would take the offer away again.
    once = Qt.ConnectionType.SingleShotConnection
    session.run_changed.connect(window.keeper.offer_copies, once)
    window.show()
    later = Thread(target=_import_what_comes_later, name="cnnviz-imports")
    later.start()
    with on_interrupt(window.interrupt, window.terminate), garbage_collected_here():
        status = app.exec()
    discard(window, session)
    later.join()
    return status


def _import_what_comes_later() -> None:
    """Nobody waits for it before the window is there, and nobody shall wait for it afterwards."""
    for name in ("scipy.linalg", "scipy.ndimage"):
        import_module(name)


def discard(*objects: QObject) -> None:
    """Deletes what has done its work, one after the other.

    Left to Python's garbage collector, parts that know each other would go in any order, which can
    crash Qt.
    """
    for each in objects:
        each.deleteLater()
        QCoreApplication.sendPostedEvents(each, QEvent.Type.DeferredDelete)


@contextmanager
def garbage_collected_here() -> Iterator[None]:
    """Collects Python's garbage on this thread only, once a second.

    Left to itself, Python collects on whichever thread makes the next object; on the training
    thread it would delete widgets there, which crashes Qt.
    """
    gc.freeze()  # what is there already stays; not looking at it keeps collections short
    was_enabled = gc.isenabled()
    collector = GarbageCollector(interval=1.0)
    try:
        yield
    finally:
        collector.timer.stop()
        if was_enabled:
            gc.enable()


@contextmanager
def on_interrupt(
    act: Callable[[], object], terminate: Callable[[], object] | None = None
) -> Iterator[None]:
    """Ctrl-C calls `act` from the event loop; raised amid Qt's work it would be lost, or crash.

    SIGTERM calls `terminate`, or the same.
    """
    acts = {signal.SIGINT: act, signal.SIGTERM: terminate or act}

    def handle(number: int, _: object) -> None:
        QTimer.singleShot(0, acts[signal.Signals(number)])

    before = {number: signal.signal(number, handle) for number in acts}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
