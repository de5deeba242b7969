"""Which networks fit which data: exactly those that the trainer takes."""

from dataclasses import replace

import numpy as np
import pytest

from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.errors import SpecError
from cnnviz.core.fitting import fitting_presets, misfit
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import Spec, dense, flatten, relu


def data_of(height: int, width: int, channels: int = 1, classes: int = 3) -> Dataset:
    pixels = np.zeros((classes, channels, height, width), np.uint8)
    split = Split(pixels, np.arange(classes))
    return Dataset("made", "Made", split, split, tuple(map(str, range(classes))), "Made up.")


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", [(1, 1), (5, 5), (6, 9), (12, 12), (13, 14), (28, 28), (64, 3)])
def test_what_fits_is_what_can_be_built(name: str, size: tuple[int, int]) -> None:
    dataset = data_of(*size, channels=3)
    refused = ""
    try:
        Network(PRESETS[name].fitted(dataset.input_shape, 3))
    except SpecError as error:
        refused = str(error)
    assert misfit(PRESETS[name], dataset) == refused
    assert (PRESETS[name] in fitting_presets(dataset)) is (refused == "")


def test_a_network_without_a_value_for_each_class_does_not_fit() -> None:
    spec = Spec("own", "Own", (1, 4, 4), (flatten(), dense(4), relu()))
    assert "4 values, but there are 3 classes" in misfit(spec, data_of(4, 4))
    assert misfit(replace(spec, layers=spec.layers[:2]), data_of(4, 4)) == ""


def test_one_that_has_no_room_in_memory_does_not_fit_and_is_not_built() -> None:
    assert "million" in misfit(PRESETS["numpy-cnn"], data_of(1000, 1000))
