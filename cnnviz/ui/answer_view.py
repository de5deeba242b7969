"""What the network gets, pixel by pixel, and what it answers: each class and how sure it is."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QScrollArea, QWidget

from cnnviz.core.scales import percent
from cnnviz.ui import theme
from cnnviz.ui.network_classes import ClassRows
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import picture
from cnnviz.ui.widgets.throttle import Throttle

SIDE = 196
"""Pixels that the image may take: seven for each of MNIST's."""
ROW, MOST_ROW = 20, 26
"""Pixels of a row; a higher one would have its number below its bar."""
MARGIN = 4
NUMBER = 6
"""More room for “99.99 %” than a row of the network view has in itself."""
WORDS_MS = 250
LARGE, MIDDLE = 46, 22
"""Pixels of a class's name of up to two letters, and of a longer one."""


class InputPicture(QWidget):
    """The shown image, each of its pixels a square of whole pixels."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setFixedSize(SIDE + 2, SIDE + 2)
        self.setAccessibleName("What the network gets")
        session.image_changed.connect(self.update)
        session.run_changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The image in a thin frame."""
        if self._session.image is None:
            return
        painter, colors = QPainter(self), theme.tokens()
        shown = picture(self._session.image.values)
        longer = max(shown.width(), shown.height())
        times = SIDE // longer if longer <= SIDE else SIDE / longer
        area = QRectF(0, 0, shown.width() * times, shown.height() * times)
        area.moveCenter(QRectF(self.rect()).center())
        area.moveTopLeft(area.topLeft().toPoint().toPointF())
        painter.drawImage(area, shown)
        painter.setPen(theme.color(colors.line))
        painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.end()


class AnswerBars(QWidget):
    """A row a class: its name, a bar and the probability."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows = ClassRows()
        self._calm = Throttle(self._tell, WORDS_MS, self)
        self.setAccessibleName("Probabilities of the classes")
        session.run_changed.connect(self._place)
        session.image_changed.connect(self._follow_image)
        session.network_changed.connect(self._follow)
        self._place()

    @Slot()
    def _place(self) -> None:
        """A row for each class of the data."""
        dataset = self._session.dataset
        names = dataset.class_names if dataset else ()
        self.setMinimumSize(QSize(200, ROW * len(names)))
        height = min(max(self.height() / max(len(names), 1), ROW), MOST_ROW)
        width = self.width() - 2 * MARGIN - NUMBER
        rows = [QRectF(MARGIN, height * k, width, height) for k in range(len(names))]
        self._rows.place(rows, names)
        self._catch_up()

    def _catch_up(self) -> None:
        inspection = self._session.inspection
        if inspection and self._session.dataset:
            self._rows.show(inspection.probabilities)
            self._rows.tell(inspection.probabilities, self._session.label)
        self.update()

    @Slot()
    def _follow_image(self) -> None:
        """Another image: bars and numbers at once."""
        if self.isVisible():
            self._catch_up()

    @Slot()
    def _follow(self) -> None:
        """Another vector: bars at once, numbers as they can be read."""
        if self.isVisible() and self._session.inspection:
            self.update(self._rows.show(self._session.inspection.probabilities))
            self._calm.ask()

    def _tell(self) -> None:
        if self.isVisible():
            self._catch_up()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Bars take the width there is."""
        super().resizeEvent(event)
        self._place()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        super().showEvent(event)
        self._catch_up()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Those rows that have changed."""
        if self._session.inspection is None:
            return
        painter = QPainter(self)
        self._rows.paint(painter, event.region())
        painter.end()


class Verdict(QWidget):
    """The most probable class in large letters, and whether it is right where that is known."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._calm = Throttle(self._tell, WORDS_MS, self)
        self._name, self._share, self._words, self._color = "", "", "", ""
        self.setAccessibleName("What the network reads")
        session.image_changed.connect(self._calm.act)
        session.network_changed.connect(self._calm.ask)
        session.run_changed.connect(self._calm.act)

    def _tell(self) -> None:
        session = self._session
        if session.inspection is None or session.dataset is None or session.image is None:
            return
        names, colors = session.dataset.class_names, theme.tokens()
        probabilities = np.nan_to_num(session.inspection.probabilities)
        best = int(probabilities.argmax())
        self._color = colors.text  # neither right nor wrong where nobody knows
        if session.label is not None:
            self._color = colors.good if best == session.label else colors.bad
        self._name, self._words = names[best], session.image.words
        self._share = percent(probabilities[best])
        if self.isVisible():
            self.setAccessibleDescription(f"{self._name}, {self._share}: {self._words}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The class, its probability, and of which image."""
        if not self._name:
            return
        painter, colors = QPainter(self), theme.tokens()
        large = len(self._name) <= 2
        height = LARGE if large else MIDDLE
        painter.setFont(theme.font(height, QFont.Weight.DemiBold))
        painter.setPen(theme.color(self._color))
        name = painter.fontMetrics().elidedText(
            self._name, Qt.TextElideMode.ElideRight, self.width()
        )
        painter.drawText(QPointF(0, LARGE), name)
        painter.setFont(theme.font())
        painter.setPen(theme.color(colors.text))
        painter.drawText(QPointF(0, LARGE + 24), self._share)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        below = QRectF(0, LARGE + 36, self.width(), self.height() - LARGE - 36)
        painter.drawText(below, Qt.TextFlag.TextWordWrap, self._words)
        painter.end()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        super().showEvent(event)
        self._tell()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_session"):
            self._tell()


def scrolled(bars: AnswerBars) -> QScrollArea:
    """Bars that scroll where the classes are many; ten are seen at once."""
    area = QScrollArea()
    area.setWidget(bars)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumHeight(10 * ROW + 2)
    return area
