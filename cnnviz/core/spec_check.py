"""A design under a magnifying glass: each layer's numbers, and the one thing that does not fit.

Whether something fits is asked of the engine alone; its words are shown as they are. Layers behind
one that was refused have no shapes, for nobody knows what would come into them.
"""

import math
from dataclasses import dataclass

from cnnviz.core.costs import BYTES, FREE, Cost, layer_costs
from cnnviz.core.errors import SpecError
from cnnviz.core.layer import Layer, Shape
from cnnviz.core.layers import build_layers, layer_names
from cnnviz.core.machine import Peak
from cnnviz.core.receptive_field import field_sizes
from cnnviz.core.remedies import Remedy, engine_layers, remedies
from cnnviz.core.spec import Spec
from cnnviz.core.spec_edit import Design
from cnnviz.core.spec_formulas import parameter_formula, refused_formulas, size_formulas, unused
from cnnviz.core.time_estimate import least_seconds


@dataclass(frozen=True)
class LayerReport:
    """What one layer of a design is; of one behind the refused layer, only the name."""

    name: str
    """conv1, as the engine calls it."""
    input_shape: Shape | None = None
    layer: Layer | None = None
    """The engine's, with `output_shape`, `parameter_count` and the rest; None if not built."""
    size_formulas: tuple[str, ...] = ()
    """Of its height and width; of a window that is too large as well, to show why."""
    parameter_formula: str = ""
    forward: Cost = FREE
    backward: Cost = FREE
    """FLOPs and bytes for a batch."""
    seconds: float | None = None
    """Estimated, for a batch, both directions; see time_estimate.py."""
    field_size: tuple[int, int] | None = None
    """Rows and columns of the image that one of its values sees."""
    unused: tuple[int, int] = (0, 0)
    """Rows and columns at the end of its input that no window reaches."""

    @property
    def output_shape(self) -> Shape | None:
        """The shape of what it gives for one image, if it could be built."""
        return self.layer.output_shape if self.layer else None


@dataclass(frozen=True)
class Problem:
    """Why the engine refuses a design, in its words, where, and what would do instead."""

    text: str
    layer: int | None
    """The position from 0; None where it is the whole, such as a missing end."""
    field: str | None
    """Of that layer, or of the design (“input_shape”, “initializer”); None if it is not one."""
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True)
class Report:
    """All of a design: one report for each layer, and the problem or the spec to train."""

    layers: tuple[LayerReport, ...]
    problem: Problem | None
    spec: Spec | None
    """Ready to train; None if there is a problem."""
    batch_size: int

    @property
    def parameters(self) -> int:
        """How many numbers the layers that could be built learn together."""
        return sum(report.layer.parameter_count for report in self.layers if report.layer)

    @property
    def flops(self) -> int:
        """Of one training step, both directions."""
        return sum(report.forward.flops + report.backward.flops for report in self.layers)

    @property
    def memory(self) -> int:
        """Bytes that training holds at the very least: every output of a batch, four vectors.

        The vectors are weights, gradient and Adam's two; what layers need while they work is left
        out.
        """
        shapes = [report.output_shape for report in self.layers if report.output_shape]
        values = self.batch_size * sum(map(math.prod, shapes))
        return BYTES * (values + 4 * self.parameters)

    @property
    def seconds(self) -> float | None:
        """Estimated for one training step; None without a peak or with a problem."""
        times = [report.seconds for report in self.layers if report.seconds is not None]
        return sum(times) if self.spec and times else None


def check(
    design: Design, batch_size: int = 64, peak: Peak | None = None, slowdown: float = 1.0
) -> Report:
    """The report of a design, in a few milliseconds.

    Times need the machine's `peak`; `slowdown` is how many times longer than the bound training was
    measured to take (time_estimate.slowdown), so that 1 says “at least”.
    """
    try:
        layers = engine_layers(design)
    except SpecError as error:
        layers = _sound_layers(design, error)
        shape = _shape_into(design, layers, error)
        ways = remedies(design, error, shape)
        problem = Problem(str(error), error.layer, error.field, tuple(ways))
        reports = _reports(design, layers, batch_size, peak, slowdown, shape)
        return Report(reports, problem, None, batch_size)
    reports = _reports(design, layers, batch_size, peak, slowdown, None)
    return Report(reports, None, design.to_spec(), batch_size)


def _sound_layers(design: Design, error: SpecError) -> list[Layer]:
    """The layers before the one that was refused; all of them where none was."""
    try:
        spec = design.to_spec()
        count = len(spec.layers) if error.layer is None else error.layer
        return build_layers(spec.input_shape, spec.layers[:count])
    except SpecError:  # the images, or too many layers of which one is off as well
        return []


def _shape_into(design: Design, layers: list[Layer], error: SpecError) -> Shape | None:
    """The shape of what comes into the refused layer."""
    if error.layer is None or len(layers) != error.layer:
        return None
    return layers[-1].output_shape if layers else design.input_shape


def _reports(
    design: Design,
    layers: list[Layer],
    batch_size: int,
    peak: Peak | None,
    slowdown: float,
    shape_into_refused: Shape | None,
) -> tuple[LayerReport, ...]:
    costs = layer_costs(layers, batch_size)
    reports = []
    for layer, field_size in zip(layers, field_sizes(layers), strict=True):
        passes = costs[layer.name, "forward"], costs[layer.name, "backward"]
        seconds = slowdown * sum(least_seconds(cost, peak) for cost in passes) if peak else None
        reports.append(
            LayerReport(
                layer.name,
                layer.input_shape,
                layer,
                size_formulas(layer),
                parameter_formula(layer),
                *passes,
                seconds,
                field_size,
                unused(layer),
            )
        )
    names = layer_names(design.layers)
    if shape_into_refused:
        at = len(layers)
        formulas = refused_formulas(design.layers[at], shape_into_refused)
        reports.append(LayerReport(names[at], shape_into_refused, size_formulas=formulas))
    return (*reports, *(LayerReport(name) for name in names[len(reports) :]))
