"""Shows how training goes: the loss of every batch, smoothed, and the test set after each epoch.

`LossView` puts a heading, a legend and switches above the picture, which is in loss_plot.py.
"""

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core import curves
from cnnviz.core.events import events
from cnnviz.ui import theme
from cnnviz.ui.exact_moment import ExactMoment
from cnnviz.ui.loss_plot import CENTER, LossPlot
from cnnviz.ui.player_buttons import PlayerButtons
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.question import Question
from cnnviz.ui.widgets.throttle import Throttle

GAP, SIDE = 10, 14
"""Pixels between the parts of the heading, and left and right of the view."""
LEAST_HINT = 70
"""Pixels that a hint worth reading needs."""
HINT = "drag the line at its end: every view goes back ·\u00a0wheel\u00a0zooms"


class LossView(QWidget):
    """Heading, legend, linear or log, fit; a sentence as long as there is nothing to show."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setAccessibleName("Loss")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.plot = LossPlot()
        self.plot.frame_ms = self._frame_ms
        self.hint = _text(HINT, "small")
        self.hint.setWordWrap(True)  # and one line high: it loses whole words where it is narrow
        self.hint.setFixedHeight(16)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.legend = _text("", "small")
        self.legend.setToolTip(
            f"Training: thin, the loss of each batch; bold, the mean of {curves.WINDOW} batches."
            "\nTest: loss and, on the scale at "
            "the right, accuracy over the whole test set after each epoch."
        )
        self.fit = _switch("Fit", "Show all and follow training (F)", "F")
        self.log = _switch("Log", "Logarithmic scale of the loss (L)", "L")
        self.log.setCheckable(True)
        self.log.setChecked(True)
        self.live = _switch("Live ▸", "Look at the newest batch again (Backspace)", "")
        self.live.clicked.connect(self.look_at_now)
        self.player = PlayerButtons(session)
        self.go_on = _switch("Go on from here", "Take training back to this moment", "")
        self.go_on.clicked.connect(self._ask_to_go_on)
        self._question: Question | None = None
        self.exact = ExactMoment(session, self)
        self.exact.changed.connect(self._show_exact)
        self.exact_button = _switch("", "Train again up to exactly this batch, to look at it", "")
        self.exact_button.clicked.connect(self._look_exactly)
        self._wished: int | None = None  # where the line was let go
        self.empty = _text("Press Train: the loss of every batch will be drawn here.", "muted")
        self.empty.setAlignment(CENTER)
        self._lay_out()
        self._recolour()
        self.fit.clicked.connect(self.plot.fit)
        self.log.toggled.connect(self._change_scale)
        self.plot.following_changed.connect(self.fit.setHidden)
        self._calm = Throttle(self._refresh, session.pace.calm_ms, self)
        session.history_changed.connect(self._follow)
        session.runs.changed.connect(self._follow)
        session.past.changed.connect(self._follow_moment)
        session.run_changed.connect(self._follow_moment)
        self.plot.moment_wanted.connect(self._look_at)
        self._follow_moment()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        self._title = _text("Loss", "heading")
        for widget in (
            self._title,
            self.hint,
            self.exact_button,
            self.go_on,
            self.live,
            self.player,
            self.fit,
            self.legend,
            self.log,
        ):
            row.addWidget(widget)
        row.insertStretch(1)
        row.setStretchFactor(self.hint, 1)
        self.pages = QStackedLayout()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.plot)
        column = QVBoxLayout(self)
        column.setContentsMargins(SIDE, 8, SIDE, 8)
        column.addLayout(row)
        column.addLayout(self.pages, 1)

    def _frame_ms(self) -> int:
        return self.session.frame_ms

    @Slot()
    def _follow(self) -> None:
        """While training goes on, some times a second; what the user did, at once."""
        if self.session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    @Slot(object)
    def _look_at(self, step: int | None) -> None:
        self._wished = None
        self.session.past.look_at(step)
        self._wished = step
        self._show_exact()

    @Slot()
    def _show_exact(self) -> None:
        """Between two snapshots, a way to the very batch; while it is under way, how far."""
        moment, wished, progress = self.session.past.moment, self._wished, self.exact.progress
        between = moment is not None and wished is not None and wished > moment
        self.exact_button.setVisible(between or progress is not None)
        if progress:
            self.exact_button.setText(f"{progress[0]} of {progress[1]} ✕")
        elif wished is not None:
            self.exact_button.setText(f"Exactly {self.plot.name_of(wished)}")
        self._share_heading()

    @Slot()
    def _look_exactly(self) -> None:
        if self.exact.progress:
            self.exact.cancel()
        elif self._wished is not None:
            self.exact.look_at(self._wished)

    @Slot()
    def look_back_by_batch(self) -> None:
        """One batch before, trained again if no snapshot is there."""
        self.exact.look_on(-1)

    @Slot()
    def look_forward_by_batch(self) -> None:
        """One batch after."""
        self.exact.look_on(1)

    @Slot()
    def look_at_first(self) -> None:
        """Where this run began."""
        self.session.past.look_at_first()

    @Slot()
    def look_at_best(self) -> None:
        """The end of the epoch with the best test accuracy."""
        self.session.past.look_at_best()

    @Slot()
    def note(self) -> None:
        """Asks for a note at the moment that is looked at; an empty one takes it away."""
        session = self.session
        step = len(session.timeline) if session.past.moment is None else session.past.moment
        marks = session.timeline.marks
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Note")
        dialog.setLabelText(f"Note at {self.plot.name_of(step)}:")
        dialog.setTextValue(marks.get(step, ""))
        dialog.resize(420, dialog.height())
        self._noted = session.timeline, step
        dialog.textValueSelected.connect(self._keep_note)
        dialog.open()

    @Slot(str)
    def _keep_note(self, text: str) -> None:
        timeline, step = self._noted  # of the run that it was asked for
        timeline.marks.pop(step, None)
        if text.strip():
            timeline.marks[step] = text.strip()
        self.session.runs.changed.emit()
        self._refresh()

    @Slot()
    def look_at_now(self) -> None:
        """All views show the newest batch."""
        self.session.past.look_at(None)

    @Slot()
    def look_back(self) -> None:
        """The snapshot before the moment that is looked at."""
        self.session.past.look_on(-1)

    @Slot()
    def look_forward(self) -> None:
        """The snapshot after it."""
        self.session.past.look_on(1)

    @Slot()
    def look_back_by_epoch(self) -> None:
        """The epoch's end before it."""
        self.session.past.look_on_by_epochs(-1)

    @Slot()
    def look_forward_by_epoch(self) -> None:
        """The epoch's end after it."""
        self.session.past.look_on_by_epochs(1)

    @Slot()
    def _follow_moment(self) -> None:
        """The line goes where everybody looks; while that is in the past there is a way back."""
        moment = self.session.past.moment
        self._wished = None
        self.plot.show_moment(moment)
        self.hint.setText(HINT if moment is None else "")
        for button in (self.live, self.go_on):
            button.setVisible(moment is not None)
        self._show_exact()

    def _share_heading(self) -> None:
        """Buttons first: where they need the room, the hint goes, then the legend."""
        room = self.width() - self._needed - self.legend.sizeHint().width()
        self.legend.setVisible(room >= 0)
        self.hint.setVisible(room >= LEAST_HINT)
        self.updateGeometry()

    @property
    def _needed(self) -> int:
        """The width of the heading without what may go."""
        buttons = (
            self._title,
            self.exact_button,
            self.go_on,
            self.live,
            self.player,
            self.fit,
            self.log,
        )
        widths = [each.sizeHint().width() + GAP for each in buttons if not each.isHidden()]
        return 2 * SIDE + sum(widths)

    def minimumSizeHint(self) -> QSize:
        """What may go asks for no room, or the columns beside would give way to it first."""
        return QSize(self._needed, super().minimumSizeHint().height())

    @Slot()
    def _ask_to_go_on(self) -> None:
        """Goes on from the moment that is looked at, after a question: what came after is lost."""
        moment = self.session.past.moment
        if moment is None:
            return
        lost = len(self.session.timeline) - moment
        batches = "one batch" if lost == 1 else f"{theme.spaced(lost)} batches"
        timeline = self.session.timeline

        def go_on() -> None:
            if timeline is self.session.timeline:  # of no other run meanwhile
                self.session.go_on_from(moment)

        self._question = Question(
            self,
            f"Take training back to {self.plot.name_of(moment)}?",
            f"What {batches} after it have taught this network will be lost. Trained again with "
            "the same settings, they give the same network to the last bit.",
            "Go back",
            "Stay",
            go_on,
            self._stay,
        )

    def _stay(self) -> None:
        """Nothing is lost."""

    def _refresh(self) -> None:
        """Shows the session's history, if anybody looks."""
        if not self.isVisible():
            return
        timeline = self.session.timeline
        runs = self.session.runs
        happened = []
        if runs.open:
            happened = events(timeline, runs.forks_of(runs.open), runs.open.origin)
        self.plot.show_history(timeline, self.session.status.batches_per_epoch, happened)
        self.pages.setCurrentWidget(self.plot if len(timeline) else self.empty)
        self.setAccessibleDescription(self.plot.in_words(len(timeline)) or self.empty.text())

    @Slot(bool)
    def _change_scale(self, logarithmic: bool) -> None:
        self.plot.curves.set_logarithmic(logarithmic)
        self.plot.draw()

    def _recolour(self) -> None:
        colors = theme.tokens()
        marks = (
            (colors.positive, "—", "training"),
            (colors.negative, "●", "test loss"),
            (colors.good, "●", "test accuracy"),
        )
        mark = '<span style="color:{}"><b>{}</b></span>&nbsp;{}'
        self.legend.setText("&nbsp;&nbsp; ".join(mark.format(*parts) for parts in marks))
        self.plot.recolour()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Says in the heading what there is room for."""
        super().resizeEvent(event)
        self._share_heading()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """+ and − zoom, arrows move, Home shows all."""
        key, shown = event.key(), self.plot.curves
        across = (key == Qt.Key.Key_Right) - (key == Qt.Key.Key_Left)
        up = (key == Qt.Key.Key_Up) - (key == Qt.Key.Key_Down)
        if across or up:
            shown.move(0.1 * across, 0.1 * up)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            shown.zoom_x(1 / 0.7 if key == Qt.Key.Key_Minus else 0.7)
        elif key == Qt.Key.Key_Home:
            shown.fit()
        else:
            super().keyPressEvent(event)
        self.plot.draw()


def _text(text: str, kind: str) -> QLabel:
    label = QLabel(text)
    label.setProperty(kind, True)
    return label


def _switch(text: str, tip: str, key: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    if key:
        button.setShortcut(key)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setProperty("quiet", True)
    return button
