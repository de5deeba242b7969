"""A line under the controls that offers to fetch published data, fetches them, and opens them.

Fetching runs on a thread of its own (core/datasets/fetch.py), which this view asks for news by a
timer; training goes on meanwhile.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.datasets import is_there, mnist
from cnnviz.core.datasets.fetch import SOURCES, Fetch, Source, Standing
from cnnviz.core.datasets.report import printable
from cnnviz.ui.data_names import data_title
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.watched_tasks import OneTask
from cnnviz.ui.widgets.quantities import duration

POLL_MS = 100
OFFER = "Fetch it"


class FetchView(QWidget):
    """What would be fetched, how it goes, and what went wrong; hidden while there is none of it.

    `shut_down()` ends fetching for good without waiting; `is_shut_down` says when its thread is
    gone. What has arrived is kept for the next time.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._name = ""  # of what is offered or fetched
        self._fetch: OneTask[Fetch] = OneTask(self, self._poll, POLL_MS)
        self._wanted_before = ""  # the data that the user had chosen when fetching began
        self._ended = False
        self._make_parts()
        self._lay_out()
        session.run_changed.connect(self._follow_run)
        self.hide()

    def _make_parts(self) -> None:
        self.text, self.numbers, self.details = QLabel(), QLabel(), QLabel()
        self.text.setProperty("heading", "true")
        self.details.setProperty("small", "true")
        self.details.setTextFormat(Qt.TextFormat.PlainText)
        self.details.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName("How much has been fetched")
        self.start_button = QPushButton(OFFER)
        self.start_button.setProperty("primary", "true")
        self.start_button.setToolTip("Download the data now")
        self.start_button.clicked.connect(self.start)
        self.pause_button = QPushButton("Pause")
        self.pause_button.setToolTip("Stop for a while, or go on")
        self.pause_button.clicked.connect(self._pause_or_resume)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Fetch no more; what has arrived is kept for the next time")
        self.cancel_button.clicked.connect(self.cancel)

    def _lay_out(self) -> None:
        frame = QFrame()
        frame.setProperty("quiet", "true")
        words = QVBoxLayout()
        words.setSpacing(5)
        first = QHBoxLayout()
        first.setSpacing(10)
        first.addWidget(self.text)
        first.addWidget(self.numbers, 1)
        words.addLayout(first)
        words.addWidget(self.progress)
        words.addWidget(self.details)
        row = QHBoxLayout(frame)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addSpacing(8)
        for button in (self.start_button, self.pause_button, self.cancel_button):
            row.addWidget(button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(14, 0, 14, 9)
        outer.addWidget(frame)

    # What the user wishes.

    @Slot(str)
    def offer(self, name: str) -> None:
        """Says what would be fetched, from where and how much; nothing is until it is asked for."""
        if self._ended:
            return
        if self._fetch.now:
            if name != self._name:
                text = f"One after the other: {data_title(self._name)} is being fetched."
                self._session.noticed.emit(Notice(text))
            return
        self._name = name
        self.text.setText(f"{data_title(name)} is not on this machine yet.")
        self.details.setText(self._offer_in_words(SOURCES[name]))
        self._show_parts(start=OFFER, cancel="Not now")
        self.show()
        self.start_button.setFocus()

    def _offer_in_words(self, source: Source) -> str:
        hosts = " or ".join(map(_host, source.mirrors))
        folder = mnist.cache_folder(source.published)
        text = f"{_megabytes(source.size)}\u2009MB from {hosts}, checked and kept in {folder}."
        if request := self._session.request:
            text += f" Until it is here, this run goes on with {data_title(request.data)}."
        return text

    @Slot()
    def _follow_run(self) -> None:
        """Another run may go on with other data than the offer says."""
        if self._name and self._fetch.now is None and self.start_button.text() == OFFER:
            self.details.setText(self._offer_in_words(SOURCES[self._name]))

    @Slot()
    def start(self) -> None:
        """Fetches what was offered, or what failed, once more."""
        if self._ended or self._fetch.now or not self._name:
            return
        self._wanted_before = self._wanted_data()
        self._fetch.start(Fetch(SOURCES[self._name]))
        self._show_parts(pause=True, cancel="Cancel")
        self.pause_button.setFocus()
        self._poll()

    @Slot()
    def _pause_or_resume(self) -> None:
        if fetch := self._fetch.now:
            if fetch.standing.paused:
                fetch.resume()
            else:
                fetch.pause()
            self._poll()

    @Slot()
    def cancel(self) -> None:
        """Fetches no more, and offers nothing any more."""
        self._fetch.end()
        self._leave()

    @property
    def is_fetching(self) -> bool:
        """Whether it fetches, or pauses."""
        return self._fetch.now is not None

    # The end.

    def shut_down(self) -> None:
        """Ends fetching, and allows no other. Returns at once."""
        self._ended = True
        self._fetch.end()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._fetch.is_over

    # How it goes.

    @Slot()
    def _poll(self) -> None:
        if self._fetch.now is None:
            return
        standing = self._fetch.now.standing
        self._show_standing(standing)
        if standing.ended:
            self._fetch.end()
            self._finish(standing)

    def _show_standing(self, standing: Standing) -> None:
        doing = "Paused:" if standing.paused else "Fetching"
        done, of = _megabytes(standing.done), _megabytes(standing.of)
        self.text.setText(f"{doing} {data_title(self._name)}")
        words = [f"{done} of {of}\u2009MB"]
        if speed := standing.bytes_per_second:
            left = duration((standing.of - standing.done) / speed)
            words += [f"{speed / 1e6:.1f}\u2009MB/s", f"{left} left"]
        self.numbers.setText(" · ".join(words))
        self.progress.setValue(round(1000 * standing.done / max(standing.of, 1)))
        details = f"{standing.file} from {_host(standing.mirror)}" if standing.mirror else "…"
        if standing.trouble:
            details += f". Before: {standing.trouble}"
        self.details.setText(details)
        self.pause_button.setText("Resume" if standing.paused else "Pause")

    def _finish(self, standing: Standing) -> None:
        if standing.failure:
            message, more = standing.failure
            self.text.setText(f"{data_title(self._name)} could not be fetched.")
            self.details.setText(message)
            self.details.setToolTip(more)
            self._show_parts(start="Try again", cancel="Close")
            self.start_button.setFocus()
            return
        self._leave()
        if standing.folder and not is_there(self._name):
            self._tell_what_is_in_the_way()
        elif self._wanted_data() == self._wanted_before:
            self._open()
        else:  # something else was chosen meanwhile
            text = f"{data_title(self._name)} is here now."
            self._session.noticed.emit(Notice(text, "", "Train on it", self._open, is_good=True))

    def _tell_what_is_in_the_way(self) -> None:
        folder = mnist.existing_folder(SOURCES[self._name].published)
        where = printable(folder) if folder else "A folder"
        self._session.noticed.emit(
            Notice(
                f"{data_title(self._name)} is fetched, but {where} is looked at first and lacks "
                "files. Remove that folder, or add them."
            )
        )

    def _open(self) -> None:
        if wanted := self._session.wanted:
            self._session.open_run(replace(wanted, data=self._name, start=None))

    def _wanted_data(self) -> str:
        wanted = self._session.wanted
        return wanted.data if wanted else ""

    # Looks.

    def _leave(self) -> None:
        """Goes away; the keyboard is the window's again, not whichever field's comes next."""
        focused, parent = QApplication.focusWidget(), self.parentWidget()
        if focused and parent and self.isAncestorOf(focused):
            parent.setFocus()
        self.hide()

    def _show_parts(self, start: str = "", pause: bool = False, cancel: str = "") -> None:
        self.details.setToolTip("")
        self.numbers.setVisible(pause)
        self.progress.setVisible(pause)
        self.pause_button.setVisible(pause)
        self.start_button.setVisible(bool(start))
        self.start_button.setText(start)
        self.cancel_button.setText(cancel)


def _host(address: str) -> str:
    return urlsplit(address).hostname or address


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
