"""t-SNE in the space of digits: begun, followed, cancelled, old, missing; points stay points."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from cnnviz.core import neighbour_map
from cnnviz.core.examination import Question
from cnnviz.core.neighbour_map import NeighbourMap, NeighbourMapTask
from cnnviz.core.settings import Settings
from cnnviz.ui import neighbour_bar
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.space_view import PCA, TSNE


class MadeUp(NeighbourMapTask):
    """In scikit-learn's place a circle, at once: for what needs any map, wherever tests run."""

    def _lay_out(self, values, perplexity):
        turn = np.linspace(0, 6, len(values))
        points = 50 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        return {"points": points.tolist(), "divergence": 0.5, "iterations": 1000}


class Endless(NeighbourMapTask):
    """Goes on until it is cancelled."""

    def _lay_out(self, values, perplexity):
        self._tell(iterations=350)
        self._cancelled.wait()


@pytest.fixture
def made_up(monkeypatch):
    """Maps come at once."""
    monkeypatch.setattr(neighbour_bar, "NeighbourMapTask", MadeUp)


@pytest.fixture
def endless(monkeypatch):
    """They never come."""
    monkeypatch.setattr(neighbour_bar, "NeighbourMapTask", Endless)


@pytest.fixture
def shown(made_up, space, until):
    """The page with a map, at rest."""
    show(space, until)
    return space


def show(space, until):
    space.choose_projection(TSNE)
    until(lambda: isinstance(space.plot.plane, NeighbourMap))
    until(lambda: space.plot._glide.state() is space.plot._glide.State.Stopped)


def words(space):
    space.neighbours.refresh()
    return space.neighbours.words.text()


def test_scikit_learns_map_parts_the_classes(space, session, until):
    pytest.importorskip("sklearn")
    before = space.plot.plane
    space.choose_projection(TSNE)
    assert space.plot.plane is before
    assert space.neighbours.progress.isVisible()
    assert "Until it is done, PCA is shown" in words(space)
    until(lambda: isinstance(space.plot.plane, NeighbourMap))
    assert space.plot._glide.state() is space.plot._glide.State.Running
    points, labels = space.plot.plane.points, session.dataset.test.labels
    away = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    assert np.mean(labels[away.argmin(axis=1)] == labels) > 0.6


def test_it_says_what_it_is_of_and_when_it_is_old(shown, session, until):
    step = session.shown_step
    assert words(shown).startswith(f"t-SNE of 360 images, after batch {step} (epoch ")
    assert "KL divergence 0.50" in words(shown)
    assert "distances between clusters mean little" in words(shown).lower()
    assert not shown.neighbours.again_button.isEnabled()
    found = shown.plot.plane
    session.past.look_at(0)
    until(lambda: shown._answer.question.step == 0)
    assert "Later than what is shown, batch 0." in words(shown)
    assert shown.plot.plane is found
    shown.neighbours.again_button.click()
    until(lambda: shown.plot.plane is not found)
    assert "before the first batch" in words(shown)
    assert not shown.neighbours.again_button.isEnabled()
    session.past.look_at(step)
    until(lambda: "Older than what is shown" in words(shown))


def test_back_to_pca_and_to_the_map_that_is_there(shown):
    found = shown.plot.plane
    shown.choose_projection(PCA)
    assert shown.plot.plane is shown.plane
    assert shown.about.isVisible()
    assert not shown.neighbours.isVisible()
    shown.choose_projection(TSNE)
    assert shown.plot.plane is found
    assert not shown.steady.isVisible()


def test_another_layer_is_another_map(shown, until):
    shown.layer_choice.chosen.emit("dense1")
    assert not isinstance(shown.plot.plane, NeighbourMap)
    until(lambda: isinstance(shown.plot.plane, NeighbourMap))
    assert shown.plot.plane.question.layer == "dense1"


def test_points_are_pointed_at_chosen_roped_and_hidden(shown, session, qtbot, until):
    plot = shown.plot
    place = QPointF(*plot.positions()[100].tolist())
    image = plot.image_at(place)
    session.choose_image((image + 1) % 360)
    qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert abs(session.image_index - 100) <= 3
    plot._take(np.array([3, 4, 5]))
    assert shown.images.count.text().startswith("In the lasso: 3, ")
    label = int(session.dataset.test.labels[image])
    shown.table.ticked.emit(label)
    assert plot.image_at(place) != image
    assert not plot.grab().isNull()


def test_only_some_images_take_part(made_up, monkeypatch, space, session, qtbot, until):
    monkeypatch.setattr(neighbour_bar, "COUNTS", (50, 100))
    monkeypatch.setattr(type(space.neighbours), "count", 50)
    show(space, until)
    there = np.flatnonzero(space.plot.placed)
    assert len(there) == 50
    assert words(space).startswith("t-SNE of 50 of 360 images")
    assert space.neighbours.count_choice.isVisible()
    session.choose_image(0)
    for _ in range(3):
        qtbot.keyClick(space.plot, Qt.Key.Key_Right)
        assert session.image_index in there
    space.plot.grab()
    inside = np.isfinite(space.plot.positions()).all(axis=1)
    assert np.flatnonzero(inside).tolist() == there.tolist()


def test_more_images_can_be_asked_for(shown, until):
    found = shown.plot.plane
    shown.neighbours.count_choice.chosen.emit("10000")
    assert shown.neighbours.count == 10_000
    until(lambda: shown.plot.plane is not found)


def test_cancel_ends_it_and_again_begins_anew(endless, space, until, monkeypatch):
    space.choose_projection(TSNE)
    until(lambda: space.neighbours.progress.value() == 350)
    assert "Step 350 of 1\u2009000" in words(space)
    space.neighbours.cancel_button.click()
    until(lambda: space.neighbours.is_shut_down)
    assert words(space).startswith("Cancelled. ")
    assert space.plot.plane is space.plane
    monkeypatch.setattr(neighbour_bar, "NeighbourMapTask", MadeUp)
    space.neighbours.again_button.click()
    until(lambda: isinstance(space.plot.plane, NeighbourMap))


@pytest.mark.parametrize("leave", ["pca", "close", "shut_down"])
def test_who_leaves_in_the_middle_leaves_no_thread(endless, space, mistakes, until, leave):
    space.choose_projection(TSNE)
    until(lambda: space.neighbours.progress.value() == 350)
    if leave == "pca":
        space.choose_projection(PCA)
    elif leave == "close":
        mistakes.close()
    else:
        mistakes.shut_down()
    until(lambda: space.neighbours.is_shut_down)
    assert space.neighbours.map is None


def test_closed_in_the_middle_the_process_is_gone(space, mistakes, until):
    pytest.importorskip("sklearn")
    space.choose_projection(TSNE)
    task = space.neighbours._work.now
    until(lambda: task._process is not None)
    mistakes.shut_down()
    until(lambda: mistakes.is_shut_down)
    assert task._process.returncode is not None


def test_another_run_begins_another_map(shown, session, until):
    found = shown.neighbours.map
    session.open_run(RunRequest("digits", "tiny", Settings(seed=1), None), False)
    until(lambda: shown.neighbours.map not in (None, found))
    assert "before the first batch" in words(shown)


def test_a_network_that_has_diverged_is_told_of(space, session, until, monkeypatch):
    asked = Question.network

    def diverged(question):
        network = asked(question)
        network.vector[...] = np.nan
        return network

    monkeypatch.setattr(Question, "network", diverged)
    space.choose_projection(TSNE)
    until(lambda: "has diverged" in space.neighbours.words.text())
    assert "There is no t-SNE." in words(space)
    assert space.neighbours.again_button.isEnabled()
    assert space.plot.plane is space.plane


def test_a_defect_is_a_notice(space, session, until, monkeypatch):
    def broken(task, values, perplexity):
        raise RuntimeError("scikit-learn says: odd")

    monkeypatch.setattr(NeighbourMapTask, "_lay_out", broken)
    notices = []
    session.noticed.connect(notices.append)
    space.choose_projection(TSNE)
    until(lambda: len(notices) == 1)
    assert "odd" in notices[0].text
    assert "Traceback" in notices[0].details


@pytest.mark.parametrize("there", [True, False])
def test_without_the_package_it_cannot_be_chosen(there, mistakes, monkeypatch):
    found = object() if there else None
    monkeypatch.setattr(neighbour_map, "find_spec", lambda name: found)
    mistakes.pages.setCurrentWidget(mistakes.space)
    choice = mistakes.space.projection_choice
    [tsne] = [each for each in choice.menu().actions() if each.text() == "t-SNE"]
    assert tsne.isEnabled() is there
    assert choice.menu().toolTipsVisible()
    for tip in (tsne.toolTip(), choice.toolTip()):
        assert ("python -m pip install scikit-learn" in tip) is not there
