"""Experiments in their window: chosen, run, watched, cancelled, compared, opened as a run."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from cnnviz.core import experiments
from cnnviz.core.datasets.shuffled import with_shuffled_pixels
from cnnviz.core.evaluation import evaluate
from cnnviz.core.experiments import EXPERIMENTS, Contestant, Experiment
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings
from cnnviz.core.spec import conv2d, dense, flatten
from cnnviz.core.status import Phase
from cnnviz.core.trainer import Interrupted
from cnnviz.ui import experiments_window, theme
from cnnviz.ui.experiments_window import ExperimentsWindow
from cnnviz.ui.messages import RunRequest
from tests.ui.data_files import make_images

LEFT = Qt.MouseButton.LeftButton
TINY, MLP = PRESETS["tiny"], PRESETS["mlp"]
TWO = (Contestant("With", TINY), Contestant("Without", MLP, "momentum"))
SMALL = {
    each.name: each
    for each in (
        Experiment("two", "Two networks?", "Which learns more?", TWO),
        Experiment("mixed", "And shuffled?", "What is left?", TWO, shuffled=True),
        Experiment(
            "large",
            "Too large a kernel?",
            "Does it fit?",
            (Contestant("Large", replace(TINY, layers=(conv2d(1, 40), flatten(), dense(10)))),),
        ),
    )
}


@pytest.fixture(autouse=True)
def small_experiments(monkeypatch):
    """Experiments that take a moment only."""
    monkeypatch.setattr(experiments_window, "EXPERIMENTS", SMALL)


@pytest.fixture
def lab(window, until):
    """The window, opened from the main one, set to one epoch."""
    window.windows.open_experiments()
    made = window.windows.made(ExperimentsWindow)
    until(made.isVisible)
    made.epochs_field.setValue(1)
    return made


@pytest.fixture
def finish(lab, until, qtbot):
    """Runs the chosen experiment to its end."""

    def run_it(name="two"):
        lab.choice.chosen.emit(name)
        qtbot.mouseClick(lab.start_button, LEFT)
        assert lab.work.is_active
        until(lambda: not lab.work.is_active)

    return run_it


@pytest.fixture
def held(monkeypatch):
    """Experiments wait half way for the event that this returns; they can be cancelled."""
    go_on = threading.Event()

    def run_held(experiment, dataset, terms, tell=None, interrupted=lambda: False):
        tell(0.4, ())
        while not go_on.wait(0.005):
            if interrupted():
                raise Interrupted
        return real(experiment, dataset, terms, tell, interrupted)

    real = experiments.run
    monkeypatch.setattr(experiments, "run", run_held)
    yield go_on
    go_on.set()


def cells(lab):
    return [[cell.text for cell in row] for row in lab.table.cells.cells]


def test_the_shipped_experiments_can_all_be_chosen(window, monkeypatch):
    monkeypatch.setattr(experiments_window, "EXPERIMENTS", EXPERIMENTS)
    lab = ExperimentsWindow(window.session, window)
    for name, each in EXPERIMENTS.items():
        lab.choice.chosen.emit(name)
        assert lab.choice.accessibleName() == f"Experiment: {each.title}"
        assert lab.question.text() == each.question
        assert "UCI digits" in lab.setting.text()
        assert each.contestants[0].title in lab.setting.text()
    lab.deleteLater()


def test_at_first_it_invites(lab, session):
    assert not lab.cancel_button.isVisible()
    assert not lab.open_button.isEnabled()
    assert not lab.maps.isVisible()
    assert lab.start_button.isEnabled()
    assert "batches of 128" in lab.setting.text()


def test_without_data_nothing_can_begin(open_window):
    from cnnviz.ui.session import Session

    window = open_window(Session())
    window.windows.open_experiments()
    lab = window.windows.made(ExperimentsWindow)
    assert not lab.start_button.isEnabled()
    lab.start()
    assert not lab.work.is_active


def test_its_numbers_are_the_engines(lab, finish, session):
    lab.seed_field.setValue(3)
    finish()
    result = lab.work.results["two"]
    terms = result.terms
    assert (terms.epochs, terms.seed, terms.batch_size) == (1, 3, 128)
    expected = experiments.run(SMALL["two"], session.dataset, terms)
    for row, outcome in zip(cells(lab), expected, strict=True):
        accuracy = f"{100 * outcome.epochs[-1].test_accuracy:.2f}\u2009%"
        assert row[:2] == [outcome.contestant.title, accuracy]
        assert row[3] == theme.spaced(outcome.parameters)
    assert lab.message.text() == "Done."
    assert "“UCI digits”, 1 epoch, batches of 128, seed 3" in lab.setting.text()
    for (x, _), outcome in zip(lab.plot.lines, expected, strict=True):
        assert x[-1] == len(outcome.losses)
    assert not lab.plot.grab().isNull()


def test_training_rests_and_goes_on(lab, session, held, until, qtbot):
    session.play()
    until(lambda: len(session.timeline) > 3)
    qtbot.mouseClick(lab.start_button, LEFT)
    until(lambda: lab.work.share == 0.4)
    assert lab.message.text() == "Training rests meanwhile."
    assert session.status.phase is Phase.PAUSED
    step = session.status.step
    held.set()
    until(lambda: not lab.work.is_active)
    assert lab.message.text() == "Done. Training goes on."
    until(lambda: session.status.step > step)


def test_a_paused_session_stays_paused(lab, session, finish):
    finish()
    assert not session.is_training
    assert lab.message.text() == "Done."


@pytest.mark.parametrize("training", [False, True])
def test_cancel(training, lab, session, held, until, qtbot):
    if training:
        session.play()
    qtbot.mouseClick(lab.start_button, LEFT)
    until(lambda: lab.work.share == 0.4)
    assert lab.cancel_button.hasFocus()
    qtbot.mouseClick(lab.cancel_button, LEFT)
    goes_on = " Training goes on." if training else ""
    assert lab.message.text() == f"Cancelled after 40\u2009%.{goes_on}"
    assert session.is_training is training
    assert lab.start_button.hasFocus()
    until(lambda: lab.is_shut_down)


def test_who_trains_meanwhile_ends_it(lab, session, held, until, qtbot):
    qtbot.mouseClick(lab.start_button, LEFT)
    until(lambda: lab.work.share == 0.4)
    session.play()
    assert not lab.work.is_active
    assert lab.message.text() == "Cancelled, for training goes on."
    assert session.is_training


def test_another_run_ends_it(lab, session, held, until, qtbot):
    session.play()
    qtbot.mouseClick(lab.start_button, LEFT)
    until(lambda: lab.work.share == 0.4)
    session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: session.spec.name == "mlp")
    assert lab.message.text() == "Cancelled, for there is another run now."
    assert not session.is_training


def test_closing_it_ends_it(lab, session, held, until, press_key, qtbot):
    qtbot.mouseClick(lab.start_button, LEFT)
    until(lambda: lab.work.share == 0.4)
    press_key("Escape", lab)
    until(lambda: not lab.isVisible())
    assert not lab.work.is_active
    until(lambda: lab.is_shut_down)


def test_the_main_window_closes_in_the_middle(window, lab, held, until, qtbot):
    qtbot.mouseClick(lab.start_button, LEFT)
    until(lambda: lab.work.share == 0.4)
    window.close()
    until(lambda: not window.isVisible())
    lab.start()
    assert not lab.work.is_active


def test_it_closes_in_the_midst_of_a_real_one(window, lab, until, qtbot):
    lab.epochs_field.setValue(100)
    qtbot.mouseClick(lab.start_button, LEFT)
    until(lambda: any(len(x) for x, _ in lab.plot.lines))
    window.close()
    until(lambda: not window.isVisible())


def test_what_does_not_fit_is_told_in_the_engines_words(lab, finish, session):
    finish("large")
    assert lab.message.text().startswith("The experiment stopped. conv1: ")
    assert "40" in lab.message.text()
    assert lab.work.is_bad
    color = lab.message.palette().color(lab.message.foregroundRole())
    assert color.name() == theme.tokens().bad
    lab.choice.chosen.emit("two")
    assert lab.message.text().strip() == ""


def test_each_experiment_keeps_what_came_of_it(lab, finish):
    finish("two")
    kept = cells(lab)
    lab.choice.chosen.emit("mixed")
    assert cells(lab) == []
    finish("mixed")
    assert cells(lab) != kept
    lab.choice.chosen.emit("two")
    assert cells(lab) == kept


def test_the_maps_are_those_of_the_networks(lab, finish, session):
    finish()
    assert lab.maps.isVisible()
    (outcome, _) = lab.work.results["two"].outcomes
    network = Network(outcome.spec, outcome.seed)
    network.vector[...] = outcome.vector
    for image in (0, 5):
        session.choose_image(image)
        images, _ = session.dataset.test.batch(np.array([image]))
        assert list(lab.maps.maps) == ["With"]
        np.testing.assert_array_equal(lab.maps.maps["With"], network.run(images)[1][0])
    assert not lab.maps.grab().isNull()


def test_maps_of_shuffled_pixels_are_those_that_were_learned_from(lab, finish, session):
    finish("mixed")
    shuffled = with_shuffled_pixels(session.dataset)
    (outcome, _) = lab.work.results["mixed"].outcomes
    network = Network(outcome.spec, outcome.seed)
    network.vector[...] = outcome.vector
    images, _ = shuffled.test.batch(np.array([session.image_index]))
    np.testing.assert_array_equal(lab.maps.maps["With"], network.run(images)[1][0])
    assert evaluate(network, shuffled.test).accuracy == outcome.accuracy


def test_images_of_another_shape_have_no_maps(lab, finish, session, tmp_path, until):
    finish()
    other = make_images(tmp_path / "photos", size=(20, 20))
    session.open_run(RunRequest(str(other), "tiny", Settings(batch_size=8)))
    until(lambda: session.request.data == str(other))
    assert not lab.maps.isVisible()
    assert "UCI digits" in lab.setting.text()  # what is shown was learned from those


def test_one_of_them_is_opened_as_a_run_with_its_weights(lab, finish, session, until, qtbot):
    lab.seed_field.setValue(2)
    finish()
    lab.table.choose(1)
    outcome = lab.work.results["two"].outcomes[1]
    qtbot.mouseClick(lab.open_button, LEFT)
    until(lambda: session.spec.name == "mlp")
    np.testing.assert_array_equal(session.network.vector, outcome.vector)
    assert evaluate(session.network, session.dataset.test).accuracy == outcome.accuracy
    assert (session.settings.seed, session.settings.optimizer) == (2, "momentum")
    assert session.status.step == 0
    session.step()
    until(lambda: len(session.timeline) == 1)


def test_one_is_opened_on_its_own_data_even_if_others_are_open(
    lab, finish, session, tmp_path, until, qtbot
):
    finish()
    other = make_images(tmp_path / "photos")
    session.open_run(RunRequest(str(other), "tiny", Settings(batch_size=8)))
    until(lambda: session.request.data == str(other))
    lab.table.choose(0)
    qtbot.mouseClick(lab.open_button, LEFT)
    until(lambda: session.request.data == "digits")
    assert session.dataset is lab.work.results["two"].dataset


def test_what_learned_from_shuffled_pixels_cannot_be_opened(lab, finish):
    finish("mixed")
    lab.table.choose(0)
    assert not lab.open_button.isEnabled()
    assert "shuffled" in lab.why_not_open.text()


def test_why_none_can_be_opened_stands_beside_the_button(lab, finish):
    assert lab.why_not_open.isVisible()
    assert lab.why_not_open.text() == "Once all have learned, each can be opened."
    finish()
    assert lab.why_not_open.text() == "Choose a network in the table."
    lab.table.choose(0)
    assert lab.open_button.isEnabled()
    assert lab.why_not_open.text() == ""


def test_a_cancelled_one_cannot_be_opened(lab, until, qtbot):
    lab.epochs_field.setValue(100)
    qtbot.mouseClick(lab.start_button, LEFT)
    until(lambda: len(lab.table.cells.cells) == 2)
    qtbot.mouseClick(lab.cancel_button, LEFT)
    lab.table.choose(0)
    assert not lab.open_button.isEnabled()
    assert not lab.maps.isVisible()


def test_one_that_diverges_says_where(lab, finish, monkeypatch):
    wild = Contestant("Wild", PRESETS["numpy-cnn"], "momentum")
    monkeypatch.setitem(SMALL, "two", Experiment("two", "Two?", "Which?", (wild,)))
    monkeypatch.setattr(experiments, "usual_rate", lambda optimizer: 1e6)
    finish()
    assert cells(lab)[0][1].startswith("diverged at batch ")
    lab.table.choose(0)
    assert not lab.open_button.isEnabled()
    assert "no number" in lab.why_not_open.text()
    assert not lab.grab().isNull()


def test_another_theme(lab, finish, press_key, window):
    finish()
    before = lab.grab().toImage()
    window.change_theme()
    assert lab.grab().toImage() != before
