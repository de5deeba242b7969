"""Large numbers as people read them, with three digits that count: 92.2 M; and times to come."""

from cnnviz.core.scales import short
from cnnviz.ui.theme import THIN_SPACE

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def quantity(value: float, unit: str = "") -> str:
    """92.2 MB; a value below a thousand has no prefix."""
    for size, prefix in PREFIXES:
        if value >= 0.9995 * size:
            return f"{digits(value / size)}{THIN_SPACE}{prefix}{unit}"
    return f"{digits(value)}{THIN_SPACE}{unit}".rstrip(THIN_SPACE)


def digits(value: float) -> str:
    """Three digits that count, with the zeros that show it: 2.30, 14.0, 0.0312, 1 234."""
    if value >= 999.5:
        return f"{value:,.0f}".replace(",", THIN_SPACE)
    for limit, places in ((99.95, 0), (9.995, 1), (0.9995, 2)):
        if value >= limit:
            return f"{value:.{places}f}"
    return short(value) if value else "0"


def duration(seconds: float) -> str:
    """A time to come in words: 38 s, 2 min 05 s, 3 h 20 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
