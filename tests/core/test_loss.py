import math

import numpy as np
import pytest

from cnnviz.core.loss import loss_and_gradient, negative_log_likelihood, softmax


def test_softmax_gives_probabilities_in_the_dtype_of_the_logits() -> None:
    logits = np.array([[0, math.log(3)], [5, 5]], np.float32)
    probabilities = softmax(logits)
    np.testing.assert_allclose(probabilities, [[0.25, 0.75], [0.5, 0.5]], rtol=1e-6)
    assert probabilities.dtype == np.float32


def test_large_logits_do_not_overflow() -> None:
    logits = np.array([[1e30, 0, -1e30]], np.float32)
    np.testing.assert_array_equal(softmax(logits), [[1, 0, 0]])
    assert negative_log_likelihood(logits, np.array([0]))[0] == 0
    assert negative_log_likelihood(logits, np.array([1]))[0] == np.float32(1e30)


def test_the_loss_is_minus_the_logarithm_of_the_right_probability() -> None:
    logits, labels = np.array([[0, math.log(3)], [0, 0]]), np.array([1, 0])
    np.testing.assert_allclose(
        negative_log_likelihood(logits, labels), [-math.log(0.75), math.log(2)]
    )


def test_the_gradient_agrees_with_finite_differences() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(4, 5)), np.array([0, 4, 2, 2])
    loss, gradient = loss_and_gradient(logits, labels, 4)
    assert loss == pytest.approx(negative_log_likelihood(logits, labels).mean())
    for entry in np.ndindex(4, 5):
        nudge = np.zeros((4, 5))
        nudge[entry] = 1e-5
        ahead, behind = (loss_and_gradient(logits + s * nudge, labels, 4)[0] for s in (1, -1))
        assert (ahead - behind) / 2e-5 == pytest.approx(gradient[entry], rel=1e-6, abs=1e-9)


def test_shares_of_a_batch_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(6, 3)), np.array([0, 2, 1, 1, 0, 2])
    loss, gradient = loss_and_gradient(logits, labels, 6)
    shares = [loss_and_gradient(logits[part], labels[part], 6) for part in (slice(4), slice(4, 6))]
    assert sum(share for share, _ in shares) == pytest.approx(loss)
    np.testing.assert_allclose(np.concatenate([part for _, part in shares]), gradient)
