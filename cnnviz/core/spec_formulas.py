"""The formulas behind a layer's numbers with those numbers put in, as one would write them down.

Output size and receptive field are those of Dumoulin and Visin, "A guide to convolution arithmetic
for deep learning" (2016).
"""

from dataclasses import dataclass

from cnnviz.core.convolution.geometry import Pair, output_length
from cnnviz.core.layer import Layer, Shape
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D
from cnnviz.core.nearest import as_pair
from cnnviz.core.spec import LayerSpec

THIN_SPACE = "\u2009"
_USUAL = (("stride", 1), ("padding", 0))


def spaced(number: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{number:,}".replace(",", THIN_SPACE)


def size_formula(length: int, kernel: int, stride: int, padding: int) -> str:
    """⌊(28 + 2·0 − 5)/1⌋ + 1 = 24: how many places a window takes along one axis."""
    result = output_length(length, kernel, stride, padding)
    signed = str(result).replace("-", "−")
    return f"⌊({length} + 2·{padding} − {kernel})/{stride}⌋ + 1 = {signed}"


def size_formulas(layer: Layer) -> tuple[str, ...]:
    """Height and width of a layer's output: one formula if they are alike, none if nothing moves.

    A flatten layer has the one for its row: 8·12·12 = 1 152.
    """
    if isinstance(layer, Flatten):
        factors = "·".join(map(str, layer.input_shape))
        return (f"{factors} = {spaced(layer.output_shape[0])}",)
    if not isinstance(layer, Conv2D | MaxPool2D):
        return ()
    window, padding = window_of(layer)
    axes = zip(layer.input_shape[1:], window, layer.stride, padding, strict=True)
    return tuple(dict.fromkeys(size_formula(*axis) for axis in axes))


def refused_formulas(layer_spec: LayerSpec, input_shape: Shape) -> tuple[str, ...]:
    """The same for a layer that cannot be built because its window is too large, to show why."""
    window = as_pair(layer_spec.get("kernel", layer_spec.get("size")))
    stride, padding = (as_pair(layer_spec.get(name, usual)) for name, usual in _USUAL)
    if len(input_shape) != 3 or not window or not stride or not padding or min(stride) < 1:
        return ()
    axes = zip(input_shape[1:], window, stride, padding, strict=True)
    return tuple(dict.fromkeys(size_formula(*axis) for axis in axes))


def unused(layer: Layer) -> Pair:
    """Rows and columns at the end of a layer's padded maps that no window reaches, (y, x)."""
    if not isinstance(layer, Conv2D | MaxPool2D):
        return 0, 0
    window, padding = window_of(layer)
    axes = zip(layer.input_shape[1:], window, layer.stride, padding, strict=True)
    rows, columns = (
        max((length + 2 * margin - size) % stride, 0) for length, size, stride, margin in axes
    )
    return rows, columns


def parameter_formula(layer: Layer) -> str:
    """8·1·5·5 + 8 = 208: a weight for every connection, a bias for each map; "" without any."""
    if not isinstance(layer, Conv2D | Dense):
        return ""
    weights = "·".join(map(spaced, layer.parameter_shapes["weight"]))
    biases = spaced(layer.parameter_shapes["bias"][0])
    return f"{weights} + {biases} = {spaced(layer.parameter_count)}"


def window_of(layer: Conv2D | MaxPool2D) -> tuple[Pair, Pair]:
    """(window, padding) of what slides over the maps."""
    if isinstance(layer, Conv2D):
        return layer.kernel, layer.padding
    return layer.size, (0, 0)


@dataclass(frozen=True)
class SamePadding:
    """The padding that keeps the maps their size, as nearly as it can."""

    padding: Pair
    is_exact: bool
    text: str
    """How it is reckoned, or why it is not exact."""


def same_padding(kernel: Pair) -> SamePadding:
    """(k − 1)/2 along each axis: with stride 1 the output is as large as the input.

    With stride s it has ⌈n/s⌉ rows of n. Exact for odd kernels; an even one has no middle, and the
    smaller of its two choices is taken.
    """
    padding = ((kernel[0] - 1) // 2, (kernel[1] - 1) // 2)
    even = [length for length in dict.fromkeys(kernel) if length % 2 == 0]
    if not even:
        terms = [
            f"({k}\u00a0−\u00a01)/2\u00a0=\u00a0{p}"
            for k, p in dict(zip(kernel, padding, strict=True)).items()
        ]
        return SamePadding(padding, True, ", ".join(terms))
    least = (even[0] - 1) // 2
    text = (
        f"A kernel of {even[0]} has no middle: padding {least} makes the map one smaller, "
        f"{least + 1} one larger. Odd kernels keep the size exactly."
    )
    return SamePadding(padding, False, text)
