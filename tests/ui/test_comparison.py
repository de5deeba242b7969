"""Two digits or two moments compared: on one scale, side by side, and their difference."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from cnnviz.ui import theme
from cnnviz.ui.comparison import Scale, Side
from cnnviz.ui.comparison_view import ComparisonView
from cnnviz.ui.network_view import NetworkView


@pytest.fixture
def view(qtbot, session):
    view = NetworkView(session)
    qtbot.addWidget(view)
    view.resize(1100, 640)
    with qtbot.waitExposed(view):
        view.show()
    return view


def column_named(view, name):
    return next(column for column in view.canvas.columns if column.name == name)


def color_of(value, level):
    entry = 128 + round(127 * min(max(float(value) / level, -1), 1))
    return QColor(*theme.signed_table()[entry].tolist()).name()


def color_in(view, rect, shape, index):
    """The colour that shows one value of a map in `rect`."""
    image = view.canvas.grab().toImage()
    ratio = image.devicePixelRatio()
    x = rect.x() + (index[1] + 0.5) * rect.width() / shape[1]
    y = rect.y() + (index[0] + 0.5) * rect.height() / shape[0]
    return image.pixelColor(int(x * ratio), int(y * ratio)).name()


def greatest(values):
    """(channel, y, x) of the greatest magnitude."""
    return tuple(int(k) for k in np.unravel_index(np.abs(values).argmax(), values.shape))


def keep_then_choose(session, first=3, second=8):
    session.choose_image(first)
    session.keep_or_end()
    session.choose_image(second)
    kept = session.comparison.kept.inspection.outputs["conv1"]
    return session.inspection.outputs["conv1"], kept


def test_what_is_kept_stays(session, train):
    _, kept = keep_then_choose(session)
    copy = kept.copy()
    train(session, 3)
    np.testing.assert_array_equal(session.comparison.kept.inspection.outputs["conv1"], copy)
    label = session.dataset.test.labels[3]
    assert session.comparison.kept.words == f"No. 3, a {label}, at batch 0"
    session.keep_or_end()
    assert session.comparison.kept is None


@pytest.mark.parametrize("side", [Side.NOW, Side.KEPT, Side.DIFFERENCE])
def test_each_side_is_painted_on_one_scale(view, session, side):
    now, kept = keep_then_choose(session)
    session.comparison.show_side(side)
    level = max(np.abs(now).max(), np.abs(kept).max())
    shown = {Side.NOW: now, Side.KEPT: kept, Side.DIFFERENCE: now - kept}[side]
    channel, y, x = greatest(shown)
    column = column_named(view, "conv1")
    painted = color_in(view, column.tiles[channel], column.shape[1:], (y, x))
    assert painted == color_of(shown[channel, y, x], level)


def test_both_stand_beside_each_other(view, session):
    now, kept = keep_then_choose(session)
    assert session.comparison.side is Side.BOTH
    column = column_named(view, "conv1")
    level = max(np.abs(now).max(), np.abs(kept).max())
    for values, places in ((now, column.tiles), (kept, column.twins)):
        channel, y, x = greatest(values)
        painted = color_in(view, places[channel], column.shape[1:], (y, x))
        assert painted == color_of(values[channel, y, x], level)
    assert all(
        twin.right() < tile.left() for twin, tile in zip(column.twins, column.tiles, strict=True)
    )


def test_the_plate_tells_both_numbers(view, session):
    now, kept = keep_then_choose(session)
    column = column_named(view, "conv1")
    words = view.canvas.value_at(column.cell((1, 4, 5)).center())
    assert f"now {now[1, 4, 5]:.4g}".replace("-", "−") in words
    assert f"kept {kept[1, 4, 5]:.4g}".replace("-", "−") in words


def test_one_scale_a_map_and_locked_scales(view, session):
    values = session.inspection.outputs["conv1"]
    column = column_named(view, "conv1")
    session.comparison.set_scale(Scale.MAP)
    weakest = int(np.abs(values).max(axis=(1, 2)).argmin())
    _, y, x = greatest(values[weakest][np.newaxis])
    painted = color_in(view, column.tiles[weakest], column.shape[1:], (y, x))
    assert painted == color_of(np.sign(values[weakest, y, x]), 1)
    assert view.canvas._pictures._scales["conv1"] == "each map"

    session.comparison.set_scale(Scale.LOCKED)
    view.canvas.grab()
    level = np.abs(values).max()
    session.choose_image(11)
    values = session.inspection.outputs["conv1"]
    channel, y, x = greatest(values)
    painted = color_in(view, column.tiles[channel], column.shape[1:], (y, x))
    assert painted == color_of(values[channel, y, x], level)
    assert view.canvas._pictures._scales["conv1"].endswith("locked")

    session.comparison.set_scale(Scale.LAYER)
    painted = color_in(view, column.tiles[channel], column.shape[1:], (y, x))
    assert painted == color_of(values[channel, y, x], np.abs(values).max())


def test_the_scale_button_says_what_holds(view, session, qtbot):
    for scale in (Scale.MAP, Scale.LOCKED, Scale.LAYER):
        qtbot.mouseClick(view.scale_button, Qt.MouseButton.LeftButton)
        assert session.comparison.scale is scale
        assert view.scale_button.text().lower() == scale.value


def test_the_bar_is_there_while_something_is_compared(session, qtbot):
    bar = ComparisonView(session)
    qtbot.addWidget(bar)
    assert not bar.isVisible()
    session.keep_or_end()
    assert bar.isVisible()
    assert "No. 0" in bar.label.text()
    for side, button in bar.buttons.items():
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert session.comparison.side is side
    bar.next_side()
    assert session.comparison.side is Side.NOW
    assert bar.buttons[Side.NOW].isChecked()
    qtbot.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    bar.next_side()
    assert session.comparison.side is Side.NOW


def test_another_run_ends_the_comparison(session, view, until):
    session.keep_or_end()
    before = session.network
    session.open_run(session.request)
    until(lambda: session.network is not before)
    assert session.comparison.kept is None
    assert column_named(view, "conv1").twins == []
    view.canvas.grab()


def test_a_diverged_network_can_be_compared(session, view):
    session.keep_or_end()
    session.network.vector[...] = np.inf
    session.choose_image(2)
    for side in Side:
        session.comparison.show_side(side)
        view.canvas.grab()


def test_one_scale_a_map_leaves_units_on_theirs(open_session, qtbot):
    session = open_session("mlp")
    view = NetworkView(session)
    qtbot.addWidget(view)
    view.show()
    session.comparison.set_scale(Scale.MAP)
    view.canvas.grab()
    level = np.abs(session.inspection.outputs["dense1"]).max()
    assert view.canvas._pictures._scales["dense1"] == f"±{level:.3g}"


def test_a_small_difference_is_seen_with_one_scale_a_map(view, session, train):
    session.keep_or_end()
    train(session)
    session.comparison.show_side(Side.DIFFERENCE)
    session.comparison.set_scale(Scale.MAP)
    kept = session.comparison.kept.inspection.outputs["conv1"]
    difference = session.inspection.outputs["conv1"] - kept
    column = column_named(view, "conv1")
    for channel in range(column.shape[0]):
        _, y, x = greatest(difference[channel][np.newaxis])
        painted = color_in(view, column.tiles[channel], column.shape[1:], (y, x))
        assert painted == color_of(np.sign(difference[channel, y, x]), 1)
