"""A picture of the real window after some training, for docs and for machines without a display."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QEventLoop, QIODevice, QTimer

from cnnviz.core.datasets import best_available
from cnnviz.core.errors import CnnvizError
from cnnviz.core.files import write_atomically
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.status import Phase
from cnnviz.ui import theme
from cnnviz.ui.application import discard, make_application, on_interrupt
from cnnviz.ui.frame_pace import CALMER_MS
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.messages import Notice, RunRequest
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.throttle import APART_MS

SETTLE_MS = CALMER_MS + 10 * APART_MS
"""After training, for numbers and curves that refresh every 0.75 s, one after the other."""


def take_screenshot(
    out: Path,
    data: str | None,
    network: str | Spec,
    epochs: int,
    digit: int,
    size: tuple[int, int],
    scale: float,
    theme_name: str,
) -> None:
    """Trains `epochs` epochs in the real window, chooses test image `digit`, saves the window.

    `size` is in logical pixels; the picture has `scale` times as many (QT_SCALE_FACTOR must be set
    to it before Qt is loaded). Raises CnnvizError for data, a digit or a file that cannot be.
    """
    app = make_application()
    theme.apply_theme(app, theme_name)
    session = Session()
    problems: list[BaseException] = []

    def note(notice: Notice) -> None:
        problems.append(CnnvizError(notice.text))

    def stop() -> None:
        problems.append(KeyboardInterrupt())

    session.noticed.connect(note)
    window = MainWindow(session, remember=False, ask=False)
    with on_interrupt(stop):
        try:
            _resize(window, size)
            window.show()
            request = RunRequest(data or best_available(), network, Settings(), max(epochs, 1))
            session.open_run(request)
            wait_until(lambda: session.dataset is not None or bool(problems))
            _refuse(problems)
            _choose(session, digit)
            if epochs:
                session.play()
                wait_until(lambda: is_trained(session) or bool(problems))
                _refuse(problems)
            pause(SETTLE_MS)
            write_atomically(out, png_of(window))
        finally:
            session.shut_down()
            wait_until(lambda: session.is_shut_down)
            window.close()
            discard(window, session)


def _resize(window: MainWindow, size: tuple[int, int]) -> None:
    least = window.minimumSize()
    if size[0] < least.width() or size[1] < least.height():
        raise CnnvizError(f"The window needs at least {least.width()}x{least.height()}.")
    window.resize(*size)


def is_trained(session: Session) -> bool:
    """Whether all planned epochs are done."""
    status = session.status
    return status.phase is Phase.PAUSED and status.step >= status.planned_steps


def _choose(session: Session, digit: int) -> None:
    count = len(session.dataset.test) if session.dataset else 0
    if not 0 <= digit < count:
        raise CnnvizError(f"There is no test image {digit}; there are 0 to {count - 1}.")
    session.choose_image(digit)


def _refuse(problems: list[BaseException]) -> None:
    if problems:
        raise problems[0]


def png_of(window: MainWindow) -> bytes:
    """The window as it is now."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    window.grab().save(buffer, "PNG")
    return bytes(buffer.data().data())


def wait_until(condition: Callable[[], bool]) -> None:
    """Lets the window work until the condition holds."""
    while not condition():
        pause(10)


def pause(milliseconds: int) -> None:
    """Lets the window work, and the training beside it."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
