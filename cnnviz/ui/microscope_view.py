"""One batch of training in stops: there layer by layer, the loss, back again, the update.

The batch is taken once more beside the training, which knows nothing of it; every number is the one
that training has, or will have.
"""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.in_force import convolution_after, rate_after
from cnnviz.core.microscope import Dissecting, Dissection, Moment
from cnnviz.core.parameter_arithmetic import Parameter
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.trainer import Snapshot
from cnnviz.ui import choice_panel, theme
from cnnviz.ui.batch_strip import BatchStrip
from cnnviz.ui.choice_panel import ChoicePanel
from cnnviz.ui.gradient_check_view import GradientCheckView
from cnnviz.ui.messages import Notice
from cnnviz.ui.microscope_frames import Stops
from cnnviz.ui.session import Session
from cnnviz.ui.stop_walk import StopWalk
from cnnviz.ui.two_way_canvas import TwoWayArea
from cnnviz.ui.watched_tasks import OneTask
from cnnviz.ui.widgets.split import make_split
from cnnviz.ui.widgets.throttle import Throttle
from cnnviz.ui.widgets.tinted_label import TintedLabel

POLL_MS, WORDS_MS = 30, 250
WHAT = (
    "Takes one batch once more, beside the training, and stops after every layer: forward, the "
    "loss, back again, the update. Training is not touched."
)
NOTHING = (
    "Click any value or kernel, or choose a weight above, to see how it is made at this stop. A "
    "weight's gradient comes on the way back, its step at the update."
)


class MicroscopeView(QWidget):
    """Buttons above, the stops, the batch's images, the columns and the arithmetic."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.stops: Stops | None = None
        """Those of the batch that is shown."""
        self._work: OneTask[Dissecting] = OneTask(self, self._poll, POLL_MS)
        self._waiting = self._ended = False
        self._calm = Throttle(self._say, WORDS_MS, self)
        self._make_parts()
        self._lay_out()
        self._connect()
        self._forget()

    def _make_parts(self) -> None:
        self.button = QPushButton("Dissect the next batch")
        self.button.setProperty("primary", "true")
        self.button.setToolTip("Of the moment that is looked at, or of now")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setAccessibleName("Cancel the dissection")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(120, 4)
        self.progress.setRange(0, 100)
        self.progress.setAccessibleName("How much is dissected")
        self.about = TintedLabel()
        self.empty = QLabel(WHAT)
        self.empty.setProperty("muted", "true")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.about.setWordWrap(True)
        self.walk = StopWalk()
        self.teaching = QLabel()
        self.teaching.setProperty("small", "true")
        self.strip = BatchStrip()
        self.area = TwoWayArea("The network at this stop")
        self.canvas = self.area.canvas
        self.side = ChoicePanel(self.canvas, NOTHING)
        self.panel, self.chooser = self.side.panel, self.side.chooser
        self.check = GradientCheckView()
        self.side.add_below(self.check)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(14, 10, 14, 0)
        head.setSpacing(10)
        for widget in (self.button, self.cancel_button, self.progress):
            head.addWidget(widget)
        head.addWidget(self.about, 1)
        walk = QHBoxLayout()
        walk.setContentsMargins(14, 6, 14, 0)
        walk.addWidget(self.walk)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(walk)
        inset = QHBoxLayout()
        inset.setContentsMargins(14, 0, 14, 0)
        inset.addWidget(self.teaching)
        column.addLayout(inset)
        strip = QHBoxLayout()
        strip.setContentsMargins(10, 4, 10, 0)
        strip.addWidget(self.strip)
        column.addLayout(strip)
        column.addWidget(self.area, 1)
        self.parts = make_split(left, self.side)
        self.parts.setStretchFactor(0, 1)
        self.parts.setSizes([1000, choice_panel.WIDTH])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        whole.addLayout(head)
        whole.addWidget(self.parts, 1)
        whole.addWidget(self.empty, 1)

    def _connect(self) -> None:
        session = self._session
        self.button.clicked.connect(self.start)
        self.cancel_button.clicked.connect(self.cancel)
        self.walk.changed.connect(self._show_stop)
        self.strip.chosen.connect(self._show_stop)
        self.side.changed.connect(self._explain)
        for key, slot in (
            ("Ctrl+Left", self.walk.stop_before),
            ("Ctrl+Right", self.walk.next_stop),
        ):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)
        session.run_changed.connect(self._forget)
        session.status_changed.connect(self._follow)
        session.past.changed.connect(self._follow)

    # What the user wishes.

    @Slot()
    def start(self) -> None:
        """Dissects the batch after the moment that is looked at, or after now."""
        session = self._session
        if self._ended or self._work.now or self._waiting or session.dataset is None:
            return
        if session.past.snapshot:
            self._dissect(session.past.snapshot)
        else:
            self._waiting = True
            session.capture(self._take_newest)
        self._say()

    def _take_newest(self, saved: SavedRun) -> None:
        if self._waiting:
            self._waiting = False
            self._dissect(saved.newest)

    def _dissect(self, snapshot: Snapshot) -> None:
        session, timeline, settings = self._session, self._session.timeline, self._session.settings
        if self._ended or session.dataset is None or session.spec is None:
            return
        planned = session.status.planned_steps
        moment = Moment.at(
            snapshot,
            session.spec,
            session.dataset,
            settings,
            rate_after(timeline, settings, planned, snapshot.step),
            convolution_after(timeline, settings, snapshot.step),
        )
        self._work.start(Dissecting(moment))
        self._say()

    @Slot()
    def cancel(self) -> None:
        """Gives a dissection up; the one before stays."""
        self._waiting = False
        self._work.end()
        self._say()

    # How the dissection goes.

    @Slot()
    def _poll(self) -> None:
        if self._work.now is None:
            return
        standing = self._work.now.standing
        self.progress.setValue(round(100 * standing.share))
        if not standing.ended:
            return
        self._work.end()
        if standing.result:
            self._show(standing.result)
        elif standing.failure:
            message, details = standing.failure
            self._session.noticed.emit(Notice(f"The microscope stopped. {message}", details))
        self._say()

    def _show(self, dissection: Dissection) -> None:
        """Another batch, from its first stop."""
        dataset = self._session.dataset
        if dataset is None:
            return
        other = self.stops is None
        choice = self.canvas.choice
        self.stops = Stops(dissection)
        if other:
            self.canvas.show_network(self.stops.network, dataset.class_names)
            self.chooser.show_network(self.stops.network)
        else:
            self.canvas.choose(choice)
        self.strip.show_batch(dissection, dataset.class_names)
        self._show_parts(True)
        self.walk.begin(len(self.stops))
        self.walk.slider.setFocus()

    @Slot()
    def _forget(self) -> None:
        """Another run: what was dissected is no batch of it."""
        self.cancel()
        self.walk.rest()
        self.stops = None
        self._show_parts(False)
        self.check.show_parameter(None, None)
        self._say()

    def _show_parts(self, there: bool) -> None:
        self.parts.setVisible(there)
        self.empty.setVisible(not there)

    # What is shown.

    @Slot()
    def _show_stop(self) -> None:
        stops, at, image = self.stops, self.walk.at, self.strip.row.image
        if stops is None:
            return
        self.canvas.show_frame(stops.frame(at, image))
        self.canvas.tell()
        self.walk.say(stops.title(at))
        self.teaching.setText(stops.teaching(at))
        self._explain()

    @Slot()
    def _explain(self) -> None:
        stops, dataset, choice = self.stops, self._session.dataset, self.canvas.choice
        if stops is None or dataset is None:
            return
        at = self.walk.at
        if choice is None and stops.all[at].phase == "update":
            choice = self.chooser.parameter
        found = stops.explained(at, self.strip.row.image, choice)
        nothing = "" if choice is None else "This has not been reached yet: walk on."
        self.panel.show_found(stops.layers, dataset.class_names, found, nothing)
        parameter = choice if isinstance(choice, Parameter) else self.chooser.parameter
        self.check.show_parameter(stops.dissection, parameter)

    @Slot()
    def _follow(self) -> None:
        if self.isVisible():
            self._calm.ask()

    def _say(self) -> None:
        """Buttons, and which batch this is and how old."""
        busy = self._work.now is not None or self._waiting
        had_focus = self.button.hasFocus() or self.cancel_button.hasFocus()
        self.button.setVisible(not busy)
        self.cancel_button.setVisible(busy)
        self.progress.setVisible(busy)
        self.button.setEnabled(self._session.dataset is not None)
        self.about.setText(self._in_words())
        self.about.tint("selected" if self.is_old else "muted")
        if had_focus:
            (self.cancel_button if busy else self.button).setFocus()

    @property
    def is_old(self) -> bool:
        """Whether another moment is looked at by now."""
        return self.stops is not None and self._looked_at != self._step

    @property
    def _looked_at(self) -> int:
        moment = self._session.past.moment
        return self._session.status.step if moment is None else moment

    @property
    def _step(self) -> int:
        return self.stops.dissection.moment.snapshot.step if self.stops else 0

    def _in_words(self) -> str:
        session = self._session
        if self._waiting or self._work.now:
            return "Dissecting …"
        if self.stops is None:
            return "" if session.dataset else "As soon as the data are loaded."
        seen = self.stops.dissection
        batch = theme.spaced(self._step + 1)
        loss = f"loss {seen.loss:.4g}" if seen.loss - seen.loss == 0 else "its loss is not finite"
        text = (
            f"Batch {batch}: {len(seen.labels)} images, rate {seen.update.rate:.3g}, {loss}. "
            "Taken beside the training, which is not touched."
        )
        if self.is_old:
            other = theme.spaced(self._looked_at + 1)
            text += f" This has become old: the next batch is now {other}."
        return text

    # The end.

    def shut_down(self) -> None:
        """Ends what is under way, for good; `is_shut_down` says when it has ended."""
        self._ended = True
        self.walk.rest()
        self.cancel()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        over = self.check.is_over
        return self._work.is_over and over

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks, so nothing is dissected or played; a minimised window only looks away."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.walk.rest()
            self.cancel()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up."""
        super().showEvent(event)
        self._say()
