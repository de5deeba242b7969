from cnnviz.core.events import Event, Kind, events
from cnnviz.core.saved_run import Origin
from cnnviz.core.timeline import Timeline
from tests.core.test_timeline import filled, snapshot


def test_nothing_happened() -> None:
    assert events(Timeline()) == []
    assert events(filled(30)) == []


def test_all_kinds_in_order() -> None:
    timeline = filled(60)
    timeline.rate_changes = ((0, 0.002), (20, 0.001), (30, 0.001))
    timeline.convolution_changes = ((0, "im2col"), (10, "loop"))
    timeline.keep_edited(snapshot(40))
    timeline.diverged[50] = float("nan")
    timeline.marks[5] = "First note"
    assert events(timeline, [(25, "bold")]) == [
        Event(5, Kind.MARK, "First note"),
        Event(10, Kind.CONVOLUTION, "convolution im2col → loop"),
        Event(20, Kind.RATE, "rate 0.002 → 0.001"),
        Event(25, Kind.FORK, "fork: bold"),
        Event(40, Kind.EDIT, "edited by hand"),
        Event(50, Kind.DIVERGED, "the next batch's loss was nan"),
    ]


def test_a_fork_says_where_it_began() -> None:
    """Also one that shares the past of the other run, and may go back further."""
    timeline, origin = filled(60), Origin("bold", 25, True, 25, 2.5, 1.0)
    assert timeline.first == 0
    assert events(timeline, origin=origin) == [
        Event(25, Kind.ORIGIN, "this run forked off bold"),
    ]
    anew = Origin("bold", 25, False, 25, 2.5, 1.0)  # counts from 0
    assert events(timeline, origin=anew) == []


def test_a_note_outlives_going_back() -> None:
    timeline = filled(60)
    timeline.diverged[50] = float("inf")
    timeline.marks[55] = "Mine"
    timeline.cut(25)
    assert [event.kind for event in events(timeline)] == [Kind.MARK]
