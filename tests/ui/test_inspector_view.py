"""The inspector as its user meets it: what it says adds up, follows, can be copied and slides."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication

from cnnviz.core.arithmetic import Convolution
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.ui import theme
from cnnviz.ui.arithmetic_blocks import Classes, Contributions, Products, Sum, Window, number
from cnnviz.ui.arithmetic_canvas import MARGIN
from cnnviz.ui.inspector_view import FEW_CHANNELS, MOST_PRODUCTS, InspectorView


@pytest.fixture
def show(qtbot):
    def show_view(session, width=340, height=700):
        view = InspectorView(session)
        qtbot.addWidget(view)
        view.resize(width, height)
        with qtbot.waitExposed(view):
            view.show()
        return view

    return show_view


@pytest.fixture
def session(open_session, train):
    session = open_session("numpy-cnn")
    train(session, 3)
    return session


@pytest.fixture
def view(session, show):
    return show(session)


def sums(view):
    return {block.name: block.value for block in view.canvas.blocks if isinstance(block, Sum)}


def block(view, kind):
    return next(each for each in view.canvas.blocks if isinstance(each, kind))


HERE = Place("conv2", (5, 9, 12))


def test_at_first_it_says_what_to_do(view):
    assert view.title.text() == "Inspector"
    assert "Point at any value" in view.teaching.text()
    assert "map 0 is its first map" in view.teaching.text()
    assert view.canvas.blocks == []
    assert not view.copy_button.isVisible()
    assert not view.slide_button.isVisible()


def test_a_convolution_adds_up(view, session):
    session.selection.pin(HERE)
    outputs = session.inspection.outputs
    assert view.title.text() == "Conv 2 · map 5 · x 12, y 9"
    assert view.result.text() == number(outputs["conv2"][HERE.index])
    told = sums(view)
    assert told["Z"] == outputs["conv2"][HERE.index]
    assert told["Σ of 8 channels"] + told["+ bias"] == pytest.approx(told["Z"], abs=1e-5)
    assert told["ReLU → max(0, Z)"] == outputs["relu2"][HERE.index]
    shown = view.found.channel_sums[:FEW_CHANNELS].sum() + told["4 more channels"]
    assert shown == pytest.approx(told["Σ of 8 channels"], abs=1e-5)
    view.more_button.click()
    assert "4 more channels" not in sums(view)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (Place("conv1", (1, 10, 10)), Products),
        (Place("pool1", (1, 4, 4)), Window),
        (Place("dense1", (7,)), Contributions),
        (Place("dense2", (3,)), Classes),
        (Place("relu1", (0, 3, 3)), Sum),
        (Place(INPUT, (0, 14, 14)), Sum),
    ],
)
@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_kind_of_value_is_shown_and_painted(view, session, qapp, place, kind, name):
    theme.apply_theme(qapp, name)
    session.selection.pin(place)
    assert block(view, kind)
    image = view.canvas.grab().toImage()
    assert len({image.pixel(x, y) for x in range(0, 300, 3) for y in range(0, 60, 3)}) > 3


def test_dense_names_the_largest_and_sums_the_rest(view, session):
    session.selection.pin(Place("dense1", (7,)))
    told = sums(view)
    largest = view.found.products[view.found.order[:MOST_PRODUCTS]].sum()
    assert largest + told["Σ of the other 788"] == pytest.approx(
        told["Σ of 800 products"], abs=1e-5
    )


def test_a_class_goes_on_to_its_probability(view, session):
    session.selection.pin(Place("dense2", (3,)))
    assert sums(view)["p[3]"] == session.inspection.probabilities[3]


def test_the_pointer_reads_one_multiplication(view, session):
    session.selection.pin(HERE)
    products = block(view, Products)
    x, y = MARGIN + 2, MARGIN / 2 + products.HEAD + 2
    patch, kernel = view.found.patch[0, 0, 0], view.found.kernel[0, 0, 0]
    words = f"{number(patch)} × {number(kernel)} = {number(patch * kernel)}"
    assert view.canvas.words_at(QPointF(x, y)) == words
    assert view.canvas.words_at(QPointF(MARGIN - 5, y)) == ""
    assert view.canvas.words_at(QPointF(x, 10_000)) == ""


def test_padding_is_named(open_session, show):
    session = open_session("lenet-5")
    view = show(session)
    session.selection.pin(Place("conv1", (0, 0, 0)))
    at = QPointF(MARGIN + 2, MARGIN / 2 + block(view, Products).HEAD + 2)
    assert "(padding)" in view.canvas.words_at(at)


def test_it_follows_the_pointer_while_nothing_is_pinned(view, session):
    session.selection.point(Place("relu1", (0, 1, 1)))
    assert view.title.text() == "ReLU 1 · map 0 · x 1, y 1"
    assert not view.let_go_button.isVisible()
    session.selection.point(None)
    assert view.title.text() == "Inspector"


def test_how_it_counts_is_said_where_it_counts(view, session):
    session.selection.pin(Place("conv1", (0, 0, 0)))
    assert view.title.text() == "Conv 1 · map 0 · x 0, y 0"
    assert "Z[0, 0, 0] = b[0]" in view.formula.text().replace("\u00a0", " ")
    assert "Layers of a kind are counted from 1" in view.title.toolTip()
    assert "from 0" in view.title.toolTip()


def test_another_digit_is_explained_at_once(view, session):
    session.selection.pin(HERE)
    before = view.found.result
    session.choose_image(11)
    assert view.found.result != before
    assert view.found.result == session.inspection.outputs["conv2"][HERE.index]


def test_training_is_followed_and_still_adds_up(view, session, train, until):
    session.selection.pin(HERE)
    before = view.found.result
    train(session, 5)
    until(lambda: view.found.result == session.inspection.outputs["conv2"][HERE.index])
    assert view.found.result != before
    assert view.found.total == pytest.approx(view.found.result, abs=1e-4)


def test_while_it_trains_the_plate_says_the_same(window, session, until):
    inspector, canvas = window.inspector, window.network.canvas
    session.selection.pin(HERE)
    seen, differing = set(), []

    def compare():
        plate = canvas._told()[1]
        said = f"{inspector.found.result:.4g}".replace("-", "−")
        seen.add(said)
        if not plate.endswith(f" · {said}"):
            differing.append((plate, said))

    session.network_changed.connect(compare)
    session.play()
    until(lambda: len(seen) > 2)
    window.resize(window.width() - 1, window.height())
    inspector.copy()
    compare()
    session.choose_image(5)
    compare()
    until(lambda: len(seen) > 5)
    session.network_changed.disconnect(compare)
    assert differing == []


def lines_of(view):
    return (view.formula.height() - 4) // view.formula.fontMetrics().lineSpacing()


def test_no_line_is_left_empty_below_the_formula(view, session):
    for place, lines in (
        (Place("relu1", (3, 9, 4)), 1),
        (Place("dense1", (7,)), 1),
        (Place(INPUT, (0, 9, 4)), 1),
        (HERE, 2),
    ):
        session.selection.pin(place)
        assert lines_of(view) == lines
        needed = view.formula.heightForWidth(view.formula.width())
        assert needed <= view.formula.height()


def test_nothing_jumps_while_the_kernel_slides(view, session):
    heights = set()
    for y, x in ((0, 0), (0, 9), (0, 10), (12, 3), (19, 19)):
        session.selection.pin(Place("conv2", (7, y, x)))
        heights.add(view.formula.height())
    assert len(heights) == 1
    for y, x in ((0, 0), (4, 5), (9, 9)):
        session.selection.pin(Place("pool1", (7, y, x)))
        heights.add(view.formula.height())
    assert len(heights) == 2


def test_hidden_it_rests_and_catches_up(view, session, train):
    session.selection.pin(HERE)
    view.hide()
    kept = view.found
    train(session)
    assert view.found is kept
    view.show()
    assert view.found.result == session.inspection.outputs["conv2"][HERE.index]


def test_all_can_be_copied_as_text(view, session, qtbot):
    session.selection.pin(HERE)
    qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    assert text.startswith("Conv 2 · map 5 · x 12, y 9\nZ[5, 9, 12] = b[5]")
    assert repr(float(session.inspection.outputs["conv2"][HERE.index])) in text


def test_the_button_lets_go(view, session, qtbot):
    session.selection.pin(HERE)
    qtbot.mouseClick(view.let_go_button, Qt.MouseButton.LeftButton)
    assert session.selection.pinned is None


def test_many_channels_are_scrolled_not_clipped(open_session, show, made_wide):
    session = open_session(**made_wide)
    view = show(session)
    session.selection.pin(Place("conv2", (0, 1, 1)))
    view.more_button.click()
    assert isinstance(view.found, Convolution)
    assert view.canvas.minimumHeight() > 64 * 20
    view.canvas.grab()


@pytest.fixture
def made_wide(monkeypatch):
    """A network of 64 filters, as data "digits"."""
    from cnnviz.core.presets import PRESETS
    from cnnviz.core.spec import Spec, conv2d, dense, flatten

    layers = (conv2d(64, 3, stride=3), conv2d(64, 3), flatten(), dense(10))
    monkeypatch.setitem(PRESETS, "wide", Spec("wide", "Wide", (1, 28, 28), layers))
    return {"network": "wide"}


def test_a_network_that_diverged_is_shown_all_the_same(view, session):
    session.selection.pin(HERE)
    session.network.vector[...] = np.nan
    session.choose_image(3)
    view.grab()
    assert np.isnan(view.found.result)
