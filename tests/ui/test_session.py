"""The session: what is asked for, what comes back from the thread, and what the views are told."""

import gc
import threading
from contextlib import closing

import numpy as np
import pytest
from PySide6.QtCore import QObject, QTimer

from cnnviz.core.datasets import load_dataset
from cnnviz.core.lead import Lead
from cnnviz.core.network import Network
from cnnviz.core.presets import preset
from cnnviz.core.runner import Runner
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.status import Phase
from cnnviz.core.trainer import Trainer
from cnnviz.ui.messages import Notice, RunRequest
from cnnviz.ui.runs import MOST_DELETED
from cnnviz.ui.session import Session

SIGNALS = (
    "run_changed",
    "settings_changed",
    "history_changed",
    "network_changed",
    "image_changed",
    "status_changed",
    "times_changed",
)


@pytest.fixture
def notices(session):
    """The notices of that session."""
    heard: list[Notice] = []
    session.noticed.connect(heard.append)
    return heard


def request(data="digits", network="tiny", **settings):
    return RunRequest(data, network, Settings(**settings))


def take(notice):
    """Takes the way out that a notice offers."""
    assert notice.action
    notice.act()


def paused(session):
    return session.status.phase is Phase.PAUSED and not session.is_training


# Opening a run


def test_a_run_opens_untrained_and_paused(session):
    assert paused(session)
    assert session.status.step == 0
    assert not session.has_work
    assert session.spec.name == "tiny"
    assert session.dataset.name == "digits"
    assert session.settings.epochs == session.status.planned_steps / 11
    np.testing.assert_array_equal(session.network.vector, Network(session.spec).vector)


def test_all_is_in_place_when_the_views_are_told(session, until, train):
    train(session, 2)
    seen = []

    def look():
        seen.append(
            (
                session.spec.name,
                list(session.inspection.outputs) == [x.name for x in session.network.layers],
                session.shown_step,
                session.status.step,
                len(session.timeline),
                session.times.batches,
            )
        )

    session.run_changed.connect(look)
    session.open_run(request(network="mlp"))
    until(lambda: seen != [])
    assert seen == [("mlp", True, 0, 0, 0, 0)]


def test_the_old_run_trains_on_until_the_new_one_is_ready(session, until, mnist):
    session.play()
    until(lambda: len(session.timeline) > 5)
    session.open_run(request("mnist"))
    assert session.loading == request("mnist")
    before = len(session.timeline)
    until(lambda: len(session.timeline) > before or session.loading is None)
    if session.loading:
        assert session.dataset.name == "digits"
        assert session.is_training
    until(lambda: session.loading is None)
    assert session.dataset.name == "mnist"
    assert paused(session)
    assert len(session.timeline) == 0
    until(lambda: len(runner_threads()) == 1)


def runner_threads():
    return [thread for thread in threading.enumerate() if thread.name == "cnnviz-runner"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (request("/nowhere/at/all"), "/nowhere/at/all"),
        (request(network="resnet-5000"), "resnet-5000"),
        (request(batch_size=100_000), "batch"),
    ],
)
def test_a_run_that_cannot_be_leaves_the_old_one(asked, told, session, notices, until):
    session.play()
    until(lambda: len(session.timeline) > 2)
    session.open_run(asked)
    until(lambda: notices != [])
    assert told in notices[0].text
    assert session.loading is None
    assert session.request.data == "digits"
    assert session.spec.name == "tiny"
    assert session.settings.batch_size == 128
    before = len(session.timeline)
    until(lambda: len(session.timeline) > before + 2)


def test_damaged_files_are_told_and_leave_the_old_run(session, notices, until, tmp_path):
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{name}-ubyte").write_bytes(b"\0\0\x08\x03")
    session.open_run(request(str(tmp_path)))
    until(lambda: notices != [])
    assert notices[0].details == ""
    assert session.dataset.name == "digits"


def test_after_a_first_run_that_failed_another_can_be_opened(no_threads_left, until):
    session = Session()
    notices: list[Notice] = []
    session.noticed.connect(notices.append)
    session.open_run(request("/nowhere", batch_size=32))
    until(lambda: notices != [])
    assert session.wanted == request("/nowhere", batch_size=32)
    assert session.status.phase is Phase.LOADING
    for wish in (session.play, session.pause, session.step, session.epoch, session.reset):
        wish()
    session.travel(5)
    session.choose_image(3)
    assert session.label is None
    session.open_run(request())
    until(lambda: session.dataset is not None)
    session.shut_down()
    until(lambda: session.is_shut_down)


def test_of_several_wishes_in_a_row_the_last_one_counts(session, until):
    runs = []
    session.run_changed.connect(lambda: runs.append(session.spec.name))
    for name in ("mlp", "numpy-cnn", "lenet-5"):
        session.open_run(request(network=name))
    assert session.wanted.network == "lenet-5"
    until(lambda: session.loading is None)
    until(lambda: len(runner_threads()) == 1)
    assert runs == ["lenet-5"]
    assert session.network.spec.name == "lenet-5"


def test_a_run_may_play_as_soon_as_it_is_ready(open_session, until):
    session = open_session(play=True)
    until(lambda: len(session.timeline) > 3)


def test_the_same_data_are_not_loaded_again_and_keep_the_image(session, until, mnist):
    session.choose_image(7)
    before = session.dataset
    session.open_run(request(network="mlp"))
    until(lambda: session.loading is None)
    assert session.dataset is before
    assert session.image_index == 7
    session.open_run(request("mnist"))
    until(lambda: session.loading is None)
    assert session.image_index == 0


def test_the_settings_of_a_run_reach_it(session, until):
    session.open_run(RunRequest("digits", "tiny", Settings(batch_size=300, seed=3), epochs=2))
    until(lambda: session.loading is None)
    assert session.status.batches_per_epoch == 4
    assert session.status.planned_steps == 8
    np.testing.assert_array_equal(session.network.vector, Network(session.spec, 3).vector)


# Training


def test_one_batch(session, train):
    train(session)
    assert session.status.step == len(session.timeline) == session.shown_step == 1
    assert session.has_work
    assert paused(session)


def test_an_epoch_ends_with_its_test(session, until):
    session.epoch()
    assert session.is_training
    until(lambda: len(session.timeline.epochs) == 1)
    until(lambda: paused(session))
    assert session.status.step == len(session.timeline) == 11
    assert session.timeline.epochs[0].step == 11


def test_play_ends_at_the_planned_end_and_goes_on_beyond(open_session, until):
    session = open_session(epochs=2)
    session.toggle()
    until(lambda: paused(session) and session.status.step == 22)
    until(lambda: len(session.timeline.epochs) == 2)
    session.toggle()
    until(lambda: len(session.timeline) > 40)
    session.toggle()
    until(lambda: paused(session))


def test_pausing_stops_within_a_batch(session, until, qtbot):
    session.play()
    until(lambda: len(session.timeline) > 10)
    session.pause()
    until(lambda: paused(session))
    before = session.status.step
    qtbot.wait(100)
    assert session.status.step == len(session.timeline) == before


def test_the_shown_vector_is_that_of_the_step(session, train):
    train(session, 40)
    spec, dataset = preset("tiny"), load_dataset("digits")
    trainer = Trainer(spec, dataset, session.settings)
    while trainer.step < session.shown_step:
        trainer.train_batch()
    trainer.close()
    assert session.shown_step == session.status.step >= 40
    np.testing.assert_array_equal(session.network.vector, trainer.network.vector)


def test_while_training_the_shown_vector_and_inspection_belong_together(session, until):
    steps = []

    def look():
        steps.append(session.shown_step)
        images, _ = session.dataset.test.batch(np.array([session.image_index]))
        logits = Network(session.spec)
        logits.load_state_dict(session.network.state_dict())
        last = session.inspection.outputs[session.network.layers[-1].name]
        np.testing.assert_allclose(last, logits.forward(images)[0], rtol=1e-5, atol=1e-5)

    session.network_changed.connect(look)
    session.play()
    until(lambda: len(steps) > 5)
    assert steps == sorted(steps)


def test_times_add_up_to_the_time_a_batch_takes(open_session, train, qtbot):
    session = open_session("numpy-cnn", batch_size=32)
    train(session, 60)
    qtbot.wait(600)  # until text is due
    times = session.times
    assert times.batches >= 50
    assert sum(times.milliseconds.values()) == pytest.approx(times.total)
    measured = 1000 * session.timeline.seconds[-times.batches :].mean()
    assert times.total == pytest.approx(measured, rel=0.05)
    assert session.images_per_second == pytest.approx(32_000 / times.total)
    layers = {what for what, _ in times.milliseconds if what in session.inspection.outputs}
    assert layers == set(session.inspection.outputs)


def test_a_core_that_training_leaves_makes_pictures_smooth(open_session, until, monkeypatch, qtbot):
    """Then a lead trains, the layers' times are its own, and the bits are the same."""
    monkeypatch.setattr("cnnviz.core.parallel.usable_cores", lambda: 2)
    monkeypatch.setattr("cnnviz.core.aside.PATIENCE", 1e-6)
    both, left = (open_session(threads=threads, batch_size=16) for threads in (2, 1))
    assert (both.pace.cores, left.pace.cores) == (0, 1)
    assert both.pace.calm_ms() > left.pace.calm_ms()
    answers, train = [], Lead.train

    def count(*args):
        answers.append(args)
        return train(*args)

    monkeypatch.setattr(Lead, "train", count)
    left.play()
    until(lambda: len(answers) > 100)
    left.pause()
    until(lambda: left.status.phase is Phase.PAUSED)
    qtbot.wait(600)  # until times are due
    measured = 1000 * left.timeline.seconds[-left.times.batches :].mean()
    assert left.times.total == pytest.approx(measured, rel=0.1)
    assert {("conv1", "forward"), ("conv1", "backward")} <= left.times.milliseconds.keys()
    dataset, settings = left.dataset, left.settings
    with closing(Trainer(preset("tiny"), dataset, settings)) as trainer:
        while trainer.step < left.shown_step:
            trainer.train_batch()
        assert left.network.vector.tobytes() == trainer.network.vector.tobytes()


def test_history_grows_with_the_steps_and_is_cut_by_a_reset(session, until, train):
    train(session, 25)
    assert session.timeline.epochs
    lengths = []
    session.history_changed.connect(lambda: lengths.append(len(session.timeline)))
    session.reset()
    until(lambda: session.status.step == 0 and paused(session))
    until(lambda: session.shown_step == 0)
    assert lengths[-1] == 0
    assert session.timeline.epochs == []
    assert not session.has_work
    np.testing.assert_array_equal(session.network.vector, Network(session.spec).vector)


def test_a_reset_in_the_midst_of_training_pauses_at_the_beginning(session, until, train):
    session.play()
    until(lambda: len(session.timeline) > 30)
    session.reset()
    until(lambda: session.status.step == 0 and paused(session) and not session.has_work)
    train(session, 3)


def test_travelling_back_gives_the_bits_of_then(session, until, train):
    train(session, 7)
    step, then = session.shown_step, session.network.vector.copy()
    losses = session.timeline.losses.copy()
    train(session, 60)
    session.travel(step)
    until(lambda: session.shown_step == step and paused(session))
    np.testing.assert_array_equal(session.network.vector, then)
    np.testing.assert_array_equal(session.timeline.losses, losses)


def test_the_rate_changes_while_it_trains(session, until):
    session.play()
    until(lambda: len(session.timeline) > 5)
    session.set_learning_rate(0.0123)
    assert session.settings.learning_rate == 0.0123
    until(lambda: session.timeline.rates[-1] == 0.0123)
    assert session.is_training
    assert sorted(set(session.timeline.rates)) == [0.002, 0.0123]
    assert (np.diff(session.timeline.rates) != 0).sum() == 1


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_senseless_rate_changes_nothing(rate, session):
    with pytest.raises(ValueError, match="learning rate"):
        session.set_learning_rate(rate)
    assert session.settings.learning_rate == 0.002


def test_a_rate_survives_a_reset(session, until, train):
    train(session, 3)
    session.set_learning_rate(0.01)
    session.reset()
    until(lambda: session.status.step == 0 and not session.has_work)
    train(session)
    assert session.timeline.rates[-1] == 0.01


def test_the_way_of_convolution_changes_while_it_trains(session, until, train):
    session.play()
    until(lambda: session.times.batches > 20)
    fast = session.times.milliseconds["conv1", "forward"]
    session.set_convolution("loop")
    assert session.settings.convolution == "loop"
    until(lambda: session.times.milliseconds["conv1", "forward"] > 10 * fast)
    assert session.is_training
    assert session.times.batches < 20


def test_an_unknown_way_changes_nothing(session):
    with pytest.raises(ValueError, match="fft"):
        session.set_convolution("fft")
    assert session.settings.convolution == "im2col"


# The chosen image


def test_another_image_is_shown_without_training(session, qtbot):
    with qtbot.waitSignal(session.image_changed):
        session.choose_image(42)
    images, labels = session.dataset.test.batch(np.array([42]))
    assert session.label == labels[0]
    np.testing.assert_array_equal(session.inspection.image, images[0])
    np.testing.assert_allclose(
        session.inspection.probabilities, session.network.predict(images)[0], rtol=1e-5
    )


@pytest.mark.parametrize("index", [-1, 10**6])
def test_an_image_that_is_not_there_is_ignored(index, session):
    session.choose_image(3)
    session.choose_image(index)
    assert session.image_index == 3


# What goes wrong


def test_a_diverged_loss_is_told_with_a_way_out_that_works(open_session, until, train):
    session = open_session("numpy-cnn", optimizer="momentum", learning_rate=1e6)
    notices: list[Notice] = []
    session.noticed.connect(notices.append)
    session.play()
    until(lambda: notices != [])
    until(lambda: paused(session))
    at = session.status.step
    assert f"batch {at + 1}" in notices[0].text
    assert len(session.timeline) == at
    take(notices[0])
    assert session.settings.learning_rate <= 0.05
    assert f"{session.settings.learning_rate:g}" in notices[0].action
    until(lambda: session.status.step == 0 and paused(session))
    train(session, 30)
    assert len(notices) == 1
    assert np.isfinite(session.timeline.losses).all()
    assert session.timeline.losses[-5:].mean() < session.timeline.losses[0]


def test_training_on_after_divergence_says_so_again(open_session, until):
    session = open_session(optimizer="momentum", learning_rate=1e30)
    notices: list[Notice] = []
    session.noticed.connect(notices.append)
    session.play()
    until(lambda: len(notices) == 1 and paused(session))
    session.play()
    until(lambda: len(notices) == 2 and paused(session))


@pytest.fixture
def broken_training(monkeypatch):
    """From its fourth batch on, training raises what nobody expects."""
    whole = Trainer.train_batch

    def broken(self, *arguments):
        if self.step >= 3:
            raise ZeroDivisionError("all is lost")
        return whole(self, *arguments)

    monkeypatch.setattr(Trainer, "train_batch", broken)


def test_an_exception_in_the_thread_is_told_and_a_new_run_works(
    broken_training, session, notices, until, monkeypatch
):
    session.play()
    until(lambda: notices != [])
    until(lambda: session.status.phase is Phase.STOPPED)
    assert "ZeroDivisionError: all is lost" in notices[0].text
    assert "Traceback" in notices[0].details
    assert not session.is_training
    assert len(session.timeline) == 3
    until(lambda: runner_threads() == [])
    for wish in (session.play, session.step, session.reset, session.pause):
        wish()
    session.set_learning_rate(0.01)
    session.choose_image(5)
    monkeypatch.undo()
    take(notices[0])
    until(lambda: paused(session))
    assert session.settings.learning_rate == 0.01
    session.play()
    until(lambda: len(session.timeline) > 5)


# The end


def test_an_end_in_the_midst_of_everything(open_session, until, mnist):
    session = open_session("numpy-cnn", play=True)
    until(lambda: len(session.timeline) > 2)
    session.open_run(request("mnist", "lenet-5"))
    session.open_run(request("mnist", "numpy-cnn"))
    session.shut_down()
    session.shut_down()
    until(lambda: session.is_shut_down)
    assert runner_threads() == []


def test_after_the_end_nothing_begins(session, until):
    session.shut_down()
    session.open_run(request())
    for wish in (session.play, session.step, session.epoch, session.reset, session.drain):
        wish()
    session.set_learning_rate(0.01)
    session.set_convolution("loop")
    session.travel(0)
    until(lambda: session.is_shut_down)
    assert session.loading is None
    assert not session.has_work


def test_twenty_runs_leave_nothing_behind(session, until):
    def census():
        gc.collect()
        kinds = (Runner, Trainer, Network, Spec, QTimer, QObject)
        objects = gc.get_objects()
        return [sum(issubclass(type(each), kind) for each in objects) for kind in kinds] + [
            threading.active_count(),
            len(session.findChildren(QObject)),
        ]

    def open_another():
        session.open_run(request(network="mlp"), play=True)
        until(lambda: session.loading is None and len(session.timeline) > 0)
        until(lambda: len(runner_threads()) == 1)
        for run in session.runs.all[:-1]:
            until(lambda run=run: run.saved is not None)
            session.runs.delete(run)

    for _ in range(2 + MOST_DELETED):  # so many can be brought back
        open_another()
    before = census()
    for _ in range(20):
        open_another()
    until(lambda: census() == before)  # a run that ended is forgotten at the next drain


def test_an_idle_session_tells_the_views_nothing(session, train, qtbot):
    train(session, 3)
    qtbot.wait(300)
    told = []
    for name in SIGNALS:
        getattr(session, name).connect(lambda name=name: told.append(name))
    qtbot.wait(700)
    assert set(told) <= {"times_changed"}
