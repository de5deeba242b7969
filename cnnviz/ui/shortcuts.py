"""Every key of the window in one list: the window binds it, the dialog shows it."""

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)


@dataclass(frozen=True)
class Shortcut:
    """Keys, the slot they call as seen from the window, and what it does in the user's words."""

    keys: tuple[str, ...]
    slot: str
    text: str


SHORTCUTS = (
    Shortcut(("Space",), "train_or_pause", "Train or pause"),
    Shortcut(("B",), "controls.batch_button.click", "Train one batch"),
    Shortcut(("E",), "controls.epoch_button.click", "Train to the epoch's end"),
    Shortcut(("Ctrl+R",), "controls.reset_button.click", "Back to the untrained network"),
    Shortcut(("N", "]"), "next_image", "Next digit"),
    Shortcut(("P", "["), "previous_image", "Digit before"),
    Shortcut(("Ctrl+G",), "edit_number", "Digit by its number"),
    Shortcut(("Ctrl+L",), "edit_rate", "Learning rate"),
    Shortcut(("Ctrl+D",), "controls.data_choice.open_menu", "Data"),
    Shortcut(("Ctrl+Shift+D",), "windows.open_data", "Your own data"),
    Shortcut(("Ctrl+N",), "controls.network_choice.open_menu", "Network"),
    Shortcut(("Ctrl+U",), "controls.optimizer_choice.open_menu", "Optimiser"),
    Shortcut(("Ctrl+K",), "controls.way_choice.open_menu", "Way of convolution"),
    Shortcut(("M",), "mute_filter", "Mute the filter of the map or kernel looked at, or unmute it"),
    Shortcut(("Ctrl+E",), "paint_kernels", "Paint kernels"),
    Shortcut(("Ctrl+Z",), "session.edits.undo", "Undo the last edit"),
    Shortcut(("Ctrl+Shift+Z",), "session.edits.redo", "Redo it"),
    Shortcut(("Ctrl+O",), "files.open", "Open a run…"),
    Shortcut(("Ctrl+S",), "files.save", "Save the run"),
    Shortcut(("Ctrl+Shift+S",), "files.save_as", "Save the run elsewhere…"),
    Shortcut(("Ctrl+Shift+E",), "exports.choose_format", "Export the network or the run…"),
    Shortcut(("Ctrl+I",), "exports.open_weights", "Begin with weights from a file…"),
    Shortcut(("Ctrl+Shift+P",), "save_window", "Save a picture of the window"),
    Shortcut(("Ctrl+Shift+F",), "save_film", "Save the past as a film"),
    Shortcut(("D",), "windows.open_draw", "Draw a digit, or bring a picture"),
    Shortcut(("R",), "windows.open_runs", "Runs: go on, fork, compare"),
    Shortcut(("G",), "windows.open_learning", "How it learns: gradients, microscope, health"),
    Shortcut(("T",), "windows.open_time_lab", "Time lab"),
    Shortcut(("Y",), "windows.open_experiments", "Experiments"),
    Shortcut(("W",), "windows.open_mistakes", "Mistakes, and the space of digits"),
    Shortcut(("U",), "windows.open_editor", "Network editor"),
    Shortcut((",",), "loss.look_back", "Look back: the snapshot before"),
    Shortcut((".",), "loss.look_forward", "The snapshot after"),
    Shortcut(("Ctrl+,",), "loss.look_back_by_epoch", "Look back: the epoch's end before"),
    Shortcut(("Ctrl+.",), "loss.look_forward_by_epoch", "The epoch's end after"),
    Shortcut(("<",), "loss.look_back_by_batch", "Look back: one batch before, exactly"),
    Shortcut((">",), "loss.look_forward_by_batch", "One batch after"),
    Shortcut(("Ctrl+Home",), "loss.look_at_first", "Look back: where this run began"),
    Shortcut(("Ctrl+B",), "loss.look_at_best", "Look back: the best epoch"),
    Shortcut(("A",), "loss.note", "A note on the curve"),
    Shortcut(("Backspace",), "loss.look_at_now", "Look at the newest batch again"),
    Shortcut(("Ctrl+Space",), "session.player.toggle", "Play the past, or stop"),
    Shortcut(("I",), "turn_page", "Filters or inspector"),
    Shortcut(("S",), "inspector.slide_or_rest", "Slide the kernel over its input, or stop"),
    Shortcut(("C",), "session.keep_or_end", "Keep what is shown and compare, or no more"),
    Shortcut(("V",), "comparison.next_side", "Compared: now, kept, both, difference"),
    Shortcut(("X",), "network.next_scale", "Colours: one scale a layer, a map, or locked"),
    Shortcut(("Ctrl++", "Ctrl+="), "network.zoom_in", "Network larger (or Ctrl and the wheel)"),
    Shortcut(("Ctrl+-",), "network.zoom_out", "Network smaller"),
    Shortcut(("Ctrl+0",), "network.zoom_to_fit", "Network: all of it again"),
    Shortcut(("Ctrl+C",), "inspector.copy", "Copy the arithmetic of the pinned value"),
    Shortcut(("Escape",), "escape", "Close the message, cancel loading, or let go of the value"),
    Shortcut(("Ctrl+T",), "change_theme", "Dark or light"),
    Shortcut(("Ctrl+M",), "session.choose_smooth_or_fast", "Smooth pictures, at training's cost"),
    Shortcut(("F10",), "open_menu", "The menu of all that can be done"),
    Shortcut(("F1", "?"), "show_shortcuts", "All keys"),
    Shortcut(("Ctrl+Q", "Ctrl+W"), "close", "Close"),
)
IN_PLOT = (
    ("L", "Loss: linear or logarithmic"),
    ("F", "Loss: all of it again"),
    ("+  −  ←  →", "Loss: zoom and move, with the plot in focus"),
    ("Menu  Shift+F10", "What can be saved of the view in focus"),
    ("↑  ↓  ←  →", "Digits: move in the grid"),
    ("↑  ↓  ←  →", "Network: walk from value to value, with the network in focus"),
    ("PgUp  PgDn", "Network: from map to map"),
    ("Shift+←  Shift+→", "Network: from layer to layer"),
    ("↑  ↓  ←  →  Enter", "Painting: choose a weight and paint it; with Shift, its negative"),
    ("+  −  Del", "Painting: another brush; a weight of 0"),
    ("Alt+Click", "Network and filters: mute the filter of a map or kernel"),
    ("↑  ↓  ←  →", "Mistakes: from cell to cell, or image to image; Space lets go of a cell"),
    ("↑  ↓  ←  →", "Space of digits: from class to class, from image to image; F: all of it"),
    ("Enter", "Network: the pinned value's map large"),
    ("↑  ↓  ←  →  Space", "Drawing: move the pen; set it down or lift it"),
    ("E  [  ]  Del", "Drawing: eraser, thinner, thicker; a blank sheet"),
    ("Ctrl+V  Ctrl+O", "Drawing: a picture from the clipboard, or from a file"),
    ("Ctrl+0", "Drawing: no shift, rotation, scale or noise"),
    ("Ins  Del  Ctrl+D", "Network editor: add a layer, take it out, once more"),
    ("Alt+↑  Alt+↓", "Network editor: move the layer"),
    ("Ctrl+Enter", "Network editor: train this network"),
)


AROUND = 60
"""Pixels left for the frame of the dialog and a strip of what is behind it."""


class ShortcutsDialog(QDialog):
    """The list of keys; it scrolls where the screen is lower than the list."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.area = QScrollArea()
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.area)
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(22, 18, 26, 20)
        grid.setHorizontalSpacing(26)
        grid.setVerticalSpacing(9)
        grid.setColumnMinimumWidth(2, 10)
        rows = [(_native(shortcut.keys), shortcut.text) for shortcut in SHORTCUTS]
        rows += IN_PLOT
        half = -(-len(rows) // 2)
        for place, (keys, text) in enumerate(rows):
            side, row = divmod(place, half)
            label = QLabel(keys)
            label.setProperty("heading", "true")
            grid.addWidget(label, row, 3 * side)
            grid.addWidget(QLabel(text), row, 3 * side + 1)
        self.area.setWidget(page)
        self.resize(self._fitting(page.sizeHint()))

    def _fitting(self, wanted: QSize) -> QSize:
        """All of the list, and a bar to scroll it where the screen leaves no room for that."""
        room = self.screen().availableSize() - QSize(AROUND, AROUND)
        bar = (
            0
            if wanted.height() <= room.height()
            else self.area.verticalScrollBar().sizeHint().width()
        )
        return (wanted + QSize(bar, 0)).boundedTo(room)


def _native(keys: tuple[str, ...]) -> str:
    form = QKeySequence.SequenceFormat.NativeText
    return ",  ".join(QKeySequence(key).toString(form) for key in keys)
