from collections.abc import Callable

import numpy as np
import pytest

from cnnviz.core.datasets import Dataset
from cnnviz.core.evaluation import IMAGES_AT_ONCE, evaluate
from cnnviz.core.loss import negative_log_likelihood
from cnnviz.core.network import Network
from cnnviz.core.spec import Spec


@pytest.mark.parametrize("count", [1, IMAGES_AT_ONCE, IMAGES_AT_ONCE + 1, 613])
def test_every_image_counts_once(
    count: int, small_spec: Spec, make_dataset: Callable[..., Dataset]
) -> None:
    network, test = Network(small_spec), make_dataset(test=count).test
    logits = network.forward(test.images)
    right = logits.argmax(axis=1) == test.labels

    result = evaluate(network, test)
    assert result is not None
    assert result.loss == pytest.approx(negative_log_likelihood(logits, test.labels).mean())
    assert result.accuracy == pytest.approx(right.mean())
    np.testing.assert_array_equal(result.predictions, logits.argmax(axis=1))


def test_an_interrupted_evaluation_gives_nothing(
    small_spec: Spec, make_dataset: Callable[..., Dataset]
) -> None:
    asked = iter([False, True])
    network, test = Network(small_spec), make_dataset(test=600).test
    assert evaluate(network, test, lambda: next(asked)) is None


def test_weights_that_diverged_evaluate_to_nan_without_a_warning(
    small_spec: Spec, dataset: Dataset
) -> None:
    network = Network(small_spec)
    network.vector[...] = 1e38
    result = evaluate(network, dataset.test)
    assert result is not None
    assert not np.isfinite(result.loss)
