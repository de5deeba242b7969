"""A window beside the main one whose pages have tabs."""

from collections.abc import Iterable

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from cnnviz.ui.widgets.pages import make_pages
from cnnviz.ui.widgets.side_window import SideWindow


class PagedWindow(SideWindow):
    """Which `pages` there are is up to who derives from it."""

    pages: QTabWidget

    def fill(self, name: str, pages: Iterable[tuple[str, QWidget, str]]) -> None:
        """Nothing but pages stand in it; of (title, page, tip), see `make_pages`."""
        self.pages = make_pages(name, pages)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.pages)

    def show_in_front(self) -> None:
        """Opens the window, or brings it back, with the keyboard at its pages."""
        super().show_in_front()
        self.pages.tabBar().setFocus()
