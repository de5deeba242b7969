"""Rate and way of convolution of any batch, before and ahead, are the trainer's."""

from contextlib import closing

import pytest

from cnnviz.core.in_force import convolution_after, rate_after
from cnnviz.core.settings import Settings
from cnnviz.core.timeline import Timeline
from cnnviz.core.trainer import Trainer
from tests.core.odd import ODD, odd_data


@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
def test_they_are_those_that_batches_are_trained_with(schedule):
    settings, timeline = Settings(batch_size=16, schedule=schedule, epochs=2), Timeline()
    with closing(Trainer(ODD, odd_data(), settings)) as trainer:
        planned = trainer.planned_steps
        for _ in range(4):
            ahead = rate_after(timeline, settings, planned, trainer.step)
            assert ahead == trainer.rate
            timeline.record(trainer.train_batch())
        for step in range(4):
            assert rate_after(timeline, settings, planned, step) == timeline.rates[step]


def test_a_way_is_that_of_its_step():
    settings, timeline = Settings(convolution="loop"), Timeline()
    timeline.extend(timeline._columns[:, :6])
    timeline.convolution_changes = ((0, "im2col"), (4, "correlate"))
    ways = [convolution_after(timeline, settings, step) for step in (0, 3, 4, 5, 6)]
    assert ways == ["im2col", "im2col", "correlate", "correlate", "loop"]


def test_where_nobody_told_the_way_is_that_of_now():
    settings, timeline = Settings(convolution="loop"), Timeline()
    timeline.extend(timeline._columns[:, :2])
    assert convolution_after(timeline, settings, 0) == "loop"
