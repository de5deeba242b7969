"""What the check accepts trains; what it refuses the engine refuses, in the same words."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.costs import layer_costs
from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.errors import SpecError
from cnnviz.core.machine import Peak
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings
from cnnviz.core.spec import conv2d, dense, flatten, max_pool2d, relu
from cnnviz.core.spec_check import check
from cnnviz.core.spec_edit import Design
from cnnviz.core.spec_formulas import same_padding
from cnnviz.core.trainer import Trainer

END = (flatten(), dense(3))
PEAK = Peak(1e11, 1e10, 2)


def design(*layers, shape=(1, 8, 8), classes=3):
    return Design(layers, shape, classes)


def made_up(design):
    """Eight images of noise, and labels of every class."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (8, *design.input_shape), np.uint8)
    split = Split(pixels, np.arange(8) % design.classes)
    names = tuple(map(str, range(design.classes)))
    return Dataset("noise", "Noise", split, split, names, "Made for the tests.")


def train_a_batch(design):
    """As a run would; raises what training raises."""
    settings = Settings("gradient-descent", 1e-6, batch_size=8, threads=1)
    trainer = Trainer(design.to_spec(), made_up(design), settings)
    try:
        return trainer.network, trainer.train_batch()
    finally:
        trainer.close()


@settings(max_examples=300)
@given(data=st.data())
def test_what_is_accepted_trains_and_what_is_refused_is_refused_in_the_same_words(
    random_designs, data
):
    drawn = data.draw(random_designs)
    report = check(drawn, batch_size=8, peak=PEAK)
    if report.problem is None:
        network, batch = train_a_batch(drawn)
        assert batch.step == 1
        assert np.isfinite(batch.loss)
        assert network.spec == report.spec
        assert report.parameters == network.vector.size
        values = network.run(made_up(drawn).train.images)
        for layer, before, after in zip(report.layers, values, values[1:], strict=False):
            assert (layer.input_shape, layer.output_shape) == (before.shape[1:], after.shape[1:])
        return
    with pytest.raises(SpecError) as refused:
        train_a_batch(drawn)
    problem = report.problem
    said = refused.value
    assert (problem.text, problem.layer, problem.field) == (str(said), said.layer, said.field)
    assert report.spec is None
    assert len(report.layers) == len(drawn.layers)


def left(design, problem):
    """Layers from the refused one to the end: fewer is further."""
    return 0 if problem.layer is None else len(design.layers) - problem.layer


@settings(max_examples=200)
@given(data=st.data())
def test_every_remedy_gets_past_what_was_refused(random_designs, data):
    drawn = data.draw(random_designs)
    problem = check(drawn).problem
    for remedy in problem.remedies if problem else ():
        after = check(remedy.design).problem
        if after is not None and left(remedy.design, after) >= left(drawn, problem):
            # The same layer, or the whole, of which something else is off as well.
            assert after.field != problem.field
            assert remedy.field == problem.field


@settings(max_examples=100)
@given(data=st.data())
def test_where_only_numbers_are_wrong_there_is_a_way_out(plain_designs, data):
    """Following the first remedies one after the other leads to a network."""
    drawn = data.draw(plain_designs)
    for _ in range(30):
        problem = check(drawn).problem
        if problem is None:
            return
        assert problem.remedies, problem.text
        drawn = problem.remedies[0].design
    pytest.fail("no end of problems")


def test_a_layers_numbers_are_written_out():
    report = check(Design.from_spec(PRESETS["numpy-cnn"]))
    assert report.problem is None
    by_name = {layer.name: layer for layer in report.layers}
    conv1, pool, flat, dense1 = (by_name[name] for name in ("conv1", "pool1", "flatten", "dense1"))
    assert conv1.size_formulas == ("⌊(28 + 2·0 − 5)/1⌋ + 1 = 24",)
    assert conv1.parameter_formula == "8·1·5·5 + 8 = 208"
    assert (conv1.input_shape, conv1.output_shape) == ((1, 28, 28), (8, 24, 24))
    assert pool.size_formulas == ("⌊(20 + 2·0 − 2)/2⌋ + 1 = 10",)
    assert (pool.parameter_formula, pool.unused) == ("", (0, 0))
    assert flat.size_formulas == ("8·10·10 = 800",)
    assert dense1.parameter_formula == "128·800 + 128 = 102\u2009528"
    assert [layer.field_size for layer in report.layers[:6]] == [
        (5, 5),
        (5, 5),
        (9, 9),
        (9, 9),
        (10, 10),
        (10, 10),
    ]
    assert dense1.field_size == (28, 28)
    assert report.parameters == 105_634


def test_height_and_width_of_their_own_and_what_no_window_reaches():
    report = check(design(conv2d(2, (3, 2), (2, 3), (0, 1)), *END))
    conv = report.layers[0]
    assert conv.size_formulas == ("⌊(8 + 2·0 − 3)/2⌋ + 1 = 3", "⌊(8 + 2·1 − 2)/3⌋ + 1 = 3")
    assert conv.unused == (1, 2)
    assert check(design(max_pool2d(3), *END)).layers[0].unused == (2, 2)


def test_costs_are_those_of_the_engine_and_times_follow_from_them():
    drawn = Design.from_spec(PRESETS["lenet-5"])
    report = check(drawn, batch_size=32)
    layers = [layer.layer for layer in report.layers if layer.layer]
    costs = layer_costs(layers, 32)
    assert all(layer.forward == costs[layer.name, "forward"] for layer in report.layers)
    assert all(layer.backward == costs[layer.name, "backward"] for layer in report.layers)
    assert report.flops == sum(cost.flops for cost in costs.values())
    assert report.seconds is None
    assert report.layers[0].seconds is None
    outputs = sum(np.prod(layer.output_shape) for layer in layers)
    assert report.memory == 4 * (32 * outputs + 4 * 61_706)
    bound = check(drawn, 32, PEAK).seconds or 0.0
    assert bound == pytest.approx(
        sum(max(cost.flops / 1e11, cost.bytes / 1e10) for cost in costs.values())
    )
    assert check(drawn, 32, PEAK, slowdown=3).seconds == pytest.approx(3 * bound)


def test_behind_a_problem_nothing_is_known():
    report = check(design(relu(), conv2d(2, 9), relu(), *END), peak=PEAK)
    first, refused, *later = report.layers
    assert first.output_shape == (1, 8, 8)
    assert (refused.name, refused.input_shape, refused.layer) == ("conv1", (1, 8, 8), None)
    assert refused.size_formulas == ("⌊(8 + 2·0 − 9)/1⌋ + 1 = 0",)
    assert [layer.name for layer in later] == ["relu2", "flatten", "dense1"]
    assert all(layer.input_shape is layer.output_shape is None for layer in later)
    assert (report.spec, report.seconds) == (None, None)
    assert report.problem.layer == 1
    assert report.problem.field == "kernel"


@pytest.mark.parametrize(
    ("layers", "remedies"),
    [
        ((conv2d(2, 9), *END), ["Kernel 8", "Padding 1"]),
        ((conv2d(2, (9, 3)), *END), ["Kernel 8×3", "Padding 1"]),
        ((conv2d(2, (9, 12), padding=(0, 1)), *END), ["Kernel 8×10", "Padding 1×2"]),
        ((conv2d(2, 3, stride=-4), *END), ["Stride 1"]),
        ((conv2d(2, 3, stride=(-4, 2)), *END), ["Stride 1×2"]),
        ((conv2d(-7, 3), *END), ["Filters 1"]),
        ((conv2d(2, 3, padding=(-4, 1)), *END), ["Padding 0×1"]),
        ((conv2d(-1, 3), *END), ["Filters 1"]),
        ((conv2d(2, 7), max_pool2d(3), *END), ["Window 2"]),
        (({"type": "conv2d", "filters": 2}, *END), ["Kernel 3×3"]),
        (({"type": "conv2d", "filters": "a", "kernel": 20}, *END), ["Filters 8"]),
        (({"type": "relu", "slope": 1}, *END), ["Leave out slope"]),
        (({"type": "dropout"}, *END), ["Remove this layer"]),
        ((conv2d(2, 3), dense(3)), ["Put a flatten layer before it"]),
        ((flatten(), conv2d(2, 3), dense(3)), ["Move it before the flatten layer"]),
        ((conv2d(2, 3),), ["End with a flatten and a dense layer"]),
        ((), ["End with a flatten and a dense layer"]),
        ((flatten(), relu()), ["End with a dense layer"]),
        ((relu(),) * 201, []),
    ],
)
def test_what_would_do_instead(layers, remedies):
    problem = check(design(*layers)).problem
    assert [remedy.text for remedy in problem.remedies] == remedies


def test_problems_of_the_whole():
    usual = design(*END)
    problem = check(replace(usual, initializer="zeros")).problem
    assert (problem.layer, problem.field) == (None, "initializer")
    assert [remedy.design for remedy in problem.remedies] == [usual]
    problem = check(replace(usual, input_shape=(1, 0, 8))).problem
    assert (problem.layer, problem.field, problem.remedies) == (None, "input_shape", ())


@given(kernel=st.tuples(st.integers(1, 9), st.integers(1, 9)), size=st.integers(9, 20))
def test_same_padding_keeps_the_size_exactly_for_odd_kernels(kernel, size):
    same = same_padding(kernel)
    odd = [length % 2 == 1 for length in kernel]
    assert same.is_exact == all(odd)
    report = check(design(conv2d(1, kernel, padding=same.padding), *END, shape=(1, size, size)))
    sizes = report.layers[0].output_shape or ()
    assert sizes[1:] == tuple(size if is_odd else size - 1 for is_odd in odd)
    strided = (
        check(design(conv2d(1, kernel, 3, same.padding), *END, shape=(1, size, size)))
        .layers[0]
        .output_shape
    )
    if same.is_exact:
        assert strided == (1, -(-size // 3), -(-size // 3))


def test_same_padding_says_how_or_why_not():
    for kernel, said in (((5, 5), "(5 − 1)/2 = 2"), ((5, 3), "(5 − 1)/2 = 2, (3 − 1)/2 = 1")):
        assert same_padding(kernel).text.replace("\u00a0", " ") == said
    text = same_padding((5, 4)).text
    assert text.startswith("A kernel of 4 has no middle: padding 1 makes the map one smaller, 2")
