import threading
from collections.abc import Callable
from time import monotonic, sleep

import numpy as np
import pytest

from cnnviz.core.datasets import Dataset
from cnnviz.core.edited_accuracy import Comparison, Standing
from cnnviz.core.edits import Edits, Filter, Weight, edited
from cnnviz.core.evaluation import Evaluation, evaluate
from cnnviz.core.network import Network
from cnnviz.core.spec import Spec

EDITS = Edits(frozenset({Filter("conv1", 0)}), {Weight("conv1", 1, 0, 1, 1): 2.0})


def accuracy(evaluation: Evaluation | None) -> float:
    assert evaluation is not None
    return evaluation.accuracy


def ended(comparison: Comparison) -> Standing:
    assert comparison.join(20)
    assert comparison.standing.ended
    return comparison.standing


def test_both_accuracies_are_those_of_an_evaluation(
    small_spec: Spec, make_dataset: Callable[..., Dataset]
) -> None:
    network, test = Network(small_spec, seed=4), make_dataset(test=613).test
    vector = network.vector.copy()
    comparison = Comparison(small_spec, vector, EDITS, test)
    assert not comparison.is_alive
    assert comparison.standing == Standing(0.0, None, False, None)
    comparison.start()
    result = ended(comparison).result
    assert result is not None
    assert result.learned == accuracy(evaluate(network, test))
    assert result.edited == accuracy(evaluate(edited(network, EDITS), test))
    assert comparison.standing.share == pytest.approx(5 / 6)
    np.testing.assert_array_equal(vector, network.vector)


def test_it_ends_soon_after_it_is_cancelled(
    small_spec: Spec, make_dataset: Callable[..., Dataset]
) -> None:
    test = make_dataset(test=200_000).test
    comparison = Comparison(small_spec, Network(small_spec).vector, EDITS, test)
    before = threading.active_count()
    comparison.start()
    end = monotonic() + 20
    while comparison.standing.share == 0:
        assert monotonic() < end
        sleep(0.001)
    comparison.cancel()
    standing = ended(comparison)
    assert standing.share < 1
    assert standing.result is None
    assert standing.failure is None
    assert threading.active_count() == before


def test_edits_that_do_not_fit_are_told(small_spec: Spec, dataset: Dataset) -> None:
    vector = Network(small_spec).vector
    comparison = Comparison(small_spec, vector, Edits().toggled(Filter("conv9", 0)), dataset.test)
    comparison.start()
    message, details = ended(comparison).failure or ("", "")
    assert "conv9" in message
    assert details == ""


def test_a_defect_keeps_its_traceback(small_spec: Spec, dataset: Dataset) -> None:
    comparison = Comparison(small_spec, np.zeros(3, np.float32), EDITS, dataset.test)
    comparison.start()
    message, details = ended(comparison).failure or ("", "")
    assert message.startswith("ValueError")
    assert "_compare" in details
