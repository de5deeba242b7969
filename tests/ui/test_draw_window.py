"""A digit drawn, pasted or dropped goes through the whole network, and every view follows."""

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QImage,
    QPointingDevice,
    QTabletEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QSlider

from cnnviz.core import picture as pictures
from cnnviz.core.centring import centre
from cnnviz.core.datasets import LOADERS, Dataset, Split
from cnnviz.core.drawing import Drawing, Point, Stroke, ink_of
from cnnviz.core.inspection import inspect
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec, conv2d, dense, flatten, relu
from cnnviz.core.transforms import Transform, transformed
from cnnviz.ui import theme
from cnnviz.ui.comparison import Side
from cnnviz.ui.draw_window import DrawWindow
from cnnviz.ui.drawing_canvas import STEP
from cnnviz.ui.fed_image import Fed
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.map_window import MapWindow
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session
from cnnviz.ui.transform_sliders import KNOBS
from tests.ui.pen import SEVEN, draw, move, spot

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
PLAIN = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def shown(window, until):
    """The draw window of `window`, with the keyboard."""
    window.windows.open_draw()
    made = window.windows.made(DrawWindow)
    until(made.isActiveWindow)
    until(made.canvas.hasFocus)
    return made


def digit_of(drawing, shape=(28, 28)):
    return centre(drawing.ink, *shape).values


def whole_path(session):
    """What the session shows is what its network makes of its image."""
    expected = inspect(session.network, session.image.values)
    np.testing.assert_array_equal(session.inspection.image, session.image.values)
    np.testing.assert_array_equal(session.inspection.probabilities, expected.probabilities)


def file_with_seven(folder, name="seven.png"):
    file = folder / name
    ink = ink_of((Stroke(tuple(Point(*point) for point in SEVEN), 0.08),))
    Image.fromarray(255 - ink).save(file)
    return file


def finish_reading(shown, until):
    until(lambda: not shown.reader.is_reading)


# Drawing.


def test_before_anything_is_drawn_the_digit_stays(window, shown):
    assert window.session.test_image == 0
    assert shown.image.fed is Fed.DIGIT
    assert not shown.buttons["Undo"].isEnabled()
    assert not shown.buttons["Clear"].isEnabled()


def test_what_is_drawn_goes_through_the_network(window, shown):
    draw(shown.canvas)
    session = window.session
    assert session.test_image is None
    assert session.label is None
    assert session.image.words == "a drawn digit"
    np.testing.assert_array_equal(session.image.values[0], digit_of(shown.drawing))
    whole_path(session)


def test_views_follow_while_the_button_is_held(window, shown, until):
    canvas, session = shown.canvas, window.session
    QTest.mousePress(canvas, LEFT, PLAIN, spot(canvas, 0.3, 0.3))
    before = session.image.values.copy()
    move(canvas, spot(canvas, 0.7, 0.7))
    until(lambda: (session.image.values != before).any())
    whole_path(session)
    assert shown.drawing.under_way
    QTest.mouseRelease(canvas, LEFT, PLAIN, spot(canvas, 0.7, 0.7))
    assert not shown.drawing.under_way


def test_a_flood_of_moves_ends_with_the_last(window, shown):
    canvas = shown.canvas
    QTest.mousePress(canvas, LEFT, PLAIN, spot(canvas, 0.2, 0.2))
    changes = []
    window.session.image_changed.connect(lambda: changes.append(1))
    for k in range(300):
        move(canvas, spot(canvas, 0.2 + 0.002 * k, 0.2 + 0.001 * k))
    assert len(changes) < 300
    QTest.mouseRelease(canvas, LEFT, PLAIN, spot(canvas, 0.8, 0.5))
    np.testing.assert_array_equal(window.session.image.values[0], digit_of(shown.drawing))


def test_the_screen_shows_the_ink(shown):
    draw(shown.canvas)
    picture = shown.canvas.grab().toImage()
    ratio = picture.devicePixelRatio()

    def color(x, y):
        at = QPointF(spot(shown.canvas, x, y)) * ratio
        return picture.pixelColor(at.toPoint()).name()

    assert color(0.5, 0.25) == theme.tokens().ink
    assert color(0.2, 0.8) == theme.tokens().paper
    draw(shown.canvas, ((0.5, 0.1), (0.5, 0.4)), RIGHT)
    picture = shown.canvas.grab().toImage()
    assert color(0.5, 0.25) == theme.tokens().paper


def test_the_canvas_painted_anew_looks_as_it_was_drawn(shown):
    draw(shown.canvas)
    draw(shown.canvas, ((0.5, 0.1), (0.5, 0.4)), RIGHT)
    before = shown.canvas.grab().toImage()
    shown.canvas.resize(shown.canvas.size())
    assert shown.canvas.grab().toImage() == before


@pytest.mark.parametrize("way", ["right button", "E"])
def test_erasing(way, shown, press_key):
    draw(shown.canvas)
    before = int(shown.drawing.pixels.sum())
    if way == "E":
        press_key("E", shown)
        assert shown.buttons["Eraser"].isChecked()
        draw(shown.canvas, SEVEN[:2])
    else:
        draw(shown.canvas, SEVEN[:2], RIGHT)
    assert shown.drawing.strokes[-1].erases
    assert shown.drawing.pixels.sum() < before


def test_undo_redo_and_clear_by_keys(window, shown, press_key):
    draw(shown.canvas)
    draw(shown.canvas, ((0.3, 0.5), (0.7, 0.5)))
    whole = shown.drawing.pixels.copy()
    press_key("Ctrl+Z", shown)
    assert len(shown.drawing.strokes) == 1
    np.testing.assert_array_equal(window.session.image.values[0], digit_of(shown.drawing))
    press_key("Ctrl+Shift+Z", shown)
    assert (shown.drawing.pixels == whole).all()
    press_key("Del", shown)
    assert shown.drawing.is_blank
    assert not window.session.image.values.any()
    press_key("Ctrl+Z", shown)
    assert (shown.drawing.pixels == whole).all()
    assert not window.session.edits.now  # the main window's undo is another


def test_thickness_by_keys_and_slider(shown, press_key):
    before = shown.canvas.pen_width
    press_key("]", shown)
    assert shown.canvas.pen_width > before
    press_key("[", shown)
    press_key("[", shown)
    assert shown.canvas.pen_width < before
    shown.thickness.setValue(200)
    draw(shown.canvas, ((0.5, 0.5), (0.5, 0.5)))
    assert shown.drawing.strokes[-1].width == 0.2
    for _ in range(30):
        press_key("[", shown)
    assert shown.canvas.pen_width >= 0.02


def test_drawing_with_the_keyboard_alone(shown, press_key):
    press_key("Left", shown)  # the pen comes
    press_key("Space", shown)
    for _ in range(4):
        press_key("Down", shown)
    press_key("Shift+Right", shown)
    press_key("Space", shown)
    press_key("Down", shown)
    (stroke,) = shown.drawing.strokes
    assert len(stroke.points) == 6
    assert stroke.points[0] == (0.5, 0.5, 1.0)
    assert stroke.points[4].y == pytest.approx(0.5 + 4 * STEP)
    assert stroke.points[5].x == pytest.approx(0.5 + 1 / 7)


def pen(canvas, kind, at, pressure, tip=QPointingDevice.PointerType.Pen):
    device = QPointingDevice(
        "pen",
        1,
        QPointingDevice.DeviceType.Stylus,
        tip,
        QPointingDevice.Capability.Position | QPointingDevice.Capability.Pressure,
        1,
        3,
    )
    where = QPointF(canvas.mapToGlobal(at))
    down = LEFT if kind != QEvent.Type.TabletRelease else NONE
    event = QTabletEvent(
        kind, device, QPointF(at), where, pressure, 0, 0, 0, 0, 0, PLAIN, LEFT, down
    )
    QApplication.sendEvent(canvas, event)
    return device


@pytest.mark.parametrize("tip", ["Pen", "Eraser"])
def test_a_pen_has_pressure_and_an_eraser(tip, shown):
    canvas, kind = shown.canvas, QPointingDevice.PointerType[tip]
    pen(canvas, QEvent.Type.TabletPress, spot(canvas, 0.2, 0.5), 0.4, kind)
    pen(canvas, QEvent.Type.TabletMove, spot(canvas, 0.8, 0.5), 0.9, kind)
    pen(canvas, QEvent.Type.TabletRelease, spot(canvas, 0.8, 0.5), 0.0, kind)
    (stroke,) = shown.drawing.strokes
    assert stroke.erases == (tip == "Eraser")
    assert [point.pressure for point in stroke.points] == pytest.approx([0.4, 0.9], abs=0.01)


def test_a_finger_draws_and_a_second_does_not(shown):
    canvas = shown.canvas
    device = QTest.createTouchDevice()
    first, second = [spot(canvas, x, 0.5) for x in (0.2, 0.5, 0.8)], spot(canvas, 0.5, 0.9)
    touch = QTest.touchEvent(canvas, device)
    touch.press(0, first[0], canvas).commit()
    touch.move(0, first[1], canvas).press(1, second, canvas).commit()
    touch.move(0, first[2], canvas).stationary(1).commit()
    touch.release(0, first[2], canvas).release(1, second, canvas).commit()
    (stroke,) = shown.drawing.strokes
    assert len(stroke.points) == 3
    assert {round(point.y, 2) for point in stroke.points} == {0.5}


def test_resizing_keeps_the_drawing(shown):
    draw(shown.canvas)
    before = shown.drawing.pixels.copy()
    shown.resize(1300, 900)
    QApplication.processEvents()
    assert (shown.drawing.pixels == before).all()
    assert shown.canvas.grab().toImage().pixelColor(spot(shown.canvas, 0.5, 0.25)).name() == (
        theme.tokens().ink
    )


# Views with an image that has neither number nor label.


def test_every_view_copes_with_a_drawn_digit(window, shown, train):
    session = window.session
    draw(shown.canvas)
    window.windows.open_map(Place("conv1", (1, 3, 3)))
    last = session.network.layers[-1].name
    for place in (Place(INPUT, (0, 14, 14)), Place("conv1", (0, 3, 3)), Place(last, (3,))):
        session.selection.pin(place)
        window.inspector.refresh()
        window.grab()
    train(session, 2)
    whole_path(session)
    assert session.image.words == "a drawn digit"
    about = window.windows.made(MapWindow).about.text()
    assert "a drawn digit" in about
    assert "label" not in about
    assert "A drawn digit" in window.digits._verdict.text()
    assert "Label" not in window.digits._verdict.text()


def test_no_class_is_marked_as_the_true_one(window, shown):
    window.network.canvas.grab()
    assert any(words.is_label for words in window.network.canvas._classes._words)
    draw(shown.canvas)
    window.network.canvas.grab()
    assert not any(words.is_label for words in window.network.canvas._classes._words)


def test_the_digits_show_none_selected_and_go_on_from_the_last(window, shown, press_key):
    session, digits = window.session, window.digits
    session.choose_image(7)
    cell = digits.grid.visualRect(digits.model.index_of(7))

    def frame():
        digits.grid.viewport().repaint()
        image = digits.grid.viewport().grab(cell).toImage()
        return image.pixelColor(image.width() // 2, 2).name()

    chosen = frame()
    draw(shown.canvas)
    assert frame() != chosen
    assert digits.number.text() == "Back to No.  7"
    window.next_image()
    assert session.test_image == 8
    assert digits.number.text() == "No.  8"
    draw(shown.canvas)
    window.previous_image()
    assert session.test_image == 7


def test_the_last_digit_is_chosen_again_by_a_click_or_its_number(window, shown, qtbot):
    session, digits = window.session, window.digits
    session.choose_image(3)
    draw(shown.canvas)
    spot_of = digits.grid.visualRect(digits.model.index_of(3)).center()
    qtbot.mouseClick(digits.grid.viewport(), LEFT, pos=spot_of)
    assert session.test_image == 3
    draw(shown.canvas)
    digits.number.setFocus()
    qtbot.keyClick(digits.number, Qt.Key.Key_Return)
    assert session.test_image == 3


def test_a_filter_of_classes_leaves_the_drawing(window, shown):
    draw(shown.canvas)
    window.digits._chips.button(4).click()
    assert window.session.label == 3
    draw(shown.canvas, ((0.5, 0.2), (0.5, 0.8)))
    assert window.session.test_image is None
    assert window.digits._chips.checkedId() == 4


def test_comparing_and_saving_name_the_drawing(window, shown):
    draw(shown.canvas)
    session = window.session
    session.keep_or_end()
    assert session.comparison.kept.words == f"a drawn digit, at batch {session.shown_step}"
    for side in Side:
        session.comparison.show_side(side)
        window.network.canvas.grab()
    column = window.network.canvas.columns[0]
    at = column.tiles[0].center().toPoint()
    canvas = window.network.canvas
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, canvas.mapToGlobal(at))
    QApplication.sendEvent(canvas, event)
    menu = QApplication.activePopupWidget()
    next(each for each in menu.actions() if "numbers" in each.text()).trigger()
    menu.close()
    dialog = window.findChild(QFileDialog)
    assert "image-a-drawn-digit" in dialog.selectedFiles()[0]
    dialog.reject()


# Another run.


def test_another_network_takes_the_drawing_too(window, shown, until):
    draw(shown.canvas)
    values = window.session.image.values
    window.session.open_run(RunRequest("digits", "numpy-cnn", Settings()))
    until(lambda: window.session.spec.name == "numpy-cnn")
    assert window.session.image.values is values
    whole_path(window.session)


@pytest.fixture
def colours(monkeypatch):
    """Data of another shape, in colours, and a network for it."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 3, 12, 10), np.uint8)
    split = Split(pixels, np.arange(40) % 3)
    names = ("red", "green", "blue")
    dataset = Dataset("colours", "Colours", split, split, names, "Made up.")
    spec = Spec("coloured", "Coloured", (3, 12, 10), (conv2d(2, 3), relu(), flatten(), dense(3)))
    monkeypatch.setitem(LOADERS, "colours", lambda: dataset)
    monkeypatch.setitem(PRESETS, "coloured", spec)
    return "colours"


def open_colours(session, until):
    session.open_run(RunRequest("colours", "coloured", Settings(batch_size=8)))
    until(lambda: session.spec.name == "coloured")


def test_a_drawing_is_made_anew_for_images_of_another_shape(window, shown, colours, until):
    draw(shown.canvas)
    open_colours(window.session, until)
    image = window.session.image
    assert image.words == "a drawn digit"
    assert image.values.shape == (3, 12, 10)
    np.testing.assert_array_equal(image.values[0], digit_of(shown.drawing, (12, 10)))
    whole_path(window.session)
    draw(shown.canvas, ((0.5, 0.1), (0.5, 0.9)))
    shown.grab()


def test_a_picture_is_read_anew_for_images_of_another_shape(
    window, shown, colours, until, tmp_path
):
    shown.read_file(str(file_with_seven(tmp_path)))
    finish_reading(shown, until)
    open_colours(window.session, until)
    until(lambda: window.session.image.values.shape == (3, 12, 10))
    until(lambda: window.session.image.words == "picture seven.png")
    assert [step.words for step in shown.steps.steps][-1] == "scaled to 10×12"


def test_with_the_window_closed_other_data_show_a_digit_of_theirs(window, shown, colours, until):
    shown.image.choose(Fed.DIGIT)
    shown.close()
    open_colours(window.session, until)
    assert window.session.test_image == 0


# Pictures.


def test_a_file_is_read_and_its_steps_are_shown(window, shown, until, tmp_path):
    shown.read_file(str(file_with_seven(tmp_path)))
    assert "Reading seven.png" in shown.message.text()
    finish_reading(shown, until)
    assert window.session.image.words == "picture seven.png"
    assert shown.image.fed is Fed.PICTURE
    assert shown.steps_area.isVisible()
    assert "inverted: the ink was dark" in shown.steps.accessibleDescription()
    whole_path(window.session)
    shown.grab()


def test_the_same_digit_drawn_and_as_a_picture_is_much_the_same(window, shown, until, tmp_path):
    shown.thickness.setValue(80)
    draw(shown.canvas)
    drawn = window.session.image.values
    shown.read_file(str(file_with_seven(tmp_path)))
    finish_reading(shown, until)
    assert np.corrcoef(drawn.ravel(), window.session.image.values.ravel())[0, 1] > 0.9


def test_pasting_pixels(window, shown, press_key, until, tmp_path):
    QApplication.clipboard().setImage(QImage(str(file_with_seven(tmp_path))))
    press_key("Ctrl+V", shown)
    finish_reading(shown, until)
    assert window.session.image.words == "picture pasted"
    whole_path(window.session)


def test_pasting_a_copied_file(window, shown, press_key, until, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file_with_seven(tmp_path, "über uns.png")))])
    QApplication.clipboard().setMimeData(data)
    press_key("Ctrl+V", shown)
    finish_reading(shown, until)
    assert window.session.image.words == "picture über uns.png"


def test_pasting_the_bytes_of_a_file(window, shown, press_key, until, tmp_path):
    data = QMimeData()
    data.setData("image/png", file_with_seven(tmp_path).read_bytes())
    QApplication.clipboard().setMimeData(data)
    press_key("Ctrl+V", shown)
    finish_reading(shown, until)
    assert window.session.image.words == "picture pasted"


def test_nothing_to_paste_is_told(window, shown, press_key):
    QApplication.clipboard().setText("no picture")
    press_key("Ctrl+V", shown)
    assert "no picture in the clipboard" in shown.message.text()
    assert window.session.test_image == 0


def drop(widget, data):
    """As the desktop does it: the drag comes in, then it is let go."""
    at, action = widget.rect().center(), Qt.DropAction.CopyAction
    enter = QDragEnterEvent(at, action, data, LEFT, PLAIN)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(QPointF(at), action, data, LEFT, PLAIN)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def url_of(file):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    return data


def test_dropping_on_the_main_window_opens_the_draw_window(window, until, tmp_path):
    assert drop(window, url_of(file_with_seven(tmp_path)))
    shown = window.windows.made(DrawWindow)
    assert shown.isVisible()
    finish_reading(shown, until)
    assert window.session.image.words == "picture seven.png"


def test_dropping_on_the_draw_window(window, shown, until, tmp_path):
    assert drop(shown, url_of(file_with_seven(tmp_path)))
    finish_reading(shown, until)
    assert window.session.image.words == "picture seven.png"


@pytest.mark.parametrize("name", ["run.none", "notes.txt", "folder"])
def test_what_is_no_picture_is_not_taken(name, window, tmp_path):
    file = tmp_path / name
    file.write_bytes(b"")
    assert not drop(window, url_of(file))
    text = QMimeData()
    text.setText("hello")
    assert not drop(window, text)
    assert window.windows.made(DrawWindow) is None


def test_a_bad_picture_is_told_and_the_one_before_stays(window, shown, until, tmp_path):
    shown.read_file(str(file_with_seven(tmp_path)))
    finish_reading(shown, until)
    values = window.session.image.values
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    for file in (bad, tmp_path / "missing.png", tmp_path):
        shown.read_file(str(file))
        finish_reading(shown, until)
        assert "Reading" not in shown.message.text()
        assert shown.message.text().endswith(".")
        assert window.session.image.values is values


@pytest.fixture
def slow(monkeypatch):
    """Pictures are read only when they are let."""
    go_on, whole = threading.Event(), pictures.read_picture

    def wait(source):
        go_on.wait(20)
        return whole(source)

    monkeypatch.setattr(pictures, "read_picture", wait)
    yield go_on
    go_on.set()


def test_a_reading_can_be_cancelled(window, shown, slow, until, tmp_path):
    shown.read_file(str(file_with_seven(tmp_path)))
    assert shown.buttons["Cancel"].isVisible()
    shown.buttons["Cancel"].click()
    assert not shown.buttons["Cancel"].isVisible()
    assert shown.message.text().startswith("Stopped.")
    slow.set()
    until(lambda: shown.is_shut_down)
    assert window.session.test_image == 0


def test_the_last_of_two_pictures_wins(window, shown, slow, until, tmp_path):
    shown.read_file(str(file_with_seven(tmp_path, "one.png")))
    shown.read_file(str(file_with_seven(tmp_path, "two.png")))
    slow.set()
    finish_reading(shown, until)
    assert window.session.image.words == "picture two.png"


def test_the_dialog_opens_pictures(shown, press_key, until):
    press_key("Ctrl+O", shown)
    dialog = shown.findChild(QFileDialog)
    assert "*.png" in dialog.nameFilters()[0]
    dialog.reject()


# Transforms.


def test_sliders_change_a_test_image_and_its_label_stays(window, shown):
    session = window.session
    session.choose_image(4)
    plain, label = session.image.values, session.label
    shown.sliders.sliders["angle"].setValue(30)
    assert session.image.number != 4
    assert session.label == label
    assert "changed" in session.image.words
    np.testing.assert_array_equal(session.image.values, transformed(plain, Transform(angle=30)))
    whole_path(session)
    shown.reset_transform()
    assert session.image.number == 4
    np.testing.assert_array_equal(session.image.values, plain)
    assert shown.sliders.transform.is_identity


@pytest.mark.parametrize("knob", KNOBS, ids=[knob.field for knob in KNOBS])
def test_every_slider_does_what_it_says(knob, window, shown):
    plain = window.session.image.values
    shown.sliders.sliders[knob.field].setValue(knob.most)
    transform = Transform(**{knob.field: knob.most * knob.unit})
    np.testing.assert_allclose(
        window.session.image.values, transformed(plain, transform), atol=1e-6
    )
    assert knob.words(knob.most * knob.unit) in {
        label.text() for label in shown.sliders._numbers.values()
    }


def test_sliders_change_what_is_drawn_further(window, shown):
    draw(shown.canvas)
    shown.sliders.sliders["down"].setValue(8)
    draw(shown.canvas, ((0.3, 0.5), (0.7, 0.5)))
    expected = transformed(digit_of(shown.drawing)[None], Transform(down=2))
    np.testing.assert_array_equal(window.session.image.values, expected)


def test_another_digit_is_shown_as_it_is(window, shown):
    shown.sliders.sliders["noise"].setValue(30)
    window.session.choose_image(9)
    assert window.session.test_image == 9
    assert shown.sliders.transform.is_identity
    assert shown.image.fed is Fed.DIGIT


def test_the_chips_go_between_drawing_picture_and_digit(window, shown, until, tmp_path):
    session, chips = window.session, dict(zip(Fed, shown.chips.buttons(), strict=True))
    assert not chips[Fed.PICTURE].isEnabled()
    session.choose_image(5)
    draw(shown.canvas)
    shown.read_file(str(file_with_seven(tmp_path)))
    finish_reading(shown, until)
    for fed, words in (
        (Fed.DRAWING, "a drawn digit"),
        (Fed.DIGIT, "No. 5"),
        (Fed.PICTURE, "picture seven.png"),
    ):
        chips[fed].click()
        assert session.image.words.startswith(words)
        assert chips[fed].isChecked()


# Keeping.


def test_the_digit_is_copied_and_saved_as_it_is(window, shown, press_key, tmp_path):
    draw(shown.canvas)
    window.session.folder = str(tmp_path)
    press_key("Ctrl+C", shown)
    copied = QApplication.clipboard().image()
    assert (copied.width(), copied.height()) == (28, 28)
    press_key("Ctrl+S", shown)
    dialog = shown.findChild(QFileDialog)
    dialog.selectFile(str(tmp_path / "mine.png"))
    dialog.accept()
    saved = np.asarray(Image.open(tmp_path / "mine.png"))
    np.testing.assert_array_equal(saved, np.rint(255 * window.session.image.values[0]))


# Words, looks, the end.


def test_everything_operable_has_a_tooltip_and_a_name(shown):
    for widget in shown.findChildren(QAbstractButton) + shown.findChildren(QSlider):
        if widget.isVisible():
            assert widget.toolTip()
            assert widget.accessibleName()
    assert shown.canvas.accessibleName()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_both_themes(name, shown, qapp, until, tmp_path):
    draw(shown.canvas)
    theme.apply_theme(qapp, name)
    image = shown.canvas.grab().toImage()
    assert image.pixelColor(spot(shown.canvas, 0.5, 0.25)).name() == theme.THEMES[name].ink
    assert image.pixelColor(spot(shown.canvas, 0.1, 0.9)).name() == theme.THEMES[name].paper


@pytest.mark.parametrize("size", [(940, 640), (1040, 740), (1800, 1100)])
def test_it_has_room_at_every_size(size, shown, until, tmp_path):
    shown.read_file(str(file_with_seven(tmp_path)))
    finish_reading(shown, until)
    shown.resize(*size)
    QApplication.processEvents()
    for button in shown.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.width() >= button.minimumSizeHint().width()
            assert shown.rect().contains(button.mapTo(shown, QPoint()))
    assert shown.canvas.paper.width() >= 200


def test_the_answer_follows_training(window, shown, train):
    draw(shown.canvas)
    train(window.session, 30)
    shown.bars._catch_up()
    shares = window.session.inspection.probabilities
    assert shown.bars._rows._shares == pytest.approx(shares.tolist(), abs=0.002)


def test_closing_amid_a_stroke_ends_it(shown, until):
    canvas = shown.canvas
    QTest.mousePress(canvas, LEFT, PLAIN, spot(canvas, 0.3, 0.3))
    move(canvas, spot(canvas, 0.6, 0.6))
    shown.close()
    assert shown.drawing.under_way is None
    assert len(shown.drawing.strokes) == 1


def test_the_main_window_closes_amid_a_stroke_and_a_reading(
    no_threads_left, window, shown, slow, until, tmp_path
):
    window.session.play()
    shown.read_file(str(file_with_seven(tmp_path)))
    QTest.mousePress(shown.canvas, LEFT, PLAIN, spot(shown.canvas, 0.3, 0.3))
    window.close()
    assert not shown.isVisible()
    slow.set()
    until(lambda: not window.isVisible())
    shown.reader.take((b"", "late"))
    assert not shown.reader.is_reading


def test_it_can_be_opened_before_any_data_are_there(qtbot, until, no_threads_left):
    session = Session()
    window = MainWindow(session, remember=False)
    qtbot.addWidget(window)
    window.windows.open_draw()
    shown = window.windows.made(DrawWindow)
    draw(shown.canvas)
    shown.sliders.sliders["angle"].setValue(5)
    shown.copy()
    shown.save()
    shown.paste()
    assert session.image is None
    window.close()
    until(lambda: session.is_shut_down)


def test_a_drawing_without_a_window_is_plain(qapp):
    drawing = Drawing()
    drawing.begin(Point(0.5, 0.5), 0.1)
    assert drawing.under_way == Stroke((Point(0.5, 0.5),), 0.1)
