"""The digits view as its user meets it: clicking, typing, filtering, stepping."""

import struct

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QToolButton

from cnnviz.core.datasets import LOADERS, Dataset, Split
from cnnviz.core.evaluation import evaluate
from cnnviz.ui import theme
from cnnviz.ui.digits_grid import COLUMNS
from cnnviz.ui.digits_view import MISTAKES, DigitsView
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session

ROLE = Qt.ItemDataRole.ToolTipRole
KEYS = Qt.Key


@pytest.fixture
def show(show_view):
    """Shows the view of a session in a window of its own."""

    def show_it(session, width=232, height=600):
        return show_view(DigitsView(session), width, height, active=True)

    return show_it


@pytest.fixture
def view(session, show):
    """The view on the embedded digits."""
    return show(session)


def write_idx(folder, shape, classes, train=150, test=53):
    """Four IDX files of random images in `folder`."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for stem, count in (("train", train), ("t10k", test)):
        images = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
        labels = (np.arange(count) % classes).astype(np.uint8)
        for name, values in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
            (folder / f"{stem}-{name}-ubyte").write_bytes(header + values.tobytes())
    return str(folder)


def open_next(session, until, data, network="tiny"):
    """Another run in the same session."""
    before = session.dataset
    session.open_run(RunRequest(data, network, session.settings))
    until(lambda: session.dataset is not before)


def chips(view):
    """The class chips by their text, those that are seen."""
    return {
        button.text(): button
        for button in view.findChildren(QToolButton)
        if button.isVisible() and button.property("chip")
    }


def checked(view):
    (only,) = [text for text, chip in chips(view).items() if chip.isChecked()]
    return only


def click(qtbot, view, image):
    """Clicks a test image in the grid."""
    cell = view.model.index_of(image)
    view.grid.scrollTo(cell)
    place = view.grid.visualRect(cell).center()
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)


def type_number(qtbot, view, text):
    view.number.setFocus()
    view.number.selectAll()
    qtbot.keyClicks(view.number, text)
    qtbot.keyClick(view.number, KEYS.Key_Return)


def pixels(image):
    """The image as (H, W) numbers 0xrrggbb."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return raw[:, : image.width()] & 0xFFFFFF


def cell_picture(view, image):
    view.grid.scrollTo(view.model.index_of(image))
    rect = view.grid.visualRect(view.model.index_of(image))
    return pixels(view.grid.viewport().grab(rect).toImage())


def number_of(token):
    return int(getattr(theme.tokens(), token)[1:], 16)


def texts(view):
    return " ".join(label.text() for label in view.findChildren(QLabel))


# What is there at first.


def test_it_begins_with_all_images_and_the_first_one_chosen(view, session):
    count = len(session.dataset.test)
    assert list(chips(view)) == ["all", *"0123456789"]
    assert checked(view) == "all"
    assert f"test set, {theme.spaced(count)}" in texts(view)
    np.testing.assert_array_equal(view.model.images, np.arange(count))
    assert view.number.value() == 0
    assert view.number.maximum() == count - 1
    assert view.grid.currentIndex() == view.model.index(0, 0)


def test_before_the_data_are_loaded_nothing_can_go_wrong(qtbot, show, no_threads_left):
    view = show(Session())
    assert view.model.rowCount() == 0
    view.step_image(1)
    type_number(qtbot, view, "5")
    qtbot.keyClick(view.grid, KEYS.Key_Down)
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert chips(view) == {}


# Choosing by eye.


@pytest.mark.parametrize("image", [1, 4, 5, 33, 359])
def test_a_click_chooses_a_digit(qtbot, view, session, image):
    with qtbot.waitSignal(session.image_changed):
        click(qtbot, view, image)
    assert session.image_index == image
    assert view.number.value() == image
    np.testing.assert_array_equal(
        session.inspection.image, session.dataset.test.images[image : image + 1][0]
    )


def test_only_the_chosen_digit_has_a_yellow_frame(qtbot, view):
    click(qtbot, view, 7)
    yellow, orange = number_of("selected"), number_of("positive")
    assert (cell_picture(view, 7) == yellow).sum() > 40
    for image in range(15):
        if image != 7:
            assert yellow not in cell_picture(view, image)
    assert orange not in pixels(view.grid.viewport().grab().toImage()), "orange is for numbers"


def test_the_grid_shows_the_images_themselves(view, session):
    for image in (0, 13, 200):
        drawn = cell_picture(view, image)
        ink, stored = drawn >> 16, session.dataset.test.pixels[image, 0]
        middle = ink[4:-4, 4:-4].astype(float)
        ys, xs = np.indices(middle.shape)
        rows, columns = np.indices(stored.shape)
        for places, indices in ((ys, rows), (xs, columns)):
            here = (places * middle).sum() / middle.sum() / (places.max() + 1)
            there = (indices * stored.astype(float)).sum() / stored.sum() / (indices.max() + 1)
            assert here == pytest.approx(there, abs=0.05)


def test_arrows_move_in_the_grid(qtbot, view, session):
    click(qtbot, view, 6)
    for key, image in (
        (KEYS.Key_Right, 7),
        (KEYS.Key_Down, 7 + COLUMNS),
        (KEYS.Key_Left, 6 + COLUMNS),
        (KEYS.Key_Up, 6),
        (KEYS.Key_Up, 1),
        (KEYS.Key_Up, 1),
    ):
        qtbot.keyClick(view.grid, key)
        assert session.image_index == image
        assert view.number.value() == image


def test_page_keys_and_ends_stay_in_the_grid(qtbot, view, session):
    click(qtbot, view, 0)
    for key in (KEYS.Key_PageDown, KEYS.Key_PageDown, KEYS.Key_PageUp):
        qtbot.keyClick(view.grid, key)
        assert session.image_index % COLUMNS == 0
    qtbot.keyClick(view.grid, KEYS.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert session.image_index == len(session.dataset.test) - 1
    qtbot.keyClick(view.grid, KEYS.Key_Down)
    qtbot.keyClick(view.grid, KEYS.Key_Right)
    assert session.image_index == len(session.dataset.test) - 1
    qtbot.keyClick(view.grid, KEYS.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert session.image_index == 0


def test_dragging_over_the_grid_ends_on_one_digit(qtbot, view, session):
    port, at = view.grid.viewport(), lambda image: view.grid.visualRect(view.model.index_of(image))
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=at(1).center())
    for image in (2, 8, 13):
        qtbot.mouseMove(port, at(image).center())
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=at(13).center())
    assert session.image_index in (1, 13)
    assert view.number.value() == session.image_index
    assert view.grid.currentIndex() == view.model.index_of(session.image_index)


# Choosing by number.


def test_a_number_and_enter_choose_an_image_and_bring_it_into_sight(qtbot, view, session):
    type_number(qtbot, view, "300")
    assert session.image_index == 300
    cell = view.grid.visualRect(view.model.index_of(300))
    assert view.grid.viewport().rect().contains(cell.center())


def test_while_typing_nothing_jumps(qtbot, view, session):
    view.number.setFocus()
    view.number.selectAll()
    qtbot.keyClicks(view.number, "30")
    assert session.image_index == 0
    qtbot.keyClick(view.number, KEYS.Key_Return)
    assert session.image_index == 30


@pytest.mark.parametrize("typed", ["99999999", "360", "", "-1", "abc"])
def test_numbers_there_are_not_do_no_harm(qtbot, view, session, typed):
    click(qtbot, view, 12)
    type_number(qtbot, view, typed)
    assert 0 <= session.image_index < len(session.dataset.test)
    assert view.number.value() == session.image_index


def test_arrows_in_the_number_field_step(qtbot, view, session):
    view.number.setFocus()
    qtbot.keyClick(view.number, KEYS.Key_Up)
    qtbot.keyClick(view.number, KEYS.Key_Up)
    assert session.image_index == 2
    qtbot.keyClick(view.number, KEYS.Key_Down)
    assert session.image_index == 1


# Choosing by class.


@pytest.mark.parametrize("label", range(10))
def test_a_chip_shows_one_class_only(qtbot, view, session, label):
    qtbot.mouseClick(chips(view)[str(label)], Qt.MouseButton.LeftButton)
    labels = session.dataset.test.labels
    np.testing.assert_array_equal(view.model.images, np.flatnonzero(labels == label))
    assert f"test set, {(labels == label).sum()}" in texts(view)
    assert session.label == label
    assert view.grid.currentIndex() == view.model.index_of(session.image_index)
    assert checked(view) == str(label)


def test_a_chip_keeps_a_digit_that_is_of_its_class(qtbot, view, session):
    image = int(np.flatnonzero(session.dataset.test.labels == 4)[3])
    click(qtbot, view, image)
    qtbot.mouseClick(chips(view)["4"], Qt.MouseButton.LeftButton)
    assert session.image_index == image
    qtbot.mouseClick(chips(view)["all"], Qt.MouseButton.LeftButton)
    assert session.image_index == image
    assert view.grid.currentIndex() == view.model.index_of(image)
    assert len(view.model.images) == len(session.dataset.test)


def test_a_number_outside_the_class_shows_all_again(qtbot, view, session):
    qtbot.mouseClick(chips(view)["4"], Qt.MouseButton.LeftButton)
    other = int(np.flatnonzero(session.dataset.test.labels == 5)[-1])
    type_number(qtbot, view, str(other))
    assert session.image_index == other
    assert checked(view) == "all"
    assert len(view.model.images) == len(session.dataset.test)
    assert view.grid.currentIndex() == view.model.index_of(other)
    assert f"test set, {len(session.dataset.test)}" in texts(view)


def test_a_number_inside_the_class_keeps_the_filter(qtbot, view, session):
    qtbot.mouseClick(chips(view)["4"], Qt.MouseButton.LeftButton)
    image = int(np.flatnonzero(session.dataset.test.labels == 4)[-1])
    type_number(qtbot, view, str(image))
    assert session.image_index == image
    assert checked(view) == "4"


def test_one_chip_is_always_chosen(qtbot, view):
    for text in ("3", "3", "all", "all", "0"):
        qtbot.mouseClick(chips(view)[text], Qt.MouseButton.LeftButton)
        assert checked(view) == text


# Stepping.


def test_n_and_p_step_through_the_grid(qtbot, open_window):
    window = open_window()
    session = window.session
    for key, image in (("n", 1), ("]", 2), ("n", 3), ("p", 2), ("[", 1), ("p", 0), ("p", 0)):
        qtbot.keyClicks(window, key)
        assert session.image_index == image
    click(qtbot, window.digits, 8)
    qtbot.keyClicks(window.digits.grid, "n")
    assert session.image_index == 9


def test_stepping_stays_within_the_class(qtbot, view, session):
    qtbot.mouseClick(chips(view)["6"], Qt.MouseButton.LeftButton)
    sixes = np.flatnonzero(session.dataset.test.labels == 6)
    met = [session.image_index]
    for _ in range(len(sixes) + 3):
        view.step_image(1)
        met.append(session.image_index)
    assert met == [*sixes, *[sixes[-1]] * 4]
    view.step_image(-1)
    assert session.image_index == sixes[-2]
    assert checked(view) == "6"


def test_after_a_number_and_enter_the_keys_of_the_window_work_again(qtbot, open_window):
    window = open_window()
    qtbot.keyClick(window, KEYS.Key_G, Qt.KeyboardModifier.ControlModifier)
    field = window.focusWidget()
    assert field is window.digits.number
    qtbot.keyClicks(field, "17")
    qtbot.keyClick(field, KEYS.Key_Return)
    assert window.session.image_index == 17
    qtbot.keyClicks(window.focusWidget(), "n")
    assert window.session.image_index == 18


# The end of the grid.


def test_the_rest_of_the_last_line_is_empty(qtbot, open_session, show, tmp_path):
    data = write_idx(tmp_path / "odd", (9, 9), 3, test=53)
    view = show(session := open_session("mlp", data=data, batch_size=16))
    model = view.model
    assert (model.rowCount(), model.columnCount()) == (11, COLUMNS)
    for place in (53, 54):
        empty = model.index(place // COLUMNS, place % COLUMNS)
        assert model.image_at(empty) is None
        assert model.data(empty, ROLE) is None
        assert model.flags(empty) == Qt.ItemFlag.NoItemFlags
    click(qtbot, view, 52)
    assert session.image_index == 52
    rect = view.grid.visualRect(model.index(10, 4))
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert session.image_index == 52
    qtbot.keyClick(view.grid, KEYS.Key_Right)
    assert session.image_index == 52
    click(qtbot, view, 49)
    qtbot.keyClick(view.grid, KEYS.Key_Down)
    assert session.image_index in (49, 52)
    drawn = pixels(view.grid.viewport().grab(rect).toImage())
    assert set(np.unique(drawn)) == {number_of("background")}


def test_an_index_beyond_everything_is_no_image(view):
    assert view.model.image_at(QModelIndex()) is None
    assert view.model.image_at(view.model.index(10_000, 0)) is None
    assert not view.model.index_of(10**9).isValid()
    assert not view.model.index_of(-1).isValid()


def test_a_cell_tells_what_it_is(view, session):
    label = session.dataset.test.labels[13]
    for role in (ROLE, Qt.ItemDataRole.AccessibleTextRole):
        told = view.model.data(view.model.index_of(13), role)
        assert told == f"Test image 13, label {label}"
    assert view.model.data(view.model.index_of(13)) is None


# Other data.


def test_other_data_begin_anew(qtbot, until, view, session, tmp_path):
    qtbot.mouseClick(chips(view)["7"], Qt.MouseButton.LeftButton)
    click(qtbot, view, int(view.model.images[-1]))
    data = write_idx(tmp_path / "letters", (30, 20), 26)
    open_next(session, until, data)
    until(lambda: list(chips(view)) == ["all", *(str(label) for label in range(26))])
    assert checked(view) == "all"
    assert session.image_index == 0
    assert view.number.value() == 0
    assert view.number.maximum() == 52
    assert "test set, 53" in texts(view)
    np.testing.assert_array_equal(view.model.images, np.arange(53))
    open_next(session, until, "digits")
    until(lambda: list(chips(view)) == ["all", *"0123456789"])
    assert view.number.maximum() == len(session.dataset.test) - 1
    type_number(qtbot, view, "200")
    assert session.image_index == 200


def test_the_same_data_keep_their_filter_and_their_digit(qtbot, until, view, session):
    qtbot.mouseClick(chips(view)["7"], Qt.MouseButton.LeftButton)
    image = int(view.model.images[2])
    click(qtbot, view, image)
    session.open_run(RunRequest("digits", "mlp", session.settings))
    until(lambda: session.spec.name == "mlp")
    assert checked(view) == "7"
    assert session.image_index == image
    assert view.grid.currentIndex() == view.model.index_of(image)


def test_other_data_are_drawn_not_the_old(until, view, session, tmp_path):
    before = cell_picture(view, 1)
    open_next(session, until, write_idx(tmp_path / "noise", (28, 28), 10, test=360))
    assert (cell_picture(view, 1) != before).any()


def test_the_chips_of_many_classes_are_readable_and_within_the_view(
    qtbot, until, open_session, show, tmp_path
):
    data = write_idx(tmp_path / "letters", (30, 20), 26)
    view = show(session := open_session(data=data, batch_size=16), 232)
    _check_chips(view)
    qtbot.mouseClick(chips(view)["25"], Qt.MouseButton.LeftButton)
    assert session.label == 25
    tall = view.grid.y()
    open_next(session, until, "digits")
    qtbot.waitUntil(lambda: view.grid.y() < tall)
    rows = {chip.y() for chip in chips(view).values()}
    assert len(rows) == 1
    gap = view.mistakes_button.y() - chips(view)["all"].geometry().bottom()
    assert gap < 15, "no empty lines are left"


def _check_chips(view):
    """Inside the margins, apart from each other, with room for their text."""
    shown = list(chips(view).values())
    for place, chip in enumerate(shown):
        assert chip.geometry().left() >= view.number.geometry().left()
        assert chip.geometry().right() <= view.number.geometry().right() + 1
        assert not any(chip.geometry().intersects(other.geometry()) for other in shown[:place])
        needed = chip.fontMetrics().horizontalAdvance(chip.text())
        assert chip.width() >= min(needed + 2, 50)


@pytest.mark.parametrize("width", [214, 232, 320])
def test_chips_of_ten_digits_are_one_line(session, show, width):
    view = show(session, width)
    assert len({chip.y() for chip in chips(view).values()}) == 1
    _check_chips(view)


LONG = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Ankle boot", "a <b>very</b> long one & all")


def test_long_class_names_are_readable_and_do_not_widen_the_window(
    qtbot, open_session, show, monkeypatch
):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, 1, 28, 28), dtype=np.uint8)
    split = Split(pixels, np.arange(60) % len(LONG))
    made = Dataset("fashion", "Fashion", split, split, LONG, "Made for the tests.")
    monkeypatch.setitem(LOADERS, "fashion", lambda: made)
    view = show(session := open_session(data="fashion", batch_size=16))
    assert view.minimumSizeHint().width() <= 232
    _check_chips(view)
    qtbot.mouseClick(chips(view)["Ankle boot"], Qt.MouseButton.LeftButton)
    assert session.label == 4
    chip = chips(view)[LONG[-1]]
    assert LONG[-1] in chip.toolTip()
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    verdict = view.findChildren(QLabel)[-1]
    assert "&lt;b&gt;very&lt;/b&gt;" in verdict.text()
    told = view.model.data(view.model.index_of(session.image_index), ROLE)
    assert told.endswith(LONG[-1])


def test_images_keep_their_proportions(open_session, show, tmp_path):
    folder = tmp_path / "tall"
    data = write_idx(folder, (30, 10), 3)
    white = np.full((53, 30, 10), 255, np.uint8)
    header = struct.pack(">HBB3I", 0, 8, 3, *white.shape)
    (folder / "t10k-images-idx3-ubyte").write_bytes(header + white.tobytes())
    view = show(open_session("mlp", data=data, batch_size=16))
    drawn = cell_picture(view, 3) == number_of("ink")
    ys, xs = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    assert (np.ptp(ys) + 1) / (np.ptp(xs) + 1) == pytest.approx(3, rel=0.15)
    assert (xs.min() + xs.max()) / 2 == pytest.approx(drawn.shape[1] / 2, abs=1)


def test_colour_images_are_in_colour(open_session, show, tmp_path):
    folder = tmp_path / "colours"
    data = write_idx(folder, (3, 16, 16), 3)
    images = np.zeros((53, 3, 16, 16), np.uint8)
    images[0, 0], images[1, 1], images[2, 2] = 255, 255, 255
    header = struct.pack(">HBB4I", 0, 8, 4, *images.shape)
    (folder / "t10k-images-idx3-ubyte").write_bytes(header + images.tobytes())
    view = show(open_session("mlp", data=data, batch_size=16))
    for image, color in enumerate((0xFF0000, 0x00FF00, 0x0000FF)):
        drawn = cell_picture(view, image)
        assert drawn[drawn.shape[0] // 2, drawn.shape[1] // 2] == color


# What the network says.


def test_the_verdict_follows_the_digit_and_the_network(view, session, train):
    verdict = view.findChildren(QLabel)[-1]

    def check():
        best = int(session.inspection.probabilities.argmax())
        percent = 100 * session.inspection.probabilities[best]
        right = best == session.label
        color = theme.tokens().good if right else theme.tokens().bad
        assert f">{session.label}</span>" in verdict.text()
        assert f"color:{color}'>{theme.strong(str(best))}</span>" in verdict.text()
        assert f"{percent:.1f}\u00a0%" in verdict.text()

    check()
    session.choose_image(3)
    check()
    train(session)
    check()
    train(session, 5)
    check()


def test_another_theme_recolours_thumbnails_and_verdict(qapp, view):
    verdict = view.findChildren(QLabel)[-1]
    theme.apply_theme(qapp, "light")
    assert theme.LIGHT.muted in verdict.text()
    assert theme.DARK.muted not in verdict.text()
    assert cell_picture(view, 8)[5, 5] == number_of("paper")
    assert number_of("selected") in cell_picture(view, 0)


def test_a_network_that_has_diverged_is_still_told_about(view, session):
    session.network.vector[...] = np.nan
    session.choose_image(1)
    session.status_changed.emit()
    assert "Label" in view.findChildren(QLabel)[-1].text()


# Size.


@pytest.mark.parametrize("width", [214, 232, 300, 500])
def test_five_squares_fill_the_width(session, show, width):
    view = show(session, width)
    rects = [view.grid.visualRect(view.model.index(1, column)) for column in range(COLUMNS)]
    assert all(rect.width() == rect.height() >= 36 for rect in rects)
    port = view.grid.viewport()
    assert rects[-1].right() < port.width()
    assert port.width() - rects[-1].right() <= COLUMNS
    assert view.grid.horizontalScrollBar().maximum() == 0


def test_everything_has_a_name_and_a_tooltip(view):
    for chip in chips(view).values():
        assert chip.toolTip()
        assert chip.accessibleName()
    for widget in (view.number, view.grid):
        assert widget.toolTip()
        assert widget.accessibleName()


# Mistakes only


def wrong_now(session):
    """What the core says."""
    found = evaluate(session.network, session.dataset.test)
    return np.flatnonzero(found.predictions != found.labels)


def test_only_mistakes_are_shown_and_the_first_is_chosen(view, session, train, until, qtbot):
    train(session, 3)
    wrong = wrong_now(session)
    qtbot.mouseClick(view.mistakes_button, Qt.MouseButton.LeftButton)
    until(lambda: view.mistakes_button.text() == f"{MISTAKES} · {theme.spaced(len(wrong))}")
    np.testing.assert_array_equal(view.model.images, wrong)
    assert session.test_image == wrong[0]
    assert f"batch {session.shown_step}." in view.mistakes_button.toolTip()
    view.step_image(1)
    assert session.test_image == wrong[1]
    qtbot.mouseClick(chips(view)["7"], Qt.MouseButton.LeftButton)
    sevens = [image for image in wrong if session.dataset.test.labels[image] == 7]
    assert view.model.images.tolist() == sevens
    qtbot.mouseClick(view.mistakes_button, Qt.MouseButton.LeftButton)
    assert view.mistakes_button.text() == MISTAKES
    assert len(view.model.images) == (session.dataset.test.labels == 7).sum()


def test_mistakes_follow_the_network_but_not_every_batch(view, session, train, until, qtbot):
    qtbot.mouseClick(view.mistakes_button, Qt.MouseButton.LeftButton)
    until(lambda: view.mistaken.images is not None)
    shown = session.test_image
    train(session, 30)
    until(lambda: view.mistaken.step == session.status.step)
    np.testing.assert_array_equal(view.model.images, wrong_now(session))
    assert session.test_image == shown, "a digit that is looked at stays"
    session.past.look_at(0)
    until(lambda: view.mistaken.step == 0)
    session.past.look_at(None)
    until(lambda: view.mistaken.step == session.status.step)


def test_the_next_of_a_digit_that_is_no_mistake_is_the_mistake_after_it(
    view, session, train, until, qtbot
):
    train(session, 30)
    qtbot.mouseClick(view.mistakes_button, Qt.MouseButton.LeftButton)
    until(lambda: view.mistaken.images is not None)
    wrong = view.mistaken.images
    right = next(k for k in range(int(wrong[0]), int(wrong[-1])) if k not in wrong)
    session.choose_image(right)
    view.step_image(1)
    assert session.test_image == min(k for k in wrong if k > right)
    session.choose_image(right)
    view.step_image(-1)
    assert session.test_image == max(k for k in wrong if k < right)


def test_another_run_forgets_the_mistakes_of_the_one_before(view, session, train, until, qtbot):
    train(session, 2)
    qtbot.mouseClick(view.mistakes_button, Qt.MouseButton.LeftButton)
    until(lambda: view.mistaken.images is not None)
    session.open_run(RunRequest(session.request.data, "numpy-cnn", session.settings))
    until(lambda: session.shown_step == 0 and session.network.spec.layers[0]["type"] == "conv2d")
    until(lambda: view.mistaken.step == 0)
    np.testing.assert_array_equal(view.model.images, wrong_now(session))


def test_nothing_is_examined_while_nobody_asks(view, session, train):
    train(session, 2)
    assert view.mistaken.is_shut_down
    assert view.mistaken.images is None
