"""The page of history: lines that show a slow-down, a legend that chooses them, bounded work."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.time_history import BatchTimes, TimeHistory
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.time_history_plot import MOST_POINTS
from cnnviz.ui.time_history_view import TimeHistoryView
from cnnviz.ui.widgets.table import PAD, ROW

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def session(qtbot, qapp):
    """A session with numpy-cnn, before anything was measured."""
    made = Session()
    made.network = Network(PRESETS["numpy-cnn"])
    yield made
    made.shut_down()
    qtbot.waitUntil(lambda: made.is_shut_down, timeout=10_000)


@pytest.fixture
def view(qtbot, session):
    made = TimeHistoryView(session)
    qtbot.addWidget(made)
    made.resize(1100, 600)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def train(session, batches, slower=1.0, way="im2col"):
    """Records batches as if they had been trained; conv2 takes `slower` times as long."""
    history = session.time_history
    keys = [(layer.name, way) for layer in session.network.layers for way in DIRECTIONS]
    keys += [(what, "forward") for what in ("data", "loss", "optimizer", "other")]
    seconds = dict.fromkeys(keys, 0.0002)
    seconds["conv2", "forward"] = 0.002 * slower
    seconds["conv2", "backward"] = 0.003 * slower
    seconds["flatten", "forward"] = seconds["flatten", "backward"] = 0.000001
    for step in range(len(history) + 1, len(history) + batches + 1):
        history.record(BatchTimes(step, way, seconds))
    session.times_changed.emit()


DIRECTIONS = ("forward", "backward")


def row_of(view, label):
    return next(row for row, line in enumerate(view.lines) if line.label == label)


def middle(view, label, x=120):
    return QPoint(x, row_of(view, label) * ROW + ROW // 2)


def cells(view, label):
    return view.table.cells.cells[row_of(view, label)]


def looks_like(plot, x, milliseconds, name):
    """Whether the pixels about a time are rather of that colour than of the ground."""
    image = plot.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    y = float(plot.pixel(np.array([milliseconds]))[0])
    color, ground = (rgb(QColor(each)) for each in (name, theme.tokens().background))
    met = [rgb(image.pixelColor(round(x * ratio), round((y + d) * ratio))) for d in (-1, 0, 1)]
    way = color - ground
    return max((pixel - ground) @ way / (way @ way) for pixel in met) > 0.4


def rgb(color):
    return np.array(color.getRgb()[:3], float)


def test_before_training_it_says_what_to_do(view):
    assert view.empty.isVisible()
    assert "Press Train" in view.empty.text()
    assert not view.plot.isVisible()


def test_what_takes_time_has_a_line_from_the_start(view, session):
    train(session, 60)
    assert view.plot.isVisible()
    shown = set(view.plot.drawn)
    assert {"Whole step", "Conv 1", "Conv 2", "Dense 1"} <= shown
    assert "Flatten" not in shown
    assert cells(view, "Conv 2")[0].ticked
    assert not cells(view, "Flatten")[0].ticked


def test_lines_are_the_times_in_milliseconds(view, session):
    train(session, 60)
    x, y = view.plot.drawn["Conv 2"]
    np.testing.assert_allclose(x, np.arange(1, 61))
    np.testing.assert_allclose(y, 5, rtol=1e-5)
    total = sum(session.time_history.seconds(row)[0] for row in session.time_history.rows)
    np.testing.assert_allclose(view.plot.drawn["Whole step"][1], 1000 * total, rtol=1e-4)


@pytest.mark.parametrize("logarithmic", [True, False])
def test_a_slow_down_rises(view, session, logarithmic):
    train(session, 200)
    train(session, 200, slower=3)
    view.log.setChecked(logarithmic)
    plot = view.plot
    _, times = plot.drawn["Conv 2"]
    heights = plot.pixel(times)
    assert heights[-1] < heights[0] - 20
    area = plot.area()
    assert all(area.top() <= height <= area.bottom() for height in heights)
    _, others = plot.drawn["Conv 1"]
    assert plot.pixel(others)[-1] == pytest.approx(plot.pixel(others)[0])


def test_the_table_says_now_against_usual_and_warns(view, session):
    train(session, 60)
    assert [cell.text for cell in cells(view, "Conv 2")[1:]] == ["5.00", "–"]
    train(session, 300)
    assert cells(view, "Conv 2")[2].text == "0\u2009%"
    train(session, 60, slower=1.5)
    slow, same = cells(view, "Conv 2"), cells(view, "Conv 1")
    assert (slow[1].text, slow[2].text, slow[2].color) == ("7.50", "+50\u2009%", "bad")
    assert (same[2].text, same[2].color) == ("0\u2009%", "muted")


def test_long_runs_are_thinned_and_it_is_said(view, session):
    train(session, 60)
    assert "median" not in view.about.text()
    train(session, 4000)
    assert all(len(x) <= MOST_POINTS + 1 for x, _ in view.plot.drawn.values())
    assert "Each point is the median of " in view.about.text()
    session.time_history = TimeHistory(most=500)
    train(session, 4000)
    assert "means of 8 batches" in view.about.text()


def test_a_tick_shows_and_hides_a_line(qtbot, view, session):
    train(session, 60)
    box = QPoint(PAD + 5, middle(view, "Conv 1").y())
    qtbot.mouseClick(view.table.viewport(), LEFT, pos=box)
    assert "Conv 1" not in view.plot.drawn
    assert not cells(view, "Conv 1")[0].ticked
    qtbot.mouseClick(view.table.viewport(), LEFT, pos=box)
    assert "Conv 1" in view.plot.drawn


def test_all_lines_may_be_hidden(view, session):
    train(session, 60)
    for row in range(len(view.lines)):
        if cells(view, view.lines[row].label)[0].ticked:
            view._tick(row)
    assert view.plot.drawn == {}
    view.grab()


def test_a_chosen_line_is_yellow_with_its_directions(qtbot, view, session):
    train(session, 60)
    qtbot.mouseClick(view.table.viewport(), LEFT, pos=middle(view, "Conv 2"))
    assert view.plot.chosen_line == "Conv 2"
    (_, forward), (_, backward) = view.plot.parts
    np.testing.assert_allclose(forward, 2, rtol=1e-5)
    np.testing.assert_allclose(backward, 3, rtol=1e-5)
    assert "forward" in view.legend.text()
    tokens = theme.tokens()
    names = ("Conv 2", "forward", "backward")
    for name, times, color in zip(
        names,
        (view.plot.drawn["Conv 2"][1], forward, backward),
        (tokens.selected, tokens.negative, tokens.positive),
        strict=True,
    ):
        assert looks_like(view.plot, 300, times[0], color), name
    qtbot.mouseClick(view.table.viewport(), LEFT, pos=middle(view, "Conv 2"))
    assert view.plot.parts == []
    assert view.legend.text() == ""


def test_choosing_a_hidden_line_shows_it(qtbot, view, session):
    train(session, 60)
    qtbot.mouseClick(view.table.viewport(), LEFT, pos=middle(view, "Flatten"))
    assert "Flatten" in view.plot.drawn


def test_the_line_under_the_pointer_and_its_row_light_up(qtbot, view, session):
    train(session, 60)
    plot = view.plot
    at = plot._dot("Conv 2", 200).toPoint()
    qtbot.mouseMove(plot.viewport(), at)
    assert plot.lit == "Conv 2"
    assert view.table.lit == row_of(view, "Conv 2")
    assert plot._words(float(at.x())).startswith("Conv 2 · epoch ")
    assert plot._words(float(at.x())).endswith("5.00\u2009ms")
    qtbot.mouseClick(plot.viewport(), LEFT, pos=at)
    assert view.table.chosen_row == row_of(view, "Conv 2")
    QApplication.sendEvent(plot.viewport(), QEvent(QEvent.Type.Leave))
    QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert plot.lit == ""
    qtbot.mouseMove(view.table.viewport(), middle(view, "Conv 1"))
    assert plot.lit == "Conv 1"


def test_changes_of_the_way_are_marked(view, session):
    train(session, 60)
    before = view.plot.viewport().grab().toImage()
    train(session, 60, way="correlate")
    assert session.time_history.changes == [(1, "im2col"), (61, "correlate")]
    image = view.plot.viewport().grab().toImage()
    x = round(view.plot.across.pixel(60.5))
    ratio = image.devicePixelRatio()
    column = [
        image.pixelColor(round((x + side) * ratio), round(y * ratio)).name()
        for side in (0, 1)
        for y in range(14, 40)
    ]
    assert column.count(theme.tokens().background) < len(column)
    assert image != before


def test_travel_cuts_the_lines(view, session):
    train(session, 100)
    session.time_history.cut(40)
    session.times_changed.emit()
    assert view.plot.drawn["Conv 2"][0][-1] == 40
    session.time_history.cut(0)
    session.times_changed.emit()
    assert view.empty.isVisible()


def test_a_single_batch_can_be_drawn_and_pointed_at(qtbot, view, session):
    train(session, 1)
    view.grab()
    dot = view.plot._dot("Conv 2", 300)
    assert view.plot.line_at(QPointF(300, dot.y())) == "Conv 2"


def test_a_new_run_begins_anew(view, session):
    train(session, 60)
    view._tick(row_of(view, "Conv 1"))
    session.time_history, session.network = TimeHistory(), Network(PRESETS["mlp"])
    session.run_changed.emit()
    assert view.empty.isVisible()
    train(session, 60)
    assert {line.label for line in view.lines} >= {"Dense 1", "Dense 2"}
    assert "Dense 1" in view.plot.drawn


def test_hidden_it_rests_and_catches_up_when_shown(view, session):
    train(session, 60)
    view.hide()
    train(session, 40)
    assert len(view.plot.drawn["Conv 2"][0]) == 60
    view.show()
    assert len(view.plot.drawn["Conv 2"][0]) == 100


def test_nothing_new_is_no_work(view, session):
    train(session, 60)
    drawn = view.plot.drawn
    session.times_changed.emit()
    assert view.plot.drawn is drawn


def test_keys_tick_and_change_the_scale(qtbot, view, session):
    train(session, 60)
    view.table.setFocus()
    view.table.choose(row_of(view, "Conv 1"))
    qtbot.keyClick(view.table, Qt.Key.Key_Space)
    assert "Conv 1" not in view.plot.drawn
    qtbot.keyClick(view, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: not view.plot.logarithmic)


def test_another_theme_recolours_it(qapp, view, session):
    train(session, 60)
    theme.apply_theme(qapp, "light")
    image = view.grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(0, 1100, 2) for y in range(0, 600, 2)}
    assert theme.LIGHT.background in colors
    assert theme.DARK.background not in colors
    assert theme.LIGHT.text in colors


def test_a_real_run_is_kept_and_cut(open_session, until):
    real = open_session(play=True)
    until(lambda: len(real.time_history) > 30)
    real.pause()
    until(lambda: not real.is_training)
    until(lambda: len(real.time_history) == len(real.timeline))
    real.travel(5)
    until(lambda: len(real.timeline) == len(real.time_history) == 5)
    real.set_convolution("correlate")
    real.step()
    until(lambda: len(real.time_history) == 6)
    assert real.time_history.changes == [(1, "im2col"), (6, "correlate")]
    wall = sum(real.timeline.seconds)
    assert float(real.time_history.total().sum()) > 0.8 * wall
    real.reset()
    until(lambda: len(real.time_history) == 0)
