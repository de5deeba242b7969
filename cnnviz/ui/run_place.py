"""Where the run is, in words and as a bar: epoch and batch and speed; or how far a run is loaded.

Part of the bar at the top.
"""

from html import escape

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QToolButton, QWidget

from cnnviz.core.status import Phase
from cnnviz.ui import theme
from cnnviz.ui.data_names import data_title
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.quantities import duration
from cnnviz.ui.widgets.steady_label import SteadyLabel
from cnnviz.ui.widgets.throttle import Throttle

TIP = "Epochs and batches done in this run"
PATIENCE_MS = 400
"""Loading that takes longer says how far it is, and can be cancelled."""
LEAST_TITLE = 60
"""Pixels of the data's name while they load."""


class RunPlace(QWidget):
    """Words that change many times a minute, and move nothing."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._make_parts()
        self._calm = Throttle(self._show, session.pace.calm_ms, self)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MS)
        self._patience.timeout.connect(self._lose_patience)
        self._loads_long = False
        self._was_training = False
        session.status_changed.connect(self._take_status)
        session.loading_changed.connect(self._calm.ask)
        session.run_changed.connect(self._reserve_room)
        session.times_changed.connect(self._show_speed)
        self._reserve_room()
        self._show()

    def _make_parts(self) -> None:
        self.words = SteadyLabel()
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setToolTip(TIP)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(84, 5)
        self.progress.setAccessibleName("Progress of the epoch")
        self.speed = SteadyLabel()
        self.speed.setProperty("muted", "true")
        self.speed.setToolTip("Training images per second, mean over the last batches")
        self.cancel_button = QToolButton()
        self.cancel_button.setText("Cancel")
        self.cancel_button.setProperty("small", "true")
        self.cancel_button.setToolTip("Load nothing else, stay with this run (Esc)")
        self.cancel_button.setAccessibleName("Cancel loading")
        self.cancel_button.clicked.connect(self._session.cancel_loading)
        self.cancel_button.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.words)
        row.addWidget(self.progress)
        speed = QGridLayout()  # the button lies in room that is there anyway
        speed.addWidget(self.speed, 0, 0)
        speed.addWidget(self.cancel_button, 0, 0, Qt.AlignmentFlag.AlignRight)
        row.addLayout(speed)

    @Slot()
    def _reserve_room(self) -> None:
        """Texts that change while training get room for their longest form, so nothing moves."""
        status = self._session.status
        planned = status.planned_steps // status.batches_per_epoch
        batches = theme.spaced(status.batches_per_epoch)
        metrics = self.words.fontMetrics()
        places = (
            f"Epoch {planned} of {planned} · batch {batches} / {batches}",
            f"Untrained · {batches} batches an epoch",
        )
        self.words.reserve(max(map(metrics.horizontalAdvance, places)) + 4)
        speed = "100 000 images/s · 10 min 00 s left"
        self.speed.reserve(metrics.horizontalAdvance(speed))

    @Slot()
    def _take_status(self) -> None:
        """While training goes on, a few times a second; what the user did, at once."""
        goes_on = self._session.is_training and self._was_training
        self._was_training = self._session.is_training
        if goes_on:
            self._calm.ask()
        else:
            self._calm.act()

    @Slot()
    def _show(self) -> None:
        self._watch_loading()
        self.words.setText(self._in_words())
        batches = theme.spaced(self._session.status.step)
        self.words.setToolTip(f"{TIP}: {batches} batches in all, as other windows count them")
        done, of = self._progress_of_loading if self._loads_long else self._progress_of_epoch
        self.progress.setRange(0, of)
        self.progress.setValue(done)
        self._show_speed()

    @property
    def _progress_of_epoch(self) -> tuple[int, int]:
        status = self._session.status
        done = status.step % status.batches_per_epoch
        at_end = status.step and not done
        return status.batches_per_epoch if at_end else done, status.batches_per_epoch

    # Loading.

    def _watch_loading(self) -> None:
        if not self._session.loading:
            self._patience.stop()
            self._loads_long = False
        elif not self._loads_long and not self._patience.isActive():
            self._patience.start()
        if self.cancel_button.hasFocus() and not self._loads_long:
            self.window().setFocus()  # or it would go to whichever field comes next
        self.cancel_button.setVisible(self._loads_long)

    @Slot()
    def _lose_patience(self) -> None:
        self._loads_long = True
        self._show()

    @property
    def _progress_of_loading(self) -> tuple[int, int]:
        _, done, of = self._session.loading_progress
        return (done, of) if of else (0, 1)

    def _loading_words(self, title: str) -> str:
        """Images are looked at first, then read. A long title is cut, so that nothing moves."""
        stage = self._session.loading_progress[0] if self._loads_long else ""
        verb = {"Reading images": "Reading"}.get(stage, "Loading")
        metrics = self.words.fontMetrics()
        room = self.words.minimumWidth() - metrics.horizontalAdvance(f"{verb}  … ")
        shown = metrics.elidedText(title, Qt.TextElideMode.ElideMiddle, max(room, LEAST_TITLE))
        return f"{verb} {escape(shown)} …"

    def _loading_text(self) -> str:
        _, done, of = self._session.loading_progress
        if not done:
            return ""
        counted = theme.spaced(done)
        return f"{counted} of {theme.spaced(of)}" if of else f"{counted} files"

    def _in_words(self) -> str:
        status = self._session.status
        if loading := self._session.loading:
            return self._loading_words(data_title(loading.data))
        if status.phase is Phase.LOADING:
            return "No data yet"
        if status.phase is Phase.STOPPED:
            return "Stopped"
        planned = status.planned_steps // status.batches_per_epoch
        epochs, batch = divmod(status.step, status.batches_per_epoch)
        if status.step == 0:
            return f"Untrained · {theme.spaced(status.batches_per_epoch)} batches an epoch"
        if batch == 0:
            number = theme.strong(str(epochs))
            ended = f"{number} of {planned}" if epochs <= planned else number
            testing = " · testing" if status.phase is Phase.EVALUATING else " done"
            return f"Epoch {ended}{testing}"
        epoch = theme.strong(str(epochs + 1)) + (f" of {planned}" if epochs < planned else "")
        of = theme.spaced(status.batches_per_epoch)
        return f"Epoch {epoch} · batch {theme.spaced(batch)} / {of}"

    @Slot()
    def _show_speed(self) -> None:
        session, status = self._session, self._session.status
        speed = session.images_per_second
        if self._loads_long:
            self.speed.setText(self._loading_text())
            return
        if not speed:
            self.speed.setText("")
            return
        text = f"{theme.spaced(round(speed))} images/s"
        left = status.planned_steps - status.step
        if session.is_training and left > 0:
            text += f" · {duration(left * session.settings.batch_size / speed)} left"
        self.speed.setText(text)
