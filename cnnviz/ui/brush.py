"""What a kernel is painted with: a value a layer, its scale's level until another is chosen."""

from math import ceil

from PySide6.QtCore import QLineF, QPointF

STEPS = 10
"""Turns of the wheel from 0 to a layer's level."""


class Brush:
    """Values that are painted, 0 or more; the other button paints their negatives."""

    def __init__(self) -> None:
        self._chosen: dict[str, float] = {}

    def value(self, layer: str, level: float) -> float:
        """What is painted on that layer, whose greatest weight is `level`."""
        return self._chosen.get(layer, level or 1.0)

    def turn(self, layer: str, level: float, steps: int) -> None:
        """Some steps more, or less."""
        step = (level or 1.0) / STEPS
        turned = max(self.value(layer, level) + steps * step, 0.0)
        self._chosen[layer] = 0.0 if turned < step / 2 else float(f"{turned:.3g}")

    def forget(self) -> None:
        """Another network: its levels are others."""
        self._chosen.clear()


def points_between(start: QPointF, end: QPointF, distance: float) -> list[QPointF]:
    """Points from `start` to `end`, both with them, so close that nothing is skipped."""
    line = QLineF(start, end)
    count = max(1, ceil(line.length() / distance))
    return [line.pointAt(k / count) for k in range(count + 1)]
