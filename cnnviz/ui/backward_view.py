"""The way back for the image that is looked at: every gradient of its loss, live.

The twin of the network view: the same columns, with gradients in place of values. It follows
training, the moment that is looked at and the chosen image, and rests while it is hidden.
"""

import numpy as np
from PySide6.QtCore import QSizeF, Qt, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QSplitter, QVBoxLayout, QWidget

from cnnviz.core.backward_arithmetic import explain_gradient
from cnnviz.core.backward_inspection import BackwardInspection, inspect_backward
from cnnviz.core.errors import CnnvizError
from cnnviz.core.one_image import as_dissection
from cnnviz.core.parameter_arithmetic import Parameter, explain_parameter
from cnnviz.core.receptive_field import INPUT
from cnnviz.ui import theme
from cnnviz.ui.arithmetic_blocks import number
from cnnviz.ui.gradient_panel import Found, GradientPanel
from cnnviz.ui.parameter_chooser import ParameterChooser
from cnnviz.ui.session import Session
from cnnviz.ui.two_way_canvas import TwoWayCanvas
from cnnviz.ui.two_way_pictures import Frame
from cnnviz.ui.widgets.throttle import Throttle

FRAME_MS, WORDS_MS = 33, 250
"""Between two pictures, and between two tellings of numbers, while they change."""
SCROLL_BAR = 8
PANEL = 360
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
        self.backward: BackwardInspection | None = None
        """What is shown."""
        self._stale = True
        self._pace = Throttle(self._look, FRAME_MS, self)
        self._calm = Throttle(self._tell, WORDS_MS, self)
        self.about = QLabel()
        self.about.setProperty("heading", "true")
        self.teaching = QLabel(TEACHING)
        self.teaching.setProperty("small", "true")
        self.teaching.setWordWrap(True)
        self.canvas = TwoWayCanvas()
        self.canvas.setAccessibleName("Gradients of the network")
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setWidget(self.canvas)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.panel = GradientPanel(NOTHING)
        self.chooser = ParameterChooser()
        self._lay_out()
        self.canvas.chosen.connect(self._choose)
        self.chooser.chosen.connect(self._choose_parameter)
        self.panel.let_go.connect(self._let_go)
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
        choose = QHBoxLayout()
        choose.setContentsMargins(14, 10, 14, 0)
        choose.addWidget(self.chooser)
        right = QWidget()
        beside = QVBoxLayout(right)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(0)
        beside.addLayout(choose)
        beside.addWidget(self.panel, 1)
        right.setMinimumWidth(PANEL)
        parts = QSplitter()
        parts.setHandleWidth(1)
        parts.setChildrenCollapsible(False)
        parts.addWidget(left)
        parts.addWidget(right)
        parts.setStretchFactor(0, 1)
        parts.setSizes([1000, PANEL])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(parts)

    # What changed.

    @Slot()
    def _rebuild(self) -> None:
        names = self._session.dataset.class_names if self._session.dataset else ()
        self.backward = None
        self.canvas.show_network(self._session.network, names)
        self.chooser.show_network(self._session.network)
        self._fit()
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
        """Another image: at once, with its words."""
        self._stale = True
        if self.isVisible():
            self._look()
            self._calm.act()

    def _look(self) -> None:
        """The gradients of now."""
        self._stale = False
        session = self._session
        network, inspection = session.network, session.inspection
        if network is None or inspection is None:
            return
        label = session.label
        if label is None:
            label = int(inspection.probabilities.argmax())
        try:
            with np.errstate(all="ignore"):
                self.backward = backward = inspect_backward(network, inspection.image, label)
        except CnnvizError:  # the image of the run before, until the new one is there
            return
        kernels = {
            name.removesuffix(".weight"): gradient
            for name, gradient in backward.parameters.items()
            if name.endswith(".weight")
        }
        values = {INPUT: backward.image, **backward.outputs}
        frame = Frame(
            inspection.image,
            label,
            values,
            kernels,
            dict.fromkeys(kernels, "gradient"),
            backward.blocked,
            frozenset(values),
        )
        self.canvas.show_frame(frame)
        if session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    def _tell(self) -> None:
        """Numbers and words of now."""
        self.canvas.tell()
        self.about.setText(self._in_words())
        self._explain()

    def _in_words(self) -> str:
        session, backward = self._session, self.backward
        if backward is None or session.dataset is None:
            return "Gradients appear here as soon as the data are loaded."
        name = session.dataset.class_names[backward.label]
        step = f"batch {theme.spaced(session.shown_step)}"
        if not abs(backward.loss) < float("inf"):
            return (
                f"At {step} the loss is no finite number: the weights have run away, and the "
                "gradients say nothing. Look back, or begin anew with a lower rate."
            )
        if session.label is None:
            return (
                f"Loss {number(backward.loss)} at {step}. This image has no label; the network's own "
                f"answer, {name}, is taken for it."
            )
        return f"Loss {number(backward.loss)} at {step}, for the label {name}"

    # One gradient.

    @Slot(object)
    def _choose(self, choice: object) -> None:
        if isinstance(choice, Parameter):
            self.chooser.show_parameter(choice)
        self._explain()

    @Slot(object)
    def _choose_parameter(self, parameter: Parameter) -> None:
        self.canvas.choose(parameter)
        self._explain()

    @Slot()
    def _let_go(self) -> None:
        self.canvas.choose(None)
        self._explain()

    def _explain(self) -> None:
        session, choice = self._session, self.canvas.choice
        network, inspection, backward = session.network, session.inspection, self.backward
        if network is None or inspection is None or backward is None or session.dataset is None:
            return
        found: Found | None = None
        if choice is not None:
            one = as_dissection(network, inspection, backward)
            if isinstance(choice, Parameter):
                found = explain_parameter(one, choice)
            else:
                found = explain_gradient(one, 0, choice)
        self.panel.show_found(network.layers, session.dataset.class_names, found)

    # Events.

    def _fit(self) -> None:
        self.canvas.fit(QSizeF(self.area.width() - SCROLL_BAR, self.area.height() - SCROLL_BAR))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lays the columns out."""
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        super().showEvent(event)
        self._fit()
        if self._stale:
            self._look()
            self._calm.act()
