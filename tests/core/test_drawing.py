"""Strokes become ink where they should, and every one can be taken back."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.drawing import SIDE, Drawing, Point, Stroke, ink_of


def line(drawing, *points, width=0.1, erases=False):
    drawing.begin(Point(*points[0]), width, erases)
    for point in points[1:]:
        drawing.extend(Point(*point))
    drawing.end()


def test_a_blank_sheet_has_no_ink():
    drawing = Drawing()
    assert drawing.is_blank
    assert drawing.ink.shape == (SIDE, SIDE)
    assert drawing.ink.dtype == np.float32
    assert not drawing.can_undo
    assert not drawing.can_redo


def test_a_line_is_inked_where_it_is_and_nowhere_else():
    drawing = Drawing()
    line(drawing, (0.25, 0.5), (0.75, 0.5))
    ink = drawing.ink
    assert (ink[127:153, 70:210] == 1).all()  # 28 pixels wide about row 140
    assert not ink[:125].any()
    assert not ink[155:].any()
    assert not ink[:, :55].any()


def test_a_dot_is_a_disk_with_a_soft_edge():
    drawing = Drawing()
    line(drawing, (0.5, 0.5), width=0.2)
    radius = 0.1 * SIDE
    assert drawing.ink.sum() == pytest.approx(math.pi * radius**2, rel=0.01)
    assert ((drawing.ink > 0) & (drawing.ink < 1)).any()


def test_pressure_makes_it_thick_and_no_pressure_still_leaves_a_line():
    strong, weak, none = (
        ink_of((Stroke((Point(0.2, 0.5, p), Point(0.8, 0.5, p)), 0.1),)).sum() for p in (1, 0.5, 0)
    )
    assert strong > 1.5 * weak > 1.5 * none > 0


def test_pressure_may_change_along_a_stroke():
    ink = ink_of((Stroke((Point(0.2, 0.5, 0.25), Point(0.8, 0.5, 1.0)), 0.2),))
    thin, thick = (ink[:, 70] > 127).sum(), (ink[:, 215] > 127).sum()
    assert thin < thick / 1.5


def test_the_eraser_takes_ink_away():
    drawing = Drawing()
    line(drawing, (0.2, 0.5), (0.8, 0.5))
    line(drawing, (0.5, 0.2), (0.5, 0.8), erases=True)
    assert drawing.ink[140, 140] == 0
    assert drawing.ink[140, 80] == 1


@pytest.mark.parametrize("far", [(-3, -3), (5, 0.5), (0.5, 40)])
def test_what_leaves_the_paper_does_no_harm(far):
    drawing = Drawing()
    line(drawing, (0.5, 0.5), far, (0.6, 0.6))
    line(drawing, far)
    assert drawing.ink[140, 140] == 1


def test_points_between_strokes_are_ignored():
    drawing = Drawing()
    drawing.extend(Point(0.5, 0.5))
    drawing.end()
    assert drawing.is_blank
    assert not drawing.strokes


def test_clearing_can_be_undone_and_a_blank_sheet_stays():
    drawing = Drawing()
    drawing.clear()
    assert not drawing.can_undo
    line(drawing, (0.2, 0.2), (0.8, 0.8))
    before = drawing.pixels.copy()
    drawing.clear()
    assert drawing.is_blank
    assert not drawing.strokes
    drawing.undo()
    assert (drawing.pixels == before).all()
    assert len(drawing.strokes) == 1


def test_undo_in_the_midst_of_a_stroke_takes_it_back():
    drawing = Drawing()
    drawing.begin(Point(0.3, 0.3), 0.1)
    drawing.undo()
    assert drawing.is_blank
    assert drawing.under_way is None


def test_a_new_stroke_ends_the_one_under_way():
    drawing = Drawing()
    drawing.begin(Point(0.3, 0.3), 0.1)
    drawing.begin(Point(0.6, 0.6), 0.1)
    drawing.end()
    assert len(drawing.strokes) == 2


def test_something_new_makes_what_was_undone_void():
    drawing = Drawing()
    line(drawing, (0.2, 0.2), (0.8, 0.8))
    drawing.undo()
    line(drawing, (0.8, 0.2), (0.2, 0.8))
    assert not drawing.can_redo
    assert len(drawing.strokes) == 1


ACTS = st.lists(st.sampled_from(["draw", "erase", "clear", "undo", "redo"]), max_size=30)


@settings(max_examples=40, deadline=None)
@given(acts=ACTS, seed=st.integers(0, 99))
def test_the_ink_is_always_that_of_the_strokes(acts, seed):
    drawing, random = Drawing(), np.random.default_rng(seed)
    for act in acts:
        if act in ("draw", "erase"):
            line(drawing, *random.random((3, 2)), width=0.1, erases=act == "erase")
        else:
            getattr(drawing, act)()
        assert (drawing.pixels == ink_of(drawing.strokes)).all()


def test_a_thousand_strokes_are_undone_one_by_one_and_done_again():
    drawing, random = Drawing(), np.random.default_rng(0)
    for _ in range(1000):
        line(drawing, random.random(2), width=0.02)
    full = drawing.pixels.copy()
    for _ in range(1000):
        drawing.undo()
    assert drawing.is_blank
    assert not drawing.can_undo
    for _ in range(1000):
        drawing.redo()
    assert (drawing.pixels == full).all()
