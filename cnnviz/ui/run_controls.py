"""The bar at the top: train, pause, one batch, one epoch, reset; where the run is; its settings."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, QSize, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from cnnviz.core.convolution import WAYS
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import Spec
from cnnviz.core.status import Phase
from cnnviz.ui import theme
from cnnviz.ui.data_choice import DataChoice
from cnnviz.ui.messages import Notice
from cnnviz.ui.run_place import RunPlace
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_button import ChoiceButton
from cnnviz.ui.widgets.icons import icon
from cnnviz.ui.widgets.number_fields import BatchField, RateField
from cnnviz.ui.widgets.question import Question

MARGIN, SPACING = 14, 10
ICON = QSize(14, 14)
WAY_TIPS = {
    "loop": "Plain Python loops over every output value: to read, very slow",
    "correlate": "scipy.signal: correlation for small kernels, Fourier transforms for large ones",
    "im2col": "Patches laid out as columns, then one matrix product: fast",
}


WAY_TIP = "One operation, three ways (Ctrl+K). Changes with the next batch"


class RunControls(QWidget):
    """Two groups, controls and settings: in one row where there is room, else in two."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._question: Question | None = None
        self._in_one_row = False
        self._controls, self._settings = self._make_controls(), self._make_settings()
        self._first, self._second = QHBoxLayout(), QHBoxLayout()
        self._first.setSpacing(SPACING)
        self._first.addWidget(self._controls, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(MARGIN, 9, MARGIN, 9)
        rows.setSpacing(8)
        rows.addLayout(self._first)
        rows.addLayout(self._second)
        self._second.addWidget(self._settings)
        session.status_changed.connect(self._show_buttons)
        session.run_changed.connect(self._show_settings)
        session.settings_changed.connect(self._show_settings)
        self._dress()
        self._show_settings()
        self._show_buttons()

    # Controls.

    def _make_controls(self) -> QWidget:
        group = QWidget()
        row = QHBoxLayout(group)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.menu_button = self._button("", "All that can be done (F10)", "Menu")
        self.reset_button = self._button("", "Back to the untrained network (Ctrl+R)", "Reset")
        self.train_button = self._button("Pause", "Train or pause (Space)", "Train or pause")
        self.train_button.setProperty("primary", "true")
        self.batch_button = self._button("Batch", "Train one batch (B)", "Train one batch")
        self.epoch_button = self._button("Epoch", "Train to the epoch's end (E)", "Train one epoch")
        self.reset_button.clicked.connect(self.ask_reset)
        self.train_button.clicked.connect(self._session.toggle)
        self.batch_button.clicked.connect(self._session.step)
        self.epoch_button.clicked.connect(self._session.epoch)
        self.place = RunPlace(self._session)
        for widget in (
            self.menu_button,
            self.reset_button,
            self.train_button,
            self.batch_button,
            self.epoch_button,
        ):
            row.addWidget(widget)
        row.addSpacing(6)
        row.addWidget(self.place)
        row.addStretch(1)
        return group

    def _button(self, text: str, tip: str, name: str) -> QPushButton:
        button = QPushButton(text)
        button.setIconSize(ICON)
        button.setToolTip(tip)
        button.setAccessibleName(name)
        return button

    @Slot()
    def ask_reset(self) -> None:
        """Resets; asks first if something has been learned."""
        session, timeline = self._session, self._session.timeline
        batches = len(timeline) - timeline.first
        if batches == 0:
            session.reset()
            return
        text = "Go back to the untrained network?"
        if timeline.first:
            text = f"Go back to batch {theme.spaced(timeline.first)}, where this run forked off?"
        loss = f"What {theme.spaced(batches)} batches have taught this network will be lost."
        if batches == 1:
            loss = "What one batch has taught this network will be lost."
        self._question = Question(
            self, text, loss, "Reset", "Keep the network", session.reset, self._show_settings
        )

    @Slot()
    def _show_buttons(self) -> None:
        session, status = self._session, self._session.status
        training = session.is_training
        usable = status.phase not in (Phase.LOADING, Phase.STOPPED)
        for button in (self.train_button, self.batch_button, self.epoch_button):
            button.setEnabled(usable)
        self.reset_button.setEnabled(usable and (session.has_work or status.step > 0))
        text = "Pause" if training else "Train"
        if self.train_button.text() != text:
            self.train_button.setText(text)
            self._show_icons()

    # Settings.

    def _make_settings(self) -> QWidget:
        group = QWidget()
        row = QHBoxLayout(group)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        networks = [
            (spec.name, spec.title, _layers_in_words(spec.name)) for spec in PRESETS.values()
        ]
        optimizers = [
            (kind.name, kind.title, f"{_first_line(kind)} Usual rate {kind.default_rate:g}")
            for kind in OPTIMIZERS.values()
        ]
        ways = [(name, name, WAY_TIPS[name]) for name in WAYS]
        self.data_choice = DataChoice(self._session)
        self.network_choice = ChoiceButton("Network", networks)
        self.network_choice.menu().addSeparator()
        self.edit_action = self.network_choice.menu().addAction("Edit…\tU")
        self.edit_action.setToolTip("Design a network of your own")
        self.optimizer_choice = ChoiceButton("Optimiser", optimizers)
        self.way_choice = ChoiceButton("Convolution", ways)
        self.rate_field = RateField()
        self.batch_field = BatchField()
        self.network_choice.setToolTip("The layers (Ctrl+N). Another choice starts a new run")
        self.optimizer_choice.setToolTip(
            "How a gradient becomes a step (Ctrl+U). Another choice starts a new run"
        )
        self.way_choice.setToolTip(WAY_TIP)
        self.data_choice.picked.connect(self._choose_data)
        self.network_choice.chosen.connect(self._choose_network)
        self.optimizer_choice.chosen.connect(self._choose_optimizer)
        self.way_choice.chosen.connect(self._session.set_convolution)
        self.rate_field.valueChanged.connect(self._choose_rate)
        self.rate_field.refused.connect(self._refuse)
        self.batch_field.valueChanged.connect(self._choose_batch_size)
        for widget in (
            self.data_choice,
            self.network_choice,
            self.optimizer_choice,
            self.rate_field,
            self.batch_field,
            self.way_choice,
        ):
            row.addWidget(widget)
        row.addStretch(1)
        return group

    @Slot()
    def _show_settings(self) -> None:
        session, settings = self._session, self._session.settings
        if request := session.request:
            self.data_choice.show_data(request.data)
            self.network_choice.show_choice(*_key_and_title(request.network))
        self.optimizer_choice.show_choice(settings.optimizer)
        self.way_choice.show_choice(settings.convolution)
        self._show_way()
        self.rate_field.show_value(settings.learning_rate)
        most = len(session.dataset.train) if session.dataset else self.batch_field.maximum()
        self.batch_field.show_value(settings.batch_size, most)

    def _show_way(self) -> None:
        """A network without convolutions has no way of convolution."""
        spec = self._session.spec
        has_any = spec is None or any(layer["type"] == "conv2d" for layer in spec.layers)
        self.way_choice.setEnabled(has_any)
        self.way_choice.setToolTip(WAY_TIP if has_any else "This network has no convolution")

    @Slot(str)
    def _choose_data(self, name: str) -> None:
        self._start_over(data=name)

    @Slot(str)
    def _choose_network(self, name: str) -> None:
        self._start_over(network=name)

    @Slot(str)
    def _choose_optimizer(self, name: str) -> None:
        kind = OPTIMIZERS[name]
        self._start_over(optimizer=name, learning_rate=kind.default_rate)

    @Slot(str)
    def _refuse(self, why: str) -> None:
        self._session.noticed.emit(Notice(why))

    @Slot(float)
    def _choose_rate(self, rate: float) -> None:
        self._session.set_learning_rate(rate)

    @Slot(int)
    def _choose_batch_size(self, size: int) -> None:
        self._start_over(batch_size=size)

    def _start_over(self, data: str = "", network: str = "", **changes: Any) -> None:
        """A new run that differs in data, network or settings; the old one stays in the list."""
        session, wanted = self._session, self._session.wanted
        if wanted is None:
            return
        settings = replace(wanted.settings, **changes)
        request = replace(
            wanted, data=data or wanted.data, settings=settings, start=None, weights=None
        )
        if network:
            request = replace(request, network=network)
        session.open_run(request)

    # Looks.

    def event(self, event: QEvent) -> bool:
        """Moves the settings up into the first row when there is room, or down again."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            needed = self._controls.sizeHint().width() + self._settings.sizeHint().width()
            one_row = self.width() >= needed + 2 * MARGIN + SPACING
            if one_row != self._in_one_row:
                self._in_one_row = one_row
                (self._first if one_row else self._second).addWidget(self._settings)
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self._show_icons()
        super().changeEvent(event)

    def _dress(self) -> None:
        self._show_icons()
        # Room for the longer of its two texts, which it has now.
        self.train_button.setMinimumWidth(self.train_button.sizeHint().width())

    def _show_icons(self) -> None:
        colors = theme.tokens()
        playing = "pause" if self.train_button.text() == "Pause" else "play"
        self.train_button.setIcon(icon(playing, colors.on_accent))
        self.menu_button.setIcon(icon("menu", colors.text))
        self.reset_button.setIcon(icon("reset", colors.text))
        self.batch_button.setIcon(icon("batch", colors.text))
        self.epoch_button.setIcon(icon("epoch", colors.text))


def _key_and_title(network: str | Spec) -> tuple[str, str]:
    """The preset that it is, whatever its shape; else a title of its own."""
    if isinstance(network, str):
        return network, ""
    known = PRESETS.get(network.name)
    return ("" if known is None or known.layers != network.layers else known.name), network.title


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").splitlines()[0]


def _layers_in_words(name: str) -> str:
    return " → ".join(str(layer["type"]) for layer in PRESETS[name].layers)
