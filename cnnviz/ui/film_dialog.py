"""Asks what the film of the past is to show, how long, how smoothly and as what; shows how it goes.

The film itself is taken by filming.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.errors import CnnvizError
from cnnviz.core.film import GIF, MP4, NO_FFMPEG, film_kinds
from cnnviz.ui import theme
from cnnviz.ui.filming import Filming, Plan
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.frames import frame_size
from cnnviz.ui.widgets.save_dialog import SaveDialog
from cnnviz.ui.widgets.saving import known_suffix, refuse_protected
from cnnviz.ui.widgets.tinted_label import TintedLabel

SECONDS = (5, 10, 20)
RATES = (10, 15, 25)
WHOLE, UP_TO_HERE = "whole", "here"
TITLES = {GIF: "GIF", MP4: "MP4"}
WIDTH = 470
ABOUT = "Every frame shows the network as it was after its batch. Training rests meanwhile."


@dataclass(frozen=True)
class Subject:
    """A view that can be filmed."""

    key: str
    title: str
    widget: QWidget


class Chips(QObject):
    """A row of small buttons, of which one is pressed."""

    chosen = Signal()

    def __init__(self, parent: QWidget, name: str, choices: Sequence[tuple[object, str]]) -> None:
        """`choices` are (value, title); the first is chosen at first."""
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._buttons: dict[object, QToolButton] = {}
        self.row = QHBoxLayout()
        self.row.setSpacing(3)
        for value, title in choices:
            button = QToolButton()
            button.setText(title)
            button.setCheckable(True)
            button.setProperty("choice", "true")
            button.setAccessibleName(f"{name}: {title}")
            self._group.addButton(button)
            self._buttons[value] = button
            self.row.addWidget(button)
        self.row.addStretch(1)
        self.choose(choices[0][0])
        self._group.buttonClicked.connect(self.chosen)

    def button(self, value: object) -> QToolButton:
        """That of a value."""
        return self._buttons[value]

    @property
    def value(self) -> object:
        """What is chosen."""
        return next(value for value, button in self._buttons.items() if button.isChecked())

    def choose(self, value: object) -> None:
        """As if its button had been pressed."""
        self._buttons[value].setChecked(True)

    def allow(self, value: object, allowed: bool, tip: str = "") -> None:
        """Whether a value can be chosen; if it is the chosen one, the first takes its place."""
        button = self._buttons[value]
        button.setEnabled(allowed)
        button.setToolTip(tip)
        if not allowed and button.isChecked():
            self.choose(next(iter(self._buttons)))


class FilmDialog(QDialog):
    """Made once, opened by `open_for`; `shut_down` and `is_shut_down` are those of the filming."""

    def __init__(self, session: Session, parent: QWidget, subjects: Sequence[Subject]) -> None:
        super().__init__(parent)
        self._session = session
        self._subjects = {subject.key: subject for subject in subjects}
        self._moment: int | None = None
        self._ask: SaveDialog | None = None
        self.filming = Filming(session, self)
        self.setWindowTitle("Film of the past – cnnviz")
        self._make_parts()
        self._lay_out()
        self.filming.changed.connect(self._refresh)

    def _make_parts(self) -> None:
        views = [(subject.key, subject.title) for subject in self._subjects.values()]
        self.view = Chips(self, "View", views)
        self.seconds = Chips(self, "Length", [(n, f"{n}{theme.THIN_SPACE}s") for n in SECONDS])
        self.rate = Chips(self, "Frames a second", [(n, str(n)) for n in RATES])
        spans = [(WHOLE, "The whole past"), (UP_TO_HERE, "Up to the moment looked at")]
        self.span = Chips(self, "From and to", spans)
        self.kind = Chips(self, "Format", list(TITLES.items()))
        self.seconds.choose(10)
        self.rate.choose(15)
        for chips in (self.view, self.seconds, self.rate, self.span, self.kind):
            chips.chosen.connect(self._refresh)
        self.about, self.estimate, self.message = QLabel(ABOUT), QLabel(), TintedLabel()
        self.about.setProperty("muted", "true")
        self.without_ffmpeg = QLabel(NO_FFMPEG)
        self.without_ffmpeg.setProperty("small", "true")
        for label in (self.about, self.estimate, self.message, self.without_ffmpeg):
            label.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setAccessibleName("Frames taken")
        self.save_button = QPushButton("Save film…")
        self.save_button.setProperty("primary", "true")
        self.save_button.clicked.connect(self.ask_where)
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.close)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setAccessibleName("Cancel the film")
        self.cancel_button.clicked.connect(self.filming.cancel)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(9)
        grid.setColumnStretch(1, 1)
        rows = (
            ("View", self.view),
            ("From – to", self.span),
            ("Length", self.seconds),
            ("Frames a second", self.rate),
            ("Format", self.kind),
        )
        for row, (text, chips) in enumerate(rows):
            grid.addWidget(QLabel(text), row, 0)
            grid.addLayout(chips.row, row, 1)
        grid.addWidget(self.without_ffmpeg, len(rows), 1)
        self._choices = QWidget()
        grid.setContentsMargins(0, 0, 0, 0)
        self._choices.setLayout(grid)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button in (self.close_button, self.cancel_button, self.save_button):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 18, 22, 18)
        column.setSpacing(12)
        for widget in (self.about, self._choices, self.estimate, self.progress, self.message):
            column.addWidget(widget)
        column.addStretch(1)
        column.addLayout(buttons)
        self.setMinimumWidth(WIDTH)

    # What the user wishes.

    def open_for(self, view: str) -> None:
        """Opens with this view chosen, and returns at once."""
        if self.isVisible():
            return
        self._session.player.stop()
        self._moment = self._session.past.moment
        self.view.choose(view)
        self._show_what_is_possible()
        self.filming.say("")
        self.open()
        self.save_button.setFocus()

    def _show_what_is_possible(self) -> None:
        for subject in self._subjects.values():
            seen = subject.widget.isVisible()
            self.view.allow(subject.key, seen, "" if seen else "Open this view first.")
        first, moment = self._session.timeline.first, self._moment
        here = moment is not None and moment > first
        tip = "" if here else "Look back first: drag the line on the loss curve."
        self.span.allow(UP_TO_HERE, here, tip)
        title = f"Up to batch {theme.spaced(moment)}" if moment and here else "Up to where I look"
        self.span.button(UP_TO_HERE).setText(title)
        has_mp4 = MP4 in film_kinds()
        self.kind.allow(MP4, has_mp4, "" if has_mp4 else NO_FFMPEG)
        self.without_ffmpeg.setVisible(not has_mp4)

    @property
    def plan(self) -> Plan:
        """What is chosen."""
        seconds, rate = self.seconds.value, self.rate.value
        assert isinstance(seconds, int)
        assert isinstance(rate, int)
        until = self._moment if self.span.value == UP_TO_HERE else None
        return Plan(self._subjects[str(self.view.value)].widget, seconds, rate, until)

    @Slot()
    def ask_where(self) -> None:
        """Opens the dialog for the file; the film begins when it has been answered."""
        kinds = film_kinds()
        first = str(self.kind.value)
        ordered = {first: kinds[first], **kinds}
        name = f"cnnviz-{self.view.value}-film"
        self._ask = SaveDialog(self, self._session, name, ordered, self._start)

    def _start(self, path: Path) -> None:
        """A file that cannot be is told here: messages of the window are behind this dialog."""
        try:
            known_suffix(path, film_kinds())
            refuse_protected(path)
        except CnnvizError as error:
            self.filming.say(str(error), failed=True)
            return
        self.filming.start(self.plan, path)
        self.cancel_button.setFocus()

    def reject(self) -> None:
        """Escape ends the film first, and closes when there is none."""
        if self.filming.is_active:
            self.filming.cancel()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nobody looks, so nothing is filmed."""
        self.filming.cancel()
        super().closeEvent(event)

    # The end.

    def shut_down(self) -> None:
        """Closes, and ends a film for good. Returns at once."""
        self.filming.shut_down()
        self.close()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.filming.is_shut_down

    # Looks.

    @Slot()
    def _refresh(self) -> None:
        """Choices and words as things are now."""
        filming, possible = self.filming, self._session.player.can_play
        active = filming.is_active
        had_focus = self.cancel_button.hasFocus()
        self._choices.setEnabled(not active)
        self.save_button.setEnabled(possible)
        for widget, seen in (
            (self.save_button, not active),
            (self.close_button, not active),
            (self.cancel_button, active),
            (self.progress, active),
        ):
            widget.setVisible(seen)
        if had_focus and not active:
            self.close_button.setFocus()
        self.progress.setRange(0, filming.frames)
        self.progress.setValue(filming.done)
        self.estimate.setText(
            self._in_words() if possible else "There is no past yet: train first."
        )
        self.message.setText(filming.message)
        self.message.setVisible(bool(filming.message))
        self.message.tint("bad" if filming.failed else "good")

    def _in_words(self) -> str:
        filming, frames = self.filming, theme.spaced
        if filming.waits:
            return "Waiting for training to rest …"
        if filming.is_active:
            return f"Frame {frames(filming.done)} of {frames(filming.frames)}"
        plan, size = self.plan, frame_size(self.plan.widget)
        width, height = size.pixels
        # How many bytes that becomes depends on what changes in them: nobody knows before.
        return f"{frames(plan.frames)} frames of {frames(width)} × {frames(height)} pixels"
