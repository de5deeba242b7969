"""A line of text whose colour says how things are: quiet, good, bad, or worth a look."""

from PySide6.QtWidgets import QLabel, QWidget


class TintedLabel(QLabel):
    """Quiet until it is tinted otherwise; the style sheet knows the tints."""

    def __init__(self, small: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if small:
            self.setProperty("small", "true")
        self.setProperty("tint", "muted")

    def tint(self, name: str) -> None:
        """In the colour `muted`, `good`, `bad` or `selected`."""
        if name != self.property("tint"):  # to dress it anew is dear
            self.setProperty("tint", name)
            self.style().unpolish(self)
            self.style().polish(self)
