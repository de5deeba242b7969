"""Shows how the time of each layer moves while training, so that a slow-down is seen.

The picture and a table that is its legend: a tick shows a line, a click makes it yellow.
"""

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from cnnviz.core import time_lines
from cnnviz.core.time_history import TimeHistory
from cnnviz.core.time_lines import Line
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.time_history_plot import TimeHistoryPlot
from cnnviz.ui.widgets.table import Cell, Column, QuietTable

WARNING = 1.2
"""So many times the usual is a slow-down worth a colour."""
COLUMNS = (
    Column("Line", "Tick what is to be drawn (Space); choose a row for its line", 0, False),
    Column("ms now", f"Median of about the last {time_lines.RECENT} batches", 74),
    Column("to usual", "Against the median since the way of convolution last changed", 80),
)


class TimeHistoryView(QWidget):
    """A sentence and a switch above, the picture and its legend side by side."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.plot = TimeHistoryPlot()
        self.table = QuietTable(COLUMNS)
        self.table.setAccessibleName("Lines and their times")
        self.table.setToolTip("Tick what is to be drawn; choose a row to make its line yellow")
        self.table.setFixedWidth(320)
        self.about = QLabel()
        self.about.setProperty("muted", True)
        self.legend = QLabel()
        self.legend.setProperty("small", True)
        self.log = QToolButton()
        self.log.setText("Log")
        self.log.setToolTip("Logarithmic scale of the times (L)")
        self.log.setShortcut("L")
        self.log.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.log.setProperty("quiet", True)
        self.log.setCheckable(True)
        self.log.setChecked(True)
        self.empty = QLabel("Press Train: how long each layer takes will be drawn here.")
        self.empty.setProperty("muted", True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.lines: list[Line] = []
        self._shown: set[str] | None = None  # until something was measured
        self._seen: tuple[TimeHistory | None, int] = (None, 0)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.about)
        head.addStretch(1)
        head.addWidget(self.legend)
        head.addWidget(self.log)
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.plot, 1)
        row.addWidget(self.table)
        measured = QWidget()
        inner = QVBoxLayout(measured)
        inner.setContentsMargins(14, 10, 14, 12)
        inner.setSpacing(10)
        inner.addLayout(head)
        inner.addWidget(body, 1)
        self.pages = QStackedLayout(self)
        self.pages.addWidget(self.empty)
        self.pages.addWidget(measured)

    def _connect(self) -> None:
        self.log.toggled.connect(self._change_scale)
        self.table.ticked.connect(self._tick)
        self.table.pointed.connect(self._light)
        self.table.chosen.connect(self._choose)
        self.plot.pointed.connect(self._light_row)
        self.plot.chosen.connect(self._choose_row)
        self.session.times_changed.connect(self._refresh)
        self.session.run_changed.connect(self._follow_run)

    # What is shown.

    @Slot()
    def _follow_run(self) -> None:
        """Another network has other layers."""
        self._shown = None
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        """Shows the session's history, if anybody looks and there is something new."""
        if not self.isVisible():
            return
        history, network = self.session.time_history, self.session.network
        self.pages.setCurrentIndex(1 if history.entries and network else 0)
        if network is None or not history.entries or self._seen == (history, len(history)):
            return
        self._seen = history, len(history)
        self.lines = time_lines.lines(network.layers, history.rows)
        if self._shown is None:
            self._shown = time_lines.worth_a_line(history, self.lines)
        self._draw()

    def _draw(self) -> None:
        history, shown = self.session.time_history, self._shown or set()
        self.table.cells.show_cells([self._cells(line, line.label in shown) for line in self.lines])
        lines = [line for line in self.lines if line.label in shown]
        self.plot.show_history(history, lines, self.session.status.batches_per_epoch)
        entries = time_lines.entries_a_point(history, self.plot.points)
        self.about.setText(_about(entries, history.span))

    def _cells(self, line: Line, shown: bool) -> list[Cell]:
        history = self.session.time_history
        now, usual = time_lines.now(history, line.rows), time_lines.usual(history, line.rows)
        name = Cell(line.label, "text" if shown else "muted", ticked=shown)
        places = 3 if now < 0.1 else 2
        time = Cell(f"{now:,.{places}f}".replace(",", theme.THIN_SPACE))
        if not usual:
            return [name, time, Cell("–", "muted")]
        change = round(100 * (now / usual - 1))
        sign = "+" if change > 0 else "−" if change < 0 else ""
        text = f"{sign}{abs(change)}{theme.THIN_SPACE}%"
        color = "bad" if shown and now > WARNING * usual else "muted"
        return [name, time, Cell(text, color)]

    # What the user does.

    @Slot(bool)
    def _change_scale(self, logarithmic: bool) -> None:
        self.plot.logarithmic = logarithmic
        self.plot.draw()

    @Slot(int)
    def _tick(self, row: int) -> None:
        label = self.lines[row].label
        self._shown = (self._shown or set()) ^ {label}
        self._draw()

    @Slot(int)
    def _light(self, row: int) -> None:
        self.plot.light(self.lines[row].label if row >= 0 else "")

    @Slot(int)
    def _choose(self, row: int) -> None:
        """A line that is chosen is meant to be seen."""
        label = self.lines[row].label if row >= 0 else ""
        self.plot.choose(label)
        if label and label not in (self._shown or set()):
            self._tick(row)
        self._recolour()

    def _recolour(self) -> None:
        """The legend of the two directions, while they are drawn."""
        colors = theme.tokens()
        mark = '<span style="color:{}">■</span>&nbsp;{}'
        parts = ((colors.negative, "forward"), (colors.positive, "backward"))
        words = "&nbsp;&nbsp; ".join(mark.format(*part) for part in parts)
        self.legend.setText(words if self.plot.parts else "")

    @Slot(str)
    def _light_row(self, label: str) -> None:
        self.table.light(self._row(label))

    @Slot(str)
    def _choose_row(self, label: str) -> None:
        self.table.choose(self._row(label))

    def _row(self, label: str) -> int:
        return next((row for row, line in enumerate(self.lines) if line.label == label), -1)

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up."""
        super().showEvent(event)
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "plot"):
            self.plot.recolour()
            self._recolour()
            self.table.viewport().update()
        super().changeEvent(event)


def _about(entries: int, span: int) -> str:
    """How to read the picture."""
    batches = f"{theme.spaced(span)} batches"
    point = ""
    if entries > 1:
        of = f"{theme.spaced(entries)} means of {batches}" if span > 1 else f"{entries} batches"
        point = f"Each point is the median of {of}. "
    elif span > 1:
        point = f"Each point is the mean of {batches}. "
    return f"{point}A line that rises is a layer that became slower."
