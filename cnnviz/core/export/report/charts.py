"""The curves of a run as pictures in the page: the loss of every batch, the accuracy by epoch."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import numpy as np

from cnnviz.core.curves import LossCurves
from cnnviz.core.export.report.elements import element
from cnnviz.core.export.report.numbers import share, spaced
from cnnviz.core.scales import Scale, accuracy_floor, linear_ticks, log_ticks, short
from cnnviz.core.thinning import Values
from cnnviz.core.timeline import Timeline

WIDTH, HEIGHT = 520, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 508, 12, 232
"""Where the curves lie."""


def loss_chart(timeline: Timeline, step: int) -> Element:
    """Every batch's loss, thinned to what can be seen, the smoothed one and the test set's.

    A line stands at `step`, where the network of the page is, unless it is the newest.
    """
    curves = LossCurves()
    curves.update(timeline)
    curves.show_x((0.0, float(len(timeline))))
    x, y = Scale(*curves.x_range, LEFT, RIGHT), Scale(*curves.y_range, BOTTOM, TOP)
    losses = log_ticks(*curves.y_range)
    heights = curves.heights(np.array(losses))
    pixels = RIGHT - LEFT
    test = curves.test_curve(pixels)
    return _chart(
        f"Loss over {len(timeline)} batches",
        "batches",
        _grid(y, list(zip(heights.tolist(), map(short, losses), strict=True))),
        _labels(x, linear_ticks(*curves.x_range)),
        _line("raw", x, y, *curves.raw_curve(pixels)),
        _line("train", x, y, *curves.smoothed_curve(pixels)),
        _line("test", x, y, *test),
        *_dots("test", x, y, *test),
        _mark(x.pixel(float(step))) if step < len(timeline) else None,
    )


def accuracy_chart(timeline: Timeline) -> Element:
    """After each epoch: the test set's accuracy, and the mean over the epoch's own batches."""
    epochs = np.array([float(epoch.epoch) for epoch in timeline.epochs])
    test = np.array([epoch.test_accuracy for epoch in timeline.epochs])
    train = _means(timeline)
    floor = accuracy_floor(np.concatenate([test, train]))
    low, high = min(0.0, epochs[0] - 1), max(epochs[-1], 1.0)
    x, y = Scale(low, high, LEFT, RIGHT), Scale(floor, 1.0, BOTTOM, TOP)
    digits = 2 if floor >= 0.99 else 1 if floor >= 0.9 else 0
    ticks = [(tick, share(tick, digits)) for tick in linear_ticks(floor, 1.0)]
    return _chart(
        f"Accuracy over {len(epochs)} epochs",
        "epochs",
        _grid(y, ticks),
        _labels(x, [tick for tick in linear_ticks(low, high) if tick == round(tick)]),
        _line("train", x, y, epochs, train),
        _line("test", x, y, epochs, test),
        *_dots("train", x, y, epochs, train),
        *_dots("test", x, y, epochs, test),
    )


def key(*lines: tuple[str, str]) -> Element:
    """What each kind of line is: (class, words)."""
    children: list[Element | str] = []
    for kind, words in lines:
        children += [element("span", class_=f"key {kind}"), words]
    return element("figcaption", *children)


def _means(timeline: Timeline) -> Values:
    """The mean accuracy of the batches between two ends of epochs."""
    ends = [epoch.step for epoch in timeline.epochs]
    starts = [0, *ends[:-1]]
    parts = [timeline.accuracies[a:b] for a, b in zip(starts, ends, strict=True)]
    return np.array([part.mean() if len(part) else 0.0 for part in parts])


def _mark(at: float) -> Element:
    return element("line", x1=at, x2=at, y1=TOP, y2=BOTTOM, class_="moment")


def _chart(title: str, below: str, *children: Element | None) -> Element:
    middle = (LEFT + RIGHT) / 2
    return element(
        "svg",
        *children,
        element("text", below, x=middle, y=HEIGHT - 4, text_anchor="middle"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        role="img",
        aria_label=title,
    )


def _grid(y: Scale, ticks: Sequence[tuple[float, str]]) -> Element:
    """Lines across with what they stand for on the left."""
    children = []
    for value, words in ticks:
        at = y.pixel(value)
        children += [
            element("line", x1=LEFT, x2=RIGHT, y1=at, y2=at, class_="grid"),
            element("text", words, x=LEFT - 6, y=at + 4, text_anchor="end"),
        ]
    return element("g", *children)


def _labels(x: Scale, ticks: Sequence[float]) -> Element:
    """Whole numbers below."""
    return element(
        "g",
        *(
            element("text", spaced(tick), x=x.pixel(tick), y=BOTTOM + 18, text_anchor="middle")
            for tick in ticks
        ),
    )


def _places(x: Scale, y: Scale, xs: Values, ys: Values) -> list[tuple[float, float]]:
    """Pixels, kept within the picture."""
    across, down = x.pixel(xs), np.clip(y.pixel(ys), TOP, BOTTOM)
    return list(zip(across.tolist(), down.tolist(), strict=True))


def _line(kind: str, x: Scale, y: Scale, xs: Values, ys: Values) -> Element:
    points = " ".join(f"{across:.1f},{down:.1f}" for across, down in _places(x, y, xs, ys))
    return element("polyline", points=points, class_=kind)


def _dots(kind: str, x: Scale, y: Scale, xs: Values, ys: Values) -> list[Element]:
    """A dot a value, where there are few enough to tell apart."""
    if len(xs) > 60:
        return []
    return [
        element("circle", cx=across, cy=down, r=2.5, class_=kind)
        for across, down in _places(x, y, xs, ys)
    ]
