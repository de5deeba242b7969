"""Says whether the network of now can learn from new data or which others could; begins a run."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from cnnviz.core.datasets import Dataset
from cnnviz.core.fitting import fitting_presets, misfit
from cnnviz.core.presets import PRESETS, architecture
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.ui import theme
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session

MOST_OTHERS = 2
"""Networks offered in place of one that does not fit."""
FIRST = "numpy-cnn"
"""The network where nobody has chosen one."""


class DataTrainer(QWidget):
    """A verdict, and a button for each network that may be trained."""

    wanted = Signal(object)
    """The network, a preset's name or a Spec, that shall learn from the data."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._dataset: Dataset | None = None
        self.verdict = QLabel()
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setWordWrap(True)
        self.verdict.setProperty("muted", "true")
        self.train_button = QPushButton("Train on it")
        self.train_button.setProperty("primary", "true")
        self.train_button.setToolTip("Begins a run on these data; the run of now stays in the list")
        self.train_button.clicked.connect(self._train)
        self.other_buttons = [QPushButton() for _ in range(MOST_OTHERS)]
        self._others: list[Spec] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 2, 14, 12)
        row.setSpacing(8)
        row.addWidget(self.verdict, 1)
        for button in self.other_buttons:
            button.setProperty("primary", "true")
            button.clicked.connect(self._train_other)
            row.addWidget(button)
        row.addWidget(self.train_button)
        session.run_changed.connect(self._judge)
        self.forget()

    def show_data(self, dataset: Dataset) -> None:
        """Judges these data."""
        self._dataset = dataset
        self._judge()

    def forget(self) -> None:
        """There is nothing to train on, or not yet."""
        self._dataset = None
        self._judge()

    def open_run(self, dataset: Dataset, network: object) -> None:
        """Begins to train that network on the data."""
        wanted = self._wanted
        if isinstance(network, str | Spec):
            settings = replace(wanted.settings, batch_size=_batch_size(wanted, dataset))
            request = RunRequest(dataset.name, network, settings)
            self._session.open_run(request, play=True, dataset=dataset)

    @property
    def _wanted(self) -> RunRequest:
        return self._session.wanted or RunRequest("", FIRST, Settings())

    @Slot()
    def _judge(self) -> None:
        dataset, wanted = self._dataset, self._wanted
        spec = architecture(wanted.network)
        why_not = misfit(spec, dataset) if dataset else ""
        self._others = fitting_presets(dataset)[-MOST_OTHERS:] if dataset and why_not else []
        self.train_button.setVisible(not why_not)
        self.train_button.setEnabled(dataset is not None)
        for place, button in enumerate(self.other_buttons):
            button.setVisible(place < len(self._others))
            if place < len(self._others):
                title = self._others[place].title
                button.setText(f"Train “{title}” on it")
                button.setToolTip(f"Begins a run of “{title}” on these data")
        self.verdict.setText(self._in_words(spec, why_not))

    def _in_words(self, spec: Spec, why_not: str) -> str:
        dataset = self._dataset
        if dataset is None:
            return ""
        if why_not:
            fit = {0: "Choose another size for the images.", 1: "This one fits:"}
            way_out = fit.get(len(self._others), "These fit:")
            return f"“{spec.title}” does not fit. {why_not} {way_out}"
        size, asked = _batch_size(self._wanted, dataset), self._wanted.settings.batch_size
        batches = f"batches of {theme.spaced(size)}"
        if size < asked:
            batches += f" (not {theme.spaced(asked)}, for there are no more images)"
        return f"Trains “{spec.title}”, fitted to these images and classes, in {batches}."

    @Slot()
    def _train(self) -> None:
        self.wanted.emit(self._wanted.network)

    @Slot()
    def _train_other(self) -> None:
        for spec, button in zip(self._others, self.other_buttons, strict=False):
            if button is self.sender():
                self.wanted.emit(spec.name if PRESETS.get(spec.name) is spec else spec)


def _batch_size(wanted: RunRequest, dataset: Dataset) -> int:
    """As it was, or all images there are."""
    return min(wanted.settings.batch_size, len(dataset.train))
