"""What the session says when a run goes wrong: in words, with the way out."""

from collections.abc import Callable

from cnnviz.core.optimizers import optimizer
from cnnviz.core.outbox import Failed, LossDiverged
from cnnviz.core.settings import Settings
from cnnviz.ui.messages import Notice
from cnnviz.ui.theme import spaced


def diverged(
    entry: LossDiverged, settings: Settings, go_back: Callable[[int, float], None]
) -> Notice:
    """The loss was no number; `go_back(step, rate)` goes on from where it was."""
    lower = min(settings.learning_rate / 4, optimizer(settings.optimizer).default_rate)

    def act() -> None:
        go_back(entry.back_to, lower)

    return Notice(
        f"The loss became {entry.loss} at batch {spaced(entry.step + 1)}, so training paused. "
        "The learning rate is probably too high.",
        action=f"Go back to batch {spaced(entry.back_to)}, rate {lower:g}",
        act=act,
    )


def failed(entry: Failed, start_over: Callable[[], None]) -> Notice:
    """The thread ended."""
    text = f"Training stopped. {entry.message}"
    return Notice(text, entry.details, "Start over", start_over)
