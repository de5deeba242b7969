"""The test images as points in a plane: to look at, to point at, to choose and to rope in.

When another moment comes, points glide to where they lie then. A drag draws a lasso; the wheel
zooms.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QVariantAnimation, Signal, Slot
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from cnnviz.core.neighbour_map import NeighbourMap
from cnnviz.core.projection import Plane
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.plane_axes import paint_axes
from cnnviz.ui.point_picture import PointPicture
from cnnviz.ui.widgets.lasso import Lasso
from cnnviz.ui.widgets.posing import posed_area

LEFT, TOP, RIGHT, BOTTOM = 30, 12, 14, 26
"""Pixels around the points; the names of the axes stand left and below."""
RADIUS = 2.2
NEAR = 10
"""Pixels: how far a point may be from the pointer."""
GLIDE_MS = 380
FAINT, HALF = 0.13, 0.3
"""How much is seen of points that are not of the chosen class, or not in the lasso."""
MOST_NAMED = 26
"""Classes whose names are written among their points."""
FEWEST_NAMED = 3
"""Points that a name would cover."""
MOST_ZOOM = 40.0
CENTER = Qt.AlignmentFlag.AlignCenter
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
Places = Plane | NeighbourMap
"""What can be shown; only a plane has axes that mean something."""
CLASSES = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class SpacePlot(QWidget):
    """Shows a plane; `show_plane` for another, `dress` for other looks of the same."""

    pointed = Signal(int)
    """The image under the pointer, or -1."""
    chosen = Signal(int)
    """The image that was clicked."""
    roped = Signal(object)
    """The images in the lasso, (n,) int64; none for a click beside all points."""
    step_wanted = Signal(int)
    """A key asks for the next image, or the one before."""
    class_wanted = Signal(int)
    """A key asks for the next class, or the one before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane: Places | None = None
        self.labels: NDArray[np.int64] = np.empty(0, np.int64)
        self.names: tuple[str, ...] = ()
        self.seen: NDArray[np.bool_] = np.empty(0, bool)
        """Images that are drawn, and can be pointed at."""
        self.solo: int | None = None
        """The class that stands out."""
        self.rope: NDArray[np.int64] = np.empty(0, np.int64)
        """The images in the lasso; they stand out too."""
        self.image = -1
        """The session's."""
        self.lit = -1
        """The image under the pointer."""
        self.empty = ""
        """What is said where there is no plane."""
        self._before: Places | None = None
        self._zoom, self._shift = 1.0, QPointF()
        self._lasso: Lasso | None = None
        self._positions: Array | None = None
        self._picture: tuple[float, QImage, PointPicture] | None = None
        self._glide = QVariantAnimation(self)
        self._glide.setDuration(GLIDE_MS)
        self._glide.setStartValue(0.0)
        self._glide.setEndValue(1.0)
        self._glide.valueChanged.connect(self._move_on)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Test images as points")
        self.setMinimumSize(QSize(320, 260))

    def show_plane(
        self, plane: Places | None, labels: NDArray[np.int64], names: tuple[str, ...], glide: bool
    ) -> None:
        """Another plane; the points glide there if they are the same images."""
        same = self.plane is not None and labels is self.labels
        self._before = self.plane if glide and same and plane and self.isVisible() else None
        if not same:
            self.fit()
            self.rope = np.empty(0, np.int64)
        self.plane, self.labels, self.names = plane, labels, names
        if len(self.seen) != len(labels):
            self.seen = np.ones(len(labels), bool)
        self._glide.stop()
        if self._before:
            self._glide.start()
        self.redraw()

    def dress(self, seen: NDArray[np.bool_], solo: int | None, image: int) -> None:
        """Which points are drawn, which class stands out, which image is chosen."""
        changed = solo != self.solo or not np.array_equal(seen, self.seen)
        self.seen, self.solo, self.image = seen, solo, image
        self._describe()
        if changed:
            self.redraw()
        else:
            self.update()

    @Slot()
    def fit(self) -> None:
        """All of it again."""
        self._zoom, self._shift = 1.0, QPointF()
        self.redraw()

    def redraw(self) -> None:
        """Other points: the picture is made anew when it is painted."""
        self._picture = self._positions = None
        self.update()

    @Slot(object)
    def _move_on(self, share: object) -> None:
        self.redraw()

    def _describe(self) -> None:
        if not 0 <= self.image < len(self.labels):
            return
        name = self.names[int(self.labels[self.image])]
        self.setAccessibleDescription(f"Image {self.image}, a {name}, is chosen.")

    # Where things are.

    @property
    def area(self) -> QRectF:
        """Where the points are."""
        return QRectF(self.rect()).adjusted(LEFT, TOP, -RIGHT, -BOTTOM)

    def positions(self) -> Array:
        """Of all images, in pixels of this widget, (N, 2); NaN for those that have no place."""
        if self._positions is None:
            self._positions = self._place_all()
        return self._positions

    def _place_all(self) -> Array:
        if self.plane is None:
            return np.empty((0, 2))
        places = self._placed(self.plane)
        if self._before and self._glide.state() is QVariantAnimation.State.Running:
            share = float(self._glide.currentValue())
            share = share * share * (3 - 2 * share)  # begins and ends at rest
            old = self._placed(self._before)
            places = np.where(np.isnan(old), places, old + share * (places - old))
        middle = self.area.center()
        origin = (middle.x() + self._shift.x(), middle.y() + self._shift.y())
        moved: Array = places * self._zoom + origin
        return moved

    def _placed(self, plane: Places) -> Array:
        """Pixels from the middle, with all points inside and the same scale on both axes."""
        points, area = plane.points, self.area
        finite = points[np.isfinite(points).all(axis=1)]
        if not len(finite):
            return points
        low, high = finite.min(axis=0), finite.max(axis=0)
        extent = np.maximum(high - low, 1e-30)
        scale = 0.97 * min(area.width() / extent[0], area.height() / extent[1])
        if not (high > low).any():
            scale = 0.0
        placed: Array = (points - (low + high) / 2) * (scale, -scale)
        return placed

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Which images have a place, (N,)."""
        points = self.plane.points if self.plane else np.empty((0, 2))
        finite: NDArray[np.bool_] = np.isfinite(points)
        return finite[:, 0] & finite[:, 1]

    def image_at(self, at: QPointF) -> int:
        """The drawn image nearest to a point; -1 if none is near."""
        positions = self.positions()
        if not len(positions):
            return -1
        away = np.hypot(positions[:, 0] - at.x(), positions[:, 1] - at.y())
        away[~self._reachable() | np.isnan(away)] = np.inf
        nearest = int(away.argmin())
        return nearest if away[nearest] <= NEAR else -1

    def _reachable(self) -> NDArray[np.bool_]:
        """What can be pointed at: of a class that stands out alone, only that."""
        return self.seen if self.solo is None else self.seen & (self.labels == self.solo)

    # Mouse and keys.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click, or the beginning of a lasso."""
        if event.button() == Qt.MouseButton.LeftButton and self.plane:
            self._lasso = Lasso(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The lasso goes on, or another point is under the pointer."""
        if self._lasso is None:
            self._point(self.image_at(event.position()))
        elif self._lasso.draw_to(event.position()):
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Chooses what was clicked, or takes what is in the lasso."""
        lasso = self._lasso
        if lasso is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._lasso = None
        self.update()
        if lasso.is_click and (image := self.image_at(lasso.start)) >= 0:
            self.chosen.emit(image)
            return
        inside = lasso.inside(self.positions(), self.size()) & self._reachable()
        self._take(np.flatnonzero(inside).astype(np.int64))

    def _take(self, numbers: NDArray[np.int64]) -> None:
        if len(numbers) or len(self.rope):
            self.rope = numbers
            self.redraw()
            self.roped.emit(numbers)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """All of it again."""
        self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is gone."""
        self._point(-1)

    def _point(self, image: int) -> None:
        if image != self.lit:
            self.lit = image
            self.pointed.emit(image)
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms; what is under the pointer stays there."""
        wanted = self._zoom * 1.2 ** (event.angleDelta().y() / 120)
        zoom = min(max(wanted, 1.0), MOST_ZOOM)
        way = event.position() - self.area.center()
        self._shift = way - (way - self._shift) * (zoom / self._zoom)
        self._zoom = zoom
        if zoom == 1:
            self._shift = QPointF()
        self.redraw()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right from image to image, up and down from class to class, F all of it."""
        key = Qt.Key(event.key())
        if key in STEPS:
            self.step_wanted.emit(STEPS[key])
        elif key in CLASSES:
            self.class_wanted.emit(CLASSES[key])
        elif key == Qt.Key.Key_F:
            self.fit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._take(np.empty(0, np.int64))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another scale."""
        super().resizeEvent(event)
        self.redraw()

    # Looks.

    def paintEvent(self, event: QPaintEvent) -> None:
        """The points, the axes, the names, the rings, the lasso."""
        painter, colors = QPainter(self), theme.tokens()
        painter.setFont(theme.font(theme.SMALL))
        if self.plane is None or not np.isfinite(self.plane.points).any():
            painter.setPen(theme.color(colors.muted))
            flags = CENTER | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()).adjusted(40, 0, -40, 0), flags, self.empty)
            painter.end()
            return
        painter.drawImage(QPointF(), self._drawn(painter.device().devicePixelRatioF()))
        if isinstance(self.plane, Plane):
            paint_axes(painter, self.plane, self.area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        positions = self.positions()
        self._paint_names(painter, positions)
        painter.setClipRect(self.area.adjusted(-8, -8, 8, 8))
        self._ring(painter, positions, self.image, colors.selected, 6)
        if posed_area(self) is None:
            self._ring(painter, positions, self.lit, colors.text, 5)
        if self._lasso:
            self._lasso.paint(painter)
        painter.end()

    def _drawn(self, ratio: float) -> QImage:
        """The picture of the points, made anew where it has to be."""
        if self._picture is None or self._picture[0] != ratio:
            size = round(self.width() * ratio), round(self.height() * ratio)
            ground = theme.color(theme.tokens().background)
            made = PointPicture(size, self._radius * ratio, ground)
            positions, colors, shares = self._inside(), self._class_colors(), self._shares()
            below = np.array([ground.red(), ground.green(), ground.blue()])
            for share in (FAINT, HALF, 1.0):
                group = np.flatnonzero(self.seen & (shares == share))
                each = below + share * (colors[self.labels[group]] - below)
                made.add(positions[group] * ratio, np.rint(each).astype(np.uint8))
            image = made.image()
            image.setDevicePixelRatio(ratio)
            self._picture = (ratio, image, made)
        return self._picture[1]

    def _inside(self) -> Array:
        """The positions, NaN for those outside of the axes."""
        positions, area = self.positions().copy(), self.area.adjusted(-4, -4, 4, 4)
        outside = (positions < (area.left(), area.top())).any(axis=1)
        outside |= (positions > (area.right(), area.bottom())).any(axis=1)
        positions[outside] = np.nan
        return positions

    def _class_colors(self) -> Array:
        """Of each class, (C, 3)."""
        colors = [theme.class_color(k) for k in range(len(self.names))]
        return np.array([(each.red(), each.green(), each.blue()) for each in colors], np.float64)

    def _shares(self) -> Array:
        """How much is seen of each point, (N,): all of those that stand out."""
        shares = np.ones(len(self.labels))
        if len(self.rope):
            shares[:] = HALF
            shares[self.rope] = 1
        if self.solo is not None:
            shares[self.labels != self.solo] = FAINT
        return shares

    @property
    def _radius(self) -> float:
        """Fewer points are larger."""
        return RADIUS if np.count_nonzero(self.seen & self.placed) > 3000 else RADIUS + 1.2

    def _paint_names(self, painter: QPainter, positions: Array) -> None:
        """Each class's name in the middle of its points."""
        if len(self.names) > MOST_NAMED:
            return
        colors, metrics = theme.tokens(), painter.fontMetrics()
        for k, name in enumerate(self.names):
            own = positions[self.seen & (self.labels == k)]
            own = own[np.isfinite(own).all(axis=1)]
            if len(own) < FEWEST_NAMED or self.solo not in (None, k):
                continue
            at = QPointF(*np.median(own, axis=0).tolist())
            if not self.area.contains(at):
                continue
            box = QRectF(0, 0, metrics.horizontalAdvance(name) + 12, 18)
            box.moveCenter(at)
            painter.setPen(QPen(theme.class_color(k), 1.2))
            painter.setBrush(theme.color(colors.background, 0.86))
            painter.drawRoundedRect(box, 5, 5)
            painter.setPen(theme.color(colors.text))
            painter.drawText(box, CENTER, name)

    def _ring(
        self, painter: QPainter, positions: Array, image: int, color: str, size: float
    ) -> None:
        if 0 <= image < len(positions) and np.isfinite(positions[image]).all():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color(color), 2))
            painter.drawEllipse(QPointF(*positions[image].tolist()), size, size)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_glide"):
            self.redraw()
        super().changeEvent(event)
