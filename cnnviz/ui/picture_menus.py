"""Views of the main window as pictures and films, where they have no menu of their own."""

from functools import partial
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from cnnviz.ui.film_dialog import Subject
from cnnviz.ui.widgets.choice_menu import Choice, Section
from cnnviz.ui.widgets.save_choices import picture_choice


def subjects(window: Any) -> tuple[Subject, ...]:
    """What can be filmed: views that show the moment that is looked at."""
    return (
        Subject("network", "Network", window.network.canvas),
        Subject("filters", "Filters", window.filters.canvas),
        Subject("inspector", "Inspector", window.inspector),
        Subject("loss", "Loss", window.loss),
        Subject("window", "Window", window),
    )


def choices_at(window: Any, at: QPoint) -> list[Section]:
    """The view at a point of the window as a picture, or as a film; and the whole window."""
    views: tuple[tuple[str, QWidget], ...] = (
        ("digits", window.digits),
        ("inspector", window.inspector),
        ("loss", window.loss),
        ("times", window.timing),
    )
    here = [(name, view) for name, view in views if _is_at(view, window, at)]
    pictures = [
        picture_choice(view, window.session, f"Save {name} as picture…", name)
        for name, view in [*here, ("window", window)]
    ]
    films = [
        Choice(f"Save {view.title.lower()} as film…", partial(window.film.open_for, view.key))
        for view in subjects(window)
        if view.widget in (*dict(here).values(), window)
    ]
    return [pictures, films]


def _is_at(view: QWidget, window: QWidget, at: QPoint) -> bool:
    return view.rect().contains(view.mapFrom(window, at))
