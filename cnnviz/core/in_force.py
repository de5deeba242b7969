"""What was in force at any batch of a run, or will be: learning rate and way of convolution."""

from cnnviz.core.schedules import schedule
from cnnviz.core.settings import Settings
from cnnviz.core.timeline import Timeline


def rate_after(timeline: Timeline, settings: Settings, planned_steps: int, step: int) -> float:
    """The rate of the batch after `step` batches: as it was, or as it will be, schedule and all."""
    if step < len(timeline):
        return float(timeline.rates[step])
    return settings.learning_rate * schedule(settings.schedule)(step, planned_steps)


def convolution_after(timeline: Timeline, settings: Settings, step: int) -> str:
    """The way of convolution of the same batch."""
    if step >= len(timeline):
        return settings.convolution
    ways = [way for start, way in timeline.convolution_changes if start <= step]
    return ways[-1] if ways else settings.convolution
