"""The ticked runs' curves laid over each other, with switches for what is drawn over what.

The picture is in runs_plot.py; whoever has the list of runs says which of them to draw.
"""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core import curves
from cnnviz.core.run_curves import Across, Height, RunCurve
from cnnviz.ui import theme
from cnnviz.ui.runs import Run
from cnnviz.ui.runs_plot import Drawn, RunsPlot

HEIGHT_TIPS = {
    Height.LOSS: f"Of training, a mean over about {curves.WINDOW} batches",
    Height.TEST_LOSS: "Over the whole test set after each epoch",
    Height.TEST_ACCURACY: "Over the whole test set after each epoch",
    Height.TRAINING_ACCURACY: f"A mean over about {curves.WINDOW} batches",
}
ACROSS_TIPS = {
    Across.BATCHES: "Batches, whatever their size",
    Across.EPOCHS: "How often all images were seen: fair to runs of different batch sizes",
    Across.SECONDS: "Time that training took, without pauses",
}
NO_RUN = "Tick a run above: its curve will be drawn here."
NO_BATCH = "Press Train in the main window: the curves of the ticked runs will be drawn here."
NO_EPOCH = "No ticked run has come to the end of an epoch, when the test set is asked."


class RunsOverlay(QWidget):
    """What y and x are, log, fit; the picture or a sentence in its place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Curves of the ticked runs")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.plot = RunsPlot()
        self._curves: WeakKeyDictionary[Run, RunCurve] = WeakKeyDictionary()
        self._taken: WeakKeyDictionary[Run, tuple[object, ...]] = WeakKeyDictionary()
        self._runs: list[Run] = []
        self.heights = {each: _chip(each.value, HEIGHT_TIPS[each]) for each in Height}
        self.acrosses = {each: _chip(each.value, ACROSS_TIPS[each]) for each in Across}
        self.fit = _switch("Fit", "Show all (Home)")
        self.log = _switch("Log", "Logarithmic scale of the loss (L)")
        self.log.setShortcut("L")
        self.log.setCheckable(True)
        self.log.setChecked(True)
        self.empty = QLabel(NO_BATCH)
        self.empty.setProperty("muted", "true")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self._groups = [QButtonGroup(self), QButtonGroup(self)]
        self._lay_out()
        for group, act in zip(self._groups, (self._measure, self._count), strict=True):
            group.buttonClicked.connect(act)
        self.heights[Height.LOSS].setChecked(True)
        self.acrosses[Across.BATCHES].setChecked(True)
        self.log.toggled.connect(self._change_scale)
        self.fit.clicked.connect(self.plot.fit)
        self.plot.following_changed.connect(self.fit.setHidden)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(_heading("Curves"))
        row.addSpacing(8)
        for button in self.heights.values():
            self._groups[0].addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.fit)
        row.addWidget(self.log)
        row.addSpacing(8)
        over = QLabel("over")
        over.setProperty("small", "true")
        row.addWidget(over)
        for button in self.acrosses.values():
            self._groups[1].addButton(button)
            row.addWidget(button)
        self.pages = QStackedLayout()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.plot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addLayout(self.pages, 1)

    def show_runs(self, runs: Sequence[Run], growing: Run | None, chosen: Run | None) -> None:
        """Draws these runs; the one that is `growing` has changed, the chosen one stands out."""
        self._runs = list(runs)
        for run in runs:
            self._take(run, run is growing)
        known = [Drawn(run.name, theme.run_token(run.color), self._curves[run]) for run in runs]
        self.plot.lit = self._runs.index(chosen) if chosen in self._runs else None
        self.plot.show_runs(known)
        self._turn_page()

    def _take(self, run: Run, anew: bool) -> None:
        """Reckons a run's curves; one that was left does not change."""
        timeline = run.timeline
        state = (timeline, len(timeline), len(timeline.epochs), run.origin)
        if anew or self._taken.get(run) != state:
            self._taken[run] = state
            curve = self._curves.setdefault(run, RunCurve())
            curve.update(timeline, run.batches_per_epoch, run.before)

    def light(self, run: Run | None) -> None:
        """Has one run stand out."""
        self.plot.light(self._runs.index(run) if run in self._runs else None)

    def _turn_page(self) -> None:
        shown = self.plot.overlay
        points = [len(run.curve.points(shown.height, shown.across)[0]) for run in self.plot.runs]
        self.pages.setCurrentWidget(self.plot if any(points) else self.empty)
        if not points:
            self.empty.setText(NO_RUN)
        else:
            trained = any(len(run.timeline) for run in self._runs)
            self.empty.setText(NO_EPOCH if trained else NO_BATCH)
        self.log.setVisible(shown.height.is_loss)
        words = ", ".join(f"{name} {number}" for name, number in self._newest())
        self.setAccessibleDescription(words or self.empty.text())

    def _newest(self) -> list[tuple[str, str]]:
        """(name, number) of each run's newest point, for who cannot see the curves."""
        shown, found = self.plot.overlay, []
        for run in self.plot.runs:
            _, y = run.curve.points(shown.height, shown.across)
            if len(y):
                found.append((f"{run.name}: {shown.height.value}", self.plot.number(float(y[-1]))))
        return found

    # What the user does.

    @Slot()
    def _measure(self) -> None:
        chosen = next(each for each, button in self.heights.items() if button.isChecked())
        self.plot.overlay.measure(chosen)
        self.plot.draw()
        self._turn_page()

    @Slot()
    def _count(self) -> None:
        chosen = next(each for each, button in self.acrosses.items() if button.isChecked())
        self.plot.overlay.count(chosen)
        self.plot.draw()
        self._turn_page()

    @Slot(bool)
    def _change_scale(self, logarithmic: bool) -> None:
        self.plot.overlay.logarithmic = logarithmic
        self.plot.draw()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """+ and − zoom, arrows move, Home shows all."""
        key, shown = event.key(), self.plot.overlay
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            shown.move(0.1 if key == Qt.Key.Key_Right else -0.1)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            shown.zoom(1 / 0.7 if key == Qt.Key.Key_Minus else 0.7)
        elif key == Qt.Key.Key_Home:
            shown.fit()
        else:
            super().keyPressEvent(event)
        self.plot.draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "plot"):
            self.plot.recolour()
        super().changeEvent(event)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("heading", "true")
    return label


def _chip(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(f" {text.capitalize()} ")
    button.setAccessibleName(text.capitalize())
    button.setToolTip(tip)
    button.setCheckable(True)
    button.setProperty("chip", "true")
    return button


def _switch(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setProperty("quiet", "true")
    return button
