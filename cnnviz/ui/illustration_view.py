"""The chosen layer in motion: what its size, stride and padding do to a real map, step by step."""

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from cnnviz.core.layers import MaxPool2D
from cnnviz.ui import theme
from cnnviz.ui.design_editor import DesignEditor
from cnnviz.ui.layer_motion import Motion, motion
from cnnviz.ui.layer_rows import FORMULAS
from cnnviz.ui.session import Session
from cnnviz.ui.slide_picture import SlidePicture
from cnnviz.ui.widgets.icons import icon
from cnnviz.ui.widgets.quiet_button import quiet_button
from cnnviz.ui.widgets.throttle import Throttle

SPEEDS = (2, 5, 10, 25, 60)
"""Steps a second."""
USUAL_SPEED = 10
CALM_MS = 250
"""Between two looks at weights that training changes."""
END_STEPS = 10
"""So many steps it rests at the end before it begins anew."""


class IllustrationView(QWidget):
    """Plays while it is seen."""

    def __init__(
        self, session: Session, editor: DesignEditor, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._editor = session, editor
        self._choice = 0
        self._place = -1
        self._rest = 0
        self.plays = True
        self.speed = USUAL_SPEED
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        self._calm = Throttle(self.refresh, CALM_MS, self)
        self.picture = SlidePicture()
        self.picture.step_wanted.connect(self._go_to)
        self.play_button = _button("", "Play or pause", "Play or pause")
        self.play_button.clicked.connect(self.play_or_pause)
        self.speed_button = _button("", "Steps a second; press for the next speed")
        self.speed_button.clicked.connect(self.next_speed)
        self.choice_button = _button("", "")
        self.choice_button.clicked.connect(self.next_choice)
        self.caption = QLabel()
        self.words = QLabel()
        for label in (self.caption, self.words):
            label.setWordWrap(True)
            label.setProperty("muted", "true")
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._lay_out()
        editor.changed.connect(self._look)
        editor.chosen.connect(self._look)
        session.image_changed.connect(self._look)
        session.network_changed.connect(self._follow)
        self._show_speed()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self.play_button, self.speed_button, self.choice_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        moving = QWidget()
        column = QVBoxLayout(moving)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(buttons)
        column.addWidget(self.caption)
        column.addWidget(self.picture, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(moving)
        self._stack.addWidget(self.words)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 10, 16, 14)
        outer.addWidget(self._stack)

    # What the user wishes.

    @Slot()
    def play_or_pause(self) -> None:
        """Plays, or rests at the step of now."""
        self.plays = not self.plays
        self._run_if_seen()

    @Slot()
    def next_speed(self) -> None:
        """The next faster speed; the fastest is followed by the slowest."""
        self.speed = SPEEDS[(SPEEDS.index(self.speed) + 1) % len(SPEEDS)]
        self._show_speed()

    @Slot()
    def next_choice(self) -> None:
        """Another filter, or another map."""
        self._choice += 1
        self.refresh()

    @Slot(int)
    def _go_to(self, step: int) -> None:
        self.plays = False
        self.picture.show_step(step)
        self._run_if_seen()
        self._tell()

    # What changed.

    @Slot()
    def _look(self) -> None:
        if self.isVisible():
            self.refresh()

    @Slot()
    def _follow(self) -> None:
        if self.isVisible():
            self._calm.ask()

    def refresh(self) -> None:
        """Shows the chosen layer as it is now."""
        if self._place != self._editor.position:
            self._place, self._choice = self._editor.position, 0
            self.picture.step = 0
        found = motion(self._session, self._editor, self._choice)
        moving = found if isinstance(found, Motion) else None
        self.picture.show_motion(moving)
        self._stack.setCurrentIndex(0 if moving else 1)
        if moving:
            self.caption.setText(moving.caption)
            self.choice_button.setVisible(moving.choices > 1)
            what = "filter" if moving.kernel is not None else "map"
            self.choice_button.setText(f"Next {what}")
            self.choice_button.setToolTip(f"One of {moving.choices} {what}s after the other")
            self._tell()
        else:
            self.words.setText(str(found))
        self._run_if_seen()

    def _run_if_seen(self) -> None:
        runs = self.plays and self.isVisible() and self.picture.motion is not None
        if runs and not self._timer.isActive():
            self._timer.start()
        elif not runs:
            self._timer.stop()
        self._show_icon()

    @Slot()
    def _step(self) -> None:
        moving = self.picture.motion
        if moving is None:
            return
        if self.picture.step + 1 < moving.moving.count:
            self.picture.show_step(self.picture.step + 1)
        elif self._rest < END_STEPS:
            self._rest += 1
            return
        else:
            self._rest = 0
            self.picture.show_step(0)
        self._tell()

    def _tell(self) -> None:
        """The value of now as a sum."""
        if self.picture.motion:
            words = in_words(self.picture.motion, self.picture.step)
            self.picture.show_words(words)

    def _show_speed(self) -> None:
        self._timer.setInterval(round(1000 / self.speed))
        self.speed_button.setText(f"{self.speed}{theme.THIN_SPACE}/{theme.THIN_SPACE}s")
        self.speed_button.setAccessibleName(f"{self.speed} steps a second")

    def _show_icon(self) -> None:
        color = theme.tokens().text
        self.play_button.setIcon(icon("pause" if self.plays else "play", color))

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up and plays."""
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rests."""
        super().hideEvent(event)
        self._timer.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "play_button"):
            self._look()
            self._show_icon()
        super().changeEvent(event)


def in_words(motion: Motion, step: int) -> str:
    """How the value of that step is made; its last number is the engine's."""
    place = motion.moving.step(step)
    value = _number(motion.output[place.row, place.column])
    where = f"y {place.row}, x {place.column}"
    window = motion.window(step)
    if motion.kernel is not None:
        total = _number(float((window * motion.kernel).sum()))
        bias = f" + bias {_number(motion.bias)} = {value}" if motion.bias else ""
        return f"{where}:  sum of products {total}{bias}"
    if isinstance(motion.layer, MaxPool2D):
        return f"{where}:  the greatest of {window.size} values is {value}"
    formula = FORMULAS[motion.layer.kind]
    return f"{where}:  z = {_number(window[0, 0])},  {formula} = {value}"


def _number(value: float) -> str:
    """Three decimals, or two digits of what those would round away; zero has no sign."""
    text = f"{value:.3f}" if value == 0 or abs(value) >= 0.0005 else f"{value:.2g}"
    return "0.000" if value == 0 else text.replace("-", "−")


def _button(text: str, tip: str, name: str = "") -> QToolButton:
    button = quiet_button(text, tip, name or tip)
    button.setIconSize(QSize(12, 12))
    return button
