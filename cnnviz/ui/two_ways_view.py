"""Cross-correlation and convolution side by side: the flip, and that only one of them commutes."""

from fractions import Fraction

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from cnnviz.core.illustration import KERNELS, TwoWays, two_ways
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, ink_image
from cnnviz.ui.widgets.value_cells import written_colors

SIDE = 10
"""Pixels of the image, whatever it had: small enough to see each one."""
STEP_MS = 100
END_STEPS = 20
CAPTION, SPACE, MOST_CELL = 20, 14, 18
EDGE = 1
"""Room for a frame at the left."""
LEAST_KERNEL_CELL, MOST_KERNEL_CELL = 25, 40
WHY = (
    "Deep learning slides the kernel as it is: mathematics calls that cross-correlation. A true "
    "convolution turns the kernel by half a circle first. Then, and only then, image and kernel "
    "may change places. A network learns its kernels, so to it both are the same."
)


class TwoWaysView(QWidget):
    """A kernel is chosen; both windows move together."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rest = 0
        self.kernel = "Left edges"
        self.canvas = TwoWaysCanvas()
        self.chips: dict[str, QToolButton] = {}
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(QLabel("Kernel"))
        row.addSpacing(4)
        for name in KERNELS:
            chip = QToolButton()
            chip.setText(f" {name} ")
            chip.setCheckable(True)
            chip.setChecked(name == self.kernel)
            chip.setProperty("chip", "true")
            chip.setAccessibleName(f"Kernel: {name}")
            chip.clicked.connect(self._choose)
            row.addWidget(chip)
            self.chips[name] = chip
        row.addStretch(1)
        why = QLabel(WHY)
        why.setWordWrap(True)
        why.setProperty("small", "true")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(10)
        column.addLayout(row)
        column.addWidget(self.canvas, 1)
        column.addWidget(why)
        self._timer = QTimer(self)
        self._timer.setInterval(STEP_MS)
        self._timer.timeout.connect(self._step)
        session.image_changed.connect(self._look)

    @Slot()
    def _choose(self) -> None:
        for name, chip in self.chips.items():
            chip.setChecked(chip is self.sender())
            if chip is self.sender():
                self.kernel = name
        self.canvas.step = 0
        self.refresh()

    @Slot()
    def _look(self) -> None:
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Computes both for the image and the kernel of now."""
        from scipy.ndimage import zoom  # when it is needed: it takes long

        inspection = self._session.inspection
        if inspection is None:
            self.canvas.show_ways(None)
            return
        image = inspection.image.mean(axis=0)
        factors = (SIDE / image.shape[0], SIDE / image.shape[1])
        small: Array = np.clip(zoom(image, factors, order=1, grid_mode=True, mode="nearest"), 0, 1)
        self.canvas.show_ways(two_ways(small, KERNELS[self.kernel]))

    @Slot()
    def _step(self) -> None:
        ways = self.canvas.ways
        if ways is None:
            return
        if self.canvas.step + 1 < ways.moving.count:
            self.canvas.step += 1
        elif self._rest < END_STEPS:
            self._rest += 1
            return
        else:
            self._rest = self.canvas.step = 0
        self.canvas.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up and moves."""
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rests."""
        super().hideEvent(event)
        self._timer.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "canvas"):
            self._look()
        super().changeEvent(event)


class TwoWaysCanvas(QWidget):
    """In each column the window on its way, its kernel, and the results in both orders."""

    def __init__(self) -> None:
        super().__init__()
        self.ways: TwoWays | None = None
        self.step = 0
        self._mosaics = Mosaics({})
        self.setMinimumSize(QSize(320, 360))
        self.setAccessibleName("Cross-correlation and convolution side by side")

    def show_ways(self, ways: TwoWays | None) -> None:
        """Other numbers."""
        self.ways = ways
        if ways:
            values = _values(ways)
            self._mosaics = Mosaics({name: Grid(1, 1, *v.shape) for name, v in values.items()})
            level = max(
                float(np.abs(v).max()) for name, v in values.items() if "kernel" not in name
            )
            kernel = float(np.abs(ways.kernel).max())
            levels = {name: kernel if "kernel" in name else level for name in values}
            self._mosaics.show({n: v.astype(np.float32) for n, v in values.items()}, levels)
            self.step = min(self.step, ways.moving.count - 1)
            self.setAccessibleDescription(" ".join(verdicts(ways)))
        self.update()

    def cell(self, ways: TwoWays) -> float:
        """The side of a pixel: three pictures below each other, two beside each other."""
        rows, columns = ways.moving.output
        height, width = ways.image.shape
        kernel = ways.kernel.shape[1]
        beside = 10 + LEAST_KERNEL_CELL * kernel
        wide = (self.width() - 24) / 2 - beside
        high = self.height() - 3 * CAPTION - 2 * SPACE - 4
        cell = min(
            wide / (width + 2 * (kernel - 1)),
            wide / columns,
            high / (2 * rows + height + 2 * (ways.kernel.shape[0] - 1)),
            MOST_CELL,
        )
        return float(max(int(cell), 2))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Both columns."""
        if self.ways is None:
            return
        painter = QPainter(self)
        cell, half = self.cell(self.ways), self.width() / 2 + 6
        self._paint_column(painter, self.ways, "correlation", EDGE, cell)
        self._paint_column(painter, self.ways, "convolution", half, cell)
        painter.end()

    def _paint_column(
        self, painter: QPainter, ways: TwoWays, name: str, left: float, cell: float
    ) -> None:
        colors, moving = theme.tokens(), ways.moving
        flipped = name == "convolution"
        painter.setFont(theme.font(weight=theme.font().Weight.DemiBold))
        painter.setPen(theme.color(colors.text))
        painter.drawText(QPointF(left, 13), "Convolution" if flipped else "Cross-correlation")
        painter.setFont(theme.font(theme.SMALL))
        top = float(CAPTION)
        (y, x), (height, width) = moving.padding, ways.image.shape
        rim = QRectF(left, top, (width + 2 * x) * cell, (height + 2 * y) * cell)
        painter.fillRect(rim, theme.color(colors.line))
        inside = QRectF(left + x * cell, top + y * cell, width * cell, height * cell)
        painter.drawImage(inside, ink_image(ways.image))
        step = moving.step(self.step)
        window = QRectF(
            inside.left() + step.left * cell,
            inside.top() + step.top * cell,
            moving.window[1] * cell,
            moving.window[0] * cell,
        )
        kernel = "flipped kernel" if flipped else "kernel"
        painter.drawImage(window, self._mosaics.images[kernel])
        _frame(painter, window)
        self._paint_kernel(painter, ways, kernel, QPointF(rim.right() + 10, top), left)
        top = rim.bottom() + SPACE + CAPTION
        self._paint_result(painter, ways, name, QPointF(left, top), cell)
        top += moving.output[0] * cell + SPACE + CAPTION
        self._paint_swapped(painter, ways, name, QPointF(left, top), cell)

    def _paint_kernel(
        self, painter: QPainter, ways: TwoWays, name: str, at: QPointF, left: float
    ) -> None:
        """The kernel with its numbers, as large as there is room beside the image."""
        height, width = ways.kernel.shape
        room = left + self.width() / 2 - 12 - at.x()
        cell = float(max(min(int(room / width), MOST_KERNEL_CELL), 2))
        area = QRectF(at.x(), at.y(), width * cell, height * cell)
        values = ways.flipped if name == "flipped kernel" else ways.kernel
        painter.drawImage(area, self._mosaics.images[name])
        inks = written_colors(values, float(np.abs(values).max()), ink=False)
        for (row, column), value in np.ndenumerate(values):
            painter.setPen(theme.color(str(inks[row, column])))
            box = QRectF(area.left() + column * cell, area.top() + row * cell, cell, cell)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, _fraction(float(value)))
        painter.setPen(theme.color(theme.tokens().muted))
        turned = "turned: no other" if ways.kernel_is_symmetric else "kernel, turned"
        text = turned if name == "flipped kernel" else "kernel as it is"
        painter.drawText(QPointF(area.left(), area.bottom() + 15), text)

    def _paint_result(
        self, painter: QPainter, ways: TwoWays, name: str, at: QPointF, cell: float
    ) -> None:
        colors = theme.tokens()
        rows, columns = ways.moving.output
        painter.setPen(theme.color(colors.muted))
        painter.drawText(QPointF(at.x(), at.y() - 7), "what comes out")
        area = QRectF(at.x(), at.y(), columns * cell, rows * cell)
        painter.drawImage(area, self._mosaics.images[name])
        step, ground = ways.moving.step(self.step), theme.color(colors.background)
        below = area.adjusted(0, (step.row + 1) * cell, 0, 0)
        painter.fillRect(below, ground)
        x, y = area.left() + (step.column + 1) * cell, area.top() + step.row * cell
        painter.fillRect(QRectF(x, y, area.right() - x, cell), ground)
        painter.setPen(theme.color(colors.line))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
        _frame(painter, QRectF(x - cell, y, cell, cell))

    def _paint_swapped(
        self, painter: QPainter, ways: TwoWays, name: str, at: QPointF, cell: float
    ) -> None:
        colors = theme.tokens()
        rows, columns = ways.moving.output
        is_first = name == "correlation"
        commutes = ways.correlation_commutes if is_first else ways.convolution_commutes
        verdict = verdicts(ways)[0 if is_first else 1]
        painter.setPen(theme.color(colors.muted))
        painter.drawText(QPointF(at.x(), at.y() - 7), "image and kernel changed places")
        area = QRectF(at.x(), at.y(), columns * cell, rows * cell)
        painter.drawImage(area, self._mosaics.images[f"swapped {name}"])
        painter.setPen(theme.color(colors.good if commutes else colors.bad))
        text = QRectF(area.right() + 10, area.top(), self.width() / 2 - area.width() - 26, 90)
        wrapped = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        painter.drawText(text, wrapped, verdict)


def verdicts(ways: TwoWays) -> tuple[str, str]:
    """Of correlation and of convolution, whether image and kernel may change places."""
    turned = np.allclose(ways.swapped_correlation, ways.correlation[::-1, ::-1])
    other = "turned by half a circle" if turned else "something else"
    return _verdict(ways.correlation_commutes, other), _verdict(ways.convolution_commutes, other)


def _verdict(commutes: bool, other: str) -> str:
    return "The same: it commutes." if commutes else f"Not the same, but {other}."


def _fraction(value: float) -> str:
    """−2, 1/16."""
    return str(Fraction(value).limit_denominator(64)).replace("-", "−")


def _values(ways: TwoWays) -> dict[str, Array]:
    return {
        "kernel": ways.kernel,
        "flipped kernel": ways.flipped,
        "correlation": ways.correlation,
        "convolution": ways.convolution,
        "swapped correlation": ways.swapped_correlation,
        "swapped convolution": ways.swapped_convolution,
    }


def _frame(painter: QPainter, box: QRectF) -> None:
    painter.setPen(QPen(theme.color(theme.tokens().selected), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
