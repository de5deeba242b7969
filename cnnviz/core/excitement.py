"""Which images excite a map most: the greatest value that each image gives it, and where it is.

The whole split goes through the layers up to the map, some images at a time, on a thread of its
own; the weights are a copy, so training may go on meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets import Split
from cnnviz.core.network import Network
from cnnviz.core.priority import let_others_first
from cnnviz.core.receptive_field import Place
from cnnviz.core.spec import Spec
from cnnviz.core.task import Task
from cnnviz.core.workspace import Array, Workspace, may_diverge

IMAGES_AT_ONCE = 100
MOST_FINDS = 12


@dataclass(frozen=True, eq=False)
class Question:
    """Which images of `split` excite map `channel` of `layer`, by the weights in `vector`."""

    spec: Spec
    vector: Array = field(repr=False)
    """A copy that nobody writes to."""
    step: int
    """How many batches these weights have learned from."""
    split: Split = field(repr=False)
    layer: str
    channel: int


class Find(NamedTuple):
    """An image of the split, its greatest value in the map, and where that is."""

    image: int
    place: Place
    value: float


@dataclass(frozen=True)
class Standing:
    """Where a search is; once `ended`, it stays so."""

    done: int
    """Images that have been looked at."""
    finds: tuple[Find, ...] | None
    """The most exciting images, the greatest value first; None before the end."""
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class Search(Task[Standing]):
    """A search on a thread of its own; cancelled, it ends after the images under way."""

    def __init__(self, question: Question) -> None:
        super().__init__("search", Standing(0, None, False, None))
        self.question = question

    def _work(self) -> dict[str, Any]:
        let_others_first()
        finds = most_exciting(self.question, self._count, self._cancelled.is_set)
        return {"finds": None if finds is None else tuple(finds)}

    def _count(self, done: int) -> None:
        self._tell(done=done)


def most_exciting(
    question: Question,
    tell: Callable[[int], None] = lambda done: None,
    interrupted: Callable[[], bool] = lambda: False,
    count: int = MOST_FINDS,
) -> list[Find] | None:
    """The `count` images with the greatest values; of equal ones the lower index comes first.

    Tells how many images are done; None if `interrupted()` says so on the way. An image whose map
    holds no number at all, for the network has diverged, excites nothing.
    """
    network = Network(question.spec)
    network.vector[...] = question.vector
    values: list[Array] = []
    places: list[NDArray[np.intp]] = []
    run = _Run(network, question.layer)
    for start in range(0, len(question.split), IMAGES_AT_ONCE):
        if interrupted():
            return None
        stop = min(start + IMAGES_AT_ONCE, len(question.split))
        images, _ = question.split.batch(np.arange(start, stop))
        maps = run.outputs(images)[:, question.channel].reshape(stop - start, -1)
        maps = np.where(np.isnan(maps), -np.inf, maps)
        places.append(maps.argmax(axis=1))
        values.append(maps.max(axis=1))
        tell(stop)
    return _greatest(question, np.concatenate(values), np.concatenate(places), run.width, count)


class _Run:
    """The layers of a network up to one of them."""

    def __init__(self, network: Network, last: str) -> None:
        names = [layer.name for layer in network.layers]
        self._layers = network.layers[: names.index(last) + 1]
        self.width = self._layers[-1].output_shape[2]
        self._parameters = dict(network.named_parameters())
        self._workspaces = [Workspace() for _ in self._layers]

    @may_diverge
    def outputs(self, images: Array) -> Array:
        """What the last of the layers makes of `images`; it lives until the next call."""
        values = images
        for layer, workspace in zip(self._layers, self._workspaces, strict=True):
            names = layer.parameter_shapes
            weights = {name: self._parameters[f"{layer.name}.{name}"] for name in names}
            values = layer.forward(values, weights, workspace)
        return values


def _greatest(
    question: Question, values: Array, places: NDArray[np.intp], width: int, count: int
) -> list[Find]:
    order = np.argsort(-values, kind="stable")[:count]  # stable: ties stay in the images' order
    finds = []
    for image in order.tolist():
        if values[image] == -np.inf:
            break
        y, x = divmod(int(places[image]), width)
        place = Place(question.layer, (question.channel, y, x))
        finds.append(Find(image, place, float(values[image])))
    return finds
