"""The menu of the whole window: what is not a view's own business, each line with its key."""

from operator import attrgetter
from pathlib import Path
from typing import Any

from PySide6.QtGui import QKeySequence

from cnnviz.ui.shortcuts import SHORTCUTS
from cnnviz.ui.widgets.choice_menu import Choice, Section

SMOOTH = "session.choose_smooth_or_fast"
SECTIONS: tuple[tuple[str, ...], ...] = (
    ("files.open", "files.save", "files.save_as"),
    ("exports.choose_format", "exports.open_weights"),
    ("windows.open_draw", "windows.open_data", "windows.open_mistakes"),
    ("windows.open_editor", "windows.open_experiments", "windows.open_runs"),
    ("windows.open_learning", "windows.open_time_lab"),
    ("save_window", "save_film"),
    (SMOOTH, "change_theme", "show_shortcuts", "close"),
)
"""Slots of the list of keys, as they stand below each other."""
MOST_RECENT = 5
KEYS = {shortcut.slot: shortcut for shortcut in SHORTCUTS}


def sections(window: Any) -> list[Section]:
    """The lines of the menu of `window`; after the first section, the files that were used last."""
    first, *others = [[_line(window, slot) for slot in section] for section in SECTIONS]
    return [first, [_recent(window, path) for path in window.keeper.recent[:MOST_RECENT]], *others]


def _recent(window: Any, path: Path) -> Choice:
    def open_it() -> None:
        window.files.open_file(str(path))

    return Choice(f"Open {path.stem}\t{path.parent.name}", open_it)


def _line(window: Any, slot: str) -> Choice:
    shortcut = KEYS[slot]
    key = QKeySequence(shortcut.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
    is_on = window.session.smooth if slot == SMOOTH else None
    return Choice(f"{shortcut.text}\t{key}", attrgetter(slot)(window), is_on)
