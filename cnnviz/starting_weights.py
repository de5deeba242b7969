"""A new run that begins with weights from a file, not with ones that are drawn."""

from pathlib import Path

from cnnviz.core import Dataset, Settings, Spec, Trainer
from cnnviz.core.export import Source, read_network
from cnnviz.core.presets import architecture
from cnnviz.terminal import Run


def run(path: Path, network: str | Spec | None, dataset: Dataset, settings: Settings) -> Run:
    """The network that the file names, or `network` fitted to the data, with the file's weights.

    Raises WeightsError if they are not that network's, DataError if the data do not fit it.
    """
    fitted = None
    if network:
        classes = len(dataset.class_names)
        fitted = architecture(network).fitted(dataset.input_shape, classes)
    found = read_network(path, fitted)
    Source(found).check_data(dataset)
    trainer = Trainer(found.spec, dataset, settings)
    trainer.network.load_state_dict(found.state_dict())
    return Run(trainer, notes=f"Began with the weights in {path.name}.")
