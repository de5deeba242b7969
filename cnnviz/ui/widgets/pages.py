"""The pages of a window, with a tab and a tip for each, dressed alike wherever there are some."""

from collections.abc import Iterable

from PySide6.QtWidgets import QTabWidget, QWidget


def make_pages(
    name: str, pages: Iterable[tuple[str, QWidget, str]], tell_key: bool = True
) -> QTabWidget:
    """Of (title, page, tip); `name` says to a screen reader what they are.

    With `tell_key` the tips say which key turns to the next page.
    """
    key = " (Ctrl+Tab for the next page)" if tell_key else ""
    made = QTabWidget()
    made.setDocumentMode(True)
    made.setAccessibleName(name)
    made.tabBar().setAccessibleName(name)
    made.tabBar().setDrawBase(False)
    for title, page, tip in pages:
        made.setTabToolTip(made.addTab(page, title), tip + key)
    return made
