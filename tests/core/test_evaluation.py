from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core.datasets import Dataset
from cnnviz.core.evaluation import Evaluation, evaluate
from cnnviz.core.loss import negative_log_likelihood
from cnnviz.core.network import Network
from cnnviz.core.slices import MOST_IN_A_CHUNK
from cnnviz.core.spec import Spec


@pytest.mark.parametrize("count", [1, MOST_IN_A_CHUNK, MOST_IN_A_CHUNK + 1, 613])
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
    np.testing.assert_array_equal(result.labels, test.labels)
    np.testing.assert_allclose(result.losses, negative_log_likelihood(logits, test.labels))
    probabilities = network.predict(test.images)[np.arange(count), test.labels]
    np.testing.assert_allclose(result.probabilities, probabilities, rtol=1e-5)
    assert result.confusion.sum() == count


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


def made_up(labels: list[int], predictions: list[int], classes: int = 4) -> Evaluation:
    losses = np.linspace(0, 1, len(labels))
    return Evaluation(0.5, 0.5, np.array(predictions), np.array(labels), losses, classes)


def test_classes_are_scored_as_the_books_say() -> None:
    evaluation = made_up([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 1])
    expected = [[2, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert evaluation.confusion.tolist() == expected
    first, second, third, never = evaluation.class_scores
    assert first == pytest.approx((2 / 3, 2 / 3, 2 / 3, 3))
    assert second == pytest.approx((1 / 3, 1 / 2, 2 / 5, 2))
    assert third == pytest.approx((np.nan, 0, 0, 1), nan_ok=True)
    assert never == pytest.approx((np.nan, np.nan, np.nan, 0), nan_ok=True)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_the_sums_agree(pairs: list[tuple[int, int]]) -> None:
    labels, predictions = (list(column) for column in zip(*pairs, strict=True))
    evaluation = made_up(labels, predictions)
    scores = evaluation.class_scores
    right = sum(score.recall * score.support for score in scores if score.support)
    assert right == pytest.approx(sum(a == b for a, b in pairs))
    assert evaluation.confusion.sum(axis=0).tolist() == [predictions.count(k) for k in range(4)]
    for score in scores:
        if score.support and score.precision > 0:
            harmonic = 2 * score.precision * score.recall / (score.precision + score.recall)
            assert score.f1 == pytest.approx(harmonic)


def test_the_worst_are_wrong_and_in_order() -> None:
    evaluation = made_up([0, 1, 2, 3, 0], [1, 1, 0, 3, 2])
    assert evaluation.worst(2).tolist() == [4, 2]
    assert evaluation.worst(9).tolist() == [4, 2, 0]
    assert made_up([1], [1]).worst(5).tolist() == []
