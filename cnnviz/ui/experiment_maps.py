"""What the first convolution of each network of an experiment makes of the chosen image."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from cnnviz.core.datasets.shuffled import shuffle_pixels
from cnnviz.core.experiments import Outcome
from cnnviz.core.inspection import inspect
from cnnviz.core.layers import Conv2D
from cnnviz.core.network import Network
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.experiment_plot import COLORS
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, picture

HEIGHT = 96
SIDE, GAP, PAD = 56, 4, 14
"""Pixels of a map at most, between two, and around all."""
INSET = 16
"""Between two networks."""
LEFT_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ExperimentMaps(QWidget):
    """The image, then the maps of each network that has a convolution, on one scale."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._networks: list[tuple[int, str, Network]] = []  # place, title
        self._shuffled = False
        self._image: Array | None = None
        self._mosaics = Mosaics({})
        self._grids: dict[str, Grid] = {}
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Maps of the first convolution for the chosen image")
        self.setToolTip(
            "What the first convolution of each network makes of the image that is chosen in the "
            "main window. Orange is positive, blue negative; one scale for all"
        )
        session.image_changed.connect(self.refresh)
        self.hide()

    def show_outcomes(self, outcomes: Sequence[Outcome], shuffled: bool) -> None:
        """The networks as they ended; none while they learn."""
        self._networks, self._shuffled = [], shuffled
        for place, outcome in enumerate(outcomes):
            if outcome.vector is not None:
                network = Network(outcome.spec, outcome.seed)
                network.vector[...] = outcome.vector
                if _first_convolution(network):
                    self._networks.append((place, outcome.contestant.title, network))
        self.refresh()

    @property
    def maps(self) -> dict[str, Array]:
        """(filters, H, W) of each, by its title; empty if the chosen image does not fit."""
        image = self._session.image
        if image is None or not self._networks:
            return {}
        images = image.values[None]
        if self._shuffled:
            images = shuffle_pixels(images)
        self._image = images[0]
        found = {}
        for _, title, network in self._networks:
            if network.spec.input_shape != images.shape[1:]:
                return {}
            with np.errstate(all="ignore"):  # a network that has diverged holds infinities
                found[title] = inspect(network, images[0]).outputs[_first_convolution(network)]
        return found

    @Slot()
    def refresh(self) -> None:
        """For the image of now, if anybody looks."""
        if not self.window().isVisible():
            return
        maps = self.maps
        self.setVisible(bool(maps))
        self._grids = {
            title: Grid(1, len(values), *values.shape[1:]) for title, values in maps.items()
        }
        self._mosaics = Mosaics(self._grids)
        if maps:
            level = max(float(np.nanmax(np.abs(values))) for values in maps.values()) or 1.0
            known = dict.fromkeys(maps, level) if np.isfinite(level) else None
            self._mosaics.show(maps, known)
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        """Other colours in another theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_grids"):
            self.refresh()
        super().changeEvent(event)

    # Looks.

    def _side(self) -> float:
        """Pixels of a map, so that all fit in a row."""
        maps = sum(grid.columns for grid in self._grids.values())
        room = self.width() - 2 * PAD - SIDE - INSET - (INSET - GAP) * max(len(self._grids), 1)
        return max(min(SIDE, room / max(maps, 1) - GAP), 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The image and the maps, each network under its name."""
        if not self._grids or self._image is None:
            return
        painter, side = QPainter(self), self._side()
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(theme.tokens().muted))
        painter.drawText(QRectF(PAD, 2, SIDE + INSET, 20), LEFT_MIDDLE, "Image")
        painter.drawImage(_placed(QRectF(PAD, 26, SIDE, SIDE), self._image), picture(self._image))
        x = float(PAD + SIDE + INSET)
        for place, title, _ in self._networks:
            grid, image = self._grids[title], self._mosaics.images[title]
            painter.setPen(theme.color(getattr(theme.tokens(), COLORS[place])))
            width = grid.columns * (side + GAP)
            painter.drawText(QRectF(x, 2, width, 20), LEFT_MIDDLE, title)
            for number in range(grid.columns):
                part = QRectF(number * grid.width, 0, grid.width, grid.height)
                target = QRectF(x, 26, side, side * grid.height / grid.width)
                painter.drawImage(target, image, part)
                x += side + GAP
            x += INSET - GAP
        painter.end()


def _first_convolution(network: Network) -> str:
    """The name of the first layer that is one; empty if none is."""
    return next((layer.name for layer in network.layers if isinstance(layer, Conv2D)), "")


def _placed(box: QRectF, image: Array) -> QRectF:
    """The largest rectangle in the box with the image's proportions."""
    _, height, width = image.shape
    scale = box.width() / max(height, width)
    return QRectF(box.left(), box.top(), width * scale, height * scale)
