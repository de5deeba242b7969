"""Where a run stands, as plain data that views may read without knowing the runner."""

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """What the thread is doing."""

    LOADING = "loading"
    PAUSED = "paused"
    TRAINING = "training"
    EVALUATING = "evaluating"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Status:
    """Where a run is: `step` batches done of the `goal`."""

    phase: Phase
    step: int = 0
    goal: float = 0
    batches_per_epoch: int = 1
    planned_steps: int = 1
