"""The one path for seeing: a vector is loaded into the window's own network and run on an image.

Live watching, another digit, another moment, a muted filter: all the same path. This is the part of
the session that knows nothing of training; which vectors come, the session says.
"""

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.datasets import Dataset
from cnnviz.core.inspection import Inspection, inspect
from cnnviz.core.network import Network
from cnnviz.core.timeline import Timeline
from cnnviz.core.trainer import Snapshot
from cnnviz.core.workspace import Array
from cnnviz.ui.calm_numbers import CalmNumbers
from cnnviz.ui.comparison import Comparison, Kept
from cnnviz.ui.edits import ShownEdits
from cnnviz.ui.frame_pace import FramePace
from cnnviz.ui.other_run import OtherRun
from cnnviz.ui.past import Past
from cnnviz.ui.player import Player
from cnnviz.ui.runs import Run
from cnnviz.ui.selection import Selection
from cnnviz.ui.shown_image import ShownImage, after_change, of_test_set
from cnnviz.ui.slide import Slide
from cnnviz.ui.theme import spaced


class Seeing(QObject):
    """What is shown: a network at a moment, an image, and what the one makes of the other."""

    network_changed = Signal()
    """The shown vector or the edits over it are others; weights and inspection are new."""
    image_changed = Signal()
    """Another image is chosen; inspection is new."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.pace = FramePace()
        self.dataset: Dataset | None = None
        self.network: Network | None = None
        self.inspection: Inspection | None = None
        self.shown_step = 0
        self.image: ShownImage | None = None
        self.image_index = 0  # of the test image that is shown, or was before another picture
        self.selection = Selection(self)
        self.slide = Slide(self.selection)
        self.comparison = Comparison(self)
        self.numbers = CalmNumbers(self.pace.calm_ms, self)
        self.comparison.changed.connect(self.numbers.take)
        self.image_changed.connect(self.numbers.take)
        self.edits = ShownEdits(self)
        self.edits.changed.connect(self._show_edits)
        self.past = Past(self)
        self.past.changed.connect(self._show_moment)
        self.player = Player(self.past)
        self._newest: tuple[int, Array] | None = None

    # Which image.

    def choose_image(self, index: int) -> None:
        """Shows another image of the test set; an index outside of it is ignored."""
        if self.dataset is None or not 0 <= index < len(self.dataset.test):
            return
        self._show_image(of_test_set(self.dataset, index))

    def show_picture(self, values: Array, words: str, label: int | None = None) -> None:
        """Shows an image that is not of the test set: float32 (C, H, W) in [0, 1].

        `words` say what it is. One of another shape than the network takes is ignored, for it is of
        a run that was left.
        """
        if self.dataset and values.shape == self.dataset.input_shape:
            self._show_image(ShownImage(values, words, label=label))

    def _show_image(self, image: ShownImage) -> None:
        self.image = image
        if image.number is not None:
            self.image_index = image.number
        self._inspect()
        self.image_changed.emit()

    @property
    def test_image(self) -> int | None:
        """The number of the shown image in the test set; None while another picture is shown."""
        return self.image.number if self.image else None

    @property
    def last_test_image(self) -> ShownImage | None:
        """The test image that is shown, or that was before another picture."""
        return of_test_set(self.dataset, self.image_index) if self.dataset else None

    @property
    def label(self) -> int | None:
        """The true class of the shown image, where it is known."""
        return self.image.label if self.image else None

    # Beside what.

    @Slot()
    def keep_or_end(self) -> None:
        """Keeps what is shown now, to compare it with what comes; or compares no more."""
        if self.comparison.kept:
            self.comparison.end()
        elif self.network and self.inspection and self.image:
            words = f"{self.image.words}, at batch {spaced(self.shown_step)}"
            weights = self.network.state_dict()
            self.comparison.keep(Kept(self.inspection, weights, self.shown_step, words))

    def compare_with(self, run: Run) -> None:
        """Lays what a run that was left makes of the digit beside it; raises SpecError."""
        if self.network and self.image and run.saved:
            source = OtherRun(run, self.network)
            self.comparison.keep(source(self.image, self.shown_step), source)

    # Which network, at which moment.

    def _see_run(
        self, network: Network, dataset: Dataset, timeline: Timeline, newest: Snapshot
    ) -> None:
        """Another run is shown, at its newest moment; the session tells so once all is in place."""
        if self.dataset is not dataset:
            self.dataset, self.image_index = dataset, 0
            self.image = after_change(self.image, dataset)
        self.network, self.shown_step = network, newest.step
        self.past.enter(timeline)
        self._newest = (newest.step, newest.vector)
        self.edits.lay_over(network, newest.vector)
        self._inspect()

    def _take_vector(self, step: int, vector: Array) -> None:
        """The newest vector, which is shown unless somebody looks at the past."""
        self._newest = (step, vector)
        if self.past.moment is None:
            self._show_vector(step, vector)

    @Slot()
    def _show_moment(self) -> None:
        if snapshot := self.past.snapshot:
            self._show_vector(snapshot.step, snapshot.vector)
        elif self._newest:
            self._show_vector(*self._newest)

    @Slot()
    def _show_edits(self) -> None:
        self._show_vector(self.shown_step, self.edits.learned)

    def _show_vector(self, step: int, vector: Array) -> None:
        if self.network is None:
            return
        self.shown_step = step
        self.edits.lay_over(self.network, vector)
        self._inspect()
        self.network_changed.emit()

    def _inspect(self) -> None:
        if self.network is None or self.image is None:
            return
        # A network that has just diverged holds infinities; showing it must not warn about them.
        with np.errstate(all="ignore"):
            self.inspection = inspect(self.network, self.image.values)
        self.comparison.follow(self.image, self.shown_step)
