"""What the moving picture of a layer shows: one real map, what slides over it, what comes out.

Where the open run has the same layers so far, the map is the real one of the chosen image, and the
kernel too if the layer itself is there. Else it is the image, at the size that the layer will get.
All values are the engine's: the layer is built for one map and run.
"""

from dataclasses import dataclass

import numpy as np

from cnnviz.core.convolution.geometry import Pair
from cnnviz.core.illustration import Slide, slide, slide_of, window_at
from cnnviz.core.inspection import Inspection
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D, build_layers
from cnnviz.core.network import Network
from cnnviz.core.spec import LayerSpec, conv2d
from cnnviz.core.workspace import Array, Workspace, may_diverge
from cnnviz.ui.design_editor import DesignEditor, same_layers
from cnnviz.ui.session import Session

MOST_WORK = 20_000_000
"""Multiplications that a picture may take."""


@dataclass(frozen=True, eq=False)
class Motion:
    """A window on its way over one map; `image` and `output` are (H, W) float32."""

    layer: Layer
    """For one map."""
    image: Array
    is_ink: bool
    """Whether the map is pixels from paper to ink, not signed values."""
    moving: Slide
    kernel: Array | None
    """Of a convolution."""
    bias: float
    output: Array
    caption: str
    choices: int
    """How many maps or filters there are to look at."""

    def window(self, number: int) -> Array:
        """What lies under the window at that step; zeros in the padding."""
        return window_at(self.image, self.moving, self.moving.step(number))


@dataclass(frozen=True)
class _Real:
    """What the open run has of a layer of the design."""

    maps: Array
    """What comes into it, (C, H, W)."""
    layer: Layer | None
    """Itself, if the run has the same one there."""
    network: Network
    before: str | None
    """The layer they come from; None for the image."""


def motion(session: Session, editor: DesignEditor, choice: int) -> Motion | str:
    """The picture of the chosen layer, of its map or filter `choice`; or why there is none."""
    about = editor.layer_report
    if about is None:
        return "Add a layer to see what it does."
    layer = about.layer
    if layer is None:
        return "What does not fit, or comes after that, has no picture."
    if isinstance(layer, Flatten):
        return (
            "A flatten layer moves nothing: it puts the rows of all maps one behind the other, "
            "so that a dense layer can weigh every value."
        )
    if isinstance(layer, Dense):
        return (
            "A dense layer slides nothing: each of its units weighs all values at once, and has "
            "a weight of its own for every one."
        )
    if len(layer.input_shape) != 3:
        return "It does the same to every value of the row; there is no map to show."
    if session.inspection is None:
        return "The picture comes with the data."
    height, width = layer.input_shape[1:]
    window = slide_of(layer).window if isinstance(layer, Conv2D | MaxPool2D) else (1, 1)
    if height * width * window[0] * window[1] > MOST_WORK:
        return "These maps are too large to show them value by value."
    real = _real(session, editor)
    if isinstance(layer, Conv2D):
        return _convolution(session.inspection, editor, layer, real, choice)
    return _map_by_map(session.inspection, editor, layer, real, choice)


def _real(session: Session, editor: DesignEditor) -> _Real | None:
    """The real maps that come into the chosen layer, where the open run has the layers before."""
    network, inspection, at = session.network, session.inspection, editor.position
    if network is None or inspection is None:
        return None
    spec, layers = network.spec, editor.design.layers
    same_images = spec.input_shape == editor.design.input_shape
    if not same_images or not same_layers(spec.layers[:at], layers[:at]):
        return None
    before = network.layers[at - 1] if at else None
    maps = inspection.outputs[before.name] if before else inspection.image
    is_there = same_layers(spec.layers[at : at + 1], layers[at : at + 1])
    return _Real(
        maps,
        network.layers[at] if is_there else None,
        network,
        before.label if before else None,
    )


@may_diverge
def _convolution(
    inspection: Inspection, editor: DesignEditor, layer: Conv2D, real: _Real | None, choice: int
) -> Motion:
    bias, filters = 0.0, 1
    if real and isinstance(real.layer, Conv2D):
        weights = dict(real.network.named_parameters())
        filters = layer.output_shape[0]
        choice %= filters
        kernels = weights[f"{real.layer.name}.weight"][choice]
        channel = _liveliest(real.maps * np.abs(kernels).mean(axis=(1, 2), keepdims=True))
        kernel = kernels[channel].copy()
        one = len(kernels) == 1
        bias = float(weights[f"{real.layer.name}.bias"][choice]) if one else 0.0
        what = f"Filter {choice} of {real.layer.label} as it is now"
        share = (
            "" if one else f", its kernel for map {channel}: one of {len(kernels)} that are added"
        )
        image, is_ink, caption = real.maps[channel], real.before is None, f"{what}{share}."
    else:
        kernel = example_kernel(layer.kernel)
        image, is_ink, source = _input(inspection, layer, real)
        caption = f"{source}. The kernel is an example, which looks for left edges."
    spec = conv2d(1, layer.kernel, layer.stride, layer.padding)
    weights = {"weight": kernel[None, None], "bias": np.array([bias], np.float32)}
    alone, output = _run(spec, image, weights)
    return Motion(alone, image, is_ink, slide_of(alone), kernel, bias, output, caption, filters)


@may_diverge
def _map_by_map(
    inspection: Inspection, editor: DesignEditor, layer: Layer, real: _Real | None, choice: int
) -> Motion:
    """Pooling and activations do the same to every map."""
    choices = len(real.maps) if real else 1
    image, is_ink, caption = _input(inspection, layer, real, choice)
    assert editor.layer
    alone, output = _run(editor.layer, image, {})
    size = (image.shape[0], image.shape[1])
    moving = slide_of(alone) if isinstance(alone, MaxPool2D) else slide(size, (1, 1))
    return Motion(alone, image, is_ink, moving, None, 0.0, output, f"{caption}.", choices)


def _input(
    inspection: Inspection, layer: Layer, real: _Real | None, choice: int | None = None
) -> tuple[Array, bool, str]:
    """(map, whether it is pixels, what it is)."""
    from scipy.ndimage import zoom  # when it is needed: it takes long

    height, width = layer.input_shape[1:]
    if real:
        channel = _liveliest(real.maps) if choice is None else choice % len(real.maps)
        if real.before is not None:
            return real.maps[channel], False, f"Map {channel} of {real.before}, as it is now"
        which = f", channel {channel}" if len(real.maps) > 1 else ""
        return real.maps[channel], True, f"The chosen image{which}"
    image = inspection.image.mean(axis=0)
    factors = (height / image.shape[0], width / image.shape[1])
    sized: Array = zoom(image, factors, order=1, grid_mode=True, mode="nearest").astype(np.float32)
    size = "" if sized.shape == image.shape else f" at {height}×{width}, the size of its maps"
    return np.clip(sized, 0, 1), True, f"The chosen image{size}; the real maps come with training"


def _run(layer_spec: LayerSpec, image: Array, weights: dict[str, Array]) -> tuple[Layer, Array]:
    """The engine's layer for one map, and what it makes of it."""
    [layer] = build_layers((1, *image.shape), (layer_spec,))
    inputs = np.ascontiguousarray(image, np.float32)[None, None]
    return layer, layer.forward(inputs, weights, Workspace())[0, 0].copy()


def _liveliest(maps: Array) -> int:
    """The map with the most in it."""
    return int(np.nan_to_num(np.abs(maps)).sum(axis=(1, 2)).argmax())


def example_kernel(window: Pair) -> Array:
    """From −1 on the left to +1 on the right, its magnitudes adding up to 1."""
    height, width = window
    slope = np.linspace(-1, 1, width) if width > 1 else np.ones(1)
    kernel = np.tile(slope, (height, 1))
    made: Array = (kernel / np.abs(kernel).sum()).astype(np.float32)
    return made
