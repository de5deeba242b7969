"""The way back's arithmetic in words: where a value is, its formula in symbols, as text to copy.

The twin of arithmetic_text.py. Formulas are those of backward_arithmetic.py, optimizers.py and
parameter_arithmetic.py with numbers put in for the indices.
"""

from collections.abc import Iterator, Sequence

from cnnviz.core.arithmetic_text import MINUS, where
from cnnviz.core.backward_arithmetic import (
    ThroughActivation,
    ThroughConvolution,
    ThroughDense,
    ThroughFlatten,
    ThroughLoss,
    ThroughPooling,
    ValueGradient,
)
from cnnviz.core.layer import Layer
from cnnviz.core.loss_arithmetic import ImageLoss
from cnnviz.core.optimizers import Adam, Momentum
from cnnviz.core.parameter_arithmetic import (
    Contribution,
    Parameter,
    ParameterGradient,
    WeightStep,
)

SLOPES = {
    "relu": "(1 if z[{at}] > 0 else 0)",
    "sigmoid": "a[{at}] · (1 − a[{at}])",
    "arctan": "1 / (1 + z[{at}]²)",
}
STEPS = {
    "gradient-descent": ("w ← w − rate · g",),
    "momentum": ("v ← {momentum} · v + g", "w ← w − rate · v"),
    "adam": (
        "m ← m + (1 − {beta1}) · (g − m)",
        "v ← v + (1 − {beta2}) · (g² − v)",
        "c = sqrt(1 − {beta2}^t)",
        "w ← w − rate · c / (1 − {beta1}^t) · m / (sqrt(v) + c · {epsilon})",
    ),
}
CONSTANTS = {
    "momentum": Momentum.momentum,
    "beta1": Adam.beta1,
    "beta2": Adam.beta2,
    "epsilon": Adam.epsilon,
}
Explained = ImageLoss | ValueGradient | ParameterGradient | WeightStep


def title(layers: Sequence[Layer], found: Explained) -> str:
    """What it is, in words: Gradient by Conv 2 · map 5 · x 12, y 9."""
    if isinstance(found, ImageLoss):
        return f"Loss of image {found.image} of {found.count}"
    if isinstance(found, WeightStep):
        return f"Update of {parameter_words(layers, found.parameter)}"
    if isinstance(found, ParameterGradient):
        return f"Gradient by {parameter_words(layers, found.parameter)}"
    return f"Gradient by {where(layers, found.place)}"


def parameter_words(layers: Sequence[Layer], parameter: Parameter) -> str:
    """A weight in words: Conv 1 · filter 3 · channel 0 · x 1, y 2."""
    name, _, what = parameter.name.partition(".")
    label = {layer.name: layer.label for layer in layers}.get(name, name)
    first, *rest = parameter.index
    if what == "bias":
        return f"{label} · bias {first}"
    if len(rest) == 1:
        return f"{label} · unit {first} · input {rest[0]}"
    channel, y, x = rest
    return f"{label} · filter {first} · channel {channel} · x {x}, y {y}"


def loss_formula(found: ImageLoss) -> str:
    """One image's loss."""
    return f"L = −log p[{found.label}] = log Σ exp(z[j] − m) − (z[{found.label}] − m),  m = max z"


def gradient_formula(layers: Sequence[Layer], found: ValueGradient) -> str:
    """How this very gradient is made, in symbols; G is the gradient by the next layer's output."""
    at = _list(found.place.index)
    layer = {layer.name: layer for layer in layers}.get(getattr(found, "through", ""))
    if isinstance(found, ThroughLoss):
        return f"dL/dz[{at}] = (p[{at}] − y[{at}]) / {found.count}"
    if isinstance(found, ThroughConvolution):
        channel, y, x = found.place.index
        stride, padding = getattr(layer, "stride", (1, 1)), getattr(layer, "padding", (0, 0))
        row = _over(f"{y + padding[0]} − i", stride[0])
        column = _over(f"{x + padding[1]} − j", stride[1])
        return f"dL/dX[{at}] = Σ W[f, {channel}, i, j] · G[f, {row}, {column}]"
    if isinstance(found, ThroughPooling):
        won = [f"G[{found.place.index[0]}, {_list(w.output)}]" for w in found.windows if w.won]
        return f"dL/dX[{at}] = {' + '.join(won) or '0, for it is the greatest of no window'}"
    if isinstance(found, ThroughActivation):
        return f"dL/dz[{at}] = G[{at}] · {SLOPES[found.kind].format(at=at)}"
    if isinstance(found, ThroughFlatten):
        return f"dL/dX[{at}] = G[{found.unit}]"
    return f"dL/dx[{at}] = Σ W[k, {at}] · G[k]"


def parameter_formula(layers: Sequence[Layer], found: ParameterGradient) -> str:
    """The sum over images n, and over places y, x of the output; with the 1 / N in G."""
    name, _, what = found.parameter.name.partition(".")
    layer = {layer.name: layer for layer in layers}.get(name)
    first, *rest = found.parameter.index
    maps = found.gradient.ndim == 3
    if what == "bias":
        return f"dL/db[{first}] = Σ G[n, {first}{', y, x' if maps else ''}]"
    at = _list(found.parameter.index)
    if not maps:
        return f"dL/dW[{at}] = Σ G[n, {first}] · X[n, {rest[0]}]"
    channel, i, j = rest
    stride, padding = getattr(layer, "stride", (1, 1)), getattr(layer, "padding", (0, 0))
    row = _moved("y", stride[0], i - padding[0])
    column = _moved("x", stride[1], j - padding[1])
    return f"dL/dW[{at}] = Σ G[n, {first}, y, x] · X[n, {channel}, {row}, {column}]"


def step_formulas(optimizer: str) -> tuple[str, ...]:
    """The optimiser's rule, a line a quantity; g is the gradient, t counts the batches."""
    return tuple(line.format(**CONSTANTS) for line in STEPS[optimizer])


def step_with_numbers(found: WeightStep) -> tuple[str, ...]:
    """The same lines with this weight's numbers in them, and what comes out."""
    rate, gradient = f"{found.rate:g}", _signed(found.gradient)
    before, after = _number(found.before), _number(found.after)
    old, new = found.state_before, found.state_after
    if found.optimizer == "gradient-descent":
        return (f"w ← {before} − {rate} · {gradient} = {after}",)
    if found.optimizer == "momentum":
        speed = new["velocity"]
        return (
            f"v ← {Momentum.momentum:g} · {_signed(old['velocity'])} + {gradient} = "
            f"{_number(speed)}",
            f"w ← {before} − {rate} · {_signed(speed)} = {after}",
        )
    mean, square, steps = new["mean"], new["square"], int(new["steps"])
    correction = (1 - Adam.beta2**steps) ** 0.5
    old_mean, old_square = _signed(old["mean"]), _number(old["square"])
    return (
        f"m ← {_number(old['mean'])} + (1 − {Adam.beta1:g}) · "
        f"({_number(found.gradient)} − {old_mean}) = {_number(mean)}",
        f"v ← {old_square} + (1 − {Adam.beta2:g}) · ({gradient}² − {old_square}) = "
        f"{_number(square)}",
        f"c = sqrt(1 − {Adam.beta2:g}^{steps}) = {_number(correction)}",
        f"w ← {before} − {rate} · {_number(correction)} / (1 − {Adam.beta1:g}^{steps}) · "
        f"{_signed(mean)} / (sqrt({_number(square)}) + {_number(correction)} · {Adam.epsilon:g}) "
        f"= {after}",
    )


def gradient_text(layers: Sequence[Layer], found: Explained) -> str:
    """All of it, to be copied; numbers in full precision, to be added up elsewhere."""
    if isinstance(found, ImageLoss):
        lines = [loss_formula(found), *_loss(found)]
    elif isinstance(found, WeightStep):
        lines = [*step_formulas(found.optimizer), *step_with_numbers(found), *_step(found)]
    elif isinstance(found, ParameterGradient):
        lines = [parameter_formula(layers, found), *_parameter(found)]
    else:
        lines = [gradient_formula(layers, found), *_value(found)]
    return "\n".join([title(layers, found), *lines, ""])


def _loss(found: ImageLoss) -> Iterator[str]:
    yield "class\tz\texp(z − m)"
    for k, (logit, exponential) in enumerate(zip(found.logits, found.exponentials, strict=True)):
        yield f"{k}\t{float(logit)!r}\t{float(exponential)!r}"
    yield f"p {found.probability!r}"
    yield f"result {found.result!r}"
    yield f"mean of all {found.count} images {found.mean!r}"


def _value(found: ValueGradient) -> Iterator[str]:
    if isinstance(found, ThroughLoss):
        yield f"p {found.probability!r}"
        yield f"y {found.target}"
        yield f"N {found.count}"
    elif isinstance(found, ThroughConvolution):
        yield "f\ti\tj\tW\tG\tproduct"
        products = found.products
        for f, kernel in enumerate(found.kernel):
            for i, j in zip(*found.met.nonzero(), strict=True):
                numbers = (kernel[i, j], found.gradient[f, i, j], products[f, i, j])
                yield "\t".join([f"{f}\t{i}\t{j}", *(repr(float(each)) for each in numbers)])
        yield f"sum of {len(found.kernel) * int(found.met.sum())} products {found.total!r}"
    elif isinstance(found, ThroughPooling):
        yield "window\twinner\tG\ttakes it"
        for window in found.windows:
            won = "yes" if window.won else "no"
            yield f"{_list(window.output)}\t{_list(window.winner)}\t{window.gradient!r}\t{won}"
    elif isinstance(found, ThroughActivation):
        yield f"z {found.value!r}"
        yield f"a {found.activated!r}"
        yield f"slope {found.slope!r}" + (": blocked, for z is not above 0" * found.blocked)
        yield f"G {found.gradient!r}"
    elif isinstance(found, ThroughDense):
        yield "k\tW\tG\tproduct"
        for k in found.order:
            numbers = (found.weights[k], found.gradient[k], found.products[k])
            yield "\t".join([str(k), *(repr(float(each)) for each in numbers)])
        yield f"sum of {len(found.weights)} products {found.total!r}"
    yield f"result {found.result!r}"


def _parameter(found: ParameterGradient) -> Iterator[str]:
    largest = found.largest()
    yield f"{len(largest)} largest of {found.count} contributions"
    yield "n\ty, x\tG\tX\tproduct" if found.gradient.ndim == 3 else "n\tG\tX\tproduct"
    yield from map(_contribution, largest)
    yield f"sum of all {found.total!r}"
    yield f"result {found.result!r}"


def _contribution(each: Contribution) -> str:
    where = [str(each.image), *([_list(each.at)] if each.at else [])]
    return "\t".join([*where, *(repr(k) for k in (each.gradient, each.value, each.product))])


def _step(found: WeightStep) -> Iterator[str]:
    yield f"rate {found.rate!r}"
    yield f"gradient {found.gradient!r}"
    for name, value in found.state_before.items():
        yield f"{name} {value!r} → {found.state_after[name]!r}"
    yield f"before {found.before!r}"
    yield f"step {found.step!r}"
    yield f"after {found.after!r}"


def _list(index: Sequence[int]) -> str:
    return ", ".join(map(str, index))


def _over(text: str, stride: int) -> str:
    return text if stride == 1 else f"({text}) / {stride}"


def _moved(axis: str, stride: int, by: int) -> str:
    """y · 2 − 1, for what is read at y times the stride and a little on."""
    scaled = axis if stride == 1 else f"{axis} · {stride}"
    return scaled if by == 0 else f"{scaled} {'+' if by > 0 else MINUS} {abs(by)}"


def _number(value: float) -> str:
    """Seven digits, which is all that a float32 has; with a real minus."""
    return f"{value:.7g}".replace("-", MINUS)


def _signed(value: float) -> str:
    """The same, in brackets where it follows a sign."""
    text = _number(value)
    return f"({text})" if text.startswith(MINUS) else text
