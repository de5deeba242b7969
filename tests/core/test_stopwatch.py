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


def test_going_on_loses_no_time_between() -> None:
    stopwatch = Stopwatch()
    begin = perf_counter()
    stopwatch.start()
    stopwatch.lap("work")
    sleep(0.01)
    stopwatch.go_on("between")
    assert stopwatch.seconds["work", "forward"] == 0
    assert stopwatch.seconds["between", "forward"] >= 0.01
    stopwatch.lap("work")
    assert sum(stopwatch.seconds.values()) <= perf_counter() - begin


def test_what_another_process_measured_stands_until_the_next_start() -> None:
    stopwatch, elsewhere = Stopwatch(), {("a", "forward"): 0.01, ("b", "backward"): 0.005}
    stopwatch.start()
    stopwatch.replace(elsewhere)
    sleep(0.002)
    stopwatch.lap("rest")
    assert stopwatch.seconds == elsewhere
    stopwatch.start()
    sleep(0.002)
    stopwatch.lap("rest")
    assert stopwatch.seconds["rest", "forward"] >= 0.002
    assert stopwatch.seconds["a", "forward"] == 0
