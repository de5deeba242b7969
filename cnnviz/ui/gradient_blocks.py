"""What is shown of one gradient, block by block: the way back's part of the arithmetic.

Of many products the largest are written out; the others are added up, so that the sum is all there.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from cnnviz.core.arithmetic import Activated, Arithmetic, Convolution, Pooling, Weighted
from cnnviz.core.arithmetic_text import FORMULAS
from cnnviz.core.backward_arithmetic import (
    ThroughActivation,
    ThroughConvolution,
    ThroughDense,
    ThroughFlatten,
    ThroughLoss,
    ThroughPooling,
    ValueGradient,
)
from cnnviz.core.loss_arithmetic import ImageLoss
from cnnviz.core.parameter_arithmetic import ParameterGradient, WeightStep
from cnnviz.ui.arithmetic_blocks import Block, Note, Rule, Sum
from cnnviz.ui.ledger import Ledger, Line

MOST = 12
"""Products that are written out."""
MOST_CONTRIBUTIONS = 20
"""Of a weight's gradient, over positions and images."""
TEACHING = {
    ImageLoss: "How sure the network is of the right class: 0 if it is certain, large if it errs.",
    ThroughLoss: "Where the way back begins: what the network says, less what is right.",
    ThroughConvolution: "Each output that used this value hands back its gradient, times the "
    "weight it used.",
    ThroughPooling: "All of a window's gradient goes to its winner; the others get nothing.",
    ThroughActivation: "The gradient times the curve's slope at z.",
    ThroughFlatten: "Flattening changes no number, only where it stands.",
    ThroughDense: "Each unit that used this value hands back its gradient, times its weight.",
    ParameterGradient: "Every place where this weight was used adds: the gradient there, times "
    "what it was multiplied by.",
    WeightStep: "The optimiser turns the gradient into a step; the step is added to the weight.",
}
BLOCKED = "Blocked: z is not above 0, so this ReLU lets nothing pass."


def gradient_blocks(
    found: ImageLoss | ValueGradient | ParameterGradient, classes: Sequence[str]
) -> list[Block]:
    """The numbers of one gradient, or of one image's loss."""
    if isinstance(found, ImageLoss):
        return list(_loss(found, classes))
    if isinstance(found, ThroughLoss):
        return list(_through_loss(found))
    if isinstance(found, ThroughConvolution):
        return _convolution(found)
    if isinstance(found, ThroughPooling):
        return _pooling(found)
    if isinstance(found, ThroughActivation):
        return list(_activation(found))
    if isinstance(found, ThroughDense):
        lines = [
            Line((str(k),), (float(found.weights[k]), float(found.gradient[k])), found.products[k])
            for k in found.order[:MOST].tolist()
        ]
        return _sum(("unit", "W", "× G"), lines, len(found.weights), found.total, found.result)
    if isinstance(found, ParameterGradient):
        return _parameter(found)
    unit = Note(f"The gradient of unit {found.unit} of the flattened row.")
    return [unit, Rule(), Sum("gradient", found.result, strong=True)]


def _loss(found: ImageLoss, classes: Sequence[str]) -> Iterator[Block]:
    exponentials = found.exponentials
    lines = [
        Line((classes[k],), (float(z),), float(exponentials[k])) for k, z in enumerate(found.logits)
    ]
    yield Ledger(("class", "z"), lines, "exp(z − m)", "")
    yield Rule()
    yield Sum("Σ exp(z − m)", float(exponentials.sum()))
    yield Sum(
        f"z[{found.label}] − m, m = max z", float(found.logits[found.label] - found.logits.max())
    )
    yield Sum(f"p[{found.label}]", found.probability)
    yield Sum("loss L = −log p", found.result, strong=True)
    yield Sum(f"mean of the batch's {found.count}", found.mean)


def _through_loss(found: ThroughLoss) -> Iterator[Block]:
    yield Sum("p, what the network says", found.probability)
    yield Sum("− y, 1 if it is this class", found.target)
    if found.count > 1:
        yield Sum("÷ N images of the batch", found.count)
    yield Rule()
    yield Sum("gradient", found.result, strong=True)


def _convolution(found: ThroughConvolution) -> list[Block]:
    products = np.where(found.met, found.products, 0)
    lines = []
    for position in _largest(products, MOST, np.broadcast_to(found.met, products.shape)):
        f, i, j = position
        factors = (float(found.kernel[f, i, j]), float(found.gradient[f, i, j]))
        lines.append(Line((str(f), f"{j}, {i}"), factors, float(products[f, i, j])))
    count = len(found.kernel) * int(found.met.sum())
    return _sum(("filter", "x, y", "W", "× G"), lines, count, found.total, found.result)


def _pooling(found: ThroughPooling) -> list[Block]:
    lines = [
        Line(
            (_place(window.output), "this" if window.won else _place(window.winner)),
            (window.gradient,),
            window.gradient if window.won else 0.0,
        )
        for window in found.windows
    ]
    if not lines:
        return [Note("No window lies on this value."), Sum("gradient", found.result, strong=True)]
    table = Ledger(("x, y", "winner", "G"), lines, "gets", "")
    return [table, Rule(), Sum("gradient", found.result, strong=True)]


def _activation(found: ThroughActivation) -> Iterator[Block]:
    yield Sum("z", found.value)
    yield Sum(FORMULAS[found.kind].format(z="z"), found.activated)
    yield Sum("slope at z", found.slope)
    yield Sum("× G, the gradient behind", found.gradient)
    if found.blocked:
        yield Note(BLOCKED)
    yield Rule()
    yield Sum("gradient", found.result, strong=True)


def _parameter(found: ParameterGradient) -> list[Block]:
    many = len(found.gradient) > 1
    maps = found.gradient.ndim == 3
    titles = (*(("image",) if many else ()), *(("x, y",) if maps else ()), "G", "× X")
    lines = []
    for each in found.largest(MOST_CONTRIBUTIONS if many else MOST):
        image = (str(each.image),) if many else ()
        at = (_place(each.at),) if each.at else ()
        lines.append(Line((*image, *at), (each.gradient, each.value), each.product))
    return _sum(titles, lines, found.count, found.total, found.result)


def _sum(
    titles: Sequence[str], lines: list[Line], count: int, total: float, result: float
) -> list[Block]:
    blocks: list[Block] = [Ledger(titles, lines, "= product")] if lines else []
    if count > len(lines):
        rest = total - sum(line.product for line in lines)
        blocks.append(Sum(f"Σ of the other {count - len(lines)}", rest))
    if count > 1:
        blocks += [Rule(), Sum(f"Σ of {count} products", total)]
    return [*blocks, Sum("gradient", result, strong=True)]


def value_blocks(found: Arithmetic) -> list[Block]:
    """The numbers of one value on the way there, in as few lines."""
    if isinstance(found, Convolution):
        products = found.products.astype(np.float64)
        lines = []
        for c, i, j in _largest(products, MOST, np.broadcast_to(found.inside, products.shape)):
            factors = (float(found.patch[c, i, j]), float(found.kernel[c, i, j]))
            lines.append(Line((str(c), f"{j}, {i}"), factors, float(products[c, i, j])))
        count = len(products) * int(found.inside.sum())
        columns = ("map", "x, y", "X", "× W")
        return _value_sum(columns, lines, count, float(products.sum()), found.bias, found.result)
    if isinstance(found, Weighted):
        lines = [
            Line(
                (str(k),),
                (float(found.inputs[k]), float(found.weights[k])),
                float(found.products[k]),
            )
            for k in found.order[:MOST].tolist()
        ]
        total = float(found.products.sum())
        titles = ("input", "x", "× W")
        count = len(found.inputs)
        return _value_sum(titles, lines, count, total, found.bias, found.result)
    if isinstance(found, Pooling):
        (top, left), (height, width) = found.corner, found.window.shape
        windows = [
            Line((f"{left + j}, {top + i}",), (), float(found.window[i, j]))
            for i in range(height)
            for j in range(width)
        ][:MOST]
        return [Ledger(("x, y",), windows, "value", ""), Rule(), Sum("maximum", found.result, True)]
    if isinstance(found, Activated):
        function = FORMULAS[found.kind].format(z="z")
        return [Sum("z", found.value), Rule(), Sum(function, found.result, strong=True)]
    return [Sum("value", found.result, strong=True)]


def _value_sum(
    titles: Sequence[str],
    lines: list[Line],
    count: int,
    total: float,
    bias: float,
    result: float,
) -> list[Block]:
    blocks: list[Block] = [Ledger(titles, lines, "= product")]
    if count > len(lines):
        rest = total - sum(line.product for line in lines)
        blocks.append(Sum(f"Σ of the other {count - len(lines)}", rest))
    blocks += [Rule(), Sum(f"Σ of {count} products", total), Sum("+ bias", bias)]
    return [*blocks, Sum("value", result, strong=True)]


def step_blocks(found: WeightStep) -> list[Block]:
    """One weight before, what moves it, and after."""
    blocks: list[Block] = [Sum("weight before", found.before), Sum("gradient g", found.gradient)]
    for name, value in found.state_before.items():
        if name == "steps":
            blocks.append(Sum("batch t", found.state_after[name]))
            continue
        title = {"mean": "m, mean of g", "square": "v, mean of g²"}.get(name, f"v, {name}")
        blocks += [Sum(f"{title}, before", value), Sum(f"{title}, after", found.state_after[name])]
    return [
        *blocks,
        Sum("rate", found.rate),
        Rule(),
        Sum("step", found.step),
        Sum("weight after", found.after, strong=True),
    ]


def _largest(products: np.ndarray, most: int, among: np.ndarray) -> list[tuple[int, ...]]:
    """Where the largest are, whatever their sign, of those that count."""
    sizes = np.where(among, np.nan_to_num(np.abs(products), nan=np.inf), -1).ravel()
    order = np.argsort(-sizes, kind="stable")[: min(most, int(among.sum()))]
    return [tuple(int(k) for k in np.unravel_index(at, products.shape)) for at in order]


def _place(at: Sequence[int]) -> str:
    """(y, x) as it is read: x, y."""
    return f"{at[1]}, {at[0]}"
