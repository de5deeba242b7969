"""Strokes on a paper by mouse events, as a hand makes them."""

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PLAIN = Qt.KeyboardModifier.NoModifier
SEVEN = ((0.25, 0.25), (0.75, 0.25), (0.45, 0.85))


def spot(canvas, x, y):
    """The pixel of the canvas at a share of the paper."""
    return (canvas.paper.topLeft() + QPointF(x, y) * canvas.paper.width()).toPoint()


def draw(canvas, points=SEVEN, button=LEFT):
    spots = [spot(canvas, *point) for point in points]
    QTest.mousePress(canvas, button, PLAIN, spots[0])
    for each in spots[1:]:
        move(canvas, each, button)
    QTest.mouseRelease(canvas, button, PLAIN, spots[-1])


def move(canvas, at, button=LEFT):
    """A move with the button held down, which QTest.mouseMove has no way to say."""
    where = QPointF(canvas.mapToGlobal(at))
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), where, NONE, button, PLAIN)
    QApplication.sendEvent(canvas, event)
