"""The one window: views laid out around a session, shortcuts, and what is remembered."""

import sys
from operator import attrgetter

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QMainWindow,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.ui import main_menu, picture_menus, theme, window_memory
from cnnviz.ui.comparison_view import ComparisonView
from cnnviz.ui.data_names import dropped_data
from cnnviz.ui.digits_view import DigitsView
from cnnviz.ui.draw_corner import DrawCorner
from cnnviz.ui.edits_view import EditsView
from cnnviz.ui.exports import Exports
from cnnviz.ui.fetch_view import FetchView
from cnnviz.ui.film_dialog import FilmDialog
from cnnviz.ui.filters_view import FiltersView
from cnnviz.ui.inspector_view import InspectorView
from cnnviz.ui.keeper import Keeper
from cnnviz.ui.loss_view import LossView
from cnnviz.ui.network_view import NetworkView
from cnnviz.ui.notice_view import NoticeView
from cnnviz.ui.picture_input import PictureDrop
from cnnviz.ui.run_controls import RunControls
from cnnviz.ui.run_files import RunFiles
from cnnviz.ui.session import Session
from cnnviz.ui.shortcuts import SHORTCUTS, ShortcutsDialog
from cnnviz.ui.status_view import StatusView
from cnnviz.ui.timing_view import TimingView
from cnnviz.ui.widgets.choice_menu import ChoiceMenu, MenuKey
from cnnviz.ui.widgets.icons import icon
from cnnviz.ui.widgets.pages import make_pages
from cnnviz.ui.widgets.panel import Panel
from cnnviz.ui.widgets.quiet_button import quiet_button
from cnnviz.ui.widgets.save_dialog import ask_for_picture
from cnnviz.ui.widgets.saving import take_picture
from cnnviz.ui.widgets.split import make_rule, make_split
from cnnviz.ui.windows import Windows

DEFAULT_SIZE = QSize(1600, 1000)
FRAME = QSize(4, 40)
"""Room for what the desktop draws around a window."""
LEAST_SIZE = QSize(960, 640)
SWITCH_INTERVAL = 0.0005
"""Seconds after which the worker hands the interpreter to the GUI thread; the default is 0.005."""


class MainWindow(QMainWindow):
    """Controls above, digits left, network and loss in the middle, filters and times right."""

    def __init__(self, session: Session, remember: bool = True, ask: bool = True) -> None:
        """With `remember` off nothing is read from or written to the user's settings.

        With `ask` off it closes without a question, whatever is lost.
        """
        super().__init__()
        sys.setswitchinterval(SWITCH_INTERVAL)
        self.session = session
        self._remember = remember
        self._ask = ask
        self._interrupted = False
        self._share_width = True
        self._closing = QTimer(self)
        self._closing.setInterval(20)
        self._closing.timeout.connect(self._close_when_stopped)
        self.setMinimumSize(LEAST_SIZE)
        self.controls = RunControls(session)
        self.notice = NoticeView(session)
        self.fetch = FetchView(session)
        self.digits = DigitsView(session)
        self.network = NetworkView(session)
        self.comparison = ComparisonView(session)
        self.edits = EditsView(session)
        self.loss = LossView(session)
        self.filters = FiltersView(session)
        self.inspector = InspectorView(session)
        self.timing = TimingView(session)
        self.status = StatusView(session)
        self.windows = Windows(session, self, remember)
        self.paper = DrawCorner(self.windows.drawn)
        self.paper.more_wanted.connect(self.windows.open_draw)
        self.keeper = Keeper(session, self, remember)
        self.files = RunFiles(session, self.keeper, self)
        self.exports = Exports(session, self)
        self.network.canvas.map_wanted.connect(self.windows.open_map)
        self.timing.more_wanted.connect(self.windows.open_time_lab)
        self.controls.edit_action.triggered.connect(self.windows.open_editor)
        self.controls.data_choice.fetch_wanted.connect(self.fetch.offer)
        self.controls.data_choice.own_wanted.connect(self.windows.open_data)
        self.controls.menu_button.clicked.connect(self.open_menu)
        self.film = FilmDialog(session, self, picture_menus.subjects(self))
        self.network.canvas.film_wanted.connect(self.save_film)
        self.filters.canvas.film_wanted.connect(self.save_film_of_filters)
        PictureDrop(self).dropped.connect(self.windows.open_picture)
        self._splitters: dict[str, QSplitter] = {}
        self._arrange()
        self._make_corner_buttons()
        self._make_shortcuts()
        self.resize(DEFAULT_SIZE.boundedTo(self.screen().availableSize() - FRAME))
        if remember:
            self._share_width = not window_memory.restore(self, session, self._splitters)
        self.setAcceptDrops(True)
        session.runs.changed.connect(self._show_title)
        session.status_changed.connect(self._show_title)
        self._show_title()

    # Layout.

    def _arrange(self) -> None:
        network = QWidget()
        parts = QVBoxLayout(network)
        parts.setContentsMargins(0, 0, 0, 0)
        parts.setSpacing(0)
        parts.addWidget(self.comparison)
        parts.addWidget(self.network, 1)
        below = _below(self.edits, self.loss)
        middle = self._split("middle", Qt.Orientation.Vertical, network, below)
        middle.setSizes([640, 260])
        middle.setStretchFactor(0, 1)
        self._make_pages()
        right = self._split("right", Qt.Orientation.Vertical, self.pages, self.timing)
        right.setSizes([540, 330])
        right.setStretchFactor(0, 1)
        left = self._split("left", Qt.Orientation.Vertical, self.digits, self.paper)
        left.setStretchFactor(0, 1)
        body = self._split("body", Qt.Orientation.Horizontal, left, middle, right)
        body.setStretchFactor(1, 1)
        whole = self._whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        bars = (self.controls, self.notice, self.fetch)
        for widget in (*bars, make_rule(), body, make_rule(), self.status):
            column.addWidget(widget, 1 if widget is body else 0)
        self.setCentralWidget(whole)
        # The keyboard belongs to the window at first, not to whichever field comes first.
        whole.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        whole.setFocus()

    def _make_pages(self) -> None:
        """Filters, and the arithmetic of the value that is looked at."""
        self.filters_page = Panel(
            "", "what each kernel looks for", self.filters, self.filters.paint_button
        )
        pages = (
            ("Filters", self.filters_page, "What each kernel looks for"),
            ("Inspector", self.inspector, "How one value is made, down to one multiplication (I)"),
        )
        self.pages = make_pages("Filters or inspector", pages, tell_key=False)
        self.session.selection.pinned_changed.connect(self._show_inspector)

    @Slot()
    def _show_inspector(self) -> None:
        """What is held on to wants to be read."""
        if self.session.selection.pinned:
            self.pages.setCurrentWidget(self.inspector)

    @Slot()
    def turn_page(self) -> None:
        """From the filters to the inspector and back."""
        self.pages.setCurrentIndex(1 - self.pages.currentIndex())

    def _split(self, name: str, way: Qt.Orientation, *parts: QWidget) -> QSplitter:
        splitter = self._splitters[name] = make_split(*parts, way=way)
        return splitter

    def _make_corner_buttons(self) -> None:
        self._theme_button = self._corner_button("Dark or light (Ctrl+T)", "Dark or light")
        self._theme_button.clicked.connect(self.change_theme)
        self._help_button = self._corner_button("Keyboard shortcuts (F1)", "Keyboard shortcuts")
        self._help_button.clicked.connect(self.show_shortcuts)
        self._show_icons()

    def _corner_button(self, tip: str, name: str) -> QToolButton:
        button = quiet_button("", tip, name)
        self.status.add(button)
        return button

    def _show_icons(self) -> None:
        color = theme.tokens().muted
        self._theme_button.setIcon(icon("theme", color))
        self._help_button.setIcon(icon("help", color))

    # Keys.

    def _make_shortcuts(self) -> None:
        for shortcut in SHORTCUTS:
            for key in shortcut.keys:
                made = QShortcut(QKeySequence(key), self)
                made.activated.connect(attrgetter(shortcut.slot)(self))
        MenuKey(self)

    @Slot()
    def train_or_pause(self) -> None:
        """Space: presses the focused button, else trains or pauses."""
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton) and focused.isEnabled():
            focused.click()
        else:
            self.controls.train_button.click()

    @Slot()
    def edit_rate(self) -> None:
        """Takes the keyboard to the learning rate."""
        self.controls.rate_field.setFocus()
        self.controls.rate_field.selectAll()

    @Slot()
    def edit_number(self) -> None:
        """Takes the keyboard to the image's number."""
        self.digits.number.setFocus()
        self.digits.number.selectAll()

    @Slot()
    def next_image(self) -> None:
        """The next digit of the grid."""
        self.digits.step_image(1)

    @Slot()
    def previous_image(self) -> None:
        """The digit before."""
        self.digits.step_image(-1)

    @Slot()
    def mute_filter(self) -> None:
        """Mutes the filter of the kernel or the map that is looked at, or lets it speak again."""
        kernel = self.filters.canvas.looked_at
        edits, selection = self.session.edits, self.session.selection
        if kernel and selection.pointed is None:
            edits.toggle_mute(kernel.layer, kernel.filter)
        else:
            edits.toggle_mute_behind(selection.place)

    @Slot()
    def escape(self) -> None:
        """Closes the message or the offer, or cancels loading, or lets go of the pinned value."""
        if self.notice.isVisible():
            self.notice.hide()
        elif self.fetch.isVisible() and not self.fetch.is_fetching:
            self.fetch.cancel()
        elif self.session.loading:
            self.session.cancel_loading()
        else:
            self.session.selection.let_go()

    @Slot()
    def paint_kernels(self) -> None:
        """Begins to paint kernels, or ends it."""
        self.pages.setCurrentWidget(self.filters_page)
        self.filters.paint_button.click()

    @Slot()
    def open_menu(self) -> None:
        """The menu of the whole window, below its button."""
        button = self.controls.menu_button
        at = button.mapToGlobal(button.rect().bottomLeft())
        ChoiceMenu(self, main_menu.sections(self)).open_at(at)

    @Slot()
    def save_window(self) -> None:
        """Asks where to save what the window looks like now."""
        ask_for_picture(self, self.session, take_picture(self), "window")

    @Slot()
    def save_film(self) -> None:
        """Asks how the past of the network view is to be saved as a film."""
        self.film.open_for("network")

    @Slot()
    def save_film_of_filters(self) -> None:
        """The same of the filters."""
        self.film.open_for("filters")

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Any view as a picture, where it has no menu of its own; and the window."""
        choices = picture_menus.choices_at(self, event.pos())
        ChoiceMenu(self, choices).open_at(event.globalPos())

    # Files.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Takes files of runs, and data."""
        if self.files.dropped(event.mimeData()) or dropped_data(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Opens each run that is dropped, the last stays open; data in their window."""
        for path in self.files.dropped(event.mimeData()):
            self.files.open_file(str(path))
        for path in dropped_data(event.mimeData())[:1]:
            self.windows.open_data_at(path)
        event.acceptProposedAction()

    @Slot()
    def _show_title(self) -> None:
        """The run's name and file, with a mark while it has something that is in no file."""
        run = self.session.runs.open
        file = f" ({run.path.name})" if run and run.path else ""
        title = f"{run.name}{file}[*] – cnnviz" if run else "cnnviz"
        unsaved = run is not None and run.is_unsaved
        if (title, unsaved) != (self.windowTitle(), self.isWindowModified()):
            self.setWindowTitle(title)
            self.setWindowModified(unsaved)

    @Slot()
    def change_theme(self) -> None:
        """From dark to light and back."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply_theme(app, "light" if theme.tokens().name == "dark" else "dark")
            self._show_icons()

    @Slot()
    def show_shortcuts(self) -> None:
        """The list of all keys."""
        ShortcutsDialog(self).open()

    # Its beginning and its end.

    def showEvent(self, event: QShowEvent) -> None:
        """Shares the width out at first sight, when it is known and nothing was remembered."""
        super().showEvent(event)
        if self._share_width:
            self._share_width = False
            left, right = (232, 344) if self.width() >= 1400 else (218, 290)
            self._splitters["body"].setSizes([left, self.width() - left - right, right])

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks about what is in no file, then the threads to end, and closes when they have."""
        if self._ask and not self.session.has_ended and self.session.runs.unsaved:
            event.ignore()
            self.files.ask_before_closing(self._close_without_asking)
            return
        self.digits.mistaken.shut_down()
        self.edits.shut_down()
        self.loss.exact.shut_down()
        self.fetch.shut_down()
        self.windows.shut_down()
        self.film.shut_down()
        if self._threads_have_ended():
            if self._remember:
                window_memory.keep(self, self.session, self._splitters)
            if not self._interrupted:
                self.keeper.forget_copies()
            event.accept()
            return
        event.ignore()
        self.session.shut_down()
        self._whole.setEnabled(False)
        self._closing.start()

    def _threads_have_ended(self) -> bool:
        parts = (self.session, self.digits.mistaken, self.edits, self.loss.exact, self.film)
        parts_have = all(part.is_shut_down for part in (*parts, self.fetch))
        are_idle = self.keeper.is_idle and self.exports.is_idle
        return parts_have and self.windows.are_shut_down and are_idle

    def _close_without_asking(self) -> None:
        self._ask = False
        self.close()

    @Slot()
    def interrupt(self) -> None:
        """Ctrl-C: closes without a question; the next start offers what was copied."""
        self._interrupted = bool(self.session.runs.unsaved)
        self._close_without_asking()

    @Slot()
    def terminate(self) -> None:
        """SIGTERM: the same, with copies of all that is in no file as far as that is quick."""
        self.session.pause()
        self.keeper.copy_all(self.interrupt)

    @Slot()
    def _close_when_stopped(self) -> None:
        if self._threads_have_ended():
            self._closing.stop()
            self.close()


def _below(bar: QWidget, view: QWidget) -> QWidget:
    """A view with a bar above it, which takes its room from that view alone."""
    both = QWidget()
    column = QVBoxLayout(both)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(bar)
    column.addWidget(view, 1)
    return both
