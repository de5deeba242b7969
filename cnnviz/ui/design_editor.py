"""The network that is being designed: its steps, what the engine says to it, and how it is trained.

The state of the editor's window. Views connect to its signals and redraw from it, as they do with
the session. The images' shape and the number of classes are always those of the open run's data.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core import spec_edit
from cnnviz.core.layer_fields import LAYER_TYPES
from cnnviz.core.machine import Peak
from cnnviz.core.nearest import as_pair
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import LayerSpec, Spec
from cnnviz.core.spec_check import LayerReport, Problem, Report, check
from cnnviz.core.spec_edit import Design, EditHistory
from cnnviz.core.time_estimate import slowdown
from cnnviz.core.weights_kept import Kept, kept_layers
from cnnviz.ui.session import Session

OTHER_SPEED = 0.1
"""Estimates follow the measured times when these have changed by such a share; else they rest."""


class DesignEditor(QObject):
    """A design with its way back and the layer that is chosen."""

    changed = Signal()
    """The design, or what is known of it: shapes, times, the problem."""
    chosen = Signal()
    """Another layer is chosen."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._history = EditHistory(self._open_network())
        self._merging: tuple[int, str, Design] | None = None
        # The field whose next value is no step of its own, and the design before its first one.
        self.position = 0
        """Of the chosen layer, from 0; -1 where there is none."""
        self.peak: Peak | None = None
        self.slowdown: float | None = None
        """How many times longer than the bound the open run takes; None if nothing was measured."""
        self.report: Report = check(self.design)
        session.run_changed.connect(self._follow_run)
        session.settings_changed.connect(self.look)
        session.times_changed.connect(self._follow_times)
        self._follow_run()

    # What there is.

    @property
    def design(self) -> Design:
        """The design of now, for the data at hand."""
        design, data = self._history.design, self._session.dataset
        if data is None:
            return design
        return replace(design, input_shape=data.input_shape, classes=len(data.class_names))

    @property
    def made_for(self) -> Design:
        """The same with the images and classes that it was made for."""
        return self._history.design

    @property
    def is_edited(self) -> bool:
        """Whether anything was done, or undone, since the window was first opened."""
        return bool(self._history.undoes or self._history.redoes)

    @property
    def undoes(self) -> str | None:
        """What undo takes back, in words."""
        return self._history.undoes

    @property
    def redoes(self) -> str | None:
        """What redo brings back, in words."""
        return self._history.redoes

    @property
    def layer(self) -> LayerSpec | None:
        """The chosen layer."""
        return self.design.layers[self.position] if self.position >= 0 else None

    @property
    def layer_report(self) -> LayerReport | None:
        """What is known of the chosen layer."""
        known = 0 <= self.position < len(self.report.layers)
        return self.report.layers[self.position] if known else None

    def problem_at(self, position: int) -> Problem | None:
        """What is wrong with that layer; at -1, with the whole."""
        problem = self.report.problem
        at = None if position < 0 else position
        return problem if problem and problem.layer == at else None

    def is_given(self, name: str) -> bool:
        """Whether a field of the chosen layer is not free: the last layer has a unit per class."""
        layer, last = self.layer, self.position == len(self.design.layers) - 1
        return layer is not None and last and name == "units" and layer.get("type") == "dense"

    @property
    def kept(self) -> list[Kept]:
        """Which layers would keep the weights of the network that is shown."""
        network = self._session.network
        layers = [report.layer for report in self.report.layers if report.layer]
        return kept_layers(network.layers, layers) if network and self.report.spec else []

    @property
    def is_open_network(self) -> bool:
        """Whether the open run trains this very network."""
        spec, now = self.report.spec, self._session.spec
        if spec is None or now is None or spec.initializer != now.initializer:
            return False
        return same_layers(spec.layers, now.layers)

    # Steps.

    def add(self, kind: str) -> None:
        """A new layer of this type behind the chosen one."""
        at = self.position + 1
        self._do(spec_edit.add(self.design, kind, at), f"Add {LAYER_TYPES[kind].title}", at)

    def remove(self) -> None:
        """Takes the chosen layer out."""
        if self.position >= 0:
            design = spec_edit.remove(self.design, self.position)
            self._do(design, f"Remove {self.title_of(self.position)}", self.position)

    def duplicate(self) -> None:
        """The chosen layer once more behind it."""
        if self.position >= 0:
            design = spec_edit.duplicate(self.design, self.position)
            what = f"Duplicate {self.title_of(self.position)}"
            self._do(design, what, self.position + 1)

    def move(self, position: int, to: int) -> None:
        """A layer goes elsewhere, if that is a place."""
        if position != to and 0 <= to < len(self.design.layers):
            design = spec_edit.move(self.design, position, to)
            self._do(design, f"Move {self.title_of(position)}", to)

    def set_field(self, name: str, value: Any) -> None:
        """Another value in a field of the chosen layer; values in a row are one step."""
        at, merging = self.position, self._merging
        if merging and merging[:2] == (at, name):
            before = merging[2]
            is_step = self._history.amend(_with_field(before, at, name, value))
        else:
            before, design = self.design, _with_field(self.design, at, name, value)
            title = LAYER_TYPES[before.layers[at]["type"]].field(name).title
            what = f"{title} of {self.title_of(at)}"
            is_step = design != before and self._history.do(design, what)
        self._merging = (at, name, before) if is_step else None
        self.look()

    @Slot()
    def settle(self) -> None:
        """The field was left: its next value is a step of its own."""
        self._merging = None

    def set_title(self, title: str) -> None:
        """Another title; an empty one is none."""
        title = " ".join(title.split())
        if title:
            self._do(replace(self.design, title=title), "Title")

    def set_initializer(self, name: str) -> None:
        """Another way for weights to begin."""
        self._do(replace(self.design, initializer=name), "Initialisation")

    @Slot(int)
    def take_remedy(self, number: int) -> None:
        """Takes that one of the ways out of the problem."""
        remedies = self.report.problem.remedies if self.report.problem else ()
        if number < len(remedies):
            remedy = remedies[number]
            self._do(remedy.design, remedy.text, remedy.layer)

    def start_from(self, design: Design, what: str) -> None:
        """Another network in place of this one, which undo brings back."""
        self._do(design, what, 0)

    def start_from_open_run(self) -> None:
        """The network that the open run trains, in place of this one."""
        self.start_from(self._open_network(), "Start from the open run")

    @Slot()
    def undo(self) -> None:
        """One step back."""
        self._go(self._history.undo)

    @Slot()
    def redo(self) -> None:
        """One step forward."""
        self._go(self._history.redo)

    def choose(self, position: int) -> None:
        """Another layer is looked at."""
        if position != self.position and -1 <= position < len(self.design.layers):
            self.settle()
            self.position = position
            self.chosen.emit()

    def title_of(self, position: int) -> str:
        """A layer's name for people, such as Conv 1."""
        return title(self.report.layers[position].name, self.design.layers[position])

    # Training.

    def train(self, keep: bool) -> None:
        """Begins a run of this network; the open one stays in the list of runs."""
        session, wanted, spec = self._session, self._session.wanted, self.report.spec
        if wanted is None or spec is None:
            return
        weights = None
        if keep and session.spec and self.kept:
            weights = session.spec, session.edits.learned
        self.settle()
        session.open_run(replace(wanted, network=spec, start=None, weights=weights), play=True)

    # What is known.

    def set_peak(self, peak: Peak | None) -> None:
        """The machine's limits, for estimates of time."""
        self.peak = peak
        self.slowdown = self._measured_slowdown()
        self.look()

    @Slot()
    def look(self) -> None:
        """Asks the engine anew."""
        batch = self._session.settings.batch_size
        self.report = check(self.design, batch, self.peak, self.slowdown or 1.0)
        self.changed.emit()

    def _measured_slowdown(self) -> float | None:
        session = self._session
        if not (self.peak and session.network):
            return None
        seconds = {row: ms / 1000 for row, ms in session.times.milliseconds.items()}
        layers, batch = session.network.layers, session.settings.batch_size
        return slowdown(layers, batch, self.peak, seconds)

    @Slot()
    def _follow_times(self) -> None:
        measured, before = self._measured_slowdown(), self.slowdown
        if measured and not (before and abs(measured - before) <= OTHER_SPEED * before):
            self.slowdown = measured
            self.look()

    @Slot()
    def _follow_run(self) -> None:
        """As long as nothing was done, the design is the open run's network."""
        if not self.is_edited:
            self._history = EditHistory(self._open_network())
        self._merging = None
        self._clamp(self.position)
        self.look()

    def _open_network(self) -> Design:
        spec: Spec = self._session.spec or next(iter(PRESETS.values()))
        return Design.from_spec(spec)

    def _do(self, design: Design, what: str, position: int | None = None) -> None:
        self.settle()
        if design == self.design or not self._history.do(_named(design), what):
            return
        self._clamp(self.position if position is None else position)
        self.look()

    def _go(self, step: Callable[[], bool]) -> None:
        self.settle()
        before = self.design.layers
        if step():
            self._clamp(_first_difference(before, self.design.layers, self.position))
            self.look()

    def _clamp(self, position: int) -> None:
        """Chooses the layer there, or the last one; `look` tells the views, with new shapes."""
        last = len(self.design.layers) - 1
        self.position = min(max(position, 0), last)


def title(name: str, layer: LayerSpec) -> str:
    """A layer's name for people: Conv 1 for conv1."""
    kind = layer.get("type")
    if not isinstance(kind, str) or kind not in LAYER_TYPES:
        return name
    number = name.lstrip("abcdefghijklmnopqrstuvwxyz")
    return f"{LAYER_TYPES[kind].title} {number}".strip()


def same_layers(some: Sequence[LayerSpec], others: Sequence[LayerSpec]) -> bool:
    """Whether these are the same layers; 5 and (5, 5) are the same kernel."""
    return [_spelled_out(layer) for layer in some] == [_spelled_out(layer) for layer in others]


def _spelled_out(layer: LayerSpec) -> dict[str, Any]:
    return {name: as_pair(value) or value for name, value in layer.items()}


def _with_field(design: Design, at: int, name: str, value: Any) -> Design:
    return _named(spec_edit.set_field(design, at, name, value))


def _named(design: Design) -> Design:
    """What is no longer the preset that it began as has no longer its name."""
    preset = PRESETS.get(design.name)
    if preset is None:
        return design
    new, old = design.to_spec(), preset.fitted(design.input_shape, design.classes)
    same = same_layers(new.layers, old.layers) and new.initializer == old.initializer
    if design.title != preset.title:
        return replace(design, name="custom")
    return design if same else replace(design, name="custom", title=f"{preset.title}, edited")


def _first_difference(
    before: tuple[LayerSpec, ...], after: tuple[LayerSpec, ...], otherwise: int
) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    shorter = min(len(before), len(after))
    found = next((place for place, (old, new) in pairs if old != new), shorter)
    return otherwise if before == after else found
