"""Has training rest while something else needs the machine, and go on to the goal that it had.

Both at once would slow each other down. Who trains meanwhile, or opens another run, wants the
machine back: `disturbed` says so, and the rest is over.
"""

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.status import Phase
from cnnviz.ui.session import Session


class Rest(QObject):
    """Begun and ended by who needs it."""

    disturbed = Signal(str)
    """Why it is over, in words that go on after “for”."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._active = False
        self._calmed = False  # training was seen to have paused
        self._goal: float | None = None  # of the training that rests
        session.status_changed.connect(self._follow_training)
        session.run_changed.connect(self._follow_run)

    @property
    def has_paused_training(self) -> bool:
        """Whether training goes on when this is over."""
        return self._goal is not None

    @property
    def is_calm(self) -> bool:
        """Whether the batch or test that was under way has ended too."""
        busy = (Phase.TRAINING, Phase.EVALUATING)
        return self._active and self._calmed and self._session.status.phase not in busy

    def begin(self) -> None:
        """Pauses training, if there is any."""
        session = self._session
        self._goal = session.status.goal if session.is_training else None
        self._active = True
        self._calmed = False
        session.pause()
        self._calmed = not session.is_training

    def end(self) -> bool:
        """Has training go on if it was paused; whether it does."""
        goal, self._goal = self._goal, None
        goes_on = self._active and goal is not None
        self._active = False
        if goes_on and goal is not None:
            self._session.train_to(goal)
        return goes_on

    @Slot()
    def _follow_training(self) -> None:
        if not self._session.is_training:
            self._calmed = True
        elif self._active and self._calmed:
            self._be_disturbed("training goes on")

    @Slot()
    def _follow_run(self) -> None:
        if self._active:
            self._be_disturbed("there is another run now")

    def _be_disturbed(self, why: str) -> None:
        self._active, self._goal = False, None
        self.disturbed.emit(why)
