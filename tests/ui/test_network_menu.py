"""Saving as its user meets it: menus by pointer and key, the dialog, and what comes of it."""

from math import floor

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu, QMessageBox

from cnnviz.core.receptive_field import Place
from cnnviz.ui import theme
from cnnviz.ui.map_window import MapWindow
from cnnviz.ui.network_menu import spot_at
from cnnviz.ui.widgets.saving import take_picture


@pytest.fixture
def big(open_window, open_session, tmp_path):
    """The window of an untrained `numpy-cnn`, scrolled; saving begins in this test's folder."""
    window = open_window(open_session("numpy-cnn"), size=(1280, 800))
    window.session.folder = str(tmp_path)
    return window


@pytest.fixture
def menu_at(until):
    """Opens the menu at a point of a widget, by the right button or, without a point, by key."""

    def open_menu(widget, point=None):
        by_key = point is None
        reason = QContextMenuEvent.Reason
        at = widget.rect().center() if by_key else QPointF(point).toPoint()
        why = reason.Keyboard if by_key else reason.Mouse
        QApplication.sendEvent(widget, QContextMenuEvent(why, at, widget.mapToGlobal(at)))
        return opened_menu(until)

    return open_menu


def opened_menu(until):
    until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    return QApplication.activePopupWidget()


def texts(menu):
    return [action.text() for action in menu.actions() if not action.isSeparator()]


@pytest.fixture
def choose(qtbot, until):
    """Chooses from a menu and returns the dialog that comes."""

    def choose_one(menu, text):
        action = next(each for each in menu.actions() if each.text() == text)
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
        until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
        return QApplication.activeModalWidget()

    return choose_one


@pytest.fixture
def answer(qtbot, until):
    """Types a name into the dialog, or takes the one that is there, and presses Enter."""

    def answer_with(dialog, name=None):
        field = dialog.findChild(QLineEdit, "fileNameEdit")
        proposed = field.text()
        if name is not None:
            field.setText(str(name))
        qtbot.keyClick(field, Qt.Key.Key_Return)
        until(lambda: QApplication.activeModalWidget() is not dialog)
        return proposed

    return answer_with


def column_named(window, name):
    return next(each for each in window.network.canvas.columns if each.name == name)


def test_a_map_its_layer_its_kernels_and_pictures_are_offered(big, menu_at):
    column = column_named(big, "conv2")
    menu = menu_at(big.network.canvas, column.tiles[5].center())
    assert texts(menu) == [
        "Show this map large",
        "Keep and compare",
        "Mute this filter",
        "Save this map's numbers…",
        "Save all maps of Conv 2…",
        "Save this kernel…",
        "Save all kernels of Conv 2…",
        "Save column Conv 2 as picture…",
        "Save whole network as picture…",
        "Save as film…",
    ]
    menu.close()


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("input", "Save this image's numbers…"),
        ("relu1", "Save this map's numbers…"),
        ("dense1", "Save all units of Dense 1…"),
        ("dense2", "Save probabilities…"),
    ],
)
def test_every_column_offers_its_numbers(name, offered, big, menu_at):
    menu = menu_at(big.network.canvas, column_named(big, name).tiles[0].center())
    assert offered in texts(menu)
    assert not any("kernel" in text for text in texts(menu))
    menu.close()


def test_a_kernel_beside_its_map_and_a_heading_are_spots_too(big):
    columns, column = big.network.canvas.columns, column_named(big, "conv1")
    assert spot_at(columns, column.kernels[3].center()).map == 3
    heading = spot_at(columns, QPointF(column.x + 5, 20))
    assert (heading.column, heading.map) == (column, None)
    assert spot_at(columns, QPointF(-50, 20)) is None


def test_a_map_is_saved_under_a_name_that_says_what_it_is(big, menu_at, choose, answer, tmp_path):
    column = column_named(big, "conv2")
    expected = big.session.inspection.outputs["conv2"][5].copy()
    menu = menu_at(big.network.canvas, column.tiles[5].center())
    assert answer(choose(menu, "Save this map's numbers…")) == "cnnviz-conv-2-map-5.csv"
    back = np.loadtxt(tmp_path / "cnnviz-conv-2-map-5.csv", np.float32, delimiter=",")
    assert np.array_equal(back, expected)


def test_a_kernel_is_saved_as_npy_and_the_folder_is_remembered(
    big, menu_at, choose, answer, tmp_path
):
    folder = tmp_path / "a folder é"
    folder.mkdir()
    weights = dict(big.session.network.named_parameters())["conv2.weight"].copy()
    menu = menu_at(big.network.canvas, column_named(big, "conv2").tiles[2].center())
    answer(choose(menu, "Save this kernel…"), folder / "kernel 2.npy")
    assert np.array_equal(np.load(folder / "kernel 2.npy"), weights[2])
    assert big.session.folder == str(folder)


def test_the_whole_network_is_saved_even_where_it_is_scrolled(
    big, menu_at, choose, answer, until, tmp_path
):
    canvas = big.network.canvas
    big.resize(960, 640)
    until(lambda: canvas.width() > big.network.viewport().width())
    last = column_named(big, "dense2").tiles[0].center()
    assert not canvas.visibleRegion().contains(last.toPoint())
    menu = menu_at(canvas, QPoint(5, 5))
    name = answer(choose(menu, "Save whole network as picture…"))
    assert name == "cnnviz-network-batch-0.png"
    image = QImage(str(tmp_path / name))
    assert image.size() == canvas.size() * 2
    seen = canvas.grab().toImage()
    ratio = seen.devicePixelRatio()
    for column in canvas.columns:
        for tile in column.tiles:
            spot = tile.topLeft() + QPointF(0.5, 0.5)  # in the middle of a pixel, no edge near
            found = image.pixelColor(*map(floor, (spot * 2).toTuple()))
            there = seen.pixelColor(*map(floor, (spot * ratio).toTuple()))
            assert found == there, column.title


def test_a_pinned_value_is_told_in_the_whole_picture_and_not_in_a_column(big):
    canvas, session = big.network.canvas, big.session
    plate = QColor(theme.tokens().selected)
    session.selection.pin(Place("conv1", (3, 4, 5)))
    corner = column_named(big, "conv1").cell((3, 4, 5)).bottomRight()
    spot = QPoint(round(corner.x()) + 14 + 4, round(corner.y()) + 14 + 12)
    assert take_picture(canvas).image.pixelColor(spot * 2) == plate
    part = take_picture(canvas, QRect(0, 0, spot.x() + 10, canvas.height()))
    assert part.image.pixelColor(spot * 2) != plate


def test_the_frame_of_the_keyboard_is_in_no_picture(big):
    canvas = big.network.canvas
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    frame = QColor(theme.tokens().selected)
    assert canvas.grab().toImage().pixelColor(0, 0) == frame
    assert take_picture(canvas).image.pixelColor(0, 0) != frame


def test_the_menu_key_is_about_the_pinned_value(big, menu_at):
    big.session.selection.pin(Place("conv1", (6, 4, 5)))
    menu = menu_at(big.network.canvas)
    assert "Save this kernel…" in texts(menu)
    menu.close()
    big.session.selection.let_go()
    menu = menu_at(big.network.canvas)
    assert texts(menu) == ["Keep and compare", "Save whole network as picture…", "Save as film…"]
    menu.close()


def test_shift_f10_opens_the_menu_of_what_has_the_focus(big, qtbot, until):
    for canvas, text in (
        (big.network.canvas, "Save whole network as picture…"),
        (big.filters.canvas, "Save all kernels of Conv 2…"),
        (big.centralWidget(), "Save window as picture…"),
    ):
        canvas.setFocus()
        qtbot.keyClick(canvas, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
        menu = opened_menu(until)
        assert text in texts(menu)
        menu.close()


def test_the_filters_offer_the_kernel_under_the_pointer(big, menu_at, choose, answer, tmp_path):
    canvas = big.filters.canvas
    spot = next(
        QPointF(x, y)
        for y in range(canvas.height())
        for x in range(canvas.width())
        if "Conv 1 · filter 3" in canvas.value_at(QPointF(x, y))
    )
    menu = menu_at(canvas, spot)
    kept = ["Save this kernel…", "Save all kernels of Conv 1…", "Save as picture…"]
    assert texts(menu) == [*kept, "Save as film…"]
    weights = dict(big.session.network.named_parameters())["conv1.weight"].copy()
    name = answer(choose(menu, "Save this kernel…"))
    back = np.loadtxt(tmp_path / name, np.float32, delimiter=",")
    assert name == "cnnviz-conv-1-kernel-3.csv"
    assert np.array_equal(back, weights[3, 0])


def test_an_end_that_we_add_does_not_replace_a_file_without_asking(
    big, menu_at, choose, answer, until, tmp_path
):
    (tmp_path / "mine.csv").write_text("kept")
    menu = menu_at(big.network.canvas, column_named(big, "conv2").tiles[0].center())
    answer(choose(menu, "Save this map's numbers…"), tmp_path / "mine")
    until(lambda: isinstance(QApplication.activeModalWidget(), QMessageBox))
    box = QApplication.activeModalWidget()
    assert (tmp_path / "mine.csv").read_text() == "kept"
    next(each for each in box.buttons() if each.text() == "Replace").click()
    until(lambda: (tmp_path / "mine.csv").read_text() != "kept")


def test_where_it_cannot_be_saved_it_is_said_and_asked_again(
    big, menu_at, choose, answer, until, tmp_path
):
    menu = menu_at(big.network.canvas, column_named(big, "conv2").tiles[0].center())
    answer(choose(menu, "Save this map's numbers…"), tmp_path / "map.jpg")
    until(big.notice.isVisible)
    assert big.notice.action_button.text() == "Save it elsewhere…"
    big.notice.action_button.click()
    until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
    name = answer(QApplication.activeModalWidget())
    assert (tmp_path / name).exists()


def test_the_picture_of_the_window(big, answer, until, tmp_path):
    big.save_window()
    until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
    name = answer(QApplication.activeModalWidget())
    assert name == "cnnviz-window-batch-0.png"
    assert QImage(str(tmp_path / name)).size() == big.size() * 2


@pytest.mark.parametrize(
    ("name", "view"), [("loss", "loss"), ("digits", "digits"), ("times", "timing")]
)
def test_every_other_view_is_saved_as_a_picture(name, view, big, menu_at, choose, answer, tmp_path):
    widget = getattr(big, view)
    under = widget.childAt(widget.rect().center()) or widget
    menu = menu_at(under, under.rect().center())
    pictures = [f"Save {name} as picture…", "Save window as picture…"]
    films = ["Save loss as film…"] if name == "loss" else []  # the others do not look back
    assert texts(menu) == [*pictures, *films, "Save window as film…"]
    file = answer(choose(menu, f"Save {name} as picture…"))
    assert file == f"cnnviz-{name}-batch-0.png"
    assert QImage(str(tmp_path / file)).size() == widget.size() * 2


def test_nothing_is_left_behind_when_nobody_wants_it(big, until):
    before = len(big.children())
    big.save_window()
    until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
    QApplication.activeModalWidget().reject()
    until(lambda: len(big.children()) == before)


def test_the_menu_does_what_the_keys_do(big, qtbot, until):
    canvas, session = big.network.canvas, big.session
    place = Place("relu1", (2, 3, 3))

    def choose(text):
        session.selection.pin(place)
        at = canvas._trace.cell.center().toPoint()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, canvas.mapToGlobal(at))
        QApplication.sendEvent(canvas, event)
        menu = QApplication.activePopupWidget()
        action = next(action for action in menu.actions() if action.text() == text)
        action.trigger()
        menu.close()

    choose("Mute this filter")
    assert session.edits.is_muted(place)
    choose("Unmute this filter")
    assert not session.edits.is_muted(place)
    choose("Keep and compare")
    assert session.comparison.kept
    choose("Compare no more")
    assert session.comparison.kept is None
    choose("Show this map large")
    until(
        lambda: big.windows.made(MapWindow) is not None and big.windows.made(MapWindow).isVisible()
    )


def test_the_inspector_is_saved_as_a_picture_too(big, menu_at):
    big.session.selection.pin(Place("conv2", (5, 4, 4)))
    menu = menu_at(big.inspector.canvas, QPointF(20, 20))
    assert "Save inspector as picture…" in texts(menu)
    menu.close()
    big.pages.setCurrentWidget(big.filters_page)
    menu = menu_at(big.loss, QPointF(20, 10))
    assert "Save inspector as picture…" not in texts(menu)
    menu.close()
