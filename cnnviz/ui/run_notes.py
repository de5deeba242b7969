"""What is known of the chosen run, and a field for what the user has to say about it."""

from dataclasses import fields

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from cnnviz.core.settings import Settings
from cnnviz.ui.runs import Run, Runs

WIDTH = 264
NAMES = {
    "optimizer": "optimiser",
    "learning_rate": "rate",
    "schedule": "schedule",
    "batch_size": "batch",
    "convolution": "convolution",
    "seed": "seed",
}


class RunNotes(QWidget):
    """Its settings in a few lines; notes are kept as they are typed."""

    def __init__(self, runs: Runs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs = runs
        self._run: Run | None = None
        self.setFixedWidth(WIDTH)
        self.title = QLabel()
        self.title.setProperty("heading", "true")
        self.about = QLabel()
        self.about.setProperty("small", "true")
        self.about.setWordWrap(True)
        self.field = QPlainTextEdit()
        self.field.setPlaceholderText("Notes: what was tried, what came of it")
        self.field.setAccessibleName("Notes on the chosen run")
        self.field.setToolTip("Kept as you type, and saved with the run (N)")
        self.field.setTabChangesFocus(True)
        self.field.textChanged.connect(self._keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.title)
        column.addWidget(self.about)
        column.addWidget(self.field, 1)
        self.show_run(None, Settings())

    def show_run(self, run: Run | None, settings: Settings) -> None:
        """Shows another run, or the same with what it does now."""
        self.field.setEnabled(run is not None)
        name = run.name if run else "No run chosen"
        elided = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, WIDTH - 4)
        self.title.setText(elided)
        self.title.setToolTip(name if elided != name else "")
        self.about.setText(_in_words(settings) if run else "")
        notes = run.notes if run else ""
        if run is not self._run or notes != self.field.toPlainText():
            self._run = run
            with QSignalBlocker(self.field):
                self.field.setPlainText(notes)

    @Slot()
    def _keep(self) -> None:
        if self._run:
            self._runs.set_notes(self._run, self.field.toPlainText())


def _in_words(settings: Settings) -> str:
    known = {field.name: getattr(settings, field.name) for field in fields(settings)}
    parts = [f"{title} {_plain(known[name])}" for name, title in NAMES.items()]
    return " · ".join(part.replace(" ", "\u00a0") for part in parts)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
