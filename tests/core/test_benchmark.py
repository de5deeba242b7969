"""What is measured and in which order, by a clock that the tests wind themselves; no real speed."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cnnviz.core import benchmark
from cnnviz.core.benchmark import TORCH, Case, Measurement, Side, Speed, alternate, cases, compared
from cnnviz.core.benchmark_torch import torch_network, torch_trainer
from cnnviz.core.datasets import Dataset
from cnnviz.core.errors import CnnvizError, SettingsError, SpecError
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import Spec, arctan, conv2d, dense, flatten, max_pool2d, relu, sigmoid
from cnnviz.core.trainer import Trainer

LOOP, IM2COL = Side("cnnviz", "loop"), Side("cnnviz", "im2col")
CASE = Case("tiny", 16, 1, 4, 28)


def quiet(side: str, done: int, of: int) -> None:
    """Shows no progress."""


class Clock:
    """Goes on only when a step says so, and notes whose step it was."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps: list[str] = []

    def step(self, name: str, *seconds: float) -> Callable[[], None]:
        """A step that takes so long, one after the other; the last again and again."""
        durations = list(seconds)

        def step() -> None:
            self.steps.append(name)
            self.now += durations.pop(0) if len(durations) > 1 else durations[0]

        return step

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def at_once(monkeypatch):
    """Real training on a few images, each timing one step."""
    monkeypatch.setattr(benchmark, "IMAGES", 64)
    monkeypatch.setattr(benchmark, "SLICE", 0.0)


# Taking turns.


def test_the_sides_take_turns_after_each_was_warmed_up():
    clock = Clock()
    steps = {IM2COL: clock.step("a", 0.5), TORCH: clock.step("b", 0.5)}
    alternate(steps, 3, quiet, clock)
    assert "".join(clock.steps) == "ab" + "ababab"


def test_each_timing_has_as_many_steps_as_fit_a_slice():
    clock = Clock()
    steps = {IM2COL: clock.step("a", 0.0625), TORCH: clock.step("b", 0.125)}
    seconds = alternate(steps, 2, quiet, clock)
    assert "".join(clock.steps) == 5 * "a" + 3 * "b" + 2 * (5 * "a" + 2 * "b")
    assert seconds == {IM2COL: [0.0625, 0.0625], TORCH: [0.125, 0.125]}


def test_a_first_step_that_is_slow_does_not_decide():
    clock = Clock()
    alternate({IM2COL: clock.step("a", 0.25, 0.01)}, 1, quiet, clock)
    assert len(clock.steps) == 6 + 30


@pytest.mark.parametrize(("step", "timings"), [(2.0, 7), (2.5, 4), (4.0, 2), (12.0, 1)])
def test_what_is_slow_takes_part_in_the_first_rounds_only(step, timings):
    clock = Clock()
    steps = {LOOP: clock.step("s", step), IM2COL: clock.step("f", 0.5)}
    seconds = alternate(steps, 7, quiet, clock)
    assert "".join(clock.steps) == "sf" + timings * "sf" + (7 - timings) * "f"
    assert [len(times) for times in seconds.values()] == [timings, 7]


def test_progress_says_whose_turn_it_is():
    clock, told = Clock(), []
    steps = {LOOP: clock.step("s", 12.0), IM2COL: clock.step("f", 0.5)}
    alternate(steps, 2, lambda *news: told.append(news), clock)
    assert told == [
        ("loop", 0, 0), ("im2col", 0, 0),
        ("loop", 0, 3), ("im2col", 1, 3), ("im2col", 2, 3),
    ]  # fmt: skip


def test_ratios_are_made_pair_by_pair():
    # The machine slows down fourfold on its way; the ratio of the medians would be 1.5.
    ours, theirs = Speed(IM2COL, [40.0, 30.0, 10.0]), Speed(TORCH, [20.0, 20.0, 5.0])
    (ratio,) = Measurement(CASE, [ours, theirs]).ratios
    assert (ratio.ours, ratio.versus) == (IM2COL, TORCH)
    assert ratio.pairs == [2.0, 1.5, 2.0]
    assert benchmark.summary(ratio.pairs) == (2.0, 1.5, 2.0)


def test_ratios_of_a_slow_side_are_those_of_its_rounds():
    slow, fast = Speed(LOOP, [10.0, 5.0]), Speed(IM2COL, [40.0, 30.0, 20.0])
    (ratio,) = Measurement(CASE, [slow, fast]).ratios
    assert (ratio.ours, ratio.versus, ratio.pairs) == (IM2COL, LOOP, [4.0, 6.0])


def test_every_way_is_compared_with_torch_and_with_the_ways_before_it():
    sides = [LOOP, Side("cnnviz", "correlate"), IM2COL, TORCH]
    ratios = Measurement(CASE, [Speed(side, [1.0]) for side in sides]).ratios
    assert [(ratio.ours.name, ratio.versus.name) for ratio in ratios] == [
        ("loop", "torch"),
        ("correlate", "torch"), ("correlate", "loop"),
        ("im2col", "torch"), ("im2col", "loop"), ("im2col", "correlate"),
    ]  # fmt: skip


# What is compared.


def test_a_case_for_each_batch_size():
    assert cases("numpy-cnn", [32, 64, 32], 2) == [
        Case("numpy-cnn", 32, 2, 8, 28),
        Case("numpy-cnn", 64, 2, 8, 28),
    ]


def test_scaling_varies_one_thing_at_a_time():
    base = Case("numpy-cnn", 128, 2, 8, 28)
    todo = cases("numpy-cnn", [32, 128], 2, scaling=True)
    assert len(todo) == len(set(todo))
    for case in todo:
        differences = [field for field, value in vars(case).items() if value != vars(base)[field]]
        assert len(differences) <= 1
    assert {case.batch_size for case in todo} == {16, 32, 64, 128, 256, 512}
    assert {case.filters for case in todo} == {8, 16, 32, 64}
    assert {case.image_side for case in todo} == {28, 56}


def test_scaling_leaves_out_filters_where_there_are_none():
    assert {case.filters for case in cases("mlp", [32], 1, scaling=True)} == {None}
    assert {case.filters for case in cases("lenet-5", [32], 1, scaling=True)} == {
        None, 8, 16, 32, 64,
    }  # fmt: skip


def test_the_spec_of_a_case():
    (plain,) = cases("lenet-5", [32], 1)
    assert plain.spec == PRESETS["lenet-5"]
    spec = replace(plain, filters=32, image_side=56).spec
    assert spec.input_shape == (1, 56, 56)
    assert [layer["filters"] for layer in spec.layers if "filters" in layer] == [32, 32]
    assert "filters" not in spec.layers[1]
    assert Network(spec).classes == 10


@pytest.mark.parametrize(
    ("network", "batch_size", "threads", "message"),
    [
        ("alexnet", 32, 1, "no network “alexnet”"),
        ("tiny", 0, 1, "batch size must be a whole number of at least 1"),
        ("tiny", 60_001, 1, "batch size may be 60000 at most"),
        ("tiny", 32, 0, "number of threads"),
    ],
)
def test_cases_that_make_no_sense(network, batch_size, threads, message):
    with pytest.raises((SpecError, SettingsError), match=message):
        cases(network, [32, batch_size], threads)


def test_sides_come_once_and_in_order():
    assert compared(["loop", "im2col", "loop"]) == [LOOP, IM2COL]
    with pytest.raises(SettingsError, match="“fft”"):
        compared(["im2col", "fft"])


def test_without_torch_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CnnvizError, match=r"pip install torch.*or compare without"):
        compared(["im2col"], against_torch=True)


def test_torch_is_imported_only_when_it_is_asked_for():
    code = "import sys, cnnviz.core.benchmark as b; b.compared(['im2col']); print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "cnnviz.core.benchmark_torch" in modules
    assert "torch" not in modules


# Real steps.


def test_measuring_gives_images_per_second_of_each_side(at_once, monkeypatch):
    def taking_a_quarter_of_a_second(steps, repeats, progress):
        for step in steps.values():
            step()
        return {side: repeats * [0.25] for side in steps}

    monkeypatch.setattr(benchmark, "alternate", taking_a_quarter_of_a_second)
    measurement = benchmark.measure(CASE, [LOOP, IM2COL], 2)
    assert measurement == Measurement(CASE, [Speed(LOOP, [64, 64]), Speed(IM2COL, [64, 64])])


def trainers_noted(monkeypatch) -> list[tuple[str, Trainer]]:
    """What is made, trains and is closed, in order."""
    notes: list[tuple[str, Trainer]] = []
    for name in ("__init__", "train_batch", "close"):
        monkeypatch.setattr(Trainer, name, noting(notes, getattr(Trainer, name)))
    return notes


def noting(notes, method):
    def noted(self, *arguments, **more):
        notes.append((method.__name__, self))
        return method(self, *arguments, **more)

    return noted


def test_real_training_by_the_way_asked_for(at_once, monkeypatch):
    notes = trainers_noted(monkeypatch)
    measurement = benchmark.measure(CASE, [LOOP, IM2COL], 2)
    assert [len(speed.timings) for speed in measurement.speeds] == [2, 2]
    assert min(min(speed.timings) for speed in measurement.speeds) > 0
    made = [trainer for what, trainer in notes if what == "__init__"]
    assert [trainer.convolution for trainer in made] == ["loop", "im2col"]
    assert [trainer.step for trainer in made] == [3, 3]  # warming up, and two timings
    assert {trainer.settings.batch_size for trainer in made} == {16}
    assert {trainer for what, trainer in notes if what == "close"} == set(made)


@pytest.mark.parametrize("turn", [1, 2, 5])
def test_an_interruption_closes_every_trainer(turn, at_once, monkeypatch):
    notes = trainers_noted(monkeypatch)
    turns: list[str] = []

    def press_ctrl_c(side: str, done: int, of: int) -> None:
        turns.append(side)
        if len(turns) > turn:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        benchmark.measure(CASE, [LOOP, IM2COL], 2, press_ctrl_c)
    made = {trainer for what, trainer in notes if what == "__init__"}
    assert made == {trainer for what, trainer in notes if what == "close"}
    assert len(made) == min(turn, 2)


def test_the_noise_has_the_shape_of_mnist(monkeypatch):
    monkeypatch.setattr(benchmark, "IMAGES", 500)
    noise = benchmark.noise(28)
    assert noise.train.pixels.shape == (500, 1, 28, 28)
    assert np.ptp(noise.train.pixels) == 255
    assert set(noise.train.labels) == set(range(10))


# PyTorch.

MANY_KINDS = Spec(
    "many",
    "Strides, paddings and every kind of layer",
    (1, 19, 16),
    (
        conv2d(5, (4, 3), stride=(2, 1), padding=(1, 2)),
        relu(),
        max_pool2d((2, 3), (1, 2)),
        conv2d(4, 3, padding=1),
        sigmoid(),
        max_pool2d(2),
        flatten(),
        dense(6),
        arctan(),
        dense(3),
    ),
)


@pytest.mark.parametrize("spec", [MANY_KINDS, *PRESETS.values()], ids=lambda spec: spec.name)
def test_the_network_in_torch_is_the_same(spec, assert_close):
    torch = pytest.importorskip("torch")
    ours, theirs = Network(spec), torch_network(spec)
    with torch.no_grad():
        for parameter, array in zip(theirs.parameters(), ours.state_dict().values(), strict=True):
            parameter.copy_(torch.from_numpy(array))
        images = np.random.default_rng(0).random((3, *spec.input_shape), np.float32)
        assert_close(ours.forward(images), theirs(torch.from_numpy(images)).numpy())


def test_torch_trains_on_the_same_images_with_as_many_threads(
    make_dataset: Callable[..., Dataset], monkeypatch
):
    torch = pytest.importorskip("torch")
    spec = Spec("small", "Small", (1, 8, 8), (flatten(), dense(3)))
    before = torch.get_num_threads()
    dataset = make_dataset(train=60)
    seen, losses = [], []
    cross_entropy = torch.nn.functional.cross_entropy

    def noted(logits, labels):
        seen.extend(labels.tolist())
        losses.append(cross_entropy(logits, labels))
        return losses[-1]

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", noted)
    others = 1 if before > 1 else 2
    with torch_trainer(spec, dataset, 20, others) as train_batch:
        assert torch.get_num_threads() == others
        for _ in range(3):
            train_batch()
        assert sorted(seen) == sorted(dataset.train.labels)  # an epoch: every image once
        for _ in range(297):
            train_batch()
    assert torch.get_num_threads() == before
    assert losses[-1] < losses[0] / 2


def test_torch_takes_its_turns(at_once):
    pytest.importorskip("torch")
    measurement = benchmark.measure(CASE, compared(["im2col"], against_torch=True), 2)
    assert [speed.side for speed in measurement.speeds] == [IM2COL, TORCH]
    (ratio,) = measurement.ratios
    ours, theirs = (speed.timings for speed in measurement.speeds)
    assert ratio.pairs == [ours[0] / theirs[0], ours[1] / theirs[1]]
