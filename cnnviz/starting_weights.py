"""A new run that begins with weights from a file, not with ones that are drawn."""

from pathlib import Path

from cnnviz.core import PRESETS, Dataset, Settings, Trainer
from cnnviz.core.export import Source, read_network
from cnnviz.terminal import Run


def run(path: Path, preset: str | None, dataset: Dataset, settings: Settings) -> Run:
    """The network that the file names, or a preset fitted to the data, with the file's weights.

    Raises WeightsError if they are not that network's, DataError if the data do not fit it.
    """
    fitted = None
    if preset:
        fitted = PRESETS[preset].fitted(dataset.input_shape, len(dataset.class_names))
    network = read_network(path, fitted)
    Source(network).check_data(dataset)
    trainer = Trainer(network.spec, dataset, settings)
    trainer.network.load_state_dict(network.state_dict())
    return Run(trainer, notes=f"Began with the weights in {path.name}.")
