"""The inspector: how the value that is looked at came about, down to one multiplication.

Everything in it is of one moment, so that it adds up: while the network learns, all is taken anew
a few times a second.
"""

import math
import re

from PySide6.QtCore import QEvent, QRect, Qt, Slot
from PySide6.QtGui import QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from cnnviz.core.activations import Activation
from cnnviz.core.arithmetic import (
    Activated,
    Arithmetic,
    Convolution,
    Copied,
    Pooling,
    Weighted,
    explain,
)
from cnnviz.core.arithmetic_text import (
    COUNTING,
    FORMULAS,
    as_text,
    formula,
    softmax_formula,
    where,
)
from cnnviz.core.receptive_field import Place
from cnnviz.ui.arithmetic_blocks import (
    Block,
    Classes,
    Contributions,
    Note,
    Products,
    Rule,
    Sum,
    Window,
    number,
    sign_color,
)
from cnnviz.ui.arithmetic_canvas import MARGIN, ArithmeticCanvas
from cnnviz.ui.session import Session
from cnnviz.ui.slide import SPEEDS
from cnnviz.ui.theme import THIN_SPACE
from cnnviz.ui.widgets.quiet_button import quiet_button

SCROLL_BAR = 8
MOST_HEIGHT = 1000
"""Pixels that a formula may take, more than any does."""
FEW_CHANNELS = 4
MOST_PRODUCTS = 12
NOTHING = (
    "Point at any value of the network to see what it is made of. Click to hold on to it; then the "
    "arrow keys walk from value to value, Page Up and Down from map to map, Shift with an arrow "
    f"from layer to layer.\n\n{COUNTING}"
)
TEACHING = {
    Convolution: "The kernel lies on the maps before it. Each number is one multiplication; all "
    "products are added, then the bias.",
    Pooling: "Only the greatest value of the window goes on; the others are forgotten.",
    Activated: "One value from one value: this is where a network becomes more than sums.",
    Weighted: "Every value of the layer before has a weight; the products are added, then the "
    "bias.",
    Copied: "Flattening changes no number, only where it stands.",
}


class InspectorView(QWidget):
    """A heading, the formula and buttons; below, the numbers."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.found: Arithmetic | None = None
        """What is shown now."""
        self._stale = True
        self.title, self.teaching, self.formula = QLabel(), QLabel(), QLabel()
        self.result = QLabel()
        for label in (self.title, self.result):
            label.setProperty("heading", "true")
        self.title.setToolTip(COUNTING)
        self.teaching.setProperty("small", "true")
        for label in (self.teaching, self.formula):
            label.setWordWrap(True)
        self.formula.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.copy_button = quiet_button("Copy", "Copy all these numbers as text (Ctrl+C)")
        self.copy_button.clicked.connect(self.copy)
        self.more_button = quiet_button("", "Show every channel")
        self.more_button.setCheckable(True)
        self.more_button.toggled.connect(self._renew)
        self.slide_button = quiet_button("", "")
        self.slide_button.clicked.connect(self.slide_or_rest)
        self.speed_button = quiet_button(
            "", "How many positions a second; press for the next speed"
        )
        self.speed_button.clicked.connect(self.next_speed)
        self.let_go_button = quiet_button("✕", "Let go of this value (Esc)", "Let go")
        self.let_go_button.clicked.connect(session.selection.let_go)
        self.canvas = ArithmeticCanvas()
        self._scroll = QScrollArea()
        self._scroll.setWidget(self.canvas)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.setAccessibleName("Arithmetic of the value")
        self._arrange()
        session.selection.changed.connect(self._look)
        session.numbers.changed.connect(self._look)
        session.run_changed.connect(self._look)
        session.slide.changed.connect(self._say_slide)
        self._say_slide()
        self.refresh()

    def _arrange(self) -> None:
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(0)
        for button in (
            self.slide_button,
            self.speed_button,
            self.more_button,
            self.copy_button,
            self.let_go_button,
        ):
            self.buttons.addWidget(button)
        self.buttons.addStretch(1)
        head = QVBoxLayout()
        head.setContentsMargins(MARGIN, 10, MARGIN, 4)
        head.setSpacing(6)
        line = QHBoxLayout()
        line.addWidget(self.title, 1)
        line.addWidget(self.result)
        head.addLayout(line)
        for widget in (self.teaching, self.formula):
            head.addWidget(widget)
        head.addLayout(self.buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._scroll, 1)

    # What the user wishes.

    @Slot()
    def copy(self) -> None:
        """Takes the arithmetic to the clipboard as text."""
        network = self._session.network
        self._renew()
        if self.found and network:
            QGuiApplication.clipboard().setText(as_text(network.layers, self.found))

    @Slot()
    def slide_or_rest(self) -> None:
        """Slides the window over its input, or stops it."""
        if self._session.slide.running:
            self._session.slide.stop()
        elif self._session.network:
            self._session.slide.start(self._session.network.layers)

    @Slot()
    def next_speed(self) -> None:
        """The next faster speed; the fastest is followed by the slowest."""
        slide = self._session.slide
        slide.set_speed(SPEEDS[(SPEEDS.index(slide.speed) + 1) % len(SPEEDS)])

    # What changed.

    @Slot()
    def _look(self) -> None:
        """Another value, or the same anew."""
        if self.isVisible():
            self.refresh()
        else:
            self._stale = True

    @Slot()
    def _renew(self) -> None:
        """Shows them anew, and has all others who tell numbers take them at this moment, too."""
        self._session.numbers.take()
        if self._stale:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Takes all numbers anew."""
        self._stale = False
        session, place = self._session, self._session.selection.place
        network, inspection = session.network, session.inspection
        self.found = None
        if network and inspection and place:
            self.found = explain(network, inspection, place)
        self._say()
        self.canvas.show_blocks(self._blocks())

    def _say(self) -> None:
        network, found = self._session.network, self.found
        self._say_slide()
        for widget in (self.formula, self.copy_button):
            widget.setVisible(found is not None)
        self.let_go_button.setVisible(self._session.selection.pinned is not None)
        channels = len(found.patch) if isinstance(found, Convolution) else 0
        self.more_button.setVisible(channels > FEW_CHANNELS)
        fewer = self.more_button.isChecked()
        self.more_button.setText("Fewer ▴" if fewer else f"{channels - FEW_CHANNELS} more ▾")
        if found is None or network is None:
            self.title.setText("Inspector")
            self.result.setText("")
            self.teaching.setText(NOTHING)
            return
        self.title.setText(where(network.layers, found.place))
        self.result.setText(number(found.result))
        color = f"color: {sign_color(found.result)}"
        if self.result.styleSheet() != color:  # to set it anew is dear
            self.result.setStyleSheet(color)
        self.teaching.setText(TEACHING.get(type(found), "A pixel of the image, from 0 to 1."))
        self.formula.setText(_in_a_line(found))
        self._reserve_lines(found)

    def _reserve_lines(self, found: Arithmetic) -> None:
        """As many as the formula takes at the end of its map, too: none jumps while it slides."""
        texts = [_in_a_line(found)]
        network, inspection, place = self._session.network, self._session.inspection, found.place
        if (
            network
            and inspection
            and (layer := self._session.slide.layer_of(network.layers, place))
        ):
            end = tuple(length - 1 for length in layer.output_shape[1:])
            last = explain(network, inspection, Place(place.layer, (place.index[0], *end)))
            texts.append(_in_a_line(last))
        metrics, wrapped = self.formula.fontMetrics(), Qt.TextFlag.TextWordWrap
        room = QRect(0, 0, self.width() - 2 * MARGIN, MOST_HEIGHT)
        height = max(metrics.boundingRect(room, wrapped, text).height() for text in texts)
        lines = math.ceil(height / metrics.lineSpacing())
        self.formula.setFixedHeight(lines * metrics.lineSpacing() + 4)

    @Slot()
    def _say_slide(self) -> None:
        slide, place = self._session.slide, self._session.selection.place
        layers = self._session.network.layers if self._session.network else []
        can = slide.layer_of(layers, place) is not None
        self.slide_button.setVisible(can)
        self.speed_button.setVisible(can)
        self.slide_button.setText("■ Stop" if slide.running else "▸ Slide")
        self.slide_button.setToolTip("Slide the window over its input while the map fills (S)")
        self.speed_button.setText(f"{slide.speed}{THIN_SPACE}/{THIN_SPACE}s")
        self.speed_button.setAccessibleName(f"{slide.speed} positions a second")

    def _blocks(self) -> list[Block]:
        found = self.found
        width = self._scroll.width() - SCROLL_BAR - 2 * MARGIN
        if isinstance(found, Convolution):
            return [*self._convolution(found, width), *self._next(found)]
        if isinstance(found, Pooling):
            return [Window(found, width), Rule(), Sum("maximum", found.result, strong=True)]
        if isinstance(found, Activated):
            function = FORMULAS[found.kind].format(z="z")
            return [Sum("z", found.value), Sum(function, found.result, strong=True)]
        if isinstance(found, Weighted):
            return [*self._weighted(found), *self._next(found)]
        return [Sum("value", found.result, strong=True)] if found else []

    def _convolution(self, found: Convolution, width: float) -> list[Block]:
        channels = len(found.patch)
        shown = channels if self.more_button.isChecked() else min(channels, FEW_CHANNELS)
        blocks: list[Block] = [Products(found, shown, width)]
        if shown < channels:
            rest = float(found.channel_sums[shown:].sum())
            blocks.append(Sum(f"{channels - shown} more channels", rest))
        return [
            *blocks,
            Rule(),
            Sum(f"Σ of {channels} channels" if channels > 1 else "Σ", found.channel_sums.sum()),
            Sum("+ bias", found.bias),
            Sum("Z", found.result, strong=True),
        ]

    def _weighted(self, found: Weighted) -> list[Block]:
        count = len(found.inputs)
        blocks: list[Block] = [Contributions(found, MOST_PRODUCTS)]
        if count > MOST_PRODUCTS:
            rest = float(found.products[found.order[MOST_PRODUCTS:]].sum())
            blocks.append(Sum(f"Σ of the other {count - MOST_PRODUCTS}", rest))
        blocks += [
            Rule(),
            Sum(f"Σ of {count} products", float(found.products.sum())),
            Sum("+ bias", found.bias),
            Sum("z", found.result, strong=True),
        ]
        dataset, inspection = self._session.dataset, self._session.inspection
        if found.softmax and dataset and inspection:
            blocks += [
                Rule(),
                Note(softmax_formula(found.softmax)),
                Classes(found.softmax, inspection.probabilities, dataset.class_names),
                Rule(),
                Sum("Σ exp(z − m)", found.softmax.denominator),
                Sum(f"p[{found.softmax.unit}]", found.softmax.result, strong=True),
            ]
        return blocks

    def _next(self, found: Arithmetic) -> list[Block]:
        """What the activation behind it makes of the result."""
        network, inspection = self._session.network, self._session.inspection
        if network is None or inspection is None:
            return []
        names = [layer.name for layer in network.layers]
        behind = network.layers[names.index(found.place.layer) + 1 :]
        if not behind or not isinstance(behind[0], Activation):
            return []
        value = float(inspection.outputs[behind[0].name][found.place.index])
        function = FORMULAS[behind[0].kind].format(z="Z" if len(found.place.index) > 1 else "z")
        return [Sum(f"{behind[0].title} → {function}", value, strong=True)]

    # Events.

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Pictures are as large as the width allows."""
        super().resizeEvent(event)
        self._renew()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        super().showEvent(event)
        self._renew()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "canvas"):
            self._renew()


def _in_a_line(found: Arithmetic) -> str:
    """The formula, to be broken between its parts only."""
    return re.sub(r"\[[^]]*\]", _unbroken, formula(found))


def _unbroken(indices: re.Match[str]) -> str:
    """Indices stay on one line."""
    return indices.group().replace(" ", "\u00a0")
