"""The images behind points in the space of digits: one on a card, those in a lasso in a grid."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from cnnviz.core.datasets import Dataset
from cnnviz.core.examination import Answer
from cnnviz.ui import theme
from cnnviz.ui.image_card import ImageCard
from cnnviz.ui.image_grid import MOST_SHOWN, ImageGrid, Images, in_words
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import picture


class SpaceImages(QWidget):
    """Shows what it is given; numbers are those of test images."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.card = ImageCard()
        self.count = QLabel()
        self.count.setProperty("heading", "true")
        self.grid = ImageGrid(session)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 6, 0)
        column.setSpacing(8)
        for widget in (self.card, self.count, self.grid):
            column.addWidget(widget, 1 if widget is self.grid else 0)

    def show_card(self, dataset: Dataset | None, answer: Answer | None, number: int) -> None:
        """One image, with what the network makes of it."""
        if dataset is None or answer is None or number >= len(dataset.test):
            self.card.show_image(None, "")
            return
        images = Images(dataset, answer, np.empty(0, np.int64), [])
        pixels, _ = dataset.test.batch(np.array([number]))
        words = in_words(images, number).replace(", ", "\n").replace("; ", "\n")
        self.card.show_image(picture(pixels[0]), words)

    def show_roped(
        self, dataset: Dataset | None, answer: Answer | None, numbers: NDArray[np.int64]
    ) -> None:
        """The images in the lasso, side by side; none if there is none."""
        if dataset is None or answer is None or not len(numbers):
            self.grid.show_images(None)
            self.count.setText("")
            return
        shown = numbers[:MOST_SHOWN]
        notes = [f"No. {theme.spaced(number)}" for number in shown.tolist()]
        self.grid.show_images(Images(dataset, answer, shown, notes))
        wrong = answer.evaluation.predictions[numbers] != answer.evaluation.labels[numbers]
        text = f"In the lasso: {theme.spaced(len(numbers))}"
        self.count.setText(f"{text}, {theme.spaced(int(wrong.sum()))} read wrongly")
