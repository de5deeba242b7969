"""Every kernel the network learns: for each conv layer, every channel of every filter, live.

And weights painted by hand, by pointer or keys, to see at once what the network makes of them.
"""

from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollArea, QToolButton, QWidget

from cnnviz.core.edits import Weight
from cnnviz.core.layers import Conv2D
from cnnviz.ui import theme
from cnnviz.ui.brush import Brush, points_between
from cnnviz.ui.filters_canvas import FiltersCanvas
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_menu import Choice, ChoiceMenu
from cnnviz.ui.widgets.posing import posed_area
from cnnviz.ui.widgets.save_choices import kernel_choices, picture_choice

SCROLL_BAR = 8
WHEEL_STEP = 120
"""What Qt says of one notch of a wheel."""
ARROWS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
ERASE = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
BRUSH = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}
SIGNS = {Qt.MouseButton.LeftButton: 1, Qt.MouseButton.RightButton: -1}


class FiltersView(QScrollArea):
    """The kernels of all conv layers, scrolled where they are many."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = PaintingCanvas(session)
        self.setWidgetResizable(True)
        self.setWidget(self.canvas)
        self.setAccessibleName("Kernels of each conv layer")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.paint_button = QToolButton()
        self.paint_button.setText("Paint")
        self.paint_button.setCheckable(True)
        self.paint_button.setProperty("quiet", "true")
        self.paint_button.setAccessibleName("Paint kernels")
        self.paint_button.setToolTip(
            "Paint weights by hand and see what it changes (Ctrl+E).\n"
            "The left button paints, the right one the negative; the wheel changes how much."
        )
        self.paint_button.toggled.connect(self.canvas.set_painting)
        self.canvas.cursor_moved.connect(self._follow_cursor)
        self.canvas.done.connect(self._end_painting)
        session.run_changed.connect(self._follow_run)
        self._follow_run()

    @Slot()
    def _follow_run(self) -> None:
        """Without kernels there is nothing to paint."""
        any_kernels = bool(self.canvas.blocks)
        self.paint_button.setEnabled(any_kernels)
        self.paint_button.setChecked(self.paint_button.isChecked() and any_kernels)

    @Slot(QRectF)
    def _follow_cursor(self, area: QRectF) -> None:
        center = area.center()
        self.ensureVisible(round(center.x()), round(center.y()))

    @Slot()
    def _end_painting(self) -> None:
        self.paint_button.setChecked(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lays the kernels out in the width, always leaving room for the scroll bar.

        With the viewport's width, a bar that comes could make itself needless, go, and come again.
        """
        super().resizeEvent(event)
        self.canvas.fit(self.width() - SCROLL_BAR)


class PaintingCanvas(FiltersCanvas):
    """The kernels, and while `painting` a brush: one drag is one step to take back."""

    cursor_moved = Signal(QRectF)
    """Where the keys are now, while painting."""
    done = Signal()
    """The user wants to paint no more."""
    film_wanted = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setAccessibleName("Weights of the kernels")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.painting = False
        self._brush = Brush()
        self._cursor: Weight | None = None
        self._stroke: tuple[int, QPointF] | None = None  # its sign, and where it has come to
        self._turned = 0
        session.run_changed.connect(self._begin_anew)
        self._begin_anew()

    @Slot()
    def _begin_anew(self) -> None:
        """Other kernels; the keys are at the first weight."""
        self._brush.forget()
        self._cursor = self.blocks[0].end(top=True) if self.blocks else None
        self._end_stroke()

    @property
    def looked_at(self) -> Weight | None:
        """The weight under the pointer, else where the keys are."""
        if self.pointer is None and self.painting and self.hasFocus():
            return self._cursor
        return super().looked_at

    def line_below(self, layer: Conv2D) -> str:
        """While painting: what the buttons and the wheel do."""
        if not self.painting:
            return super().line_below(layer)
        value = f"{self._brush_value(layer.name):.3g}"
        return f"left {value} · right −{value} · wheel: more or less"

    def paint_more(self, painter: QPainter) -> None:
        """Where the keys are: on the view, or while they paint on a weight."""
        if self._framed and not posed_area(self):
            painter.setPen(theme.color(theme.tokens().selected))
            painter.drawRect(QRectF(self.visibleRegion().boundingRect()).adjusted(0, 0, -1, -1))
        if self._cursor and self.looked_at is self._cursor:
            block = self.block_of(self._cursor)
            if block:
                painter.setPen(theme.color(theme.tokens().selected))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(block.weight_area(self._cursor).adjusted(-1, -1, 0, 0))

    @Slot(bool)
    def set_painting(self, on: bool) -> None:
        """From now on the pointer and the keys paint, or no more."""
        self.painting = on
        self._end_stroke()
        if on:
            self.setCursor(Qt.CursorShape.CrossCursor)
            self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.unsetCursor()
            self.clearFocus()
        self.update()

    def _brush_value(self, layer: str) -> float:
        return self._brush.value(layer, self.level(layer))

    def _turn_brush(self, layer: str, steps: int) -> None:
        self._brush.turn(layer, self.level(layer), steps)
        self.update()

    def _stroke_to(self, point: QPointF) -> None:
        """Paints all weights on the way from where the stroke has come to."""
        if self._stroke is None:
            return
        sign, start = self._stroke
        self._stroke = (sign, point)
        weights = [self.weight_at(each) for each in points_between(start, point, 2)]
        for block in self.blocks:
            layer = block.layer.name
            value = sign * self._brush_value(layer)
            self.session.edits.paint([w for w in weights if w and w.layer == layer], value)

    def _end_stroke(self) -> None:
        self._stroke = None
        self.session.edits.end_stroke()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begins a stroke; with Alt mutes the filter under the pointer, painting or not."""
        weight, modifiers = self.weight_at(event.position()), event.modifiers()
        if weight and modifiers & Qt.KeyboardModifier.AltModifier:
            self.session.edits.toggle_mute(weight.layer, weight.filter)
        elif self.painting and self._stroke is None and event.button() in SIGNS:
            sign = SIGNS[event.button()]
            if modifiers & Qt.KeyboardModifier.ShiftModifier:
                sign = -sign
            self._cursor = weight or self._cursor
            self._stroke = (sign, event.position())
            self.session.edits.begin_stroke()
            self._stroke_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks for a value, or paints."""
        super().mouseMoveEvent(event)
        self._stroke_to(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The stroke is done."""
        if not event.buttons():
            self._end_stroke()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """While painting, over a kernel: another brush. Else it scrolls."""
        weight = self.weight_at(event.position()) if self.painting else None
        if weight is None:
            super().wheelEvent(event)
            return
        self._turned += event.angleDelta().y()
        steps = int(self._turned / WHEEL_STEP)
        self._turned -= steps * WHEEL_STEP
        self._turn_brush(weight.layer, steps)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """While painting: arrows choose a weight, Enter paints it, Del erases, + − the brush."""
        key, weight = Qt.Key(event.key()), self._cursor
        if not self.painting or weight is None:
            super().keyPressEvent(event)
            return
        self.pointer = None
        negative = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if key == Qt.Key.Key_Escape:
            self.done.emit()
        elif key in ARROWS:
            self._move_cursor(weight, *ARROWS[key])
        elif key in ENTER:
            value = self._brush_value(weight.layer)
            self.session.edits.paint([weight], -value if negative else value)
        elif key in ERASE:
            self.session.edits.paint([weight], 0.0)
        elif key in BRUSH:
            self._turn_brush(weight.layer, BRUSH[key])
        else:
            super().keyPressEvent(event)

    def _move_cursor(self, weight: Weight, down: int, right: int) -> None:
        """A weight further; from the last line of a layer down to the next layer, and back."""
        names = [block.layer.name for block in self.blocks]
        at = names.index(weight.layer)
        self._cursor = self.blocks[at].moved(weight, down, right)
        if self._cursor == weight and down and 0 <= at + down < len(names):
            self._cursor = self.blocks[at + down].end(top=down > 0)
        block = self.block_of(self._cursor)
        if block:
            self.cursor_moved.emit(block.weight_area(self._cursor))
            self.setAccessibleDescription(self.in_words(self._cursor))
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be saved: the kernel under the pointer, all of each layer, the picture."""
        if self.painting:
            return  # the right button paints
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        found = None if by_key else self.weight_at(QPointF(event.pos()))
        self.pointer = None
        sections = [
            kernel_choices(self, self.session, block.layer, found.filter if found else None)
            for block in self.blocks
            if found is None or block.layer.name == found.layer
        ]
        picture = picture_choice(self, self.session, "Save as picture…", "filters")
        sections.append([picture, Choice("Save as film…", self.film_wanted.emit)])
        ChoiceMenu(self, sections).open_at(event.globalPos())
