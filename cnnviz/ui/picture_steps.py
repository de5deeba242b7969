"""What was done to a picture until the network could take it: each step small, with its words."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from cnnviz.core.centring import resized
from cnnviz.core.picture import Step
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.widgets.mosaic import rgb_image

TILE, GAP = 62, 12
WORDS = 58
"""Pixels for up to four lines below each tile."""
MOST_PIXELS = 2 * TILE
"""Kept of each step, for sharp screens."""


class PictureSteps(QWidget):
    """Tiles in a row, in the order in which things were done."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: tuple[Step, ...] = ()
        self._images: list[QImage] = []

    def show_steps(self, steps: tuple[Step, ...]) -> None:
        """Takes over the steps of another picture."""
        self.steps = steps
        self._images = [_small_image(step.picture) for step in steps]
        words = "; ".join(step.words for step in steps)
        self.setAccessibleName("What was done to the picture")
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        self.setFixedSize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        """A tile a step."""
        return QSize(max(len(self.steps), 1) * (TILE + GAP), TILE + WORDS + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Pictures in thin frames, words below."""
        painter, colors = QPainter(self), theme.tokens()
        painter.setFont(theme.font(theme.SMALL))
        wrap = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        for place, (step, image) in enumerate(zip(self.steps, self._images, strict=True)):
            x = place * (TILE + GAP) + GAP / 2
            size = image.size().scaled(QSize(TILE, TILE), Qt.AspectRatioMode.KeepAspectRatio)
            area = QRectF(QPointF(), size.toSizeF())
            area.moveCenter(QPointF(x + TILE / 2, 1 + TILE / 2))
            area.moveTopLeft(area.topLeft().toPoint().toPointF())
            smooth = image.width() > size.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(area, image)
            painter.setPen(theme.color(colors.line))
            painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
            painter.setPen(theme.color(colors.muted))
            below = QRectF(x - GAP / 2 + 1, TILE + 5, TILE + GAP - 2, WORDS)
            painter.drawText(below, wrap, step.words)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()


def _small_image(values: Array) -> QImage:
    """As it is in numbers, 0 black and 1 white, whatever the theme; large ones are made smaller."""
    height, width = values.shape[1:]
    share = MOST_PIXELS / max(height, width)
    if share < 1:
        size = max(1, round(width * share)), max(1, round(height * share))
        values = resized_channels(values, size)
    return rgb_image(values if len(values) == 3 else values[:1].repeat(3, axis=0))


def resized_channels(values: Array, size: tuple[int, int]) -> Array:
    """Every channel at `size` (width, height)."""
    first = resized(values[0], size)
    made: Array = first[None].repeat(len(values), axis=0)
    for target, channel in zip(made[1:], values[1:], strict=True):
        target[...] = resized(channel, size)
    return made
