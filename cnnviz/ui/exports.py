"""The network of the moment that is looked at for other programs, and weights from there."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from cnnviz.core.datasets import Dataset
from cnnviz.core.export import FORMATS, Format, Source, of_run
from cnnviz.core.export_task import Exporting, ExportStanding, ReadingWeights
from cnnviz.core.network import Network
from cnnviz.core.saved_run import SavedRun, beginning, is_made_for
from cnnviz.ui import theme
from cnnviz.ui.layer_rows import shape_text
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session, request_for
from cnnviz.ui.watched_tasks import WatchedTasks
from cnnviz.ui.widgets.choice_menu import Choice, ChoiceMenu
from cnnviz.ui.widgets.open_dialog import ask_for_file
from cnnviz.ui.widgets.save_dialog import SaveDialog


class Exports(QObject):
    """Dialogs, and the tasks behind them; none of them blocks the event loop."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._tasks = WatchedTasks(self)

    # Out.

    @Slot()
    def choose_format(self) -> None:
        """A menu of all formats, in the window's upper corner."""
        at = self._window.mapToGlobal(QPoint(16, 48))
        ChoiceMenu(self._window, [[self._choice(each) for each in FORMATS.values()]]).open_at(at)

    def _choice(self, kind: Format) -> Choice:
        def ask() -> None:
            self.ask_where(kind)

        return Choice(f"{kind.title[0].upper()}{kind.title[1:]} ({kind.suffix})…", ask)

    def ask_where(self, kind: Format) -> SaveDialog | None:
        """Asks for a file and writes the network there, as it is looked at now."""
        session, snapshot, run = self._session, self._session.past.snapshot, self._session.runs.open
        dataset = session.dataset
        if run is None:
            return None

        def write(path: Path) -> None:
            def go_on(saved: SavedRun) -> None:
                def source() -> Source:
                    return of_run(saved, snapshot, dataset)

                self._write(kind, path, source)

            session.capture(go_on, run)

        batch = session.shown_step if snapshot else len(session.timeline)
        name = f"{run.name}-batch-{batch}".replace(" ", "-")
        return SaveDialog(self._window, session, name, {kind.suffix: kind.title}, write)

    def _write(self, kind: Format, path: Path, source: Callable[[], Source]) -> None:
        def show() -> None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

        def finish(standing: ExportStanding) -> None:
            if standing.failure:
                self._session.noticed.emit(Notice(*standing.failure))
            elif kind.suffix == ".html":
                self._session.noticed.emit(
                    Notice(f"{path.name} is written.", "", "Open it", show, is_good=True)
                )
            else:
                self._session.noticed.emit(Notice(f"{path.name} is written.", is_good=True))

        self._tasks.start(Exporting(kind.name, path, source), finish)

    # In.

    @Slot()
    def open_weights(self) -> None:
        """Asks for a file of weights and begins a run with them; the run of now stays."""
        kind = "Weights", [each.suffix for each in FORMATS.values() if each.read]
        ask_for_file(self._window, self._session, "Weights from a file", kind, self.read_weights)

    @Slot(str)
    def read_weights(self, name: str) -> None:
        """Begins a run with the weights in that file, on the data of now."""

        def finish(standing: ExportStanding) -> None:
            if standing.network:
                self._begin(standing.network)
            elif standing.failure:
                self._session.noticed.emit(Notice(*standing.failure))

        self._tasks.start(ReadingWeights(Path(name), self._session.spec), finish)

    def _begin(self, network: Network) -> None:
        session = self._session
        if session.dataset and not is_made_for(network.spec, session.dataset):
            session.noticed.emit(Notice(_other_shapes(network, session.dataset)))
        elif session.dataset:
            start = beginning(network.spec, network.vector, session.settings, session.dataset)
            session.open_run(request_for(start))

    # The end.

    @property
    def is_idle(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._tasks.are_over


def _other_shapes(network: Network, dataset: Dataset) -> str:
    """Why these weights cannot begin on these data, and the way out."""
    has = _in_words(network.spec.input_shape, network.layers[-1].output_shape[0])
    wants = _in_words(dataset.input_shape, len(dataset.class_names))
    return (
        f"These weights are of a network for {has}, but {dataset.title} has {wants}. "
        "Choose the data they are for, then open the weights again."
    )


def _in_words(shape: tuple[int, ...], classes: int) -> str:
    return f"images of {shape_text(shape)} and {theme.spaced(classes)} classes"
