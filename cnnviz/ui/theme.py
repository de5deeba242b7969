"""The one place that names a colour, a font or a size, in dark and light.

Orange is positive, blue is negative, the background is zero, in weights, activations and gradients
alike; yellow is what the user selected.
"""

from dataclasses import dataclass, fields
from functools import cache
from html import escape

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from cnnviz.assets import asset_path


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme as #rrggbb, by what they mean."""

    name: str
    background: str
    surface: str
    """Zero, in every map; also the ground of fields."""
    raised: str
    """Under the pointer, and chosen items of a list."""
    line: str
    text: str
    muted: str
    """Second-rank text; at least 4.5 : 1 on the background."""
    positive: str
    negative: str
    selected: str
    good: str
    bad: str
    on_accent: str
    """Text on positive or selected."""
    paper: str
    """A pixel without ink."""
    ink: str
    run_1: str
    run_2: str
    run_3: str
    run_4: str
    run_5: str
    run_6: str
    run_7: str
    run_8: str
    run_9: str
    run_10: str
    run_11: str
    run_12: str
    """Of the runs that are laid over each other; their names always stand beside them."""
    classes: tuple[str, ...]
    """A row of colours to tell classes apart, never numbers; see `class_color`."""


DARK = Tokens(
    name="dark",
    background="#1b1f26",
    surface="#0d0f13",
    raised="#262c36",
    line="#2a303a",
    text="#e8ecf2",
    muted="#96a0ae",
    positive="#ff9d4d",
    negative="#4da3ff",
    selected="#ffd84d",
    good="#59c98b",
    bad="#ff6b6b",
    on_accent="#1b1206",
    paper="#0d0d0d",
    ink="#ffffff",
    run_1="#5cc8e8",
    run_2="#f286ba",
    run_3="#9bd16a",
    run_4="#b79cff",
    run_5="#e8816a",
    run_6="#45d0b0",
    run_7="#d9c48a",
    run_8="#90a8cc",
    run_9="#e27bf0",
    run_10="#c9e052",
    run_11="#c98f6b",
    run_12="#7f8cff",
    classes=(
        *("#f2766b", "#f0b064", "#bdd05f", "#54c987", "#46cdc8"),
        *("#62aef8", "#a18ff5", "#ea83cf", "#c09a74", "#b3bccb"),
    ),
)
LIGHT = Tokens(
    name="light",
    background="#ffffff",
    surface="#f7f8fa",
    raised="#eef1f4",
    line="#dfe3e8",
    text="#1b222c",
    muted="#626d7c",
    positive="#d9650b",
    negative="#1a6fd4",
    selected="#b88a00",
    good="#1a8450",
    bad="#c62f2f",
    on_accent="#1b1206",
    paper="#ffffff",
    ink="#111111",
    run_1="#0b7595",
    run_2="#c2367b",
    run_3="#437a12",
    run_4="#7450d8",
    run_5="#b5452a",
    run_6="#087a5e",
    run_7="#806a30",
    run_8="#4b6690",
    run_9="#9c1fb0",
    run_10="#676d00",
    run_11="#7d4a24",
    run_12="#2f3fd0",
    classes=(
        *("#cf3f38", "#c57a10", "#7c9410", "#16894c", "#0d8f8c"),
        *("#2670cf", "#6d55d8", "#c03f9f", "#8b633d", "#66717f"),
    ),
)
THEMES = {tokens.name: tokens for tokens in (DARK, LIGHT)}

RUN_COLORS = tuple(field.name for field in fields(Tokens) if field.name.startswith("run_"))
FONT_SIZE = 13
"""Pixels of ordinary text; small text is 11."""
SMALL = 11
THIN_SPACE = "\u2009"
"""Between groups of three digits, and between a number and its unit."""

_current = DARK


def tokens() -> Tokens:
    """The colours in use; read them when painting, never keep them."""
    return _current


def run_token(number: int) -> str:
    """The name of the token that is the colour of a run, of which there may be any number."""
    return RUN_COLORS[number % len(RUN_COLORS)]


@cache
def color(value: str, alpha: float = 1.0) -> QColor:
    """A token as a QColor with `alpha` from 0 to 1; shared, so not to be changed."""
    made = QColor(value)
    made.setAlphaF(alpha)
    return made


@cache
def blend(ground: str, value: str, share: float) -> QColor:
    """An opaque colour: what `value` looks like if `share` of it covers the ground; shared."""
    return QColor(*_mixed(ground, value, np.array([share]))[0].tolist())


def class_color(index: int) -> QColor:
    """Of a class by its number: the row of class colours, then the same lighter and darker."""
    turn, place = divmod(index, len(_current.classes))
    towards = _current.text if turn % 2 else _current.background
    share = min(0.35 + 0.18 * ((turn - 1) // 2), 0.75) if turn else 0.0
    return blend(_current.classes[place], towards, share)


def apply_theme(app: QApplication, name: str) -> None:
    """Dresses the whole application; every widget is told by a palette change event."""
    global _current
    _current = THEMES[name]
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(_palette(_current))
    app.setStyleSheet(_style_sheet(_current))


def load_fonts(app: QApplication) -> None:
    """Brings our own text face, so that the window looks alike everywhere, displays or none."""
    families: list[str] = []
    for path in sorted(asset_path("fonts").glob("*.otf")):
        families += QFontDatabase.applicationFontFamilies(
            QFontDatabase.addApplicationFont(str(path))
        )
    if "Inter" in families:
        app.setFont(font())


@cache
def font(size: int = FONT_SIZE, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Text of `size` pixels with digits of one width, so that live numbers stand still; shared."""
    made = QFont("Inter")
    made.setPixelSize(size)
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def strong(text: str) -> str:
    """`text` as rich text in the heaviest weight that is here; <b> would be smeared to a bolder."""
    return f'<span style="font-weight:600">{escape(text)}</span>'


def spaced(number: int) -> str:
    """A whole number with thin spaces between thousands: 105 634."""
    return f"{number:,}".replace(",", THIN_SPACE)


def vital_colors() -> list[tuple[int, int, int]]:
    """Those that mean something, as (red, green, blue): what a film must not blur."""
    named = [getattr(_current, field.name) for field in fields(_current)[1:]]
    return [_rgb(value) for value in named if isinstance(value, str)]


def signed_table() -> NDArray[np.uint8]:
    """256 colours (256, 3): 1 for the most negative value, 128 for zero, 255 for the greatest."""
    return _signed_table(_current)


def ink_table() -> NDArray[np.uint8]:
    """256 colours (256, 3) for pixels from paper (0) to ink (255)."""
    return _ink_table(_current)


@cache
def _signed_table(theme: Tokens) -> NDArray[np.uint8]:
    shares = (np.arange(256) - 128) / 127.0
    positive = _mixed(theme.surface, theme.positive, np.clip(shares, 0, 1))
    negative = _mixed(theme.surface, theme.negative, np.clip(-shares, 0, 1))
    table: NDArray[np.uint8] = negative.copy()
    table[128:] = positive[128:]
    return table


@cache
def _ink_table(theme: Tokens) -> NDArray[np.uint8]:
    return _mixed(theme.paper, theme.ink, np.arange(256) / 255.0)


def _rgb(value: str) -> tuple[int, int, int]:
    made = QColor(value)
    return made.red(), made.green(), made.blue()


def _mixed(start: str, end: str, shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    low, high = np.asarray(_rgb(start), float), np.asarray(_rgb(end), float)
    table: NDArray[np.uint8] = np.round(low + shares[:, None] * (high - low)).astype(np.uint8)
    return table


def _palette(theme: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for target, value in (
        (role.Window, theme.background),
        (role.Base, theme.background),
        (role.AlternateBase, theme.raised),
        (role.Button, theme.background),
        (role.ToolTipBase, theme.raised),
        (role.WindowText, theme.text),
        (role.Text, theme.text),
        (role.ButtonText, theme.text),
        (role.ToolTipText, theme.text),
        (role.PlaceholderText, theme.muted),
        (role.Highlight, theme.positive),
        (role.HighlightedText, theme.on_accent),
        (role.Mid, theme.line),
        (role.Link, theme.negative),
    ):
        palette.setColor(target, QColor(value))
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, color(theme.muted, 0.6))
    return palette


def _style_sheet(theme: Tokens) -> str:
    sheet = (asset_path("style.qss")).read_text(encoding="utf-8")
    for field in fields(theme):
        sheet = sheet.replace(f"@{field.name};", f"{getattr(theme, field.name)};")
    return sheet.replace("@icons;", asset_path("icons").as_posix())
