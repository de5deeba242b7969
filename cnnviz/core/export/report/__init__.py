"""A run on one page of HTML, for people: no script, nothing from elsewhere, good to print."""

from cnnviz.core.export.report.page import write

__all__ = ["write"]
