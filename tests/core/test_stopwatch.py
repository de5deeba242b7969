from collections.abc import Callable
from time import perf_counter, sleep

import numpy as np

from cnnviz.core.datasets import Dataset
from cnnviz.core.presets import preset
from cnnviz.core.settings import Settings
from cnnviz.core.stopwatch import Stopwatch
from cnnviz.core.trainer import Trainer


def test_laps_are_contiguous() -> None:
    stopwatch = Stopwatch()
    sleep(0.02)  # before the start: nobody's time
    before = perf_counter()
    stopwatch.start()
    begin = perf_counter()
    sleep(0.01)
    stopwatch.lap("a")
    sleep(0.02)
    stopwatch.lap("b", "backward")
    end = perf_counter()
    stopwatch.lap("a")
    after = perf_counter()
    assert list(stopwatch.seconds) == [("a", "forward"), ("b", "backward")]
    assert stopwatch.seconds["a", "forward"] >= 0.01
    assert stopwatch.seconds["b", "backward"] >= 0.02
    total = sum(stopwatch.seconds.values())
    rounding = 1e-9
    assert end - begin - rounding <= total <= after - before + rounding


def test_start_sets_every_row_to_zero_and_keeps_their_order() -> None:
    stopwatch = Stopwatch()
    for what in ("b", "a"):
        stopwatch.lap(what)
    stopwatch.start()
    assert stopwatch.seconds == {("b", "forward"): 0, ("a", "forward"): 0}
    assert list(stopwatch.seconds) == [("b", "forward"), ("a", "forward")]


def test_the_rows_of_a_batch_add_up_to_its_wall_time(
    make_dataset: Callable[..., Dataset],
) -> None:
    data = make_dataset(shape=(1, 28, 28), classes=10)
    trainer = Trainer(preset("numpy-cnn"), data, Settings(batch_size=60))
    stopwatch, shares = Stopwatch(), []
    for _ in range(10):
        begin = perf_counter()
        stopwatch.start()
        result = trainer.train_batch(stopwatch)
        wall = perf_counter() - begin
        assert result.seconds <= wall
        shares.append(sum(stopwatch.seconds.values()) / wall)
    assert max(shares) <= 1
    assert np.median(shares) > 0.95

    layers = [layer.name for layer in trainer.network.layers]
    directions = {(name, way) for name in layers for way in ("forward", "backward")}
    others = {(what, "forward") for what in ("data", "loss", "optimizer", "other")}
    assert set(stopwatch.seconds) == directions | others
    assert all(seconds > 0 for seconds in stopwatch.seconds.values())


def test_what_was_measured_elsewhere_counts_once() -> None:
    stopwatch = Stopwatch()
    stopwatch.start()
    begin = perf_counter()
    sleep(0.03)
    stopwatch.take({("a", "forward"): 0.01, ("b", "backward"): 0.005})
    stopwatch.take({("a", "forward"): 0.005})
    stopwatch.lap("rest")
    whole = perf_counter() - begin
    assert stopwatch.seconds["a", "forward"] == 0.015
    assert stopwatch.seconds["b", "backward"] == 0.005
    assert 0.01 <= stopwatch.seconds["rest", "forward"] <= whole - 0.0199
    assert sum(stopwatch.seconds.values()) <= whole + 1e-3


def test_what_began_before_the_last_lap_is_cut_to_what_is_left() -> None:
    stopwatch = Stopwatch()
    begin = perf_counter()
    stopwatch.start()
    sleep(0.01)
    stopwatch.take({("a", "forward"): 100.0, ("b", "forward"): 300.0})
    stopwatch.lap("rest")
    whole = perf_counter() - begin
    assert 0.01 <= sum(stopwatch.seconds.values()) <= whole
    assert stopwatch.seconds["b", "forward"] == 3 * stopwatch.seconds["a", "forward"]
    stopwatch.take({})


def test_a_process_that_stands_aside_tells_the_same_rows(dataset: Dataset) -> None:
    """Of the helper's share, in the same order, and they add up to the batch."""
    rows = []
    for aside in (False, True):
        settings = Settings(batch_size=16, threads=1)
        trainer = Trainer(preset("tiny"), dataset, settings)
        if aside:
            trainer._learner._stands_aside = True  # also where no core is left
            trainer.start_helpers()
        stopwatch = Stopwatch()
        for _ in range(3):
            stopwatch.start()
            begin = perf_counter()
            trainer.train_batch(stopwatch)
            whole = perf_counter() - begin
            assert sum(stopwatch.seconds.values()) <= whole + 1e-3
        assert trainer._learner.helpers == int(aside)
        rows.append(list(stopwatch.seconds))
        trainer.close()
    assert rows[0] == rows[1]
