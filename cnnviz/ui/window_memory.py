"""What the main window remembers until the next start: its size, how it is divided, and habits."""

from collections.abc import Mapping

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QSplitter, QWidget

from cnnviz.ui import theme
from cnnviz.ui.data_names import names_in
from cnnviz.ui.runs import remembered_budget
from cnnviz.ui.session import Session


def restore(window: QWidget, session: Session, splitters: Mapping[str, QSplitter]) -> bool:
    """Gives all of it back, as far as there is any; whether its width was divided before."""
    kept = QSettings()
    session.folder = str(kept.value("window/folder", ""))
    session.recent_data = names_in(kept.value("data/recent"))
    session.runs.set_budget(remembered_budget(kept.value("runs/budget")))
    session.smooth = str(kept.value("window/smooth", "false")) == "true"
    geometry = kept.value("window/geometry")
    if isinstance(geometry, QByteArray):
        window.restoreGeometry(geometry)
    for name, splitter in splitters.items():
        state = kept.value(f"window/{name}")
        if isinstance(state, QByteArray):
            splitter.restoreState(state)
    return kept.value("window/body") is not None


def keep(window: QWidget, session: Session, splitters: Mapping[str, QSplitter]) -> None:
    """Writes all of it down."""
    kept = QSettings()
    kept.setValue("window/geometry", window.saveGeometry())
    kept.setValue("window/theme", theme.tokens().name)
    kept.setValue("window/smooth", "true" if session.smooth else "false")
    kept.setValue("window/folder", session.folder)
    kept.setValue("data/recent", session.recent_data)
    kept.setValue("runs/budget", session.runs.budget)
    for name, splitter in splitters.items():
        kept.setValue(f"window/{name}", splitter.saveState())
