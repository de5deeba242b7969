"""Whether a network can learn from a data set, asked before anything is built; which ones can."""

from cnnviz.core.architecture import build_architecture, check_classes
from cnnviz.core.datasets import Dataset
from cnnviz.core.errors import SpecError
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import Spec


def misfit(spec: Spec, dataset: Dataset) -> str:
    """What the engine has against it, in its words; empty if it fits."""
    classes = len(dataset.class_names)
    try:
        check_classes(build_architecture(spec.fitted(dataset.input_shape, classes)), classes)
    except SpecError as error:
        return str(error)
    return ""


def fitting_presets(dataset: Dataset) -> list[Spec]:
    """The networks that come with cnnviz and fit these data."""
    return [spec for spec in PRESETS.values() if not misfit(spec, dataset)]
