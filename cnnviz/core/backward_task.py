"""The way back for one image, at once or, where that would take long, on a thread of its own."""

from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

from cnnviz.core.backward_inspection import BackwardInspection, inspect_backward
from cnnviz.core.inspection import Inspection
from cnnviz.core.microscope import Dissection
from cnnviz.core.network import Network
from cnnviz.core.one_image import as_dissection
from cnnviz.core.spec import Spec
from cnnviz.core.task import Task
from cnnviz.core.workspace import Array, may_diverge


@dataclass(frozen=True, eq=False)
class LookedBack:
    """What was found, all of one moment."""

    inspection: Inspection
    backward: BackwardInspection
    seconds: float
    """How long it took."""
    _spec: Spec
    _vector: Array

    @cached_property
    def dissection(self) -> Dissection:
        """The same as a batch of one image, made when it is asked for."""
        return as_dissection(self._spec, self._vector, self.inspection, self.backward)


@may_diverge
def look_back(network: Network, inspection: Inspection, label: int) -> LookedBack:
    """Every gradient of the image of `inspection`, which is of this very network.

    Writes to the network's `gradient`. Raises CnnvizError if image or class do not fit it.
    """
    start = perf_counter()
    backward = inspect_backward(network, inspection.image, label)
    vector = network.vector.copy()
    return LookedBack(inspection, backward, perf_counter() - start, network.spec, vector)


@dataclass(frozen=True)
class Standing:
    """Where it is; once `ended`, it stays so."""

    result: LookedBack | None
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class LookingBack(Task[Standing]):
    """The same on a thread; the network must be nobody else's meanwhile."""

    def __init__(self, network: Network, inspection: Inspection, label: int) -> None:
        super().__init__("backward", Standing(None, False, None))
        self._given = network, inspection, label

    def _work(self) -> dict[str, Any]:
        return {"result": look_back(*self._given)}
