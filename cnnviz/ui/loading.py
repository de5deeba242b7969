"""A run that is being loaded: its data are read on the runner's thread, with progress, or given up.

Part of the session.
"""

import threading
from dataclasses import replace

from cnnviz.core.datasets import Dataset, read_dataset
from cnnviz.core.presets import architecture
from cnnviz.core.settings import planned_epochs
from cnnviz.core.trainer import Trainer
from cnnviz.core.weights_kept import keep_weights
from cnnviz.ui.messages import RunRequest


class Loading:
    """What was asked for; `build` is called on a thread, all else by the session."""

    def __init__(self, request: RunRequest, dataset: Dataset | None) -> None:
        """`dataset` is the one that the request names, if it has been read already."""
        self.request = request
        self.progress = ("", 0, 0)
        """What is being done, how many are done, of how many (0 if nobody knows); or nothing."""
        self._dataset = dataset
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Ends the reading soon; nobody waits for it."""
        self._given_up.set()

    def build(self) -> Trainer:
        """The trainer of a new run, or of one that goes on."""
        request = self.request
        dataset = self._dataset or self._read()
        if request.start:
            return request.start.trainer(dataset)
        epochs = request.epochs or planned_epochs(len(dataset.train))
        settings = replace(request.settings, epochs=epochs)
        trainer = Trainer(architecture(request.network), dataset, settings)
        if request.weights:
            keep_weights(*request.weights, trainer.network)
        return trainer

    def _read(self) -> Dataset:
        return read_dataset(self.request.data, None, self._take, self._given_up.is_set)[0]

    def _take(self, stage: str, done: int, of: int) -> None:
        self.progress = (stage, done, of)
