"""The timing view as its user meets it: rows, bars, numbers that add up, words on each row."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings
from cnnviz.ui import theme
from cnnviz.ui.messages import RunRequest, Times
from cnnviz.ui.session import Session
from cnnviz.ui.timing_view import SIDE, TimingView, rounded_to_sum, timing_table


def times_of(network, scale=1.0, batches=50):
    """Every row a little different, the second convolution's way back the longest."""
    keys = [(layer.name, way) for layer in network.layers for way in ("forward", "backward")]
    keys += [(what, "forward") for what in ("data", "loss", "optimizer", "other")]
    rng = np.random.default_rng(0)
    milliseconds = {key: scale * rng.random() for key in keys}
    if ("conv2", "backward") in milliseconds:
        milliseconds["conv2", "forward"] = 1.52 * scale
        milliseconds["conv2", "backward"] = 3.31 * scale
    return Times(milliseconds, sum(milliseconds.values()), batches)


@pytest.fixture
def session(qtbot, qapp):
    """A session with numpy-cnn, before anything was measured."""
    theme.load_fonts(qapp)
    theme.apply_theme(qapp, "dark")
    made = Session()
    made.network = Network(PRESETS["numpy-cnn"])
    yield made
    made.shut_down()
    qtbot.waitUntil(lambda: made.is_shut_down, timeout=10_000)


@pytest.fixture
def view(qtbot, session):
    """The view of that session, on screen, with room for all rows."""
    made = TimingView(session)
    qtbot.addWidget(made)
    made.resize(345, 340)
    with qtbot.waitExposed(made):
        made.show()
    return made


def measure(session, **keywords):
    session.times = times_of(session.network, **keywords)
    session.times_changed.emit()


def row_named(view, name):
    return next(row for row in view.bars.table.rows if row.name == name)


def middle(view, name):
    """The height of a row's middle in the bars' widget."""
    rows = [row.name for row in view.bars.table.rows]
    heights = [y for y in range(view.bars.height()) if view.bars.row_at(y) == rows.index(name)]
    return heights[len(heights) // 2]


def colors_across(view, name):
    """The colours from left to right in the middle of a row."""
    image = view.bars.grab().toImage()
    ratio = image.devicePixelRatio()
    y = int(middle(view, name) * ratio)
    return [image.pixelColor(x, y).name() for x in range(image.width())]


def written(text):
    """The milliseconds in a text."""
    (number,) = re.findall(r"([\d.\u2009]+)\u2009ms", text)
    return float(number.replace("\u2009", ""))


def test_before_training_it_says_what_to_do(view):
    assert view.empty.isVisible()
    assert "Press Train" in view.empty.text()
    assert not view.bars.isVisible()
    assert not view.note.isVisible()


def test_every_layer_has_a_row_in_order_and_the_rest_follows(view, session):
    measure(session)
    assert view.bars.isVisible()
    assert [row.name for row in view.bars.table.rows] == [
        "Conv 1",
        "ReLU 1",
        "Conv 2",
        "ReLU 2",
        "Max pool 1",
        "Flatten",
        "Dense 1",
        "ReLU 3",
        "Dense 2",
        "Loading data",
        "Loss",
        "Optimiser",
        "Everything else",
    ]


def test_the_total_ends_where_the_times_above_it_end(view, session):
    measure(session)
    assert view.total.alignment() & Qt.AlignmentFlag.AlignRight
    assert view.width() - 1 - view.total.geometry().right() == SIDE


@pytest.mark.parametrize("scale", [0.001, 0.03, 1, 7, 40, 3000])
def test_the_written_rows_add_up_to_the_written_total(view, session, scale):
    measure(session, scale=scale)
    table = view.bars.table
    rows = [written(table.text(row.forward + row.backward)) for row in table.rows]
    total = written(view.total.text())
    assert sum(rows) == pytest.approx(total, abs=1e-9)
    assert total == pytest.approx(session.times.total, rel=0.05)


def test_the_footer_says_the_batch_and_the_note_how_many(view, session):
    session.settings = Settings(batch_size=128)
    measure(session)
    assert view.total.text().startswith("batch of 128: ")
    assert view.note.text() == "mean of 50 batches"
    measure(session, batches=1)
    assert view.note.text() == "the last batch"


def test_bars_are_blue_forward_and_orange_backward_on_one_scale(view, session):
    measure(session)
    long, short = colors_across(view, "Conv 2"), colors_across(view, "Dense 1")
    blue, orange = theme.tokens().negative, theme.tokens().positive
    assert long.index(blue) < long.index(orange)
    row = row_named(view, "Conv 2")
    assert long.count(orange) / long.count(blue) == pytest.approx(row.backward / row.forward, 0.1)
    other = row_named(view, "Dense 1")
    assert short.count(blue) / long.count(blue) == pytest.approx(other.forward / row.forward, 0.1)


def test_what_is_not_a_layer_is_neither_forward_nor_backward(view, session):
    measure(session)
    colors = colors_across(view, "Optimiser")
    assert theme.tokens().muted in colors
    assert theme.tokens().negative not in colors


def test_pointing_lights_up_a_row(qtbot, view, session):
    measure(session)
    qtbot.mouseMove(view.bars, QPoint(5, middle(view, "ReLU 2")))
    assert colors_across(view, "ReLU 2")[2] == theme.tokens().raised
    QApplication.sendEvent(view.bars, QEvent(QEvent.Type.Leave))
    assert colors_across(view, "ReLU 2")[2] == theme.tokens().background


def ask(view, y):
    """Rests the pointer at a height."""
    at = QPoint(40, y)
    event = QHelpEvent(QEvent.Type.ToolTip, at, view.bars.mapToGlobal(at))
    QApplication.sendEvent(view.bars, event)
    return QToolTip.text()


def test_a_tooltip_explains_a_layer_and_splits_its_time(view, session):
    measure(session)
    told = ask(view, middle(view, "Conv 2"))
    assert "Backward, " in told
    assert "the gradients by its weights and by its input" in told
    row = row_named(view, "Conv 2")
    lines = told.splitlines()
    assert written(lines[1]) + written(lines[2]) == pytest.approx(written(lines[0]))
    assert written(lines[0]) == pytest.approx(row.forward + row.backward)


def test_the_first_layer_needs_no_gradient_by_its_input(view, session):
    measure(session)
    assert "images need none" in ask(view, middle(view, "Conv 1"))


def test_a_tooltip_explains_what_is_not_a_layer(view, session):
    measure(session)
    told = ask(view, middle(view, "Loading data"))
    assert told.startswith("Loading data: ")
    assert "Backward" not in told


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_network_has_its_rows_and_words(view, session, name):
    session.network = Network(PRESETS[name])
    measure(session)
    assert len(view.bars.table.rows) == len(session.network.layers) + 4
    assert all(ask(view, middle(view, row.name)) for row in view.bars.table.rows)


def test_too_many_rows_scroll_and_are_not_squeezed(qtbot, view, session):
    session.network = Network(PRESETS["lenet-5"])
    measure(session)
    view.resize(300, 180)
    qtbot.waitUntil(lambda: view.bars.height() > view.bars.parentWidget().height())
    assert middle(view, "Conv 2") - middle(view, "Max pool 1") >= 14


def test_hidden_it_rests_and_catches_up_when_shown(view, session):
    measure(session)
    before = view.bars.table
    view.hide()
    measure(session, scale=2)
    assert view.bars.table is before
    view.show()
    assert view.bars.table is not before


def test_a_new_run_brings_the_sentence_back(view, session):
    measure(session)
    session.times = Times({}, 0.0, 0)
    session.times_changed.emit()
    assert view.empty.isVisible()


def test_another_theme_recolours_bars_and_legend(qapp, view, session):
    measure(session)
    theme.apply_theme(qapp, "light")
    assert theme.LIGHT.negative in colors_across(view, "Conv 2")
    assert theme.LIGHT.negative in view.legend.text()
    assert view.total.palette().color(view.total.foregroundRole()) == QColor(theme.LIGHT.text)


def test_the_numbers_are_told_to_those_who_do_not_see(view, session):
    measure(session)
    assert "Conv 2: 4.83\u2009ms" in view.bars.accessibleDescription()
    assert view.bars.accessibleName() == "Time per layer"


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=40), st.integers(0, 3))
def test_rounding_keeps_the_sum_and_stays_close(values, digits):
    rounded = rounded_to_sum(values, digits)
    unit = 10.0**-digits
    assert sum(rounded) == pytest.approx(round(sum(values) / unit) * unit, abs=1e-6)
    assert all(abs(a - b) <= unit * (1 + 1e-6) for a, b in zip(rounded, values, strict=True))


def test_a_row_that_was_not_measured_counts_as_nothing():
    network = Network(PRESETS["tiny"])
    table = timing_table(network.layers, Times({("conv1", "forward"): 2.0}, 2.0, 1))
    assert [row.forward for row in table.rows] == [2.0] + [0.0] * 8
    assert table.total == 2.0


def test_it_shows_a_real_run(qtbot, view, session):
    session.open_run(RunRequest("digits", "tiny", Settings(epochs=3)), play=True)
    qtbot.waitUntil(lambda: session.times.batches > 0, timeout=60_000)
    qtbot.waitUntil(view.bars.isVisible)
    assert len(view.bars.table.rows) == 9
    assert all(row.forward >= 0 for row in view.bars.table.rows)


@pytest.mark.parametrize("network", ["numpy-cnn", "tiny"])
def test_the_column_does_not_widen_when_times_come_or_with_the_theme(
    network, open_window, open_session, qapp
):
    theme.apply_theme(qapp, "dark")
    session = open_session(network)
    window = open_window(session, size=(1280, 800))
    before = window.timing.width()
    for batches, factor in ((1, 1), (999, 1), (50, 400)):
        measure(session, batches=batches, scale=factor)
        QApplication.processEvents()
        assert window.timing.width() == before
    for name in ("light", "dark"):
        theme.apply_theme(qapp, name)
        QApplication.processEvents()
        assert window.timing.width() == before
    assert "mean of 50 batches" in window.timing.note.text()
