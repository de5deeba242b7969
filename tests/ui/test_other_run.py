"""Two runs compared: the other one's maps follow the digit and the moment that are shown."""

from dataclasses import replace

import numpy as np
import pytest

from cnnviz.core.errors import SpecError
from cnnviz.core.fork import Differences
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from cnnviz.core.outbox import LossDiverged
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d, relu
from cnnviz.ui import reports
from cnnviz.ui.comparison import Side
from cnnviz.ui.comparison_view import ComparisonView
from cnnviz.ui.forking import fork_off
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.other_run import OtherRun


@pytest.fixture
def open_another(session, until):
    def another(network="tiny", spec=None, **settings):
        before = session.runs.open
        session.open_run(RunRequest("digits", spec or network, Settings(**settings), 100))
        until(
            lambda: (
                session.runs.open is not before
                and (before.saved is not None or not len(before.timeline))
            )
        )
        return session.runs.open

    return another


@pytest.fixture
def first(session, train, open_another):
    """A run of more than 60 batches that was left; the open one has begun anew."""
    train(session, 60)
    run = session.runs.open
    open_another(seed=1)
    return run


def made_by(run, snapshot, image):
    network = Network(run.spec, 0)
    network.vector[...] = snapshot.vector
    return inspect(network, image)


def assert_shows(session, run, snapshot):
    kept = session.comparison.kept
    expected = made_by(run, snapshot, session.inspection.image)
    for name, output in expected.outputs.items():
        np.testing.assert_array_equal(kept.inspection.outputs[name], output)
    np.testing.assert_array_equal(kept.inspection.probabilities, expected.probabilities)
    assert kept.step == snapshot.step


def test_it_shows_the_same_moment_and_follows_the_digit(session, first):
    session.compare_with(first)
    assert session.comparison.side is Side.BOTH
    assert session.comparison.kept.words == "Run 1 at batch 0"
    for image in (3, 9):
        session.choose_image(image)
        assert_shows(session, first, first.timeline.nearest(0))
    weights = session.comparison.kept.weights["conv1.weight"]
    assert not np.array_equal(weights, session.network.state_dict()["conv1.weight"])


def test_it_follows_the_moment(session, first, train):
    session.compare_with(first)
    train(session, 30)
    step = session.shown_step
    nearest = first.timeline.nearest(step)
    assert_shows(session, first, nearest)
    words = f"Run 1 at batch {nearest.step}"
    exact = nearest.step == step
    assert session.comparison.kept.words == words + ("" if exact else ", the nearest kept before")
    session.past.look_at(25)
    assert_shows(session, first, first.timeline.nearest(session.shown_step))
    assert session.comparison.kept.words == f"Run 1 at batch {session.shown_step}"
    train(session, len(first.timeline))
    session.past.look_at(None)
    assert_shows(session, first, first.saved.newest)
    assert session.comparison.kept.words == f"Run 1 at batch {first.saved.step}, its newest"


def test_long_numbers_are_spaced(session, first):
    late = replace(first.saved.newest, step=12345)
    source = OtherRun(first, session.network)
    assert source._words(late, 12345) == "Run 1 at batch 12\u2009345"
    notice = reports.diverged(LossDiverged(12344, float("inf"), 12000), Settings(), print)
    assert "at batch 12\u2009345" in notice.text
    assert "batch 12\u2009000" in notice.action


def test_a_fork_before_the_first_batch_of_it_shows_its_first(session, first, train, until):
    session.open_again(first)
    until(lambda: session.runs.open is first)
    fork_off(session, Differences(optimizer="momentum"))
    until(lambda: session.runs.open is not first and first.saved is not None)
    forked = session.runs.open
    train(session, 30)
    session.open_again(first)
    until(lambda: session.runs.open is first and forked.saved is not None)
    session.past.look_at(0)
    session.compare_with(forked)
    begin = forked.origin.step
    assert session.comparison.kept.words == f"Run 2 at batch {begin}, its first"


def test_what_is_asked_again_is_the_same(session, first):
    source = OtherRun(first, session.network)
    once = source(session.image, 30)
    assert source(session.image, 30) is once
    session.choose_image(1)
    assert source(session.image, 30) is not once


def test_the_line_says_which_batch_and_the_chip_names_the_run(session, first, qtbot, train, until):
    bar = ComparisonView(session)
    qtbot.addWidget(bar)
    session.compare_with(first)
    assert session.comparison.side is Side.BOTH
    assert bar.label.text() == "Left: Run 1 at batch 0 · Right: now"
    session.comparison.show_side(Side.DIFFERENCE)
    assert bar.label.text() == "Now less Run 1 at batch 0"
    session.comparison.show_side(Side.KEPT)
    assert bar.label.text() == "Compared with Run 1 at batch 0"
    assert bar.buttons[Side.KEPT].text().strip() == "Run 1"
    train(session, 60 + len(first.timeline))
    until(lambda: bar.label.text().endswith(", its newest"))
    session.comparison.end()
    session.keep_or_end()
    assert bar.buttons[Side.KEPT].text().strip() == "Kept"


def test_what_is_kept_by_hand_stays_though_a_run_was_compared_before(session, first):
    session.compare_with(first)
    session.comparison.end()
    session.keep_or_end()
    kept = session.comparison.kept
    session.choose_image(5)
    assert session.comparison.kept is kept


def test_another_run_ends_it(session, first, open_another):
    session.compare_with(first)
    open_another(seed=3)
    assert session.comparison.kept is None
    session.choose_image(4)
    assert session.comparison.kept is None


@pytest.mark.parametrize("network", ["mlp", "lenet-5", "numpy-cnn"])
def test_other_layers_are_refused(network, session, first, open_another):
    open_another(network)
    with pytest.raises(SpecError, match="Run 1 has other layers than the open run"):
        session.compare_with(first)
    assert session.comparison.kept is None


def test_fewer_layers_are_refused(session, train, open_another):
    layers = (conv2d(4, 5, 2), relu(), max_pool2d(2), flatten(), dense(10))
    open_another(spec=Spec("one", "One", (1, 28, 28), layers))
    train(session, 2)
    run = session.runs.open
    open_another(spec=Spec("two", "Two", (1, 28, 28), (*layers, relu())))
    with pytest.raises(SpecError, match="5 layers and the open run 6"):
        session.compare_with(run)
