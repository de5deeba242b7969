"""Shows what each layer's time is worth: its arithmetic, its bytes, and the machine's limit.

The times are those of the panel "Time per layer", the costs are by formula, the limit is measured.
"""

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cnnviz.core.machine import Peak
from cnnviz.core.roofline import Pass, all_together, passes, verdict
from cnnviz.ui import theme
from cnnviz.ui.peak_meter import PeakMeter, Work
from cnnviz.ui.roofline_view import COLORS, RooflineView
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.quantities import digits, quantity
from cnnviz.ui.widgets.split import make_split
from cnnviz.ui.widgets.table import Cell, Column, QuietTable

NONE = "–"
COLUMNS = (
    Column("Layer", "Forward: the images on their way. Backward: the gradients", 0, False),
    Column("ms a batch", "As in “Time per layer”: mean of the last batches", 82),
    Column("FLOP", "Multiplications, additions and the like of a batch, by formula", 70),
    Column("Moved", "The least: every array goes in or comes out once, as float32", 76),
    Column("GFLOP/s", "FLOP by time", 70),
    Column("Of the peak", "GFLOP/s in parts of what this machine was measured to do at best", 136),
)
TEACHING = (
    "Dots under the slope wait for memory, dots under the flat roof for arithmetic; "
    "dots above the slope are served from the caches. The larger a dot, the more time it takes."
)


class LayerCostsView(QWidget):
    """The machine's peak above, a table and the roofline picture side by side."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.meter = PeakMeter(session, self)
        self.parts: list[Pass] = []
        self.machine = QLabel()
        self.machine.setToolTip(
            "The best of several tries: large matrix products, and copies of large arrays. "
            "Whatever else runs on this machine meanwhile lowers them"
        )
        self.again = QPushButton("Measure again")
        self.again.setAutoDefault(False)
        self.again.setToolTip("Measures this machine's peak anew; training rests meanwhile")
        self.table = QuietTable(COLUMNS)
        self.table.setAccessibleName("What each layer costs")
        self.table.setToolTip("Point at a row, or choose it, to find its dot in the picture")
        self.roofline = RooflineView()
        self.caption = QLabel(TEACHING)
        self.caption.setProperty("small", True)
        self.caption.setWordWrap(True)
        self.caption.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.caption.setFixedHeight(46)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.machine)
        head.addStretch(1)
        head.addWidget(self.again)
        picture = QWidget()
        right = QVBoxLayout(picture)
        right.setContentsMargins(10, 0, 0, 0)
        right.addWidget(self.roofline, 1)
        right.addWidget(self.caption)
        parts = make_split(self.table, picture)
        parts.setStretchFactor(1, 1)
        parts.setSizes([620, 540])
        self.table.setMinimumWidth(614)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(parts, 1)

    def _connect(self) -> None:
        self.again.clicked.connect(self.meter.measure)
        self.meter.changed.connect(self._refresh)
        self.table.pointed.connect(self.roofline.light)
        self.table.chosen.connect(self._choose)
        self.roofline.pointed.connect(self.table.light)
        self.roofline.chosen.connect(self.table.choose)
        for signal in (self.session.times_changed, self.session.run_changed):
            signal.connect(self._refresh)

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs."""
        return self.meter.is_shut_down

    def shut_down(self) -> None:
        """Ends what is under way, for good; `is_shut_down` says when it has ended."""
        self.meter.shut_down()

    # What is shown.

    @Slot()
    def _refresh(self) -> None:
        """Shows the session's times and the meter's peak, if anybody looks."""
        if not self.isVisible():
            return
        session, network = self.session, self.session.network
        self.again.setEnabled(self.meter.work is Work.NOTHING)
        if network is None:
            self.machine.setText(self._about_machine())
            return
        seconds = {row: ms / 1000 for row, ms in session.times.milliseconds.items()}
        self.parts = passes(network.layers, session.settings.batch_size, seconds)
        self.machine.setText(self._about_machine())
        peak = self.meter.peak
        places = decimals(session.times.total)
        rows = [_cells(part, peak, places) for part in self.parts]
        self.table.cells.show_cells([*rows, _sum_cells(all_together(self.parts), peak, places)])
        self.roofline.show_parts(self.parts, peak, "Press Train: each layer becomes a dot here.")
        self._explain(self.table.chosen_row)

    def _about_machine(self) -> str:
        """The peak in words, or what is being done about it."""
        meter = self.meter
        if meter.work is Work.WAITING:
            return "Waiting for the batch under way to end …"
        if meter.work is Work.MEASURING:
            rests = "training rests and goes on afterwards" if meter.has_paused_training else ""
            return " · ".join(filter(None, ("Measuring what this machine can do, 1 s", rests)))
        if meter.peak is None:
            return meter.problem or "What this machine can do is not measured yet."
        return " · ".join(filter(None, (_peak_in_words(meter.peak), self._doubt(meter.peak))))

    def _doubt(self, peak: Peak) -> str:
        """Why the peak may not be the one for these times."""
        threads = self.session.settings.threads
        if self.meter.problem:
            return self.meter.problem
        if peak.threads != threads:
            return f"this run uses {threads}: measure again"
        if any(part.rate > peak.flops_per_second for part in self.parts):
            return "a layer was faster than that: measure again"
        return ""

    @Slot(int)
    def _choose(self, row: int) -> None:
        self.roofline.choose(row if row < len(self.parts) else -1)
        self._explain(row)

    def _explain(self, row: int) -> None:
        """What the chosen dot says, or how to read the picture."""
        known = 0 <= row < len(self.parts) and self.parts[row].has_place
        self.caption.setText(self.roofline.in_words(row) if known else TEACHING)

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up; at first sight it measures the machine."""
        super().showEvent(event)
        if self.meter.peak is None and not self.meter.problem:
            self.meter.measure()
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks, so training need not wait; a minimised window only looks away."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.meter.give_up()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "roofline"):
            self.roofline.update()
            self.table.viewport().update()
        super().changeEvent(event)


def _cells(part: Pass, peak: Peak | None, places: int) -> list[Cell]:
    """A row of the table."""
    color = COLORS[part.direction]
    tip = f"{part.name}: {verdict(part, peak)}" if part.has_place and peak else ""
    name = Cell(part.name, mark=color, tip=tip)
    return [name, *_numbers(part, peak, places, "text", color)]


def _sum_cells(whole: Pass, peak: Peak | None, places: int) -> list[Cell]:
    return [Cell(whole.label, "muted"), *_numbers(whole, peak, places, "muted", "muted")]


def _numbers(part: Pass, peak: Peak | None, places: int, color: str, bar: str) -> list[Cell]:
    """Time, costs and speed; a dash for what is nothing or not known yet."""
    rate = part.rate
    cells = [
        Cell(_fixed(1000 * part.seconds, places) if part.seconds else NONE, color),
        Cell(quantity(part.cost.flops) if part.cost.flops else NONE, color),
        Cell(quantity(part.cost.bytes, "B"), color),
        Cell(_fixed(rate / 1e9, 2) if rate else NONE, color),
    ]
    if not (rate and peak):
        return [*cells, Cell(NONE, color)]
    share = rate / peak.flops_per_second
    return [*cells, Cell(f"{100 * share:.1f}{theme.THIN_SPACE}%", color, bar=(share, bar))]


def decimals(total: float) -> int:
    """Places after the point of milliseconds: fewer for slow networks."""
    return sum(total < limit for limit in (20, 100, 1000))


def _fixed(value: float, places: int) -> str:
    return f"{value:,.{places}f}".replace(",", theme.THIN_SPACE)


def _peak_in_words(peak: Peak) -> str:
    threads = f"{peak.threads} core{'s' if peak.threads > 1 else ''}"
    return (
        f"This machine at its best, with {threads}: {digits(peak.flops_per_second / 1e9)} GFLOP/s, "
        f"{digits(peak.bytes_per_second / 1e9)} GB/s"
    )
