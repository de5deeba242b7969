"""How the probabilities of all classes moved for one image, from one kept moment to the next.

Reckoned when somebody asks: for all images at once it would take much memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnviz.core.loss import softmax
from cnnviz.core.network import Network
from cnnviz.core.priority import LAST, let_others_first
from cnnviz.core.spec import Spec
from cnnviz.core.task import Task
from cnnviz.core.trainer import Snapshot
from cnnviz.core.workspace import Array


@dataclass(frozen=True, eq=False)
class Standing:
    """Where it is; once `ended`, it stays so."""

    probabilities: Array | None
    """0 to 1, or NaN, (moments, classes); None before the end."""
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class ImageHistory(Task[Standing]):
    """One image (C, H, W) through the network of each snapshot."""

    def __init__(self, spec: Spec, snapshots: Sequence[Snapshot], image: Array) -> None:
        super().__init__("image-history", Standing(None, False, None))
        self._spec, self._snapshots, self._image = spec, snapshots, image

    def _work(self) -> dict[str, Any]:
        let_others_first(LAST)
        network = Network(self._spec)
        found = np.zeros((len(self._snapshots), network.classes), np.float32)
        for row, snapshot in zip(found, self._snapshots, strict=True):
            if self._cancelled.is_set():
                return {}
            network.vector[...] = snapshot.vector
            row[:] = softmax(network.run(self._image[None])[-1])[0]
        return {"probabilities": found}
