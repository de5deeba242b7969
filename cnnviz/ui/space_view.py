"""The space of digits: all test images as a layer sees them, in the plane that shows most of it.

Images that lie close to each other are alike to that layer. The last one before the answer has to
part the classes; looking back in time shows how it learned to.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.examination import Answer
from cnnviz.core.neighbour_map import INSTALL, PACKAGE, NeighbourMap, is_available
from cnnviz.core.projection import Plane, laid_like, turn_towards
from cnnviz.core.scales import percent
from cnnviz.core.spec import Spec
from cnnviz.ui import theme
from cnnviz.ui.examiner import Examiner
from cnnviz.ui.neighbour_bar import NeighbourBar
from cnnviz.ui.space_images import SpaceImages
from cnnviz.ui.space_plot import Places, SpacePlot
from cnnviz.ui.widgets.choice_button import ChoiceButton
from cnnviz.ui.widgets.quiet_button import quiet_button
from cnnviz.ui.widgets.split import make_split
from cnnviz.ui.widgets.table import Cell, Column, QuietTable

RIGHT = 280
"""Pixels of the column at the right, at least."""
ABOUT = "Close together is alike to this layer. Drag a lasso around points, click one, or zoom."
PCA, TSNE = "pca", "tsne"
PROJECTIONS = (
    (PCA, "PCA", "The plane of the two principal components: no other shows more of the variance"),
    (TSNE, "t-SNE", ""),
)
ABOUT_TSNE = (
    "Lays images that are near to each other in the layer near to each other; takes a while"
)
MISSING = f"t-SNE needs the package {PACKAGE}: {INSTALL} (for the Python that cnnviz runs on)"
COLUMNS = (
    Column(
        "Class", "Tick what is to be drawn (Space); choose a row to have it stand out", 0, False
    ),
    Column("images", "Test images of this class", 62),
    Column("right", "The share of them that is read rightly", 74),
)


class SpaceView(QWidget):
    """Points at the left; at the right classes, the digit under the pointer, and the roped ones."""

    layer_changed = Signal()
    """The outputs of another layer are wanted."""

    def __init__(self, examiner: Examiner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examiner, self._session = examiner, examiner.session
        self.layer: str | None = None
        """Whose outputs are shown."""
        self.plane: Plane | None = None
        """Of its principal components, as it is shown."""
        self._map: NeighbourMap | None = None  # turned to lie like what was shown before
        self._hidden: set[int] = set()
        self._spec: Spec | None = None  # of the network whose layer it is
        self._answer: Answer | None = None  # the plane's
        self._make_parts()
        self._lay_out()
        self._connect()
        self._follow_run()

    def _make_parts(self) -> None:
        self.layer_choice = ChoiceButton("Layer", ())
        self.projection_choice = ChoiceButton("Projection", PROJECTIONS)
        self.projection_choice.show_choice(PCA)
        self._look_for_package()
        self.neighbours = NeighbourBar(self._examiner)
        self.neighbours.hide()
        self.steady = _toggle("Steady", "Turns the plane to lie as at the moment before")
        self.steady.setChecked(True)
        self.only = _toggle("Mistakes only", "Draws only the images that are read wrongly")
        self.about = QLabel(ABOUT)
        self.about.setProperty("small", "true")
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.plot = SpacePlot()
        self.table = QuietTable(COLUMNS)
        self.table.setAccessibleName("Classes")
        self.table.setToolTip("Tick what is to be drawn; choose a class to have it stand out")
        self.images = SpaceImages(self._session)

    def _lay_out(self) -> None:
        self._head = QHBoxLayout()
        self._head.setSpacing(8)
        self._head.addWidget(self.layer_choice)
        self._head.addWidget(self.projection_choice)
        self._head.addWidget(self.steady)
        self._head.addWidget(self.only)
        self._head.addStretch(1)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(10, 8, 6, 6)
        column.setSpacing(6)
        column.addLayout(self._head)
        column.addWidget(self.about)
        column.addWidget(self.neighbours)
        column.addWidget(self.plot, 1)
        right = make_split(self.table, self.images, way=Qt.Orientation.Vertical)
        right.setMinimumWidth(RIGHT)
        right.setSizes([256, 400])
        right.setStretchFactor(1, 1)
        body = make_split(left, right)
        body.setSizes([910, 320])
        body.setStretchFactor(0, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(body)

    def _connect(self) -> None:
        self.projection_choice.chosen.connect(self.choose_projection)
        self.neighbours.changed.connect(self._take_map)
        self.steady.toggled.connect(self._change_steadiness)
        self.only.toggled.connect(self._dress)
        self.table.ticked.connect(self._tick)
        self.table.chosen.connect(self._dress)
        self.plot.pointed.connect(self._show_card)
        self.plot.chosen.connect(self._session.choose_image)
        self.plot.roped.connect(self._show_roped)
        self.plot.step_wanted.connect(self._step)
        self.plot.class_wanted.connect(self._step_class)
        self._examiner.answered.connect(self.refresh)
        self._session.run_changed.connect(self._follow_run)
        self._session.image_changed.connect(self._follow_image)

    # What the user wishes.

    @Slot()
    def _follow_run(self) -> None:
        """Another network has other layers, other data other classes."""
        network, usual = self._session.network, self._examiner.usual_layer
        layers = self._examiner.layers
        if network and (self.layer not in layers or network.spec != self._spec):
            self.layer, self._spec = usual, network.spec
        dataset = self._session.dataset
        if self._hidden and dataset and max(self._hidden) >= len(dataset.class_names):
            self._hidden = set()
        before, choices = self.layer_choice, []
        for each in network.layers if network else ():
            if each.name in layers:
                units = theme.spaced(each.output_shape[0])
                what = f"The {units} values that {each.label} gives for each image"
                choices.append((each.name, f"{each.label}, {units} values", what))
        self.layer_choice = ChoiceButton("Layer", choices)
        self.layer_choice.setToolTip("The layer whose outputs are shown")
        self.layer_choice.chosen.connect(self._choose_layer)
        if self.layer:
            self.layer_choice.show_choice(self.layer)
        self._head.replaceWidget(before, self.layer_choice)
        before.hide()
        before.deleteLater()
        self._look_at_neighbours()
        self.layer_changed.emit()

    @Slot(str)
    def _choose_layer(self, layer: str) -> None:
        self.layer = layer
        self.layer_choice.show_choice(layer)
        self._look_at_neighbours()
        self.layer_changed.emit()

    @Slot(str)
    def choose_projection(self, key: str) -> None:
        """PCA or TSNE; the points glide from one to the other."""
        self.projection_choice.show_choice(key)
        self.steady.setVisible(key == PCA)
        self.about.setVisible(key == PCA)
        self.neighbours.setVisible(key == TSNE)
        self._look_at_neighbours()
        self._show_points(glide=True)

    def _look_at_neighbours(self) -> None:
        wanted = self.projection_choice.key == TSNE
        self.neighbours.look_at(self.layer if wanted else None)

    def _look_for_package(self) -> None:
        """It may be installed while the window is open."""
        there = is_available()
        self.projection_choice.allow(TSNE, there, ABOUT_TSNE if there else MISSING)
        tip = "How the points are laid out" if there else f"How the points are laid out. {MISSING}"
        self.projection_choice.setToolTip(tip)

    @Slot()
    def _take_map(self) -> None:
        """Another t-SNE, or none; it may be turned at will, so it lies like what was shown."""
        found, shown = self.neighbours.map, self.plot.plane
        if found and shown:
            turn = turn_towards(found.points, shown.points)
            found = found if turn is None else replace(found, points=found.points @ turn)
        self._map = found
        self._show_points(glide=True)

    @Slot(bool)
    def _change_steadiness(self, steady: bool) -> None:
        if not steady and self._answer:
            self._show_plane(self._answer.plane, self._answer)

    @Slot(int)
    def _tick(self, label: int) -> None:
        self._hidden ^= {label}
        self._show_classes()
        self._dress()

    @Slot(int)
    def _step_class(self, by: int) -> None:
        """The next class stands out; after the last, all do."""
        self.table.choose((self.table.chosen_row + 1 + by) % (len(self.plot.names) + 1) - 1)

    @Slot(int)
    def _step(self, by: int) -> None:
        """The next of the images that stand out."""
        numbers = self._standing_out()
        if not len(numbers):
            return
        here = self._session.image_index
        place = int(np.sum(numbers <= here)) if by > 0 else int(np.sum(numbers < here)) - 1
        self._session.choose_image(int(numbers[place % len(numbers)]))

    def _standing_out(self) -> NDArray[np.int64]:
        """Drawn images of the chosen class and in the lasso, as far as there are."""
        out = self.plot.seen & self.plot.placed
        if self.plot.solo is not None:
            out &= self.plot.labels == self.plot.solo
        if len(self.plot.rope):
            roped = np.zeros(len(out), bool)
            roped[self.plot.rope] = True
            out &= roped
        return np.flatnonzero(out).astype(np.int64)

    # Looks.

    @Slot()
    def refresh(self) -> None:
        """The plane of another answer, if there is one; the one before stays until then."""
        answer = self._examiner.answer
        if not self.isVisible():
            return
        if answer is None:
            self._show_plane(None, None)
        elif answer.plane is not None and answer is not self._answer:
            before = self._answer
            alike = before is not None and _are_alike(before, answer)
            plane = answer.plane
            if alike and self.plane and self.steady.isChecked():
                plane = laid_like(plane, self.plane)
            self._show_plane(plane, answer, glide=alike)

    def _show_plane(self, plane: Plane | None, answer: Answer | None, glide: bool = False) -> None:
        self.plane, self._answer = plane, answer
        self.plot.empty = "The test set is on its way through the network …"
        if plane is not None and not np.isfinite(plane.points).any():
            self.plot.empty = "The network has diverged: no image gives this layer a number."
        self._show_points(glide)

    def _show_points(self, glide: bool = False) -> None:
        """The t-SNE if it is looked at and there is one, else the plane."""
        dataset = self._session.dataset
        if self._answer and (dataset is None or self._answer.question.split is not dataset.test):
            self.plane = self._answer = None  # of other data
        answer = self._answer
        shown: Places | None = self.plane
        if self._map and self.projection_choice.key == TSNE:
            shown = self._map
        glide = glide and shown is not self.plot.plane
        if dataset and answer:
            self.plot.show_plane(shown, dataset.test.labels, dataset.class_names, glide)
        else:
            self.plot.show_plane(None, np.empty(0, np.int64), (), False)
        self._show_classes()
        self._dress()
        self._show_roped(self.plot.rope)
        self._show_card(self.plot.lit)
        self._tell()

    def _tell(self) -> None:
        """How to read it, and whether the axes were turned."""
        text, plane = ABOUT, self.plane
        if plane and 1 <= plane.turned <= 89:
            both = 100 * sum(plane.shares)
            text = (
                f"The plane of PC 1 and PC 2 ({both:.0f}{theme.THIN_SPACE}%), turned by "
                f"{plane.turned:.0f}° to lie as at the moment before."
            )
        self.about.setText(text)
        self.about.setToolTip(ABOUT)

    def _show_classes(self) -> None:
        dataset, answer = self._session.dataset, self._answer
        if dataset is None or answer is None:
            self.table.cells.show_cells([])
            return
        rows = []
        for k, score in enumerate(answer.evaluation.class_scores):
            hidden = k in self._hidden
            color, mark = "muted" if hidden else "text", theme.class_color(k).name()
            name = Cell(dataset.class_names[k], color, mark=mark, ticked=not hidden)
            rows.append([name, Cell(theme.spaced(score.support), "muted")])
            rows[-1].append(Cell(percent(score.recall), color))
        self.table.cells.show_cells(rows)

    @Slot()
    def _dress(self) -> None:
        """Which points are drawn and which stand out."""
        labels, answer = self.plot.labels, self._answer
        seen = ~np.isin(labels, list(self._hidden))
        if answer and self.only.isChecked() and len(labels):
            seen &= answer.evaluation.predictions != labels
        solo = self.table.chosen_row if self.table.chosen_row >= 0 else None
        self.plot.dress(seen, solo, self._session.image_index)

    @Slot()
    def _follow_image(self) -> None:
        self._dress()
        self._show_card(self.plot.lit)

    @Slot(int)
    def _show_card(self, number: int) -> None:
        """The image under the pointer, else the chosen one."""
        number = number if number >= 0 else self._session.image_index
        self.images.show_card(self._session.dataset, self._answer, number)

    @Slot(object)
    def _show_roped(self, numbers: NDArray[np.int64]) -> None:
        self.images.show_roped(self._session.dataset, self._answer, numbers)

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up."""
        super().showEvent(event)
        self._look_for_package()
        self.refresh()
        self._show_points()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "images"):
            self._show_classes()
            self._show_card(self.plot.lit)
        super().changeEvent(event)


def _are_alike(before: Answer, answer: Answer) -> bool:
    """Whether both planes are of the same images and the same layer."""
    one, other = before.question, answer.question
    return one.layer == other.layer and one.split is other.split


def _toggle(text: str, tip: str) -> QToolButton:
    button = quiet_button(text, tip)
    button.setCheckable(True)
    return button
