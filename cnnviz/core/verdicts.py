"""What seems to go wrong in a training, in plain words: the signs, what to try, and the numbers.

Rules of thumb, each with its threshold named below. They warn, they do not know: a run that learns
well is right. All is judged by what had happened up to the moment that is looked at.

Sources: [CS231n] Stanford's notes, "Neural networks part 3: learning and evaluation" (Karpathy):
updates of about 1e-3 of the weights; what loss curves look like at high and low rates; the gap
between training and testing. [Glorot] Glorot and Bengio 2010: saturation and gradients that vanish.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.health import Health, LayerHealth
from cnnviz.core.scales import percent
from cnnviz.core.timeline import EpochResult

HIGH_RATIO = 1e-2
"""Update to weight, ten times what is usual [CS231n]. Where small batches disagree, a small layer
of a run that learns well may reach it; so it is a sign only while the loss falls no more."""
FAR_TOO_HIGH_RATIO = 1e-1
"""… or from here on, whatever the loss does; our choice."""
LOW_RATIO = 2e-4
"""A fifth of what is usual [CS231n]."""
WARM_UP = 100
"""Batches after which ratios and losses mean something: Adam's first steps are always large."""
WINDOW = 50
"""Batches over which losses are averaged."""
RISE = 1.5
"""How many times its lowest average the loss may be; our choice, well above the batches' noise."""
JUMPS = 0.25
"""Deviation of the last losses as a share of the loss of guessing, log(classes); our choice."""
DEAD = 0.4
"""Share of a layer's ReLUs; "as much as 40 % of your network can be dead" if the rate is too high
[CS231n, part 1]."""
SATURATED = 0.5
"""Share of a layer's outputs; our choice, after [Glorot]."""
VANISHED = 1e-2
"""The first layer's gradient as a share of the last one's; our choice, after [Glorot]."""
OVERFIT = 1.1
"""How many times its best the test loss may be while the training loss falls; our choice."""
OVERFIT_EPOCHS = 2
"""For so many epochs, for a single test loss says little; as the patience of early stopping."""
GUESSING = 0.9
"""A loss above this share of log(classes) is hardly better than guessing; our choice."""
UNDERFIT = 0.25
"""A training loss above this share of log(classes) that falls no more is high; our choice."""
STANDSTILL = 0.98
"""A loss that is more than this share of the one before (of an epoch, or a window of batches) has
stood still; our choice."""
LEARNED = 0.9
"""Accuracy on the probe from which on small updates worry nobody; our choice."""


@dataclass(frozen=True)
class Verdict:
    """One thing that seems wrong."""

    kind: str
    """diverged, rate-high, rising, jumping, dead, saturated, vanishing, overfitting, rate-low,
    guessing or underfitting"""
    words: str
    """What is seen, and what it means."""
    advice: str
    """What to try."""
    numbers: dict[str, float]
    """What led to it, by plain names."""
    layer: str | None = None


def judge(
    classes: int,
    losses: NDArray[np.float64],
    epochs: Sequence[EpochResult],
    health: Health | None = None,
) -> list[Verdict]:
    """All that seems wrong, the gravest first; empty if nothing does.

    `losses` are those of every batch and `epochs` the results up to the moment of `health`, which
    the timeline has.
    """
    if len(losses) and not math.isfinite(losses[-1]):
        return [_diverged(len(losses))]
    found = [*_by_loss(classes, losses), *_by_epochs(classes, epochs)]
    if health and not math.isfinite(health.loss):
        return [_diverged(health.step)]
    if health:
        found += _by_health(health, losses)
    return found


def _diverged(batch: int) -> Verdict:
    return Verdict(
        "diverged",
        f"The loss is no finite number at batch {batch}: the weights have run away.",
        "Go back to before it and take a rate ten times smaller.",
        {"batch": batch},
    )


def _by_loss(classes: int, losses: NDArray[np.float64]) -> Iterator[Verdict]:
    if len(losses) < max(WARM_UP, 2 * WINDOW):
        return
    guess = math.log(classes)
    averages = np.convolve(losses, np.full(WINDOW, 1 / WINDOW), "valid")
    now, lowest = float(averages[-1]), float(averages.min())
    deviation = float(losses[-WINDOW:].std())
    numbers = {"loss now": now, "lowest loss": lowest, "loss of guessing": guess}
    if now > RISE * lowest and now - lowest > JUMPS * guess:
        yield Verdict(
            "rising",
            f"The loss rises: {now:.3f} over the last {WINDOW} batches, {lowest:.3f} at its "
            "lowest. The steps may be too long.",
            "Lower the learning rate, or go back to where the loss was lowest.",
            numbers,
        )
    if deviation > JUMPS * guess:
        yield Verdict(
            "jumping",
            f"The loss jumps from batch to batch by about {deviation:.2f}. The steps overshoot, or "
            "the batches are too small to agree.",
            "Lower the learning rate, or take larger batches.",
            {"deviation": deviation, "loss now": now},
        )
    if lowest > GUESSING * guess:
        yield Verdict(
            "guessing",
            f"After {len(losses)} batches the loss is {now:.3f}; guessing gives {guess:.3f}. It "
            "has learned hardly anything.",
            "Try another learning rate, ten times higher, then ten times lower; or another "
            "initialisation.",
            numbers,
        )


def _by_epochs(classes: int, epochs: Sequence[EpochResult]) -> Iterator[Verdict]:
    if len(epochs) < 2:
        return
    last, before = epochs[-1], epochs[-2]
    best = min(epochs, key=lambda epoch: epoch.test_loss)
    lately = epochs[-OVERFIT_EPOCHS:]
    risen = all(epoch.test_loss > OVERFIT * best.test_loss for epoch in lately)
    if risen and last.train_loss < best.train_loss:
        yield Verdict(
            "overfitting",
            f"The test loss has risen from {best.test_loss:.4f} in epoch {best.epoch} to "
            f"{last.test_loss:.4f}, while the training loss still falls: it learns its images by "
            "heart.",
            f"Stop at epoch {best.epoch}, take more images, or a smaller network.",
            {
                "test loss": last.test_loss,
                "best test loss": best.test_loss,
                "training loss": last.train_loss,
                "training loss then": best.train_loss,
            },
        )
    guess = math.log(classes)
    high = UNDERFIT * guess < last.train_loss < GUESSING * guess
    if high and last.train_loss > STANDSTILL * before.train_loss:
        yield Verdict(
            "underfitting",
            f"The training loss stands still at {last.train_loss:.3f}, which is high: the network "
            "cannot do better as it is, or its rate does not let it.",
            "Take a larger network; or try another rate.",
            {"training loss": last.train_loss, "an epoch before": before.train_loss},
        )


def _by_health(health: Health, losses: NDArray[np.float64]) -> Iterator[Verdict]:
    learning = [layer for layer in health.layers if layer.update_ratio is not None]
    if learning and len(losses) >= max(WARM_UP, 2 * WINDOW):
        yield from _by_ratio(health, learning, losses)
    for layer in health.layers:
        if layer.dead is not None and layer.dead > DEAD:
            yield Verdict(
                "dead",
                f"{layer.label}: {percent(layer.dead, 0)} of the units are zero for every image "
                "looked at. Nothing flows back through them, so they may never learn again.",
                "Lower the learning rate and begin anew, or fork from before they died; or use the "
                "He initialisation.",
                {"dead": layer.dead},
                layer.name,
            )
        if layer.saturated is not None and layer.saturated > SATURATED:
            yield Verdict(
                "saturated",
                f"{layer.label}: {percent(layer.saturated, 0)} of the outputs lie where the curve "
                "is flat. Almost nothing flows back through them.",
                "Use ReLU, the Glorot initialisation, or a lower learning rate.",
                {"saturated": layer.saturated},
                layer.name,
            )
    yield from _by_flow(learning, any((layer.dead or 0.0) > DEAD for layer in health.layers))


def _by_ratio(
    health: Health, learning: Sequence[LayerHealth], losses: NDArray[np.float64]
) -> Iterator[Verdict]:
    ratios = [layer.update_ratio or 0.0 for layer in learning]
    greatest = max(ratios)
    before = losses[-2 * WINDOW : -WINDOW].mean()
    stands_still = losses[-WINDOW:].mean() > STANDSTILL * before
    if greatest > (HIGH_RATIO if stands_still else FAR_TOO_HIGH_RATIO):
        layer = learning[ratios.index(greatest)]
        yield Verdict(
            "rate-high",
            f"{layer.label}: a batch moves the weights by {greatest:.2g} of their size; 0.001 "
            "is usual.",
            "Lower the learning rate.",
            {f"update to weight at {each.name}": each.update_ratio or 0.0 for each in learning},
            layer.name,
        )
    elif greatest < LOW_RATIO and health.accuracy < LEARNED:
        yield Verdict(
            "rate-low",
            f"A batch moves no layer's weights by more than {greatest:.2g} of their size; 0.001 is "
            "usual. It will take long.",
            "Raise the learning rate.",
            {"greatest update to weight": greatest, "accuracy": health.accuracy},
        )


def _by_flow(learning: Sequence[LayerHealth], are_dead: bool) -> Iterator[Verdict]:
    if len(learning) < 2:
        return
    first, last = learning[0], learning[-1]
    if 0 < last.output_gradient and first.output_gradient < VANISHED * last.output_gradient:
        share = first.output_gradient / last.output_gradient
        size = f"{percent(share, 2)} of what it is at {last.label}" if share else "0"
        yield Verdict(
            "vanishing",
            f"The gradient vanishes on its way back: at {first.label} it is {size}, so the first "
            f"layers {'hardly learn' if share else 'learn nothing'}.",
            "The dead units stop it: mend those."
            if are_dead
            else "Use ReLU in place of sigmoid, an initialisation made for it, or fewer layers.",
            {
                f"gradient at {first.name}": first.output_gradient,
                f"gradient at {last.name}": last.output_gradient,
            },
            first.name,
        )
