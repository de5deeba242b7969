"""Every kernel the network learns: for each conv layer, every channel of every filter, live.

Thirty times a second only the kernels are painted; their scales are words, told a few times.
"""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QScrollArea, QWidget

from cnnviz.core.layers import Conv2D
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_menu import ChoiceMenu
from cnnviz.ui.widgets.mosaic import Grid, Mosaics
from cnnviz.ui.widgets.plate import paint_plate, plate_beside
from cnnviz.ui.widgets.posing import posed_area
from cnnviz.ui.widgets.save_choices import kernel_choices, picture_choice
from cnnviz.ui.widgets.throttle import Throttle

MARGIN = 14
SCROLL_BAR = 8
HEADING = 42
"""Height of a layer's heading above its kernels."""
LEAST_KERNEL, GREATEST_KERNEL = 24, 44
WORDS_MS = 250
"""Between two tellings of the scales while they change."""
BY_KEY = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)


class FiltersView(QScrollArea):
    """The kernels of all conv layers, scrolled where they are many."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = FiltersCanvas(session)
        self.setWidgetResizable(True)
        self.setWidget(self.canvas)
        self.setAccessibleName("Kernels of each conv layer")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lays the kernels out in the width, always leaving room for the scroll bar.

        With the viewport's width, a bar that comes could make itself needless, go, and come again.
        """
        super().resizeEvent(event)
        self.canvas.fit(self.width() - SCROLL_BAR)


class FiltersCanvas(QWidget):
    """A grid a layer: a row a filter, a column an input channel; one channel alone fills lines."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._width = 300
        self._blocks: list[tuple[Conv2D, int, QRectF]] = []
        self._mosaics = Mosaics({})
        self._scales: dict[str, str] = {}
        self._pointer: QPointF | None = None
        self._plate = QRectF()
        self._framed = False
        self._stale = self._untold = True
        self._calm = Throttle(self._tell_anew, WORDS_MS, self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Kernels")
        session.run_changed.connect(self._rebuild)
        session.network_changed.connect(self._follow)
        self._rebuild()

    def fit(self, width: int) -> None:
        """Lays the grids out below each other in `width`."""
        self._width = width
        self._blocks = []
        grids: dict[str, Grid] = {}
        y = 4.0
        for layer in self._conv_layers():
            filters, channels, kernel_h, kernel_w = layer.parameter_shapes["weight"]
            columns, rows = (channels, filters) if channels > 1 else _lines(filters, width)
            side = (width - 2 * MARGIN) / columns
            side = min(max(side, LEAST_KERNEL), GREATEST_KERNEL)
            # Whole pixels, so that all weights are squares alike; a gap is as wide as a weight.
            cell = max(1, int(side / (kernel_w + 1)))
            across, down = columns * (kernel_w + 1) - 1, rows * (kernel_h + 1) - 1
            grid = QRectF(MARGIN, y + HEADING, cell * across, cell * down)
            self._blocks.append((layer, columns, grid))
            grids[layer.name] = Grid(rows, columns, kernel_h, kernel_w, 1, filters * channels)
            y = grid.bottom() + 12
        self._mosaics = Mosaics(grids)
        widest = max((grid.right() for _, _, grid in self._blocks), default=0) + MARGIN
        self.setMinimumSize(QSize(round(max(widest, 0)), round(y)))
        self._refresh()

    def value_at(self, point: QPointF) -> str:
        """The weight under `point` in words and numbers; empty where there is none."""
        network, found = self._session.network, self._weight_at(point)
        if network is None or found is None:
            return ""
        layer, index = found
        weight = dict(network.named_parameters())[f"{layer.name}.weight"]
        value = f"{float(weight[index]):.4g}".replace("-", "−")
        number, channel, y, x = index
        return f"{layer.label} · filter {number} · channel {channel} · x {x}, y {y} · {value}"

    def _weight_at(self, point: QPointF) -> tuple[Conv2D, tuple[int, int, int, int]] | None:
        """The layer and which of its weights is under `point`: (filter, channel, y, x)."""
        for layer, columns, grid in self._blocks:
            if not grid.contains(point):
                continue
            filters, channels, height, width = layer.parameter_shapes["weight"]
            rows = -(-filters * channels // columns)
            across, down = columns * (width + 1) - 1, rows * (height + 1) - 1
            column, x = divmod(int((point.x() - grid.x()) / grid.width() * across), width + 1)
            row, y = divmod(int((point.y() - grid.y()) / grid.height() * down), height + 1)
            number, channel = divmod(row * columns + column, channels)
            if number >= filters or x == width or y == height:
                return None  # beyond the last kernel, or between two
            return layer, (number, channel, y, x)
        return None

    def _conv_layers(self) -> list[Conv2D]:
        network = self._session.network
        return [layer for layer in network.layers if isinstance(layer, Conv2D)] if network else []

    @Slot()
    def _rebuild(self) -> None:
        self.fit(self._width)

    @Slot()
    def _refresh(self) -> None:
        """All is new; pictures and words are made when they are to be seen, not before."""
        self._stale = self._untold = True
        self.update()

    @Slot()
    def _follow(self) -> None:
        """Another vector: kernels now, scales soon."""
        self._stale = True
        if not self.isVisible():
            self._untold = True
            return
        self.update(self._plate_area())
        for _, _, grid in self._blocks:
            self.update(grid.toAlignedRect())
        if self._session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    def _tell_anew(self) -> None:
        self._untold = True
        for _, _, grid in self._blocks:
            self.update(self._heading_of(grid).toAlignedRect())

    def _heading_of(self, grid: QRectF) -> QRectF:
        return QRectF(0, grid.y() - HEADING, self.width(), HEADING)

    def _plate_area(self) -> QRegion:
        """Where the plate is and where it will be."""
        if self._pointer is None:
            return QRegion()
        soon = plate_beside(self._pointer, self.value_at(self._pointer), self._seen())
        return QRegion(self._plate.united(soon).toAlignedRect())

    def _seen(self) -> QRectF:
        """The part that is scrolled into view."""
        return QRectF(posed_area(self) or self.visibleRegion().boundingRect())

    def _make_images(self) -> None:
        network = self._session.network
        if network is None:
            return
        self._stale = False
        weights = dict(network.named_parameters())
        self._mosaics.show({name: weights[f"{name}.weight"] for name in self._mosaics.images})

    def _tell(self) -> None:
        """Takes down the scales of now."""
        self._untold = False
        self._scales = {name: f"±{level or 1:.3g}" for name, level in self._mosaics.levels.items()}

    def paintEvent(self, event: QPaintEvent) -> None:
        """Heading, scale and grid of every layer, and the value under the pointer."""
        painter, region = QPainter(self), event.region()
        if self._stale:
            self._make_images()
        if self._untold:
            self._tell()
        if not self._blocks:
            self._paint_nothing(painter)
        for layer, _, grid in self._blocks:
            if region.intersects(self._heading_of(grid).toAlignedRect()):
                self._paint_heading(painter, layer, grid)
            if region.intersects(grid.toAlignedRect()):
                painter.drawImage(grid, self._mosaics.images[layer.name])
        if self._framed and not posed_area(self):
            painter.setPen(theme.color(theme.tokens().selected))
            painter.drawRect(self._seen().adjusted(0, 0, -1, -1))
        self._paint_pointer(painter)
        painter.end()

    def _paint_nothing(self, painter: QPainter) -> None:
        if self._session.network is None:
            return
        painter.setFont(theme.font())
        painter.setPen(theme.color(theme.tokens().muted))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        place = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.drawText(place, flags, "This network has no convolution, so it has no kernels.")

    def _paint_heading(self, painter: QPainter, layer: Conv2D, grid: QRectF) -> None:
        filters, channels, height, width = layer.parameter_shapes["weight"]
        colors = theme.tokens()
        painter.setFont(theme.font(weight=QFont.Weight.DemiBold))
        painter.setPen(theme.color(colors.text))
        painter.drawText(QPointF(MARGIN, grid.y() - 22), layer.label)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        what = f"{filters} filters"
        if channels > 1:
            what += f" down, {channels} channels across"
        painter.drawText(QPointF(MARGIN, grid.y() - 7), f"{what} · {height}×{width}")
        right = QRectF(0, grid.y() - 36, self._width - MARGIN, 18)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(right, flags, self._scales[layer.name])

    def _paint_pointer(self, painter: QPainter) -> None:
        if self._pointer is None or not (text := self.value_at(self._pointer)):
            return
        self._plate = paint_plate(painter, self._pointer, text, self._seen())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks for a value."""
        self._pointer = event.position()
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be saved: the kernel under the pointer, all of each layer, the picture."""
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        found = None if by_key else self._weight_at(QPointF(event.pos()))
        self._pointer = None
        sections = [
            kernel_choices(self, self._session, layer, found[1][0] if found else None)
            for layer, _, _ in self._blocks
            if found is None or layer is found[0]
        ]
        sections.append([picture_choice(self, self._session, "Save as picture…", "filters")])
        ChoiceMenu(self, sections).open_at(event.globalPos())

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer asks no more."""
        self._pointer = None
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Reached by key, a frame shows where the keys are now."""
        super().focusInEvent(event)
        self._framed = event.reason() in BY_KEY
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """They are elsewhere."""
        super().focusOutEvent(event)
        self._framed = False
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        self._refresh()
        super().showEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()
        super().changeEvent(event)


def _lines(filters: int, width: int) -> tuple[int, int]:
    """(columns, rows) for kernels of one channel: as few lines as the width allows."""
    columns = min(filters, max(1, (width - 2 * MARGIN) // LEAST_KERNEL))
    rows = -(-filters // columns)
    return -(-filters // rows), rows
