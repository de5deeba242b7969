"""Plays the past: takes the cursor from where it stands to the newest batch, as a film would.

Part of the session. Time decides where the cursor is, not the number of frames: where drawing is
slow, snapshots are skipped. Training may go on underneath. Who takes the cursor, stops the player.
"""

from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from cnnviz.ui.past import Past

SPEEDS = (5, 10, 20, 60)
"""Seconds for the whole past."""
FRAME_MS = 33


class Player(QObject):
    """Plays or rests."""

    changed = Signal()
    """It plays, or rests, or is to play at another speed."""

    def __init__(self, past: Past) -> None:
        super().__init__(past)
        self._past = past
        self.seconds: float = 10
        self._begin = 0.0  # as a share of the past, at the time of _started
        self._started = 0.0
        self._length = 0
        self._moving = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._move)
        past.asked.connect(self._give_way)
        past.changed.connect(self._give_way)

    @property
    def is_playing(self) -> bool:
        """Whether the cursor moves."""
        return self._timer.isActive()

    @property
    def can_play(self) -> bool:
        """Whether there is a past."""
        timeline = self._past.timeline
        return bool(timeline.snapshots) and len(timeline) > timeline.first

    @Slot()
    def toggle(self) -> None:
        """Plays, or stops where it is."""
        if self.is_playing:
            self.stop()
        else:
            self.play()

    @Slot()
    def play(self) -> None:
        """From the moment that is looked at; from the beginning, if that is now."""
        if self.is_playing or not self.can_play:
            return
        moment = self._past.moment
        timeline = self._past.timeline
        here = timeline.first if moment is None else moment
        self._begin = (here - timeline.first) / (len(timeline) - timeline.first)
        self._started, self._length = perf_counter(), len(timeline)
        self._timer.start()
        self.changed.emit()
        self._move()

    @Slot()
    def stop(self) -> None:
        """Stays where it is."""
        if self.is_playing:
            self._timer.stop()
            self.changed.emit()

    def set_seconds(self, seconds: float) -> None:
        """Another speed, from here on: the seconds for the whole past."""
        self._begin, self._started = self._share, perf_counter()
        self.seconds = seconds
        self.changed.emit()

    @property
    def _share(self) -> float:
        """How much of the past lies behind."""
        return self._begin + (perf_counter() - self._started) / self.seconds

    @Slot()
    def _move(self) -> None:
        timeline, share = self._past.timeline, self._share
        if len(timeline) < self._length:  # training went back
            self.stop()
            return
        self._length = len(timeline)
        first = timeline.first
        over = share >= 1
        self._moving = True
        try:
            self._past.look_at(None if over else first + int(share * (len(timeline) - first)))
        finally:
            self._moving = False
        if over:
            self.stop()

    @Slot()
    def _give_way(self) -> None:
        """Somebody else takes the cursor."""
        if not self._moving:
            self.stop()
