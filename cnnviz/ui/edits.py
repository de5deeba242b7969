"""The edits that lie over whatever network is shown: made, undone and taken back here.

Part of the session, which lays them over each vector before it inspects. Training knows nothing of
them unless they are applied.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.edits import EditHistory, Edits, Filter, Weight, apply_edits, filter_behind
from cnnviz.core.layer import Layer
from cnnviz.core.network import Network
from cnnviz.core.receptive_field import Place
from cnnviz.core.spec import Spec
from cnnviz.core.workspace import Array


class ShownEdits(QObject):
    """The edits of now, and the way back. A stroke of paint is one step, however many weights."""

    changed = Signal()
    """There are other edits now, or another way back."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.learned: Array = np.empty(0, np.float32)
        """The vector below the edits; never written to."""
        self._spec: Spec | None = None
        self._layers: Sequence[Layer] = ()
        self._history = EditHistory()
        self._in_stroke = self._stroke_began = False

    def lay_over(self, network: Network, vector: Array) -> None:
        """Loads `vector` into the shown network, and the edits over it.

        Another network has other filters: then there are no edits, nor any way back.
        """
        if network.spec != self._spec:
            self._history, self._stroke_began = EditHistory(), False
        self._spec, self._layers = network.spec, network.layers
        self.learned = vector
        network.vector[...] = vector
        apply_edits(network, self.now)

    @property
    def now(self) -> Edits:
        """What is edited."""
        return self._history.now

    @property
    def can_undo(self) -> bool:
        """Whether there is a step back."""
        return bool(self._history.past)

    @property
    def can_redo(self) -> bool:
        """Whether anything was undone."""
        return bool(self._history.future)

    def can_mute(self, place: Place) -> bool:
        """Whether a filter made the map that `place` is on."""
        return filter_behind(self._layers, place) is not None

    def is_muted(self, place: Place) -> bool:
        """Whether the value at `place` is of a muted filter's map."""
        return filter_behind(self._layers, place) in self.now.muted

    def toggle_mute(self, layer: str, number: int) -> None:
        """Mutes a filter, or lets it speak again."""
        self._take(self._history.then(self.now.toggled(Filter(layer, number))))

    def toggle_mute_behind(self, place: Place | None) -> None:
        """The same for the filter whose map `place` is on, if it is on one."""
        which = filter_behind(self._layers, place) if place else None
        if which:
            self.toggle_mute(*which)

    def paint(self, weights: Iterable[Weight], value: float) -> None:
        """Gives weights a value; within a stroke this is no step of its own."""
        edits = self.now
        for weight in weights:
            edits = edits.with_paint(weight, value)
        if edits == self.now:
            return
        amends = self._in_stroke and self._stroke_began
        self._take(self._history.amended(edits) if amends else self._history.then(edits))
        self._stroke_began = True

    def begin_stroke(self) -> None:
        """What is painted until `end_stroke` is one step."""
        self._in_stroke, self._stroke_began = True, False

    def end_stroke(self) -> None:
        """The next paint is a step of its own."""
        self._in_stroke = self._stroke_began = False

    @Slot()
    def undo(self) -> None:
        """A step back."""
        self._take(self._history.undone())

    @Slot()
    def redo(self) -> None:
        """The step that was undone last."""
        self._take(self._history.redone())

    @Slot()
    def clear(self) -> None:
        """Takes all back; that can be undone too."""
        self._take(self._history.then(Edits()))

    def settle(self, applied: Edits) -> None:
        """These have gone into training, so they need not lie over it, nor can they be undone."""
        self._take(EditHistory(self.now.beyond(applied)))

    def _take(self, history: EditHistory) -> None:
        self._stroke_began = False  # a stroke amends its own step only
        if history != self._history:
            self._history = history
            self.changed.emit()
