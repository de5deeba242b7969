"""What the values of the shown map are like: a few numbers, and a histogram in their colours."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from cnnviz.core.value_statistics import Statistics
from cnnviz.ui import theme
from cnnviz.ui.widgets.steady_label import SteadyLabel

HEIGHT = 92
AXIS = 18
"""Height of the numbers under the bars."""
NUMBERS = ("min", "max", "mean", "std", "zeros")
SPOKEN = ("Least value", "Greatest value", "Mean", "Standard deviation", "Share of zeros")
NUMBER_WIDTH = 74


class ValueStatisticsView(QWidget):
    """A row of numbers over the histogram; `show_statistics` tells both anew."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.numbers: dict[str, SteadyLabel] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        for place, (name, spoken) in enumerate(zip(NUMBERS, SPOKEN, strict=True)):
            heading = QLabel(name)
            heading.setProperty("small", "true")
            number = SteadyLabel()
            number.setText("0")
            number.reserve(NUMBER_WIDTH)
            number.setAccessibleName(spoken)
            self.numbers[name] = number
            grid.addWidget(heading, 0, place)
            grid.addWidget(number, 1, place)
        grid.setColumnStretch(len(NUMBERS), 1)
        self.histogram = HistogramBars()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(grid)
        column.addWidget(self.histogram)

    def show_statistics(self, told: Statistics, ink: bool) -> None:
        """Numbers and bars of these values; `ink` says that they are pixels."""
        for name, value in (
            ("min", told.least),
            ("max", told.greatest),
            ("mean", told.mean),
            ("std", told.deviation),
        ):
            self.numbers[name].setText(f"{value:.4g}".replace("-", "−"))
        self.numbers["zeros"].setText(f"{100 * told.zeros:.1f} %")
        self.histogram.show_statistics(told, ink)


class HistogramBars(QWidget):
    """How often values lie where: orange for positive, blue for negative; zeros have no bar."""

    def __init__(self) -> None:
        super().__init__()
        self._told: Statistics | None = None
        self._ink = False
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Histogram of the map's values")

    def sizeHint(self) -> QSize:
        """Wide enough for its numbers."""
        return QSize(300, HEIGHT)

    def show_statistics(self, told: Statistics, ink: bool) -> None:
        """Other bars."""
        self._told, self._ink = told, ink
        self.update()

    def bar(self, index: int) -> QRectF:
        """Where a bar stands, on whole pixels."""
        if self._told is None:
            return QRectF()
        counts = self._told.histogram.counts
        room = self.height() - AXIS - 1
        left = index * self.width() // len(counts)
        right = (index + 1) * self.width() // len(counts)
        height = round(room * int(counts[index]) / int(counts.max()))
        if counts[index]:
            height = max(height, 1)
        return QRectF(left, room - height, right - left - 1, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars, the axis, and what it reaches from and to."""
        if self._told is None:
            return
        painter, colors = QPainter(self), theme.tokens()
        edges, counts = self._told.histogram
        for index in range(len(counts)):
            color = colors.positive if edges[index] >= 0 else colors.negative
            painter.fillRect(self.bar(index), theme.color(colors.muted if self._ink else color))
        axis = self.height() - AXIS
        painter.fillRect(QRectF(0, axis - 1, self.width(), 1), theme.color(colors.line))
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        self._paint_axis(painter, QRectF(0, axis, self.width(), AXIS), edges.tolist())
        painter.end()

    def _paint_axis(self, painter: QPainter, line: QRectF, edges: list[float]) -> None:
        bottom = Qt.AlignmentFlag.AlignBottom
        if len(edges) < 2:
            painter.drawText(line, bottom, "No value but 0.")
            return
        low, high = edges[0], edges[-1]
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | bottom, _short(low))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | bottom, _short(high))
        zero = line.width() * -low / (high - low)
        if 50 < zero < line.width() - 50:
            around = QRectF(zero - 20, line.y(), 40, line.height())
            painter.drawText(around, Qt.AlignmentFlag.AlignHCenter | bottom, "0")


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
