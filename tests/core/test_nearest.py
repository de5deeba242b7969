"""The nearest value that fits, against trying all."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnnviz.core.layer_fields import LayerField
from cnnviz.core.nearest import as_pair, nearest

WHOLE = LayerField("units", "Units", "whole", 1, 40, 10, "How many.")
PAIR = LayerField("kernel", "Kernel", "pair", 1, 40, (3, 3), "How large.")


@given(st.integers(-20, 60), st.integers(1, 40), st.booleans())
def test_of_a_number_the_border_is_found(value, border, is_upper):
    def fits(number):
        return 1 <= number <= border if is_upper else number >= border

    assume(not fits(value))
    found = nearest(WHOLE, value, fits)
    assert found == min(filter(fits, range(1, 41)), key=lambda number: abs(number - value))
    assert nearest(PAIR, value, fits) == found


@given(st.tuples(st.integers(1, 60), st.integers(1, 60)), st.integers(1, 40), st.integers(1, 40))
def test_of_a_pair_each_axis_is_as_near_as_it_can_be(pair, height, width):
    def fits(value):
        return 1 <= value[0] <= height and 1 <= value[1] <= width

    assume(not fits(pair))
    assert nearest(PAIR, pair, fits) == (min(pair[0], height), min(pair[1], width))


@given(st.tuples(st.integers(-9, 40), st.integers(-9, 40)), st.integers(1, 40), st.integers(1, 40))
def test_the_same_from_below(pair, height, width):
    def fits(value):
        return height <= value[0] and width <= value[1]

    assume(not fits(pair))
    assert nearest(PAIR, pair, fits) == (max(pair[0], height), max(pair[1], width))


@pytest.mark.parametrize("value", [None, "3", 3.5, True, (1, 2, 3), (1, "a"), [], {}, float("nan")])
def test_what_is_no_number_begins_at_the_default(value):
    assert nearest(WHOLE, value, lambda number: number <= 20) == 10
    assert nearest(WHOLE, value, lambda number: number <= 7) == 7
    assert nearest(PAIR, value, lambda pair: max(pair) <= 20) == (3, 3)
    assert nearest(PAIR, value, lambda pair: max(pair) <= 2) == (2, 2)


def test_a_pair_where_one_number_belongs_begins_at_the_default():
    assert nearest(WHOLE, (3, 4), lambda number: isinstance(number, int)) == 10


@pytest.mark.parametrize("field", [WHOLE, PAIR])
@pytest.mark.parametrize("value", [5, (5, 6), None, 10**9, -(10**9)])
def test_nothing_fits(field, value):
    tries = []

    def fits(tried):
        tries.append(tried)
        return False

    assert nearest(field, value, fits) is None
    assert len(tries) < 300


def test_pairs():
    assert as_pair(3) == as_pair([3, 3]) == (3, 3)
    assert as_pair((1, 2)) == (1, 2)
    assert as_pair(True) is as_pair(None) is as_pair((1, True)) is as_pair(1.0) is None
