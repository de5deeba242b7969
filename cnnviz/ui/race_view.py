"""Lets the three ways of convolution race on the network of now, and one of them be chosen.

The race runs on a thread of its own (core/race.py), which this view asks for news by a timer.
Training rests meanwhile, so that both do not slow each other down; whoever wants to train during
the race ends the race.
"""

from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from cnnviz.core.convolution import WAYS
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.race import Course, Pace, Race, Standing
from cnnviz.ui import theme
from cnnviz.ui.messages import Notice
from cnnviz.ui.race_bars import Board, RaceBars
from cnnviz.ui.rest import Rest
from cnnviz.ui.session import Session
from cnnviz.ui.watched_tasks import OneTask
from cnnviz.ui.widgets.tinted_label import TintedLabel

POLL_MS = 100
MARGIN = 16


class RaceView(QWidget):
    """What a race is, the button that starts it, how it goes, and what came out.

    `shut_down()` ends a race for good without waiting; `is_shut_down` says when its thread is gone.
    Hiding or deleting the view ends a race too.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._course: Course | None = None  # of what is shown, or of the race that runs
        self._paces: dict[str, Pace] = {}
        self._active = False
        # Nothing runs while an active race waits for training to rest.
        self._race: OneTask[Race] = OneTask(self, self._poll, POLL_MS)
        self._rest = Rest(session, self)
        self._rest.disturbed.connect(self._be_disturbed)
        self._ended = False
        self._make_parts()
        self._lay_out()
        session.run_changed.connect(self._refresh)
        session.settings_changed.connect(self._refresh)
        self._refresh()

    def _make_parts(self) -> None:
        self.intro = _words("")
        self.button = QPushButton("Race the three ways")
        self.button.setProperty("primary", "true")
        self.button.clicked.connect(self.start)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setAccessibleName("Cancel the race")
        self.cancel_button.clicked.connect(self.cancel)
        self.message = TintedLabel()
        self.message.setWordWrap(True)
        self.bars = RaceBars(WAYS)
        for row in self.bars.rows.values():
            row.clicked.connect(self._choose_way)
        self.result = _words("")
        self.result.setProperty("small", "true")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.button)
        buttons.addWidget(self.cancel_button)
        buttons.addSpacing(6)
        buttons.addWidget(self.message, 1)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(12)
        column.addWidget(self.intro)
        column.addLayout(buttons)
        column.addWidget(self.bars)
        column.addWidget(self.result)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(whole)
        scroll.setWidgetResizable(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    # What the user wishes.

    @property
    def is_racing(self) -> bool:
        """Whether a race runs, or waits for training to rest."""
        return self._active

    @Slot()
    def start(self) -> None:
        """Has training rest, and then races on the network and the batch of now."""
        course = self._course_of_now()
        if course is None or self._active or self._ended:
            return
        self._course, self._paces = course, {}
        self._active = True
        self._rest.begin()
        self._say("")
        self._race.wait()
        self._poll()
        self.cancel_button.setFocus()

    @Slot()
    def cancel(self) -> None:
        """Ends the race; training goes on if it was running."""
        if self._active:
            self._end("Cancelled.")

    @Slot()
    def _choose_way(self) -> None:
        for way, row in self.bars.rows.items():
            if row is self.sender() and way != self.session.settings.convolution:
                self.session.set_convolution(way)

    # The end.

    def shut_down(self) -> None:
        """Ends a race, and allows no other. Returns at once."""
        self._ended = True
        self._active = False
        self._race.end()
        self._refresh()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._race.is_over

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks, so nobody races; a minimised window only looks away."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.cancel()

    # How the race goes.

    @Slot()
    def _poll(self) -> None:
        if not self._active or self._course is None:
            return
        if self._race.now is None:
            if not self._rest.is_calm:
                self._say("Waiting for training to rest …")
            elif self._race.is_over:
                self._race.start(Race(self._course))
            self._refresh()
            return
        standing = self._race.now.standing
        self._paces = {pace.way: pace for pace in standing.paces}
        if standing.ended:
            self._finish(standing)
        else:
            if standing.underway:
                rest = " Training rests meanwhile." if self._rest.has_paused_training else ""
                self._say(f"Timing {standing.underway.way} …{rest}")
            self._refresh()

    def _finish(self, standing: Standing) -> None:
        if standing.failure is None:
            self._end("Press a way to train with it.")
            return
        message, details = standing.failure
        text = f"The race stopped. {message}"
        self._end(text, bad=True)
        if details:
            self.session.noticed.emit(Notice(text, details))

    def _end(self, text: str, bad: bool = False) -> None:
        """However it ended: says so, and hands the machine back to training."""
        self._active = False
        self._race.end()
        if self._rest.end():
            text += " Training goes on."
        self._say(text, bad)
        had_focus = self.cancel_button.hasFocus()
        self._refresh()
        if had_focus:
            self.button.setFocus()

    @Slot(str)
    def _be_disturbed(self, why: str) -> None:
        """Somebody trains, or has opened another run."""
        if self._active:
            self._end(f"Cancelled, for {why}.")

    # Looks.

    def _course_of_now(self) -> Course | None:
        spec, settings = self.session.spec, self.session.settings
        if spec is None:
            return None
        return Course(spec, settings.batch_size, settings.threads, settings.optimizer)

    @Slot()
    def _refresh(self) -> None:
        course = self._course_of_now()
        stale = bool(self._paces) and course != self._course
        underway = self._race.now.standing.underway if self._race.now else None
        way = self.session.settings.convolution
        self.bars.show_board(Board(self._paces, underway, self._active, way, stale))
        self.button.setEnabled(course is not None and not self._active and not self._ended)
        self.cancel_button.setVisible(self._active)
        self.intro.setText(_intro(course))
        self.result.setText(_result(self._course, self._paces))
        if stale and not self._active:
            self._say("Measured with another network or other settings. Race again to compare.")

    def _say(self, text: str, bad: bool = False) -> None:
        self.message.setText(text)
        self.message.tint("bad" if bad else "muted")


def _intro(course: Course | None) -> str:
    """What a race does."""
    if course is None:
        return "As soon as there is a network, the three ways of convolution can race on it."
    text = (
        f"One operation, three ways to compute it: each in turn trains {_setting(course)} "
        "for some seconds, on random images and a network of its own. Training rests meanwhile."
    )
    if any(layer["type"] == "conv2d" for layer in course.spec.layers):
        return text
    return f"{text} But this network has no convolution, so all will be equally fast."


def _result(course: Course | None, paces: dict[str, Pace]) -> str:
    """What the numbers are of."""
    if course is None or not paces:
        return ""
    text = f"Measured: {_setting(course)}, whole steps: forward, loss, backward, update."
    scaled = [pace for pace in paces.values() if pace.scaled]
    if not scaled:
        return text
    names = " and ".join(pace.way for pace in scaled)
    was = "was" if len(scaled) == 1 else "were each"
    size = theme.spaced(course.batch_size)
    return f"{text} To save time, {names} {was} timed on {scaled[0].images} of the {size} images."


def _setting(course: Course) -> str:
    cores = "1 core" if course.threads == 1 else f"{course.threads} cores"
    size = theme.spaced(course.batch_size)
    optimizer = OPTIMIZERS[course.optimizer].title
    return f"“{course.spec.title}” in batches of {size} with {optimizer} on {cores}"


def _words(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
