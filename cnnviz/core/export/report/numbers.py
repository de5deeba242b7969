"""Numbers as people read them: thin spaces between thousands, a unit, as many digits as count."""

import math

from cnnviz.core.scales import percent

THIN_SPACE = "\u2009"


def spaced(number: float) -> str:
    """A whole number as 105 634."""
    return f"{number:,.0f}".replace(",", THIN_SPACE)


def share(value: float, digits: int = 1) -> str:
    """A share of 1 as 98.1 %, or a dash where nothing can be said."""
    return percent(value, digits) if math.isfinite(value) else "–"


def loss(value: float) -> str:
    """0.0345, 1.2e+09, or a dash for what is no number."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.4f}" if value < 1000 else f"{value:.2e}"


def duration(seconds: float) -> str:
    """12.3 s, 4 min 05 s, 2 h 07 min."""
    if seconds < 60:
        return f"{seconds:.1f}{THIN_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{THIN_SPACE}min {rest:02d}{THIN_SPACE}s"
    return f"{minutes // 60}{THIN_SPACE}h {minutes % 60:02d}{THIN_SPACE}min"


def size(shape: tuple[int, ...]) -> str:
    """A shape as 8×24×24."""
    return "×".join(map(str, shape))
