"""What passes between the session and its views as plain data: notices, wishes for a run, times."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cnnviz.core.saved_run import SavedRun
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.stopwatch import Row
from cnnviz.core.workspace import Array


@dataclass(frozen=True)
class Notice:
    """Something the user should know, and a way out: (what the button says, what it does)."""

    text: str
    details: str = ""
    action: str = ""
    act: Callable[[], None] | None = None
    is_good: bool = False
    """Whether it went well, and only tells so."""


@dataclass(frozen=True)
class RunRequest:
    """What a run is made of: where the data come from, which network, how to train."""

    data: str
    network: str | Spec
    """A preset's name, or an architecture of one's own."""
    settings: Settings
    epochs: int | None = None
    """Planned epochs; None for a number that suits the size of the data."""
    start: SavedRun | None = None
    """A run that goes on, whose own network and settings hold."""
    weights: tuple[Spec, Array] | None = field(default=None, compare=False)
    """Another network and its vector, of which unchanged layers keep their weights."""


@dataclass(frozen=True)
class Times:
    """Mean milliseconds per batch by row, over the last `batches` batches; `total` is their sum."""

    milliseconds: dict[Row, float]
    total: float
    batches: int
