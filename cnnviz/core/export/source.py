"""What is exported: a network with its weights, and what is known about where they come from."""

import json
from dataclasses import dataclass

from cnnviz import __version__
from cnnviz.core.datasets import Dataset
from cnnviz.core.errors import DataError
from cnnviz.core.evaluation import Evaluation
from cnnviz.core.network import Network
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.trainer import Snapshot

METADATA = ("cnnviz", "spec", "class_names", "data", "step")
"""What every file of weights says besides the weights; each is a text."""


@dataclass(frozen=True, eq=False)
class Source:
    """A network and what is known of it; nobody may write to the network while it is exported."""

    network: Network
    class_names: tuple[str, ...] = ()
    """One for each class; without them, classes are called 0, 1, 2 …"""
    run: SavedRun | None = None
    """The training it comes from; its history and settings need one."""
    step: int | None = None
    """Batches the network had learned from."""
    dataset: Dataset | None = None
    """What the report tests it on; without one it has no test."""
    evaluation: Evaluation | None = None
    """Of the network on the data set's test images, if that was done already."""

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each class."""
        names = self.class_names or (self.dataset.class_names if self.dataset else ())
        classes = self.network.classes
        return names if len(names) == classes else tuple(str(label) for label in range(classes))

    def check_data(self, dataset: Dataset) -> None:
        """Raises DataError for images of another shape, or another number of classes."""
        shape, classes = self.network.spec.input_shape, len(dataset.class_names)
        if dataset.input_shape != shape or classes != self.network.classes:
            raise DataError(
                f"{dataset.title} has images {dataset.input_shape} of {classes} classes; this "
                f"network takes {shape} and tells {self.network.classes} classes apart. "
                "Choose the data it was trained on."
            )

    def metadata(self) -> dict[str, str]:
        """What a file of weights says about them, see METADATA; lists and objects as JSON."""
        data = self.run.data if self.run else self.dataset.name if self.dataset else ""
        return {
            "cnnviz": __version__,
            "spec": json.dumps(self.network.spec.to_dict()),
            "class_names": json.dumps(self.names),
            "data": data,
            "step": "" if self.step is None else str(self.step),
        }


def of_run(
    run: SavedRun, snapshot: Snapshot | None = None, dataset: Dataset | None = None
) -> Source:
    """A saved run at one of its snapshots, the newest unless given."""
    snapshot = snapshot or run.newest
    network = Network(run.spec)
    network.vector[...] = snapshot.vector
    return Source(network, run=run, step=snapshot.step, dataset=dataset)
