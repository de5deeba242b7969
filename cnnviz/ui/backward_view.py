"""The way back for the image that is looked at: every gradient of its loss, live.

The twin of the network view: the same columns, with gradients in place of values. It follows
training, the moment that is looked at and the chosen image, and rests while it is hidden.
"""

import math

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from cnnviz.core.backward_arithmetic import explain_gradient
from cnnviz.core.backward_task import LookedBack, LookingBack, look_back
from cnnviz.core.network import Network
from cnnviz.core.parameter_arithmetic import Parameter, explain_parameter
from cnnviz.core.receptive_field import INPUT
from cnnviz.ui import choice_panel, theme
from cnnviz.ui.arithmetic_blocks import number
from cnnviz.ui.choice_panel import ChoicePanel
from cnnviz.ui.gradient_panel import Found
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.two_way_canvas import TwoWayArea
from cnnviz.ui.two_way_pictures import Frame
from cnnviz.ui.watched_tasks import OneTask
from cnnviz.ui.widgets.split import make_split
from cnnviz.ui.widgets.throttle import Throttle

FRAME_MS, WORDS_MS, POLL_MS = 33, 250, 5
"""Between two pictures, two tellings of numbers while they change, two looks at a thread."""
DEAR = 0.006
"""Seconds from which on a look back is taken on a thread, so that the window stays quick."""
NOTHING = (
    "Point at any gradient, or at a kernel's, to see its number. Click, or walk with the arrow "
    "keys, to see how it is made: Page Up and Down go from map to map, Shift with an arrow from "
    "layer to layer."
)
TEACHING = (
    "How much the loss would change if a value grew: orange raises the loss, blue lowers it. Read "
    "it from the right: the loss hands its gradient back, layer by layer, to the pixels. Grey: "
    "blocked by a ReLU."
)


class BackwardView(QWidget):
    """A sentence above, the columns, and the arithmetic of one gradient."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.seen: LookedBack | None = None
        """What is shown."""
        self._own: Network | None = None
        self._seconds = math.inf
        self._words = self._shown_words = (False, 0)
        self._work: OneTask[LookingBack] = OneTask(self, self._poll, POLL_MS)
        self._ended = False
        self._stale = True
        self._pace = Throttle(self._look, FRAME_MS, self)
        self._calm = Throttle(self._tell, WORDS_MS, self)
        self.about = QLabel()
        self.about.setProperty("heading", "true")
        self.teaching = QLabel(TEACHING)
        self.teaching.setProperty("small", "true")
        self.teaching.setWordWrap(True)
        self.area = TwoWayArea("Gradients of the network")
        self.canvas = self.area.canvas
        self.side = ChoicePanel(self.canvas, NOTHING)
        self.panel, self.chooser = self.side.panel, self.side.chooser
        self._lay_out()
        self.side.changed.connect(self._explain)
        session.run_changed.connect(self._rebuild)
        session.network_changed.connect(self._follow)
        session.image_changed.connect(self._follow_image)
        self._rebuild()

    def _lay_out(self) -> None:
        head = QVBoxLayout()
        head.setContentsMargins(14, 10, 14, 0)
        head.setSpacing(4)
        head.addWidget(self.about)
        head.addWidget(self.teaching)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.area, 1)
        parts = make_split(left, self.side)
        parts.setStretchFactor(0, 1)
        parts.setSizes([1000, choice_panel.WIDTH])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(parts)

    # What changed.

    @Slot()
    def _rebuild(self) -> None:
        names = self._session.dataset.class_names if self._session.dataset else ()
        network = self._session.network
        self.seen, self._seconds = None, math.inf
        self._work.end()
        self._own = Network(network.spec, None) if network else None
        self.canvas.show_network(network, names)
        self.chooser.show_network(network)
        self._follow_image()

    @Slot()
    def _follow(self) -> None:
        """The network learned, or another moment is looked at."""
        if self.isVisible():
            self._pace.ask()
        else:
            self._stale = True

    @Slot()
    def _follow_image(self) -> None:
        """Another image: at once."""
        self._stale = True
        if self.isVisible():
            self._look()

    def _look(self) -> None:
        """The gradients of now: at once, or as soon as a thread has found them."""
        session, own = self._session, self._own
        network, inspection = session.network, session.inspection
        self._stale = True
        if network is None or inspection is None or own is None or self._work.now or self._ended:
            return  # after the task, it looks again
        if not self.isVisible():
            return  # hidden meanwhile; shown, it looks again
        if inspection.image.shape != own.spec.input_shape:
            return  # the image of the run before, until the new one is there
        self._stale = False
        label = session.label
        if label is None:
            label = int(inspection.probabilities.argmax())
        self._words = session.label is None, session.shown_step
        own.vector[...] = network.vector
        if self._seconds < DEAR:
            self._take(look_back(own, inspection, label))
        else:
            self._work.start(LookingBack(own, inspection, label))

    @Slot()
    def _poll(self) -> None:
        if self._work.now is None:
            return
        standing = self._work.now.standing
        if not standing.ended:
            return
        self._work.end()
        if not self.isVisible():
            self._stale = True
        elif standing.result:
            self._take(standing.result)
            if self._stale:
                self._pace.ask()
        elif standing.failure:
            self._session.noticed.emit(Notice(*standing.failure))

    def _take(self, seen: LookedBack) -> None:
        """Shows what was found."""
        self.seen, self._seconds = seen, seen.seconds
        self._shown_words = self._words
        backward = seen.backward
        kernels = {
            name.removesuffix(".weight"): gradient
            for name, gradient in backward.parameters.items()
            if name.endswith(".weight")
        }
        values = {INPUT: backward.image, **backward.outputs}
        self.canvas.show_frame(
            Frame(
                seen.inspection.image,
                backward.label,
                values,
                kernels,
                dict.fromkeys(kernels, "gradient"),
                backward.blocked,
                frozenset(values),
            )
        )
        if self._session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    # The end.

    def shut_down(self) -> None:
        """Looks no more; `is_shut_down` says when what is under way has ended."""
        self._ended = True
        self._work.end()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._work.is_over

    def _tell(self) -> None:
        """Numbers and words of now."""
        self.canvas.tell()
        self.about.setText(self._in_words())
        self._explain()

    def _in_words(self) -> str:
        dataset, seen = self._session.dataset, self.seen
        if seen is None or dataset is None:
            return "Gradients appear here as soon as the data are loaded."
        without_label, shown_step = self._shown_words
        name, step = dataset.class_names[seen.backward.label], f"batch {theme.spaced(shown_step)}"
        if not math.isfinite(seen.backward.loss):
            return (
                f"At {step} the loss is no finite number: the weights have run away, and the "
                "gradients say nothing. Look back, or begin anew with a lower rate."
            )
        text = f"Loss {number(seen.backward.loss)} at {step}"
        if without_label:
            return f"{text}. This image has no label; the answer, {name}, is taken for it."
        return f"{text}, for the label {name}"

    # One gradient.

    @Slot()
    def _explain(self) -> None:
        dataset, seen, choice = self._session.dataset, self.seen, self.canvas.choice
        if self._own is None or seen is None or dataset is None:
            return
        found: Found | None = None
        if isinstance(choice, Parameter):
            found = explain_parameter(seen.dissection, choice)
        elif choice is not None:
            found = explain_gradient(seen.dissection, 0, choice)
        self.panel.show_found(self._own.layers, dataset.class_names, found)

    # Events.

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        super().showEvent(event)
        if self._stale:
            self._look()
