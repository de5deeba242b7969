"""What the list of layers says of each one, as plain data."""

from dataclasses import dataclass

from cnnviz.core.layer import Shape
from cnnviz.core.nearest import as_pair
from cnnviz.core.spec import LayerSpec
from cnnviz.core.spec_check import LayerReport
from cnnviz.ui import theme
from cnnviz.ui.design_editor import DesignEditor, title

NONE = "–"
FORMULAS = {
    "flatten": "maps become one row",
    "relu": "max(0, z)",
    "sigmoid": "1 / (1 + exp(−z))",
    "arctan": "arctan(z)",
}


@dataclass(frozen=True)
class LayerRow:
    """One line of the list."""

    title: str
    summary: str
    shape: str
    """Of what it gives."""
    parameters: str
    share: float | None
    """Of the network's FLOPs, 0 to 1."""
    is_refused: bool = False

    @property
    def in_words(self) -> str:
        """The line for those who hear it."""
        words = f"{self.title}, {self.summary}, gives {self.shape}, {self.parameters} parameters"
        return f"{words}, does not fit" if self.is_refused else words


def layer_rows(editor: DesignEditor) -> list[LayerRow]:
    """A row for each layer of the design."""
    report, layers = editor.report, editor.design.to_spec().layers
    total = report.flops
    return [
        _row(layer, about, total, editor.problem_at(position) is not None)
        for position, (layer, about) in enumerate(zip(layers, report.layers, strict=True))
    ]


def _row(layer: LayerSpec, about: LayerReport, total: int, is_refused: bool) -> LayerRow:
    name = title(about.name, layer)
    if about.layer is None:
        return LayerRow(name, summary(layer), NONE, NONE, None, is_refused)
    count = about.layer.parameter_count
    share = (about.forward.flops + about.backward.flops) / total if total else 0.0
    return LayerRow(
        name,
        summary(layer),
        shape_text(about.layer.output_shape),
        theme.spaced(count) if count else NONE,
        share,
        is_refused,
    )


def shape_text(shape: Shape) -> str:
    """8 × 24 × 24."""
    thin = theme.THIN_SPACE
    return f"{thin}×{thin}".join(theme.spaced(length) for length in shape)


def summary(layer: LayerSpec) -> str:
    """A layer's fields in a few words: 8 filters 5×5, stride 2."""
    match layer.get("type"):
        case "conv2d":
            parts = [f"{_plain(layer.get('filters'))} filters {_pair(layer.get('kernel'))}"]
        case "max_pool2d":
            parts = [_pair(layer.get("size"))]
        case "dense":
            return f"{_plain(layer.get('units'))} units"
        case kind:
            return FORMULAS.get(kind, f"type “{_plain(kind)}”") if isinstance(kind, str) else NONE
    for name, usual in (("stride", 1), ("padding", 0)):
        if name in layer and as_pair(layer[name]) != (usual, usual):
            pair = as_pair(layer[name])
            square = pair is not None and pair[0] == pair[1]
            parts.append(f"{name} {pair[0] if pair and square else _pair(layer[name])}")
    return ", ".join(parts)


def _pair(value: object) -> str:
    pair = as_pair(value)
    return f"{pair[0]}×{pair[1]}" if pair else _plain(value)


def _plain(value: object) -> str:
    if type(value) is int:
        return theme.spaced(value)
    return "no" if value is None else f"{value!s:.24}"
