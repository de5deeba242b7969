"""The page of layers: the same times as the panel's, costs, shares of a measured peak."""

from time import sleep

import pytest
from PySide6.QtCore import QPoint, Qt

from cnnviz.core.costs import layer_costs
from cnnviz.core.machine import Peak
from cnnviz.core.presets import PRESETS
from cnnviz.ui import peak_meter, theme
from cnnviz.ui.layer_costs_view import COLUMNS, TEACHING, LayerCostsView
from cnnviz.ui.widgets.table import ROW

LEFT = Qt.MouseButton.LeftButton
PEAK = Peak(100e9, 10e9, 2)


@pytest.fixture
def measured(monkeypatch):
    """How often a peak was asked for; it is there at once."""
    asked: list[int] = []

    def measure(threads, interrupted):
        asked.append(threads)
        return PEAK._replace(threads=threads)

    monkeypatch.setattr(peak_meter, "measure_peak", measure)
    return asked


@pytest.fixture
def show(qtbot, until, measured):
    made = []

    def show_view(session, size=(1180, 640)):
        view = LayerCostsView(session)
        made.append(view)
        qtbot.addWidget(view, before_close_func=LayerCostsView.shut_down)
        view.resize(*size)
        with qtbot.waitExposed(view):
            view.show()
        until(lambda: view.meter.peak is not None)
        return view

    yield show_view
    until(lambda: all(view.is_shut_down for view in made))


@pytest.fixture
def view(session, show):
    return show(session)


def texts(view):
    cells = view.table.cells.cells
    return {row[0].text: [cell.text for cell in row[1:]] for row in cells}


def trained(view, train, until):
    train(view.session, 5)
    until(lambda: view.session.times.batches > 0 and any(part.rate for part in view.parts))


def test_at_first_sight_it_measures_the_machine_once(view, measured, until):
    assert measured == [view.session.settings.threads]
    assert "at its best" in view.machine.text()
    assert "100 GFLOP/s, 10.0 GB/s" in view.machine.text()
    view.hide()
    view.show()
    assert len(measured) == 1


def test_before_training_it_shows_costs_and_says_what_to_do(view):
    rows = texts(view)
    cost = layer_costs(view.session.network.layers, view.session.settings.batch_size)
    assert rows["Conv 1 forward"][0] == "–"
    assert rows["Conv 1 forward"][1] != "–"
    assert rows["Flatten forward"][1] == "–"
    assert len(rows) == sum(each.bytes > 0 for each in cost.values()) + 1
    assert "Press Train" in view.roofline.accessibleDescription()


def test_after_training_every_layer_has_its_time_and_its_speed(view, train, until):
    trained(view, train, until)
    session, rows = view.session, texts(view)
    seconds = session.times.milliseconds["conv1", "forward"] / 1000
    flops = layer_costs(session.network.layers, session.settings.batch_size)["conv1", "forward"][0]
    time, _, _, rate, share = rows["Conv 1 forward"]
    assert float(time) == pytest.approx(1000 * seconds, abs=0.006)
    assert float(rate) == pytest.approx(flops / seconds / 1e9, abs=0.006)
    assert float(share.removesuffix("\u2009%")) == pytest.approx(flops / seconds / 1e9, abs=0.06)
    layers = sum(
        ms for (what, _), ms in session.times.milliseconds.items() if what in _names(session)
    )
    assert float(rows["All layers"][0].replace("\u2009", "")) == pytest.approx(layers, rel=0.02)


def _names(session):
    return {layer.name for layer in session.network.layers}


def test_table_and_picture_point_and_choose_together(view, train, until, qtbot):
    trained(view, train, until)
    row = next(row for row, part in enumerate(view.parts) if part.name == "Dense 1 backward")
    at = QPoint(60, row * ROW + ROW // 2)
    qtbot.mouseMove(view.table.viewport(), at)
    assert view.roofline.lit == row
    qtbot.mouseClick(view.table.viewport(), LEFT, pos=at)
    assert view.roofline.chosen_row == row
    assert view.caption.text().startswith("Dense 1 backward · ")
    other = next(row for row, part in enumerate(view.parts) if part.name == "Conv 1 backward")
    view.roofline.choose(-1)
    spot = view.roofline.place(view.parts[other]).toPoint()
    found = view.roofline.row_at(spot.toPointF())
    qtbot.mouseMove(view.roofline, spot)
    assert view.table.lit == found
    qtbot.mouseClick(view.roofline, LEFT, pos=spot)
    assert view.table.chosen_row == found
    qtbot.mouseClick(view.roofline, LEFT, pos=spot)
    assert view.table.chosen_row == -1
    assert view.caption.text() == TEACHING


def test_the_sum_has_no_dot(view, train, until):
    trained(view, train, until)
    view.table.choose(len(view.parts))
    assert view.roofline.chosen_row == -1
    assert view.caption.text() == TEACHING


def test_the_button_measures_again_and_training_goes_on(view, measured, until, qtbot):
    view.session.play()
    until(lambda: len(view.session.timeline) > 3)
    qtbot.mouseClick(view.again, LEFT)
    until(lambda: len(measured) == 2 and view.again.isEnabled())
    assert view.session.is_training


def test_while_it_measures_it_says_that_training_rests(session, qtbot, until, monkeypatch, show):
    view = show(session)

    def measure(threads, interrupted):
        while not interrupted():
            sleep(0.002)

    monkeypatch.setattr(peak_meter, "measure_peak", measure)
    session.play()
    until(lambda: len(session.timeline) > 3)
    qtbot.mouseClick(view.again, LEFT)
    until(lambda: "Measuring" in view.machine.text())
    assert "training rests and goes on afterwards" in view.machine.text()
    assert not view.again.isEnabled()
    view.hide()
    until(lambda: view.is_shut_down and session.is_training)


def test_another_number_of_threads_is_told(view):
    view.meter.peak = PEAK._replace(threads=view.session.settings.threads + 1)
    view._refresh()
    assert "measure again" in view.machine.text()


def test_a_layer_above_the_peak_is_told(view, train, until):
    view.meter.peak = Peak(1e3, 1e3, view.session.settings.threads)
    trained(view, train, until)
    until(lambda: "a layer was faster than that" in view.machine.text())


def test_hidden_it_rests_and_catches_up_when_shown(view, train, until):
    trained(view, train, until)
    view.hide()
    before, times = view.table.cells.cells, view.session.times
    train(view.session, 3)
    until(lambda: view.session.times != times)
    assert view.table.cells.cells is before
    view.show()
    assert view.table.cells.cells is not before


@pytest.mark.parametrize("network", sorted(PRESETS))
def test_every_network_has_its_rows(network, open_session, show):
    view = show(open_session(network))
    labels = [layer.label for layer in view.session.network.layers]
    assert {part.label for part in view.parts} == set(labels)
    assert list(texts(view))[-1] == "All layers"


def test_another_theme_recolours_it(qapp, view, train, until):
    trained(view, train, until)
    theme.apply_theme(qapp, "light")
    image = view.grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(0, 1180, 2) for y in range(0, 640, 2)}
    assert theme.LIGHT.negative in colors
    assert theme.DARK.surface not in colors
    assert theme.DARK.background not in colors


def test_columns_explain_themselves(view):
    header = view.table.cells
    for place, column in enumerate(COLUMNS):
        told = header.headerData(place, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        assert told == column.explanation
