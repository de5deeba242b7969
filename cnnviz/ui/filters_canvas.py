"""All kernels on one surface: their pictures, headings, and the value under the pointer.

Many times a second only the kernels are painted; their scales are words, told a few times.
"""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QPaintEvent, QRegion, QShowEvent

from cnnviz.core.edits import Filter, Weight
from cnnviz.core.layers import Conv2D
from cnnviz.ui import theme
from cnnviz.ui.filters_layout import HEADING, MARGIN, Block, make_blocks
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.cross import paint_cross
from cnnviz.ui.widgets.key_framed import KeyFramed
from cnnviz.ui.widgets.mosaic import Mosaics
from cnnviz.ui.widgets.plate import paint_plate, plate_beside
from cnnviz.ui.widgets.posing import posed_area
from cnnviz.ui.widgets.throttle import Throttle


class FiltersCanvas(KeyFramed):
    """A grid a layer: a row a filter, a column an input channel; one channel alone fills lines."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._width = 300
        self.blocks: list[Block] = []
        self._mosaics = Mosaics({})
        self._scales: dict[str, str] = {}
        self.pointer: QPointF | None = None
        self._plate = QRectF()
        self._stale = self._untold = True
        self._calm = Throttle(self._tell_anew, session.pace.calm_ms, self)
        self.setMouseTracking(True)
        session.run_changed.connect(self._rebuild)
        session.network_changed.connect(self._follow)
        self._rebuild()

    def fit(self, width: int) -> None:
        """Lays the grids out below each other in `width`."""
        self._width = width
        self.blocks = make_blocks(self._conv_layers(), width)
        self._mosaics = Mosaics({block.layer.name: block.as_grid for block in self.blocks})
        right = max((block.grid.right() for block in self.blocks), default=-MARGIN) + MARGIN
        bottom = self.blocks[-1].grid.bottom() + 12 if self.blocks else 4
        self.setMinimumSize(QSize(round(right), round(bottom)))
        self._refresh()

    def weight_at(self, point: QPointF) -> Weight | None:
        """Which weight is under `point`."""
        found = (block.weight_at(point) for block in self.blocks)
        return next((weight for weight in found if weight), None)

    def value_at(self, point: QPointF) -> str:
        """The weight under `point` in words and numbers; empty where there is none."""
        weight = self.weight_at(point)
        return self.in_words(weight) if weight else ""

    def in_words(self, weight: Weight) -> str:
        """A weight, where it is, and whether it is as it was learned."""
        network, block = self.session.network, self.block_of(weight)
        if network is None or block is None:
            return ""
        values = dict(network.named_parameters())[f"{weight.layer}.weight"]
        value = f"{float(values[weight.place]):.4g}".replace("-", "−")
        _, number, channel, y, x = weight
        text = f"{block.layer.label} · filter {number} · channel {channel} · x {x}, y {y} · {value}"
        edits = self.session.edits.now
        if Filter(weight.layer, number) in edits.muted:
            return f"{text}\nmuted"
        return f"{text}\npainted by hand" if weight in edits.painted else text

    @property
    def looked_at(self) -> Weight | None:
        """The weight under the pointer."""
        return None if self.pointer is None else self.weight_at(self.pointer)

    def block_of(self, weight: Weight) -> Block | None:
        return next((each for each in self.blocks if each.layer.name == weight.layer), None)

    def _conv_layers(self) -> list[Conv2D]:
        network = self.session.network
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
        for block in self.blocks:
            self.update(block.grid.toAlignedRect())
        if self.session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    def _tell_anew(self) -> None:
        self._untold = True
        for block in self.blocks:
            self.update(self._heading_of(block.grid).toAlignedRect())

    def _heading_of(self, grid: QRectF) -> QRectF:
        return QRectF(0, grid.y() - HEADING, self.width(), HEADING)

    def _plate_area(self) -> QRegion:
        """Where the plate is and where it will be."""
        told = self._told()
        if told is None:
            return QRegion()
        return QRegion(self._plate.united(plate_beside(*told, self._seen())).toAlignedRect())

    def _told(self) -> tuple[QPointF, str] | None:
        """Where the plate points and what it says."""
        weight = self.looked_at
        if weight is None:
            return None
        block = self.block_of(weight)
        where = self.pointer or (block.weight_area(weight).bottomRight() if block else QPointF())
        return where, self.in_words(weight)

    def _seen(self) -> QRectF:
        """The part that is scrolled into view, or painted for a file."""
        return QRectF(posed_area(self) or self.visibleRegion().boundingRect())

    def level(self, layer: str) -> float:
        """The greatest magnitude among a layer's weights as they are shown."""
        if self._stale:
            self._make_images()
        return self._mosaics.levels.get(layer, 0.0)

    def _make_images(self) -> None:
        network = self.session.network
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
        if not self.blocks:
            self._paint_nothing(painter)
        for block in self.blocks:
            if region.intersects(self._heading_of(block.grid).toAlignedRect()):
                self._paint_heading(painter, block.layer, block.grid)
            if region.intersects(block.grid.toAlignedRect()):
                painter.drawImage(block.grid, self._mosaics.images[block.layer.name])
        self._paint_edits(painter)
        self.paint_more(painter)
        told = self._told()
        if told:
            self._plate = paint_plate(painter, *told, self._seen())
        painter.end()

    def _paint_nothing(self, painter: QPainter) -> None:
        if self.session.network is None:
            return
        painter.setFont(theme.font())
        painter.setPen(theme.color(theme.tokens().muted))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        place = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.drawText(place, flags, "This network has no convolution, so it has no kernels.")

    def _paint_heading(self, painter: QPainter, layer: Conv2D, grid: QRectF) -> None:
        colors = theme.tokens()
        painter.setFont(theme.font(weight=QFont.Weight.DemiBold))
        painter.setPen(theme.color(colors.text))
        painter.drawText(QPointF(MARGIN, grid.y() - 22), layer.label)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        painter.drawText(QPointF(MARGIN, grid.y() - 7), self.line_below(layer))
        right = QRectF(0, grid.y() - 36, self._width - MARGIN, 18)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(right, flags, self._scales[layer.name])

    def line_below(self, layer: Conv2D) -> str:
        """What is said of a layer below its name."""
        filters, channels, height, width = layer.parameter_shapes["weight"]
        across = f" down, {channels} channels across" if channels > 1 else ""
        return f"{filters} filters{across} · {height}×{width}"

    def paint_more(self, painter: QPainter) -> None:
        """What a canvas that does more has to show of it."""

    def _paint_edits(self, painter: QPainter) -> None:
        """A dot on what is painted, a cross on what is muted."""
        edits = self.session.edits.now
        dot = theme.color(theme.tokens().text)
        for weight in edits.painted:
            if block := self.block_of(weight):
                center = block.weight_area(weight).center()
                painter.fillRect(QRectF(center.x() - 1, center.y() - 1, 2, 2), dot)
        for layer, number in edits.muted:
            for block in self.blocks:
                if block.layer.name == layer:
                    for channel in range(block.layer.parameter_shapes["weight"][1]):
                        paint_cross(painter, block.kernel_area(number, channel))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks for a value."""
        self.pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer asks no more."""
        self.pointer = None
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
