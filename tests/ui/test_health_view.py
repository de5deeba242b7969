"""The page of health: numbers of the core, of the moment that is looked at, found beside."""

import threading
from contextlib import closing

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent

from cnnviz.core import health_task
from cnnviz.core.health import Histogram, examine, histogram, probe
from cnnviz.core.in_force import rate_after
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings
from cnnviz.core.trainer import Trainer
from cnnviz.core.verdicts import Verdict
from cnnviz.ui import theme
from cnnviz.ui.arithmetic_blocks import number
from cnnviz.ui.health_table import (
    COLUMNS,
    HealthCell,
    _height,
    _ratio_cell,
    _spread_cell,
    scale_words,
)
from cnnviz.ui.health_view import HealthView
from cnnviz.ui.health_watch import MOST_POINTS
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.verdicts_view import NOTHING, TITLES, VerdictsView

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def show(show_view):
    return lambda session, size=(1180, 700): show_view(HealthView(session), *size)


@pytest.fixture
def view(session, show, until):
    view = show(session)
    until(lambda: view.watch.answer is not None)
    return view


def rows(view):
    return {row[0].text: row for row in view.table.cells.cells}


def at(view, step):
    answer = view.watch.answer
    return answer is not None and answer.health.step == step


def expected(session, snapshot):
    planned = session.status.planned_steps
    rate = rate_after(session.timeline, session.settings, planned, snapshot.step)
    images = probe(session.dataset.train)
    return examine(Network(session.spec), snapshot, images, session.settings.optimizer, rate)


@pytest.mark.parametrize("network", sorted(PRESETS))
def test_every_number_is_the_cores(network, open_session, show, until):
    view = show(open_session(network))
    until(lambda: at(view, 0))
    session = view._session
    health = expected(session, session.timeline.snapshots[0])
    found = rows(view)
    for layer in health.layers:
        if layer.name.startswith("flatten"):
            assert layer.label not in found
            continue
        cells = [cell.text for cell in found[layer.label]]
        norms = (layer.weight_norm, layer.gradient_norm, layer.update_norm)
        assert cells[1:4] == ["–" if norm is None else number(norm) for norm in norms]
        if layer.update_ratio is not None:
            assert cells[4] == f"{layer.update_ratio:.2g}"
        if layer.dead is not None:
            assert cells[6].startswith(f"{100 * layer.dead:.0f}")
        histogram = found[layer.label][8].histogram
        np.testing.assert_array_equal(histogram.counts, layer.activations.counts)
    assert f"loss {health.loss:.4g}" in view.about.text()


def test_it_follows_training_and_the_cursor(view, session, train, until):
    train(session, 30)
    step = len(session.timeline)
    until(lambda: at(view, step))
    assert f"At batch {step}" in view.about.text()
    session.past.look_at(25)
    until(lambda: at(view, 25))
    assert view.watch.answer.health.loss == expected(session, session.timeline.snapshots[25]).loss
    session.past.look_at(0)
    until(lambda: at(view, 0))
    session.past.look_at(None)
    until(lambda: at(view, step))


def test_paused_between_two_snapshots_it_is_the_batch_of_now(view, session, train, until):
    train(session, 3)
    if len(session.timeline) in session.timeline.snapshots:  # it may have gone on to one
        train(session)
    assert len(session.timeline) not in session.timeline.snapshots
    until(lambda: at(view, len(session.timeline)))
    loss = view.watch.answer.health.loss
    network = Network(session.spec)
    network.vector[...] = session.edits.learned
    images, labels = probe(session.dataset.train).batch(np.arange(64))
    assert loss == pytest.approx(network.loss_and_gradients(images, labels)[0], rel=1e-6)


def test_the_course_is_of_the_runs_snapshots(view, session, train, until):
    train(session, 60)
    until(lambda: len(view.watch.course) == len(session.timeline.snapshots))
    steps = [health.step for health in view.watch.course]
    assert steps == sorted(session.timeline.snapshots)
    drawn = rows(view)["Conv 1"][5].course
    assert [step for step, _ in drawn] == steps
    assert drawn[-1][1] == view.watch.course[-1].layers[0].update_ratio


def test_of_a_long_run_only_some_are_examined(session, show):
    view = show(session)
    snapshot = session.timeline.snapshots[0]
    session.timeline.snapshots = dict.fromkeys(range(1000), snapshot)
    assert len(view.watch._spread()) <= MOST_POINTS
    session.timeline.snapshots = {0: snapshot}


def test_what_was_cut_is_forgotten(view, session, train, until):
    train(session, 60)
    until(lambda: len(view.watch.course) == len(session.timeline.snapshots))
    session.travel(0)
    until(lambda: len(session.timeline) == 0)
    until(lambda: at(view, 0) and [health.step for health in view.watch.course] == [0])


def test_hidden_it_rests(view, session, train, until):
    view.hide()
    before = view.watch.answer
    train(session, 30)
    assert view.watch._examining.now is None
    assert view.watch.answer is before
    view.show()
    until(lambda: at(view, len(session.timeline)))


def test_hiding_it_in_the_midst_leaves_no_thread(session, show, until, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def wait(*given):
        begun.set()
        assert go_on.wait(20)
        return examine(*given)

    monkeypatch.setattr(health_task, "examine", wait)
    view = show(session)
    until(begun.is_set)
    view.hide()
    go_on.set()
    until(lambda: view.is_shut_down)
    assert view.watch.answer is None


def test_what_goes_wrong_is_told(session, show, until, monkeypatch):
    told = []
    session.noticed.connect(told.append)

    def fail(*given):
        raise ValueError("made up")

    monkeypatch.setattr(health_task, "examine", fail)
    show(session)
    until(lambda: told != [])
    assert "made up" in told[0].text


def test_nothing_looks_wrong_at_first(view):
    assert view.verdicts.nothing.isVisible()
    assert view.verdicts.nothing.text() == NOTHING


def test_a_run_that_diverged_is_told_with_a_rate(open_session, show, until):
    session = open_session(learning_rate=10.0)
    view = show(session)
    until(lambda: at(view, 0))
    session.timeline.diverged[0] = float("nan")
    session.history_changed.emit()
    until(lambda: any(card.isVisible() for card in view.verdicts.cards))
    until(lambda: view.verdicts.cards[0].title.text() == TITLES["diverged"])
    card = view.verdicts.cards[0]
    assert card.button.text() == "Set the rate to 1"
    card.button.click()
    assert session.settings.learning_rate == 1.0
    view.grab()


def test_in_the_past_no_rate_is_offered(view, session, train, until):
    verdict = Verdict("rate-high", "Too much.", "Lower it.", {})
    train(session, 30)
    until(lambda: at(view, len(session.timeline)))
    object.__setattr__(view.watch.answer, "verdicts", (verdict,))
    view._refresh()
    assert view.verdicts.cards[0].button.isVisible()
    assert view.verdicts.cards[0].advice.text().startswith("Lower it. Try ")
    answer = view.watch.answer
    session.past.look_at(0)
    view.watch.answer = answer
    view._refresh()
    assert not view.verdicts.cards[0].button.isVisible()


def test_cards_come_and_go(qtbot):
    view = VerdictsView()
    qtbot.addWidget(view)
    view.show()
    view.show_verdicts(None)
    assert view.nothing.text() != NOTHING
    found = [(Verdict(kind, f"{kind}!", "Do.", {}), None) for kind in TITLES]
    view.show_verdicts(found)
    assert not view.nothing.isVisible()
    assert [card.title.text() for card in view.cards] == list(TITLES.values())
    assert all(card.words.text() in card.accessibleName() for card in view.cards)
    assert not any(card.button.isVisible() for card in view.cards)
    view.show_verdicts([])
    assert view.nothing.text() == NOTHING
    assert not any(card.isVisible() for card in view.cards)


@pytest.mark.parametrize(
    ("ratio", "height"), [(1e-3, 0.5), (1e-5, 0.0), (1e-1, 1.0), (0.0, 0.0), (7.0, 1.0)]
)
def test_the_scale_is_logarithmic_about_what_is_usual(ratio, height):
    assert _height(ratio) == pytest.approx(height)


def test_what_is_not_finite_is_said():
    assert _ratio_cell(float("nan")).text == "not finite"
    assert _spread_cell(Histogram(np.zeros(1), np.zeros(0, np.intp), 0, 5)).text == "none is finite"
    cell = _ratio_cell(0.02)
    assert isinstance(cell, HealthCell)
    assert cell.color == "bad"


def test_columns_explain_themselves(view):
    header = view.table.cells
    for place, column in enumerate(COLUMNS):
        told = header.headerData(place, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        assert told == column.explanation


def test_a_histogram_is_painted_in_both_colours(view):
    image = view.table.grab().toImage()
    colors = {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }
    ground, tokens = theme.tokens().background, theme.tokens()
    for value in (tokens.positive, tokens.negative):
        assert theme.blend(ground, value, 0.85).name() in colors


def test_another_run_has_other_rows(view, session, until, odd):
    session.open_run(RunRequest(odd["data"], odd["network"], Settings(batch_size=16)))
    until(lambda: session.spec.name == "odd" and at(view, 0))
    until(lambda: "Sigmoid 1" in rows(view))
    assert rows(view)["Sigmoid 1"][6].text.endswith("saturated")
    view.grab()


def test_examinations_rest_while_training_by_what_they_cost(view, session, until, monkeypatch):
    told = []

    def rest(seconds):
        told.append(seconds)
        return 60_000

    monkeypatch.setattr(session.pace, "rest_after", rest)
    session.play()
    until(lambda: told != [])
    assert told[0] > 0
    before = view.watch.answer
    session.drain()
    assert view.watch.answer is before, "the next one waits for its time"
    session.pause()
    until(lambda: at(view, session.status.step))


@pytest.mark.parametrize(
    ("values", "words"), [([0, 0], "all 0"), ([1, -0.5], "±1"), ([0.2], "±0.2")]
)
def test_the_scale_of_a_histogram_is_said_and_that_there_is_none(values, words):
    assert scale_words(histogram(np.array(values, np.float32))) == words


@pytest.fixture
def live(open_session, show_view, until, monkeypatch):
    """A view of a run that leaves a core to the window, and its session."""
    monkeypatch.setattr("cnnviz.core.parallel.usable_cores", lambda: 2)
    session = open_session(threads=1, batch_size=16, epochs=1000)
    return show_view(HealthView(session), 1000, 600), session


def test_with_a_core_of_its_own_it_follows_the_batch_of_now(live, until):
    view, session = live
    session.play()
    steps = set()

    def seen():
        if view.watch.answer:
            steps.add(view.watch.answer.health.step)
        return steps - session.timeline.snapshots.keys()

    until(lambda: len(seen()) > 3)  # moments of which no snapshot was kept
    assert view.watch.is_live
    until(lambda: "newest snapshot" not in view.about.text() and "At batch" in view.about.text())
    before = max(steps)
    until(lambda: max(seen() or {0}) > before)
    session.pause()
    until(lambda: at(view, session.status.step))
    assert not view.watch.is_live


def test_live_health_is_that_of_the_engine_at_that_step(live, until):
    view, session = live
    session.play()
    until(lambda: view.watch.answer is not None and view.watch.answer.health.step > 20)
    session.pause()
    health = view.watch.answer.health
    dataset, spec, settings = session.dataset, session.spec, session.settings
    with closing(Trainer(spec, dataset, settings)) as trainer:
        while trainer.step < health.step:
            trainer.train_batch()
        expected = examine(
            Network(spec, None),
            trainer.snapshot(),
            probe(dataset.train),
            settings.optimizer,
            trainer.rate,
        )
    assert health.loss == expected.loss
    for one, other in zip(health.layers, expected.layers, strict=True):
        assert (one.update_norm, one.dead) == (other.update_norm, other.dead)
        np.testing.assert_array_equal(one.activations.counts, other.activations.counts)


def test_live_numbers_stand_still_while_pictures_move(live, until):
    view, session = live
    view._calm.set_interval(60_000)
    session.play()
    until(lambda: view.watch.answer is not None and view._told is not None)
    told, pictures = [row[1].text for row in view.table.cells.cells], set()

    def moved():
        pictures.add(id(view.table.cells.cells[0][8].histogram))
        return len(pictures) > 3

    until(moved)
    assert [row[1].text for row in view.table.cells.cells] == told
    session.pause()
    until(lambda: at(view, session.status.step))
    assert view._told is view.watch.answer.health


def test_hidden_or_over_it_asks_for_no_snapshots(live, until):
    view, session = live
    session.play()
    until(lambda: session.newest is not None)
    view.hide()
    assert session.newest is None
    session.drain()
    step = session.shown_step
    until(lambda: session.shown_step > step + 2)
    assert session.newest is None
    session.pause()


def test_another_run_takes_the_place_of_a_live_one(live, until):
    view, session = live
    session.play()
    until(lambda: view._told is not None)
    session.open_run(
        RunRequest("digits", "mlp", Settings(batch_size=16, threads=1, epochs=1000)), play=True
    )
    until(lambda: session.spec.name == "mlp")
    until(lambda: len(view.table.cells.cells) == len(session.network.layers) - 1)
    session.pause()


def test_after_a_reset_nothing_of_the_future_that_is_void_is_shown(live, until):
    view, session = live
    session.play()
    until(lambda: view.watch.answer is not None and view.watch.answer.health.step > 60)
    for _ in range(3):
        session.reset()
        until(lambda: len(session.timeline) == 0)
        shown = view.watch.answer
        session.play()

        def is_another(before=shown):
            answer = view.watch.answer
            assert answer is before or answer.health.step <= len(session.timeline)
            return answer is not before

        until(is_another)
        until(lambda: len(session.timeline) > 60)
    session.pause()


def helper_of(view):
    return view.watch._helper


def test_live_a_process_examines_that_ends_with_looking(live, until):
    view, session = live
    assert helper_of(view) is None
    session.play()
    until(lambda: helper_of(view) is not None)
    process = helper_of(view)._process
    until(lambda: view.watch.answer is not None and view.watch.answer.health.step > 20)
    view.hide()
    assert helper_of(view) is None
    assert process.returncode is not None
    view.show()
    until(lambda: helper_of(view) is not None)
    session.pause()


@pytest.mark.parametrize("lost", [False, True])
def test_live_a_thread_examines_where_no_process_does(live, until, lost, monkeypatch, caplog):
    view, session = live
    if not lost:
        monkeypatch.setattr("cnnviz.core.health_helper.start_python", no_process)
    session.play()
    if lost:
        until(lambda: view.watch._helper is not None)
        view.watch._helper._process.kill()
    until(lambda: view.watch.answer is not None)
    before = view.watch.answer.health.step
    until(lambda: view.watch.answer.health.step > before + 20)
    assert view.watch.is_live
    words = "the process that examines has ended" if lost else "no process can be started"
    until(lambda: words in caplog.text)  # with the next examination, not in the midst of one
    before = view.watch.answer.health.step
    until(lambda: view.watch.answer.health.step > before + 20)
    assert caplog.text.count(words) == 1
    assert helper_of(view) is None
    session.pause()


def no_process(module):
    raise OSError(f"there is no room for {module}")


def test_minimised_it_is_not_live(live, until):
    view, session = live
    session.play()
    until(lambda: view.watch.is_live)
    view.hideEvent(SpontaneousHide())
    assert not view.watch.is_live
    view.show()
    view.showEvent(QShowEvent())
    assert view.watch.is_live
    session.pause()


class SpontaneousHide(QHideEvent):
    """What a window gets that is minimised."""

    def spontaneous(self):
        return True
