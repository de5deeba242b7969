"""A button with a quiet caption and the chosen value, that opens a menu of the choices."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSize, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QStyle, QStyleOptionToolButton, QToolButton, QWidget

from cnnviz.ui import theme

MARGIN = 11
GAP = 7
ARROW = 8
Entry = tuple[str, str, str]
"""Key, title, explanation."""


class ChoiceButton(QToolButton):
    """Caption and value; `chosen` tells the key that the user picked from the menu."""

    chosen = Signal(str)

    def __init__(
        self, caption: str, choices: Sequence[Entry], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._caption = caption
        self._title = ""
        self.key = ""
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self._group = QActionGroup(self)
        self._group.triggered.connect(self._pick)
        self.setMenu(menu)
        self.set_choices([choices])

    def set_choices(self, sections: Sequence[Sequence[Entry]]) -> None:
        """Other lines in place of those before, in sections with a line between."""
        menu = self.menu()
        for action in self._group.actions():
            self._group.removeAction(action)
            action.deleteLater()
        menu.clear()
        for section in sections:
            if section and not menu.isEmpty():
                menu.addSeparator()
            for key, title, explanation in section:
                action = QAction(title, menu, checkable=True)
                action.setData(key)
                action.setToolTip(explanation)
                self._group.addAction(action)
                menu.addAction(action)

    def show_choice(self, key: str, title: str | None = None) -> None:
        """Shows `key` as chosen, without telling anybody; as `title`, or as the menu calls it."""
        self.key = key
        self._title = title or key
        for action in self._group.actions():
            action.setChecked(action.data() == key)
            if action.data() == key and not title:
                self._title = action.text()
        self.setAccessibleName(f"{self._caption}: {self._title}")
        self.updateGeometry()
        self.update()

    def allow(self, key: str, allowed: bool, explanation: str) -> None:
        """Whether `key` can be picked, and what its tooltip says of it."""
        for action in self._group.actions():
            if action.data() == key:
                action.setEnabled(allowed)
                action.setToolTip(explanation)

    def open_menu(self) -> None:
        """Opens the menu and returns at once (showMenu would wait for a choice)."""
        if not self.isEnabled():
            return
        self.menu().popup(self.mapToGlobal(self.rect().bottomLeft()))

    def sizeHint(self) -> QSize:
        """Room for caption, value and arrow."""
        self.ensurePolished()
        metrics = self.fontMetrics()
        texts = metrics.horizontalAdvance(self._caption) + metrics.horizontalAdvance(self._title)
        return QSize(texts + 2 * MARGIN + 2 * GAP + ARROW + 2, metrics.height() + 14)

    def minimumSizeHint(self) -> QSize:
        """As the size hint: a value is never cut off."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The style's frame, then our two texts and the arrow."""
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text = ""
        painter = QPainter(self)
        control = QStyle.ComplexControl.CC_ToolButton
        self.style().drawComplexControl(control, option, painter, self)
        metrics = self.fontMetrics()
        baseline = (self.height() + metrics.ascent() - metrics.descent()) // 2
        colors = theme.tokens()
        painter.setPen(QColor(colors.muted))
        painter.drawText(MARGIN, baseline, self._caption)
        x = MARGIN + metrics.horizontalAdvance(self._caption) + GAP
        painter.setPen(QColor(colors.text if self.isEnabled() else colors.muted))
        painter.drawText(x, baseline, self._title)
        self._draw_arrow(painter, x + metrics.horizontalAdvance(self._title) + GAP)
        painter.end()

    def _draw_arrow(self, painter: QPainter, x: int) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        pen = painter.pen()
        pen.setWidthF(1.4)
        painter.setPen(pen)
        painter.drawPolyline(
            [
                QPointF(x, middle - 2),
                QPointF(x + ARROW / 2, middle + 2),
                QPointF(x + ARROW, middle - 2),
            ]
        )

    @Slot(QAction)
    def _pick(self, action: QAction) -> None:
        """Shows the old value until the session says that the new one is in force."""
        key = str(action.data())
        before = self.key
        if key != before:
            self.show_choice(before, self._title)
            self.chosen.emit(key)
