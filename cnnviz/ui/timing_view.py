"""Shows where the time of a batch goes: a bar for each layer, forward and backward, on one scale.

The rows cover the whole step, and the numbers as they are written add up to the one at the bottom.
"""

import math
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.layer import Layer
from cnnviz.ui import theme
from cnnviz.ui.messages import Times
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.icons import icon
from cnnviz.ui.widgets.steady_label import SteadyLabel

Label = TypeVar("Label", bound=QLabel)
TEXT_SIZE = 12
LEAST_PITCH, GREATEST_PITCH = 15, 22
"""Pixels from one row to the next."""
BAR, GAP, SIDE = 9, 12, 14
"""Pixels: the height of a bar, between columns, left and right of everything."""
LEAST_BARS = 60
"""Pixels for the longest bar, at least."""

WIDEST_NOTE = "mean of 000 batches"
WIDEST_TOTAL = f"batch of 000: 000.0{theme.THIN_SPACE}ms"

BY_KIND = {
    "conv2d": (
        "slides each kernel over its input.",
        "the gradients by its weights and by its input.",
    ),
    "max_pool2d": (
        "keeps the greatest value of each window.",
        "gives each gradient to the value that was kept.",
    ),
    "dense": (
        "every unit weighs every input.",
        "the gradients by its weights and by its input.",
    ),
    "flatten": ("the same numbers in one row.", "the same gradients as maps."),
}
"""What layers of a kind do, forward and backward."""
ACTIVATION = ("one function of every value.", "each gradient times the slope of that function.")
FIRST = "the gradients by its weights; the images need none."
BESIDE_LAYERS = {
    "data": ("Loading data", "Picks the images of the batch and makes numbers of their bytes."),
    "loss": ("Loss", "Softmax, the loss, and its gradient, where the way back begins."),
    "optimizer": ("Optimiser", "Moves every weight against its gradient."),
    "other": (
        "Everything else",
        "Waits for the other cores, keeps history and snapshots, tells this window. Drawing needs "
        "the cores too, so all times are longer while the window is seen.",
    ),
}
"""What else a batch needs: the row's name, and what that is."""


@dataclass(frozen=True)
class TimingRow:
    """One line: milliseconds as they are written, and what they are spent on."""

    name: str
    forward: float
    backward: float
    explanations: tuple[str, ...]
    """Forward and backward for a layer; for all else only one."""

    @property
    def is_layer(self) -> bool:
        """Whether there are two directions."""
        return len(self.explanations) == 2


@dataclass(frozen=True)
class TimingTable:
    """All lines, and their sum."""

    rows: list[TimingRow]
    total: float
    digits: int
    """After the point; fewer for slow networks."""

    def text(self, milliseconds: float) -> str:
        """1 234.5 ms."""
        number = f"{milliseconds:,.{self.digits}f}".replace(",", theme.THIN_SPACE)
        return f"{number}{theme.THIN_SPACE}ms"

    def tooltip(self, row: TimingRow) -> str:
        """What a row is, in words."""
        head = f"{row.name}: {self.text(row.forward + row.backward)}"
        if not row.is_layer:
            return f"{head}\n{row.explanations[0]}"
        forward, backward = row.explanations
        return (
            f"{head}\nForward, {self.text(row.forward)}: {forward}\n"
            f"Backward, {self.text(row.backward)}: {backward}"
        )


def timing_table(layers: list[Layer], times: Times) -> TimingTable:
    """A row for each layer, in order, and for what else a batch needs."""
    keys = [(layer.name, direction) for layer in layers for direction in ("forward", "backward")]
    keys += [(what, "forward") for what in BESIDE_LAYERS]
    digits = sum(times.total < limit for limit in (1, 100, 1000))
    parts = rounded_to_sum([times.milliseconds.get(key, 0.0) for key in keys], digits)
    written = dict(zip(keys, parts, strict=True))
    rows = []
    for layer in layers:
        forward, backward = BY_KIND.get(layer.kind, ACTIVATION)
        if layer is layers[0] and layer.parameter_count:
            backward = FIRST
        both = written[layer.name, "forward"], written[layer.name, "backward"]
        rows.append(TimingRow(_display_name(layer), *both, (forward, backward)))
    for what, (name, explanation) in BESIDE_LAYERS.items():
        rows.append(TimingRow(name, written[what, "forward"], 0.0, (explanation,)))
    return TimingTable(rows, sum(parts), digits)


def rounded_to_sum(values: list[float], digits: int) -> list[float]:
    """Rounded so that they add up to the rounded sum: those cut most are rounded up."""
    unit = 10.0**-digits
    counts = [math.floor(value / unit) for value in values]
    missing = round(sum(values) / unit) - sum(counts)
    by_remainder = sorted(range(len(values)), key=lambda i: counts[i] - values[i] / unit)
    for position in by_remainder[:missing]:
        counts[position] += 1
    return [count * unit for count in counts]


def _display_name(layer: Layer) -> str:
    """Conv 1 for conv1."""
    number = "".join(letter for letter in layer.name if letter.isdigit())
    return f"{layer.title} {number}".strip()


class TimingBars(QWidget):
    """Paints the rows: name, bar, milliseconds; says more about the one under the pointer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = TimingTable([], 0.0, 2)
        self.hovered: int | None = None
        self.setMouseTracking(True)

    def show_table(self, table: TimingTable) -> None:
        """Takes over new times; stands still while the rows are the same."""
        self.table = table
        names, numbers = self._columns()
        width = 2 * SIDE + names + numbers + 2 * GAP + LEAST_BARS
        self.setMinimumSize(width, len(table.rows) * LEAST_PITCH)
        self.setAccessibleDescription(self._in_words())
        self.update()

    def row_at(self, y: float) -> int | None:
        """Which row is at this height."""
        row = int(y // self._pitch())
        return row if 0 <= row < len(self.table.rows) else None

    def paintEvent(self, event: QPaintEvent) -> None:
        """All rows on one scale."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(TEXT_SIZE))
        names, numbers = self._columns()
        left = SIDE + names + GAP
        longest = max((row.forward + row.backward for row in self.table.rows), default=0)
        scale = (self.width() - left - GAP - numbers - SIDE) / (longest or 1)
        for index, row in enumerate(self.table.rows):
            line = QRectF(0, index * self._pitch(), self.width(), self._pitch())
            self._paint_row(painter, row, line, left, scale, index == self.hovered)

    def _paint_row(
        self,
        painter: QPainter,
        row: TimingRow,
        line: QRectF,
        left: float,
        scale: float,
        hovered: bool,
    ) -> None:
        colors = theme.tokens()
        if hovered:
            painter.fillRect(line, QColor(colors.raised))
        inner = line.adjusted(SIDE, 0, -SIDE, 0)
        painter.setPen(QColor(colors.text))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, row.name)
        painter.setPen(QColor(colors.text if hovered else colors.muted))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(inner, right, self.table.text(row.forward + row.backward))
        painter.setPen(Qt.PenStyle.NoPen)
        top = line.center().y() - BAR / 2
        first = colors.negative if row.is_layer else colors.muted
        for value, color in ((row.forward, first), (row.backward, colors.positive)):
            painter.setBrush(QColor(color))
            if value > 0:
                bar = QRectF(left, top, max(1.0, value * scale - 1), BAR)
                painter.drawRoundedRect(bar, 1.5, 1.5)
                left = bar.right() + 1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Lights up the row under the pointer."""
        self.hovered = self.row_at(event.position().y())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered = None
        self.update()

    def event(self, event: QEvent) -> bool:
        """Explains the row under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = self.row_at(event.pos().y())
            text = "" if row is None else self.table.tooltip(self.table.rows[row])
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def _pitch(self) -> float:
        """As much as fits, within limits."""
        fitting = self.height() / max(1, len(self.table.rows))
        return min(max(fitting, LEAST_PITCH), GREATEST_PITCH)

    def _columns(self) -> tuple[int, int]:
        """How wide the names and the numbers are."""
        metrics = QFontMetrics(theme.font(TEXT_SIZE))
        names = [metrics.horizontalAdvance(row.name) for row in self.table.rows]
        return max(names, default=0), metrics.horizontalAdvance(self.table.text(self.table.total))

    def _in_words(self) -> str:
        parts = [self.table.tooltip(row).splitlines()[0] for row in self.table.rows]
        return "; ".join(parts)


class TimingView(QWidget):
    """The panel: heading, bars, legend and total; a sentence as long as nothing was measured."""

    more_wanted = Signal()
    """The button that opens the time lab was pressed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.bars = TimingBars()
        self.bars.setAccessibleName("Time per layer")
        self.note = _dressed(SteadyLabel(), "small")
        keeping = self.note.sizePolicy()
        keeping.setRetainSizeWhenHidden(True)
        self.note.setSizePolicy(keeping)
        self.more = QToolButton()
        self.more.setProperty("quiet", "true")
        self.more.setIconSize(QSize(15, 15))
        self.more.setAccessibleName("Time lab")
        self.more.setToolTip("Time lab: what these times are worth, how they move, a race (T)")
        self.more.clicked.connect(self.more_wanted)
        self.legend = _label("", "small")
        self.total = _dressed(SteadyLabel(), "small")
        self.total.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.empty = _label("Press Train to see the time of each layer.", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(SIDE)
        self._lay_out()
        self._recolour()
        session.times_changed.connect(self._refresh)

    def _lay_out(self) -> None:
        scroll = QScrollArea()
        scroll.setWidget(self.bars)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        measured = QWidget()
        inner = QVBoxLayout(measured)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        inner.addWidget(scroll, 1)
        inner.addLayout(_row(self.legend, self.total))
        self.pages = QStackedLayout()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(measured)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(4)
        head = _row(_label("Time per layer", "heading"), self.more)
        head.insertWidget(1, self.note)
        column.addLayout(head)
        column.addLayout(self.pages, 1)

    @Slot()
    def _refresh(self) -> None:
        """Shows the session's times, if anybody looks."""
        if not self.isVisible():
            return
        session, times = self.session, self.session.times
        layers = session.network.layers if session.network and times.total > 0 else []
        self.note.setVisible(bool(layers))
        self.pages.setCurrentIndex(1 if layers else 0)
        if not layers:
            return
        table = timing_table(layers, times)
        self.bars.show_table(table)
        few = times.batches == 1
        self.note.setText("the last batch" if few else f"mean of {times.batches} batches")
        size = theme.spaced(session.settings.batch_size)
        self.total.setText(f"batch of {size}: {table.text(table.total)}")

    def _reserve(self) -> None:
        """Room for numbers that have still to come, so that the column need not widen for them."""
        for label, widest in ((self.note, WIDEST_NOTE), (self.total, WIDEST_TOTAL)):
            label.ensurePolished()
            label.reserve(label.fontMetrics().horizontalAdvance(widest))

    def _recolour(self) -> None:
        colors = theme.tokens()
        self.more.setIcon(icon("stopwatch", colors.muted))
        mark = '<span style="color:{}">■</span>&nbsp;{}'
        parts = ((colors.negative, "forward"), (colors.positive, "backward"))
        self.legend.setText("&nbsp;&nbsp; ".join(mark.format(*part) for part in parts))
        self.total.setStyleSheet(f"color: {colors.text}")

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()
            self._reserve()
        super().changeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._reserve()
        self._refresh()


def _label(text: str, kind: str) -> QLabel:
    return _dressed(QLabel(text), kind)


def _dressed(label: Label, kind: str) -> Label:
    label.setProperty(kind, True)
    return label


def _row(left: QWidget, right: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(SIDE, 0, SIDE, 0)
    row.addWidget(left)
    row.addStretch(1)
    row.addWidget(right)
    return row
