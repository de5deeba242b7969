"""Another run for comparison: what it makes of the digit that is shown, at about the same moment.

Part of the session. It is asked whenever another digit or moment is shown, which takes as long as
showing that; asked again for the same, it gives the same.
"""

import numpy as np

from cnnviz.core.errors import SpecError
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from cnnviz.core.trainer import Snapshot
from cnnviz.ui.comparison import Kept
from cnnviz.ui.runs import Run
from cnnviz.ui.shown_image import ShownImage
from cnnviz.ui.theme import spaced

MOST_NAME = 24
"""Letters of the run's name in a line that says more than that."""


class OtherRun:
    """A source for the comparison; the run is one that was left."""

    def __init__(self, run: Run, like: Network) -> None:
        """Raises SpecError unless every layer's output has the shape of that of `like`."""
        assert run.saved
        self.run = run
        self._network = Network(run.spec, run.settings.seed)
        self._saved = run.saved
        self._last: tuple[tuple[ShownImage, Snapshot, str, str], Kept] | None = None
        _check_alike(run.name, self._network, like)

    def __call__(self, image: ShownImage, step: int) -> Kept:
        """What the run makes of an image at the batch `step`, or nearest before it."""
        snapshot = self._snapshot(step)
        key = (image, snapshot, self.run.name, self._words(snapshot, step))
        if self._last and self._last[0] == key:
            return self._last[1]
        self._network.vector[...] = snapshot.vector
        with np.errstate(all="ignore"):  # a network that has diverged holds infinities
            inspection = inspect(self._network, image.values)
        weights = self._network.state_dict()
        kept = Kept(inspection, weights, snapshot.step, key[3], self.run.name)
        self._last = key, kept
        return kept

    def _snapshot(self, step: int) -> Snapshot:
        """At this batch if it has it, nearest before, else its newest or where it began."""
        if step >= self._saved.step:
            return self._saved.newest
        timeline = self.run.timeline
        if not timeline.snapshots:
            return self._saved.newest
        return timeline.nearest(max(step, timeline.first))

    def _words(self, snapshot: Snapshot, step: int) -> str:
        name = self.run.name
        name = name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…"
        words = f"{name} at batch {spaced(snapshot.step)}"
        if snapshot.step == step:
            return words
        if snapshot is self._saved.newest:
            return f"{words}, its newest"
        if snapshot.step > step:
            return f"{words}, its first"
        return f"{words}, the nearest kept before"


def _check_alike(name: str, one: Network, other: Network) -> None:
    for shapes in zip(_shapes(one), _shapes(other), strict=False):
        if shapes[0] != shapes[1]:
            there, here = (f"{label} {_times(shape)}" for label, shape in shapes)
            raise SpecError(
                f"{name} has other layers than the open run ({there} there, {here} here), so "
                "their maps cannot lie beside each other. Their curves can be compared below."
            )
    if len(one.layers) != len(other.layers):
        raise SpecError(
            f"{name} has {len(one.layers)} layers and the open run {len(other.layers)}, so their "
            "maps cannot lie beside each other. Their curves can be compared below."
        )


def _shapes(network: Network) -> list[tuple[str, tuple[int, ...]]]:
    """Of the image and of every layer's output; of kernels too, which are drawn beside them."""
    found: list[tuple[str, tuple[int, ...]]] = [("image", network.spec.input_shape)]
    for layer in network.layers:
        found.append((layer.label, layer.output_shape))
        found += [
            (f"{layer.label} {name}", shape) for name, shape in layer.parameter_shapes.items()
        ]
    return found


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(str(length) for length in shape)
