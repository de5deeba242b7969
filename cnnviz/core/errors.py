"""One family of exceptions for what a user can mend, so that every front can show it as a message.

Anything else that is raised is a defect of cnnviz and keeps its traceback.
"""


class CnnvizError(ValueError):
    """A problem the user can mend; the message says what is wrong and the way out."""


class SpecError(CnnvizError):
    """An architecture that cannot be built; the message names the layer and the reason."""

    def __init__(self, message: str, field: str | None = None, layer: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        """The field that is off, where it is one: of the layer, or of the spec itself."""
        self.layer = layer
        """The layer's position, from 0; None where the fault is not in one layer."""


class SettingsError(CnnvizError):
    """A hyperparameter that makes no sense, such as a learning rate of zero."""


class DataError(CnnvizError):
    """Data that is missing, damaged or does not fit."""


class StorageError(CnnvizError):
    """A saved run that cannot be read, or does not belong to the data it is to go on with."""


class WeightsError(CnnvizError):
    """Weights whose names or shapes are not those of the network."""


class MissingPackageError(CnnvizError):
    """A format needs a package that is not installed; the message says how to get it."""
