"""The rate to try is lower or higher as the verdict wants, in two digits; it can be set."""

import numpy as np
import pytest

from cnnviz.core.health import Health, Histogram, LayerHealth
from cnnviz.core.rate_to_try import rate_to_try
from cnnviz.core.settings import check_learning_rate
from cnnviz.core.verdicts import Verdict

NONE = Histogram(np.zeros(1), np.zeros(0, np.intp), 0, 0)


def verdict(kind):
    return Verdict(kind, "", "", {})


def health(ratio):
    layer = LayerHealth("conv1", "Conv 1", NONE, 1.0, weight_norm=1.0, update_norm=ratio)
    return Health(3, 1.0, 0.5, None, (layer,))


@pytest.mark.parametrize(
    ("kind", "rate", "tried"),
    [
        ("rate-high", 0.001, 0.0005),
        ("rising", 0.0033, 0.0016),
        ("jumping", 1.0, 0.5),
        ("diverged", 0.02, 0.002),
        ("rate-low", 0.001, 0.003),
        ("rate-low", 9.0, 10.0),
        ("diverged", 2e-6, 1e-6),
    ],
)
def test_it_is_lower_or_higher(kind, rate, tried):
    found = rate_to_try(verdict(kind), None, rate)
    assert found == pytest.approx(tried)
    assert found is not None
    check_learning_rate(found)


@pytest.mark.parametrize("kind", ["dead", "saturated", "vanishing", "overfitting", "guessing"])
def test_where_the_rate_is_not_the_remedy_there_is_none(kind):
    assert rate_to_try(verdict(kind), health(1.0), 0.001) is None


def test_far_too_large_updates_want_a_much_lower_rate():
    assert rate_to_try(verdict("rate-high"), health(0.05), 0.01) == pytest.approx(0.005)
    assert rate_to_try(verdict("rate-high"), health(0.5), 0.01) == pytest.approx(0.001)
