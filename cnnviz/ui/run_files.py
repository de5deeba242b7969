"""Files of runs in the user's hands: open, save, drop, and the question before closing."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Qt, Slot
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from cnnviz.ui.keeper import SUFFIX, Done, Keeper, Loss
from cnnviz.ui.runs import Run
from cnnviz.ui.session import Session
from cnnviz.ui.theme import spaced
from cnnviz.ui.widgets.open_dialog import ask_for_file
from cnnviz.ui.widgets.question import Question
from cnnviz.ui.widgets.save_dialog import SaveDialog

KINDS = {SUFFIX: "A run of cnnviz"}


class RunFiles(QObject):
    """Dialogs around the keeper; none of them blocks the event loop."""

    def __init__(self, session: Session, keeper: Keeper, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._keeper = keeper
        self._window = window
        self._box: QMessageBox | None = None
        self._buttons: dict[QPushButton, Callable[[], None]] = {}

    # Opening.

    @Slot()
    def open(self) -> None:
        """Asks for a file and opens the run in it."""
        kind = KINDS[SUFFIX], (SUFFIX,)
        ask_for_file(self._window, self._session, "Open a run", kind, self.open_file)

    @Slot(str)
    def open_file(self, name: str) -> None:
        """Opens the run in that file; the run of now stays in the list."""
        self._session.folder = str(Path(name).parent)
        self._keeper.open(Path(name))

    def dropped(self, mime: QMimeData) -> list[Path]:
        """The files of runs among what is dragged."""
        paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        return [path for path in paths if path.suffix == SUFFIX]

    # Saving.

    @Slot()
    def save(self) -> None:
        """Saves the open run into its file; asks where if it has none."""
        run = self._session.runs.open
        if run and run.path:
            self.save_again(run, run.path)
        else:
            self.save_as()

    def save_again(self, run: Run, path: Path, then: Callable[[], None] | None = None) -> None:
        """Saves `run` into its own file, then goes on; asks first if that would lose something."""
        done = _if_it_worked(then)

        def replace() -> None:
            self._keeper.save(run, path, done)

        def elsewhere() -> None:
            self.ask_where(run, then)

        def ask(loss: Loss) -> None:
            if loss.moments is None:
                text = f"Another program has changed {path.name}."
                more = f"Saving “{run.name}” replaces what is in the file now."
            else:
                text = f"{path.name} has more moments to look back at than memory has now."
                more = _in_numbers(run, loss.moments, loss.left)
            other = "Save a copy as…", elsewhere
            Question(self._window, text, more, "Replace", "Cancel", replace, _nothing, other)

        self._keeper.save(run, path, done, ask)

    @Slot()
    def save_as(self) -> None:
        """Asks where to save the open run."""
        if run := self._session.runs.open:
            self.ask_where(run)

    def ask_where(self, run: Run, then: Callable[[], None] | None = None) -> SaveDialog:
        """Saves `run` where the user says; then goes on with `then`, if that worked."""
        done = _if_it_worked(then)

        def write(path: Path) -> None:
            self._keeper.save(run, path, done)

        name = run.path.stem if run.path else run.name
        return SaveDialog(self._window, self._session, name, KINDS, write)

    # Closing.

    def ask_before_closing(self, close: Callable[[], None]) -> None:
        """Closes at once if nothing is lost by it; else asks, and saves what is to be saved."""
        unsaved = self._session.runs.unsaved
        if not unsaved:
            close()
            return
        if self._box:
            return
        names = ", ".join(f"“{run.name}”" for run in unsaved[:3])
        if len(unsaved) > 3:
            names += f" and {len(unsaved) - 3} more"
        what = "has" if len(unsaved) == 1 else "have"
        box = self._box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("cnnviz")
        box.setText("Save before closing?")
        box.setInformativeText(f"{names} {what} learned something that is in no file.")

        def save() -> None:
            self._session.pause()  # what it learned meanwhile would be in no file
            self._save_all(unsaved, close)

        self._buttons = {
            box.addButton("Save…", QMessageBox.ButtonRole.AcceptRole): save,
            box.addButton("Don’t save", QMessageBox.ButtonRole.DestructiveRole): close,
        }
        stay = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(next(iter(self._buttons)))
        box.setEscapeButton(stay)
        box.finished.connect(self._answered)
        box.open()

    @Slot()
    def _answered(self) -> None:
        box, self._box = self._box, None
        buttons, self._buttons = self._buttons, {}
        clicked = box.clickedButton() if box else None
        for button, act in buttons.items():
            if button is clicked:
                act()

    def _save_all(self, runs: list[Run], close: Callable[[], None]) -> None:
        """One after the other; a run without a file is asked about. Giving up one keeps all."""
        if not runs:
            close()
            return
        run, rest = runs[0], runs[1:]

        def go_on() -> None:
            self._save_all(rest, close)

        if run.path:
            self.save_again(run, run.path, go_on)
        else:
            self.ask_where(run, go_on)


def _if_it_worked(then: Callable[[], None] | None) -> Done:
    def done(worked: bool) -> None:
        if worked and then:
            then()

    return done


def _in_numbers(run: Run, moments: int, left: int) -> str:
    """What is lost if a thinned run is saved over a fuller file."""
    return (
        f"The file has {spaced(moments)} moments of “{run.name}”. Saved now, {spaced(left)} of "
        "them would be left: the others were given up, to keep within the memory for snapshots."
    )


def _nothing() -> None:
    """Cancelled: all stays as it is."""
