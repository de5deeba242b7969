"""What excites the shown map most: a search through the test set, and the images it has found.

The search runs on a thread of its own (core/excitement.py), with a copy of the shown weights; this
view asks it for news by a timer. What was found stays until there is another network, so one can
walk away from a map and come back.
"""

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.excitement import MOST_FINDS, Find, Question, Search, Standing
from cnnviz.core.receptive_field import INPUT, Place, receptive_field
from cnnviz.ui import theme
from cnnviz.ui.excitement_tile import ExcitementTile
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.watched_tasks import OneTask
from cnnviz.ui.widgets.tinted_label import TintedLabel

POLL_MS = 50
COLUMNS = 4


class ExcitementView(QWidget):
    """The button that starts a search, how it goes, and what was found.

    `shut_down()` ends a search for good without waiting; `is_shut_down` says when its thread is
    gone. Hiding or deleting the view ends a search too.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._search: OneTask[Search] = OneTask(self, self._poll, POLL_MS)
        self._place: Place | None = None
        self._title = ""
        self._found: dict[tuple[str, int], tuple[Question, tuple[Find, ...]]] = {}
        self._ended = False
        self._bad = False  # what the message says
        self._make_parts()
        self._lay_out()
        session.run_changed.connect(self._forget)
        session.image_changed.connect(self._mark_chosen)
        self._refresh()

    def _make_parts(self) -> None:
        self.button = QPushButton("Search the test set")
        self.button.setProperty("primary", "true")
        self.button.setAccessibleName("Search the test set for what excites this map most")
        self.button.clicked.connect(self.start)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setAccessibleName("Cancel the search")
        self.cancel_button.clicked.connect(self.cancel)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setAccessibleName("Images searched")
        self.message = TintedLabel(small=True)
        self.message.setWordWrap(True)
        self.tiles = [ExcitementTile() for _ in range(MOST_FINDS)]
        for tile in self.tiles:
            tile.clicked.connect(self._choose)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.button)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.progress, 1)
        buttons.addStretch()
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for place, tile in enumerate(self.tiles):
            grid.addWidget(tile, *divmod(place, COLUMNS))
        grid.setColumnStretch(COLUMNS, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(buttons)
        column.addWidget(self.message)
        column.addLayout(grid)

    # What the user wishes.

    def show_map(self, place: Place, title: str) -> None:
        """Another map: shows what was found for it; a search for one before is given up."""
        if self._place is None or _key(place) != _key(self._place):
            self._search.end()
            self._place, self._title = place, title
            self._refresh()

    @property
    def is_searching(self) -> bool:
        """Whether a search runs."""
        return self._search.now is not None

    @Slot()
    def start(self) -> None:
        """Searches with the weights of now."""
        session, place = self._session, self._place
        network, dataset = session.network, session.dataset
        if self._search.now or self._ended or network is None or dataset is None or place is None:
            return
        question = Question(
            spec=network.spec,
            vector=network.vector.copy(),
            step=session.shown_step,
            split=dataset.test,
            layer=place.layer,
            channel=place.index[0],
        )
        self._search.start(Search(question))
        self.progress.setRange(0, len(dataset.test))
        self.progress.setValue(0)
        self._refresh()
        self.cancel_button.setFocus()

    @Slot()
    def cancel(self) -> None:
        """Ends the search."""
        if self._search.now:
            self._search.end()
            self._refresh()

    @Slot()
    def _choose(self) -> None:
        tile = self.sender()
        if isinstance(tile, ExcitementTile) and tile.found is not None:
            find = tile.found
            self._session.choose_image(find.image)
            self._session.selection.pin(find.place)

    # The end.

    def shut_down(self) -> None:
        """Ends a search, and allows no other. Returns at once."""
        self._ended = True
        self._search.end()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._search.is_over

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks, so nobody searches; a minimised window only looks away."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.cancel()

    @Slot()
    def _forget(self) -> None:
        """Another run: what was found says nothing of it."""
        self._search.end()
        self._found.clear()
        self._place = None
        self._refresh()

    # How the search goes.

    @Slot()
    def _poll(self) -> None:
        search = self._search.now
        if search is None:
            return
        standing = search.standing
        self.progress.setValue(standing.done)
        if standing.ended:
            self._finish(search.question, standing)

    def _finish(self, question: Question, standing: Standing) -> None:
        self._search.end()
        had_focus = self.cancel_button.hasFocus()
        if standing.finds is not None:
            self._found[question.layer, question.channel] = (question, standing.finds)
        self._refresh()
        if standing.failure:
            message, details = standing.failure
            text = f"The search stopped. {message}"
            self._say(text, bad=True)
            if details:
                self._session.noticed.emit(Notice(text, details))
        if had_focus:
            first = self.tiles[0] if self.tiles[0].isVisibleTo(self) else self.button
            first.setFocus()

    # Looks.

    def refresh_words(self) -> None:
        """Of which batch the weights were, told anew as training goes on."""
        if not self._bad:
            self._say(self._in_words())

    @Slot()
    def _refresh(self) -> None:
        """Buttons, words and tiles as things are now."""
        searching = self._search.now is not None
        had_focus = self.cancel_button.hasFocus() and not searching
        finds = self._finds()
        self.button.setVisible(not searching)
        self.button.setText("Search the test set" if finds is None else "Search again")
        self.cancel_button.setVisible(searching)
        self.progress.setVisible(searching)
        for place, tile in enumerate(self.tiles):
            tile.found = None  # it may be of a network that is gone
            if finds is not None and place < len(finds):
                self._show_find(tile, finds[place])
            tile.setVisible(tile.found is not None)
            tile.setEnabled(not searching)
        self._mark_chosen()
        self._say(self._in_words())
        if had_focus:
            self.button.setFocus()

    def _finds(self) -> tuple[Find, ...] | None:
        question_and_finds = self._found.get(_key(self._place)) if self._place else None
        return question_and_finds[1] if question_and_finds else None

    def _show_find(self, tile: ExcitementTile, find: Find) -> None:
        dataset, network = self._session.dataset, self._session.network
        if dataset is None or network is None:
            return
        images, labels = dataset.test.batch(np.array([find.image]))
        seen = receptive_field(network.layers, find.place)[INPUT]
        tile.show_find(find, images[0], dataset.class_names[int(labels[0])], seen)

    @Slot()
    def _mark_chosen(self) -> None:
        for tile in self.tiles:
            chosen = tile.found is not None and tile.found.image == self._session.test_image
            tile.set_chosen(chosen)

    def _in_words(self) -> str:
        dataset, place = self._session.dataset, self._place
        if dataset is None or place is None:
            return ""
        images = theme.spaced(len(dataset.test))
        if self._search.now:
            step = theme.spaced(self._search.now.question.step)
            return f"Searching {images} test images with the weights of batch {step} …"
        if _key(place) not in self._found:
            return f"Finds the {MOST_FINDS} of {images} test images with the greatest value here."
        question, finds = self._found[_key(place)]
        weights = f"Weights of batch {theme.spaced(question.step)}"
        if question.step != self._session.shown_step:
            weights += f"; shown now is batch {theme.spaced(self._session.shown_step)}"
        if not finds:
            return f"{weights}: no test image gives this map a number."
        if finds[0].value == 0:
            return f"{weights}: nothing in the test set excites this map; 0 is its greatest value."
        return f"{weights}. The yellow frame is what the value sees. Click one to choose it."

    def _say(self, text: str, bad: bool = False) -> None:
        self._bad = bad
        if self.message.text() != text:
            self.message.setText(text)
        self.message.tint("bad" if bad else "muted")


def _key(place: Place) -> tuple[str, int]:
    """Which map a place is in."""
    return place.layer, place.index[0]
