"""Whether a widget is painted for a file: then all of it counts as seen, and no pointer is there.

Painting asks here; taking a picture says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

_POSE = "pose"


@contextmanager
def posing(widget: QWidget, area: QRect) -> Iterator[None]:
    """Meanwhile the part of `widget` in `area` is painted for a file."""
    widget.setProperty(_POSE, area)
    try:
        yield
    finally:
        widget.setProperty(_POSE, None)


def posed_area(widget: QWidget) -> QRect | None:
    """The part of `widget` that is painted for a file just now; None on the screen."""
    area = widget.property(_POSE)
    return area if isinstance(area, QRect) else None
