"""The learning rate to try where a verdict says that the rate may be wrong."""

import math

from cnnviz.core.health import Health
from cnnviz.core.verdicts import FAR_TOO_HIGH_RATIO, Verdict

LOWER = {"rate-high": 2.0, "rising": 2.0, "jumping": 2.0, "diverged": 10.0}
"""By how much to divide the rate; our choice."""
FAR_LOWER = 10.0
"""… where updates are far too large."""
HIGHER = 3.0
LEAST, MOST = 1e-6, 10.0


def rate_to_try(verdict: Verdict, health: Health | None, rate: float) -> float | None:
    """Another rate in place of `rate`, in two digits; None where the rate is not the remedy."""
    if verdict.kind == "rate-low":
        tried = rate * HIGHER
    elif verdict.kind in LOWER:
        ratios = [layer.update_ratio or 0.0 for layer in health.layers] if health else []
        far = verdict.kind == "rate-high" and max(ratios, default=0.0) > FAR_TOO_HIGH_RATIO
        tried = rate / (FAR_LOWER if far else LOWER[verdict.kind])
    else:
        return None
    rounded = round(tried, 1 - math.floor(math.log10(tried)))
    return min(max(rounded, LEAST), MOST)
