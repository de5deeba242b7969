"""What happened on the way, for marks on the curve; all of it follows from the timeline."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any

from cnnviz.core.saved_run import Origin
from cnnviz.core.timeline import Timeline


class Kind(Enum):
    """Of an event; the value is what a legend calls it."""

    RATE = "rate changed"
    CONVOLUTION = "way of convolution changed"
    EDIT = "edited by hand"
    FORK = "another run forked off here"
    ORIGIN = "this run forked off"
    DIVERGED = "loss no longer a number"
    MARK = "note"


@dataclass(frozen=True)
class Event:
    """At `step`: that many batches were trained when it happened."""

    step: int
    kind: Kind
    text: str


def events(
    timeline: Timeline, forks: Iterable[tuple[int, str]] = (), origin: Origin | None = None
) -> list[Event]:
    """All of them in order; `forks` are (step, name) of the runs that began here.

    `origin` is where this run forked off itself; one that counts from 0 has no mark there.
    """
    found = [
        *_changes(timeline.rate_changes, Kind.RATE, "rate {:g} → {:g}"),
        *_changes(timeline.convolution_changes, Kind.CONVOLUTION, "convolution {} → {}"),
        *(Event(step, Kind.EDIT, "edited by hand") for step in timeline.edited),
        *(Event(step, Kind.FORK, f"fork: {name}") for step, name in forks),
        *(
            Event(step, Kind.DIVERGED, f"the next batch's loss was {loss:g}")
            for step, loss in timeline.diverged.items()
        ),
        *(Event(step, Kind.MARK, text) for step, text in timeline.marks.items()),
    ]
    if origin and origin.counted:
        text = f"this run forked off {origin.run}".rstrip()
        found.append(Event(origin.step, Kind.ORIGIN, text))
    return sorted(found, key=lambda event: event.step)


def _changes(changes: tuple[tuple[int, Any], ...], kind: Kind, text: str) -> list[Event]:
    return [
        Event(step, kind, text.format(old, new))
        for (_, old), (step, new) in pairwise(changes)
        if old != new
    ]
