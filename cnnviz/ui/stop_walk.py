"""Walks from stop to stop of a dissected batch: by buttons, a slider, keys, or by itself."""

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

PLAY_MS = 900
SLIDER = 260


class StopWalk(QWidget):
    """`changed` tells that another stop is wanted, which is `at`."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.before_button = _tool("←", "The stop before (Ctrl+Left)")
        self.next_button = _tool("→", "The next stop (Ctrl+Right)")
        self.play_button = _tool("▸ Play", "Walk from stop to stop")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Stops")
        self.slider.setToolTip("All stops; the arrow keys walk")
        self.slider.setFixedWidth(SLIDER)
        self.slider.setPageStep(1)
        self.title = QLabel()
        self.title.setProperty("heading", "true")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for part in (self.before_button, self.slider, self.next_button, self.play_button):
            row.addWidget(part)
        row.addSpacing(6)
        row.addWidget(self.title)
        row.addStretch(1)
        self.player = QTimer(self)
        self.player.setInterval(PLAY_MS)
        self.player.timeout.connect(self._play_on)
        self.before_button.clicked.connect(self.stop_before)
        self.next_button.clicked.connect(self.next_stop)
        self.play_button.clicked.connect(self.play_or_rest)
        self.slider.valueChanged.connect(self._tell)

    @property
    def at(self) -> int:
        """The number of the stop, from 0."""
        return self.slider.value()

    def begin(self, stops: int) -> None:
        """At the first of so many stops, which is told in any case."""
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, stops - 1)
            self.slider.setValue(0)
        self._tell()

    def say(self, title: str) -> None:
        """What the stop is."""
        self.title.setText(f"{self.at + 1} of {self.slider.maximum() + 1} · {title}")

    @Slot()
    def _tell(self) -> None:
        self.before_button.setEnabled(self.at > 0)
        self.next_button.setEnabled(not self._is_at_end)
        self.changed.emit()

    @property
    def _is_at_end(self) -> bool:
        return self.at == self.slider.maximum()

    @Slot()
    def next_stop(self) -> None:
        """One stop on."""
        self.slider.setValue(self.at + 1)

    @Slot()
    def stop_before(self) -> None:
        """One stop back."""
        self.slider.setValue(self.at - 1)

    @Slot()
    def play_or_rest(self) -> None:
        """Walks by itself, from the beginning if it is at the end; or rests."""
        if self.player.isActive():
            self.rest()
            return
        if self._is_at_end:
            self.slider.setValue(0)
        self.player.start()
        self.play_button.setText("■ Stop")

    def rest(self) -> None:
        """Walks no more by itself."""
        self.player.stop()
        self.play_button.setText("▸ Play")

    @Slot()
    def _play_on(self) -> None:
        self.next_stop()
        if self._is_at_end:
            self.rest()


def _tool(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button
