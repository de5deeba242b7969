"""The two themes: legible, complete, and the only place that names a colour."""

import itertools
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QColor, QFontInfo, QFontMetricsF, QPalette
from PySide6.QtWidgets import QLabel

import cnnviz.ui
from cnnviz.assets import asset_path
from cnnviz.ui import theme

BOTH = pytest.mark.parametrize("tokens", theme.THEMES.values(), ids=lambda tokens: tokens.name)
COLORS = [field.name for field in fields(theme.Tokens) if field.name not in ("name", "classes")]


def test_strong_text_is_escaped():
    assert "&lt;b&gt; &amp; more</span>" in theme.strong("<b> & more")


def luminance(value):
    """Relative luminance as WCAG 2 defines it."""
    shares = (int(value[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def rgb(value):
    color = QColor(value)
    return color.red(), color.green(), color.blue()


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_it_should_be():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@BOTH
@pytest.mark.parametrize("name", COLORS)
def test_every_token_is_a_colour(tokens, name):
    assert re.fullmatch("#[0-9a-f]{6}", getattr(tokens, name))


@BOTH
@pytest.mark.parametrize("ground", ["background", "raised"])
@pytest.mark.parametrize("text", ["text", "muted"])
def test_texts_are_legible(tokens, text, ground):
    assert contrast(getattr(tokens, text), getattr(tokens, ground)) >= 4.5


@BOTH
@pytest.mark.parametrize("ground", ["positive", "selected"])
def test_text_on_buttons_and_plates_is_legible(tokens, ground):
    assert contrast(tokens.on_accent, getattr(tokens, ground)) >= 4.5


@BOTH
@pytest.mark.parametrize("name", theme.RUN_COLORS)
def test_the_colours_of_runs_are_legible_and_like_no_other(tokens, name):
    color = getattr(tokens, name)
    assert contrast(color, tokens.background) >= 4.5
    others = {
        each for each in (*theme.RUN_COLORS, "positive", "negative", "selected") if each != name
    }
    nearest = min(
        np.linalg.norm(np.subtract(rgb(color), rgb(getattr(tokens, each)))) for each in others
    )
    assert nearest > 30


def test_there_is_a_colour_for_any_number_of_runs():
    assert len({theme.run_token(number) for number in range(12)}) == 12
    assert theme.run_token(12) == theme.run_token(0) == "run_1"


@BOTH
@pytest.mark.parametrize("verdict", ["good", "bad"])
def test_right_and_wrong_are_legible(tokens, verdict):
    assert contrast(getattr(tokens, verdict), tokens.background) >= 4.5


@BOTH
@pytest.mark.parametrize("mark", ["positive", "negative", "selected", "good", "bad"])
def test_marks_stand_out(tokens, mark):
    """3 : 1 is what WCAG asks of graphics."""
    assert contrast(getattr(tokens, mark), tokens.background) >= 3


@BOTH
def test_colours_that_mean_different_things_are_different(tokens):
    meanings = ["surface", "positive", "negative", "selected", "good", "bad"]
    for one, other in itertools.combinations(meanings, 2):
        distance = np.abs(np.subtract(rgb(getattr(tokens, one)), rgb(getattr(tokens, other))))
        assert distance.sum() > 50, (one, other)


@BOTH
def test_the_table_of_signed_values_begins_at_the_ground(qapp, tokens):
    theme.apply_theme(qapp, tokens.name)
    table = theme.signed_table()
    assert table.shape == (256, 3)
    assert tuple(table[128]) == rgb(tokens.surface)
    assert tuple(table[255]) == rgb(tokens.positive)
    assert tuple(table[1]) == rgb(tokens.negative)
    inks = theme.ink_table()
    assert tuple(inks[0]) == rgb(tokens.paper)
    assert tuple(inks[255]) == rgb(tokens.ink)


@BOTH
def test_the_style_sheet_has_every_token_filled_in(qapp, tokens):
    theme.apply_theme(qapp, tokens.name)
    rules = re.sub(r"/\*.*?\*/", "", qapp.styleSheet(), flags=re.DOTALL)
    assert "@" not in rules
    assert tokens.positive in rules
    assert rules.count("{") == rules.count("}")


def test_the_style_sheet_itself_names_no_colour():
    source = asset_path("style.qss").read_text(encoding="utf-8")
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb", source)


def test_nothing_but_the_theme_names_a_colour():
    """Black for icons that say nothing else is the one exception."""
    root = Path(cnnviz.ui.__file__).parent
    for path in root.rglob("*.py"):
        if path.name == "theme.py":
            continue
        found = set(re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8")))
        assert found <= {"#000000"}, path.name


@BOTH
def test_the_palette_follows(qapp, tokens):
    theme.apply_theme(qapp, tokens.name)
    assert theme.tokens() is tokens
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == tokens.background
    assert qapp.palette().color(QPalette.ColorRole.WindowText).name() == tokens.text


def test_every_widget_is_told_when_the_theme_changes(qtbot, qapp):
    class Listener(QObject):
        heard = 0

        def eventFilter(self, watched, event):
            self.heard += event.type() == QEvent.Type.PaletteChange
            return False

    label, listener = QLabel("text"), Listener()
    qtbot.addWidget(label)
    label.show()
    label.installEventFilter(listener)
    theme.apply_theme(qapp, "light")
    assert listener.heard > 0


def test_a_theme_there_is_not_changes_nothing(qapp):
    before = theme.tokens()
    with pytest.raises(KeyError):
        theme.apply_theme(qapp, "sepia")
    assert theme.tokens() is before


def test_our_own_face_is_used(qapp):
    info = QFontInfo(theme.font())
    assert info.family() == "Inter"
    assert info.pixelSize() == theme.FONT_SIZE


@pytest.mark.parametrize("size", [theme.SMALL, theme.FONT_SIZE])
def test_digits_are_equally_wide(qapp, size):
    metrics = QFontMetricsF(theme.font(size))
    assert len({metrics.horizontalAdvance(digit * 8) for digit in "0123456789"}) == 1


def test_thousands_are_set_apart_by_a_thin_space():
    assert theme.spaced(0) == "0"
    assert theme.spaced(999) == "999"
    assert theme.spaced(1000) == "1\u2009000"
    assert theme.spaced(105634) == "105\u2009634"
    assert theme.spaced(-1234567) == "-1\u2009234\u2009567"


@settings(deadline=None)
@given(st.integers(-(10**15), 10**15))
def test_spaced_numbers_can_be_read_back(number):
    text = theme.spaced(number)
    assert int(text.replace("\u2009", "")) == number
    assert all(len(group) == 3 for group in text.lstrip("-").split("\u2009")[1:])


def test_a_colour_may_be_seen_through(qapp):
    made = theme.color("#ff8000", 0.5)
    assert made.name() == "#ff8000"
    assert made.alphaF() == pytest.approx(0.5, abs=0.01)


@BOTH
def test_classes_are_told_apart_by_their_colours(tokens, monkeypatch):
    monkeypatch.setattr(theme, "_current", tokens)
    assert all(re.fullmatch("#[0-9a-f]{6}", each) for each in tokens.classes)
    names = [theme.class_color(k).name() for k in range(62)]
    assert names[: len(tokens.classes)] == list(tokens.classes)
    assert len(set(names)) == len(names)
    assert all(contrast(name, tokens.background) >= 3 for name in tokens.classes)
