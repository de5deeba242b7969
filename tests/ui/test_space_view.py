"""The space of digits: points where they belong, chosen, roped, hidden, and moving in time."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication

from cnnviz.core.inspection import inspect
from cnnviz.core.projection import Plane, principal_plane
from cnnviz.ui import theme
from cnnviz.ui.plane_axes import axis_names
from cnnviz.ui.point_picture import PointPicture
from cnnviz.ui.space_plot import SpacePlot

LEFT = Qt.MouseButton.LeftButton


def at(plot, image):
    return QPointF(*plot.positions()[image].tolist()).toPoint()


def lonely(plot):
    """An image with no other one near."""
    positions = plot.positions()
    away = np.hypot(*(positions[:, None] - positions[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    return int(away.min(axis=1).argmax())


def glided(space, until):
    until(lambda: space.plot._glide.state() is not space.plot._glide.State.Running)


# Where points are.


def test_it_is_the_plane_of_the_layers_outputs(space, session):
    network, images = session.network, session.dataset.test.images
    outputs = np.array([inspect(network, image).outputs[space.layer] for image in images])
    expected = principal_plane(outputs)
    np.testing.assert_allclose(space.plane.points, expected.points, atol=1e-3)
    percents = [f"{100 * share:.0f}\u2009% of the variance" for share in expected.shares]
    assert axis_names(space.plane) == (f"PC 1 ({percents[0]})", f"PC 2 ({percents[1]})")


def test_all_points_are_inside_on_one_scale(space):
    positions, points = space.plot.positions(), space.plane.points
    area = space.plot.area
    assert all(area.contains(QPointF(*each)) for each in positions.tolist())
    across, down = np.ptp(positions, axis=0) / np.ptp(points, axis=0)
    assert across == pytest.approx(down)


def test_a_point_is_seen_in_its_classs_colour(space, session):
    image = lonely(space.plot)
    session.choose_image((image + 1) % 360)
    seen = space.plot.grab().toImage().pixelColor(at(space.plot, image))
    assert seen == theme.class_color(int(session.dataset.test.labels[image]))


def test_moments_are_laid_alike_and_glide(space, session, until):
    before = space.plane
    step = session.timeline.epochs[0].step
    session.past.look_at(step)
    until(lambda: space._answer.question.step == step)
    assert space.plot._glide.state() is space.plot._glide.State.Running
    glided(space, until)
    both = (space.plane.points * before.points).sum()
    for mirror in ((-1, 1), (1, -1), (-1, -1)):
        assert both >= (space.plane.points * mirror * before.points).sum()
    if 1 <= space.plane.turned <= 89:
        assert "turned by" in space.about.text()
    space.steady.setChecked(False)
    assert space.plane is space._answer.plane
    assert "turned" not in space.about.text()


def test_another_layer_is_another_plane(space, until):
    assert space.layer == "flatten"
    space.layer_choice.chosen.emit("dense1")
    until(lambda: space._answer.question.layer == "dense1")
    assert space.layer_choice.key == "dense1"
    assert space.plot._glide.state() is not space.plot._glide.State.Running


@pytest.mark.parametrize(
    ("turned", "names"),
    [
        (0.2, ("PC 1 (30\u2009% of the variance)", "PC 2 (20\u2009% of the variance)")),
        (89.9, ("PC 2 (30\u2009% of the variance)", "PC 1 (20\u2009% of the variance)")),
        (40.0, ("30\u2009% of the variance", "20\u2009% of the variance")),
    ],
)
def test_turned_axes_are_not_called_components(turned, names):
    assert axis_names(Plane(np.zeros((1, 2)), (0.3, 0.2), turned)) == names


# Pointing and choosing.


def test_the_pointer_shows_an_image_and_a_click_chooses_it(space, session, qtbot, until):
    image = lonely(space.plot)
    session.choose_image((image + 5) % 360)
    qtbot.mouseMove(space.plot, at(space.plot, image))
    until(lambda: space.plot.lit == image)
    label = session.dataset.test.labels[image]
    assert space.images.card.words.text().startswith(f"Test image {image}\nlabel {label}\nread as ")
    qtbot.mouseClick(space.plot, LEFT, pos=at(space.plot, image))
    assert session.image_index == image


def rope(plot, qtbot, low, high):
    corners = [low, (high[0], low[1]), high, (low[0], high[1]), low]
    points = [QPoint(*(round(each) for each in corner)) for corner in corners]
    qtbot.mousePress(plot, LEFT, pos=points[0])
    for point in points[1:]:
        qtbot.mouseMove(plot, point)
    qtbot.mouseRelease(plot, LEFT, pos=points[-1])


def test_a_lasso_takes_what_is_inside(space, session, qtbot, until):
    plot, positions = space.plot, space.plot.positions()
    low, high = np.quantile(positions, 0.3, axis=0), np.quantile(positions, 0.8, axis=0)
    rope(plot, qtbot, low, high)
    sure = ((positions > low + 2) & (positions < high - 2)).all(axis=1)
    maybe = ((positions > low - 2) & (positions < high + 2)).all(axis=1)
    taken = set(plot.rope.tolist())
    assert set(np.flatnonzero(sure)) <= taken <= set(np.flatnonzero(maybe))
    assert len(taken) > 10
    assert space.images.grid.images.images.numbers.tolist() == plot.rope.tolist()
    assert space.images.count.text().startswith(f"In the lasso: {len(taken)}, ")
    session.past.look_at(0)
    until(lambda: space._answer.question.step == 0)
    assert set(plot.rope.tolist()) == taken
    glided(space, until)
    plot._take(np.empty(0, np.int64))
    assert space.images.grid.images.images is None
    assert space.images.count.text() == ""


def test_a_hidden_class_cannot_be_pointed_at(space, session, qtbot):
    image = lonely(space.plot)
    label = int(session.dataset.test.labels[image])
    place = space.plot.positions()[image]
    space.table.ticked.emit(label)
    assert not space.plot.seen[image]
    assert space.plot.image_at(QPointF(*place.tolist())) == -1
    assert space.table.cells.cells[label][0].ticked is False
    space.table.ticked.emit(label)
    assert space.plot.image_at(QPointF(*place.tolist())) == image


def test_only_mistakes(space):
    space.only.setChecked(True)
    answer = space._answer.evaluation
    assert (space.plot.seen == (answer.predictions != answer.labels)).all()


def test_keys_choose_class_and_image(space, session, qtbot):
    plot, keys = space.plot, Qt.Key
    ones = np.flatnonzero(session.dataset.test.labels == 1).tolist()
    session.choose_image(ones[1])
    qtbot.keyClick(plot, keys.Key_Down)
    qtbot.keyClick(plot, keys.Key_Down)
    assert plot.solo == 1
    seen = []
    for key in (keys.Key_Right, keys.Key_Left, keys.Key_Left, keys.Key_Left):
        qtbot.keyClick(plot, key)
        seen.append(session.image_index)
    assert seen == [ones[2], ones[1], ones[0], ones[-1]]
    for _ in range(3):
        qtbot.keyClick(plot, keys.Key_Up)
    assert plot.solo == 9  # past the first class there are all, then the last


def test_the_wheel_zooms_where_the_pointer_is(space, qtbot):
    plot, image = space.plot, lonely(space.plot)
    before, place = plot.positions().copy(), at(space.plot, image)
    wheel(plot, place, 240)
    after = plot.positions()
    assert np.ptp(after[:, 0]) == pytest.approx(1.44 * np.ptp(before[:, 0]))
    assert QPointF(*after[image]).toPoint().x() == pytest.approx(place.x(), abs=2)
    qtbot.keyClick(plot, Qt.Key.Key_F)
    np.testing.assert_allclose(plot.positions(), before)
    wheel(plot, place, -240)
    np.testing.assert_allclose(plot.positions(), before)


def wheel(plot, place, delta):
    where = QPointF(place)
    event = QWheelEvent(
        *(where, QPointF(plot.mapToGlobal(place)), QPoint(), QPoint(0, delta)),
        *(Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier),
        *(Qt.ScrollPhase.NoScrollPhase, False),
    )
    QApplication.sendEvent(plot, event)


def test_it_draws_nothing_while_it_is_hidden(space, mistakes, session, until):
    mistakes.pages.setCurrentWidget(mistakes.mistakes)
    before = space.plane
    session.past.look_at(0)
    until(lambda: mistakes.examiner.answer.question.step == 0)
    assert mistakes.examiner.answer.plane is None
    assert space.plane is before
    mistakes.pages.setCurrentWidget(space)
    until(lambda: space._answer.question.step == 0)


# The plot alone.


@pytest.mark.parametrize("points", [[[0, 0]], [[1, 1], [1, 1]], [[0, 0], [np.nan, np.nan]]])
def test_few_or_equal_points_lie_in_the_middle(qtbot, points):
    plot = SpacePlot()
    qtbot.addWidget(plot)
    plane = Plane(np.array(points, float), (np.nan, np.nan))
    plot.show_plane(plane, np.zeros(len(points), np.int64), ("a", "b"), False)
    plot.resize(400, 300)
    middle = plot.area.center()
    assert plot.positions()[0].tolist() == [middle.x(), middle.y()]
    assert plot.image_at(middle) == 0
    assert not plot.grab().isNull()


def test_points_are_round_and_later_ones_lie_above():
    ground, red, blue = QColor("#101010"), (255, 0, 0), (0, 0, 255)
    made = PointPicture((40, 30), 4.0, ground)
    made.add(
        np.array([[10.5, 10.5], [-50, 3], [39.5, 29.5], [np.nan, 2]]), np.array([red] * 4, "u1")
    )
    made.add(np.array([[14.5, 10.5]]), np.array([blue], "u1"))
    image = made.image()
    assert (image.width(), image.height()) == (40, 30)
    colors = {(x, y): image.pixelColor(x, y).name() for x in range(40) for y in range(30)}
    assert colors[9, 10] == colors[7, 10] == colors[39, 29] == "#ff0000"
    assert colors[14, 10] == colors[11, 10] == "#0000ff"
    assert colors[10, 20] == colors[0, 3] == colors[2, 2] == "#101010"
    around = [colors[10 - x, 10 - y] for x, y in ((3, 3), (3, -3), (4, 4))]
    assert around[0] == around[1]
    assert around[2] == "#101010"
