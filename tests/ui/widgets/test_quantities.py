"""Large numbers: three digits that count, and the right prefix."""

import pytest

from cnnviz.ui.widgets.quantities import digits, quantity


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0312, "0.0312"),
        (1, "1.00"),
        (14, "14.0"),
        (99.96, "100"),
        (999, "999"),
        (1234.4, "1\u2009234"),
    ],
)
def test_three_digits_count(value, text):
    assert digits(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12, "B", "12.0\u2009B"),
        (800, "", "800"),
        (999_960, "B", "1.00\u2009MB"),
        (29_491_200, "", "29.5\u2009M"),
        (1_240_000_000, "", "1.24\u2009G"),
        (3e12, "B", "3.00\u2009TB"),
    ],
)
def test_prefixes(value, unit, text):
    assert quantity(value, unit) == text
