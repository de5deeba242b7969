"""Which image the network is fed with where digits are drawn, and what is done to it before.

It is one of three: the drawing, a picture, or the test image that was shown last. Each goes through
the same transform and then to the session, as any other image. The drawing is one, wherever it is
drawn: in the corner of the main window or in a window of its own.
"""

from enum import Enum

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.centring import centre, spread
from cnnviz.core.drawing import Drawing
from cnnviz.core.transforms import Transform, transformed
from cnnviz.core.workspace import Array
from cnnviz.ui.session import Session
from cnnviz.ui.shown_image import ShownImage
from cnnviz.ui.widgets.throttle import Throttle

REST_MS = 8
"""Between two looks through the network while drawing: events come faster, and must not queue."""


class Fed(Enum):
    """Where the image comes from."""

    DRAWING = "Drawing"
    PICTURE = "Picture"
    DIGIT = "Test image"


class FedImage(QObject):
    """The image as it is before the transform, whichever it is, and the transform."""

    changed = Signal()
    """Another one of the three, or another transform that the user did not set."""

    drawn = Signal()
    """The drawing is another."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.drawing = Drawing()
        self._feeding = False
        self.fed = Fed.DIGIT
        self.transform = Transform()
        self.picture: ShownImage | None = None
        self._soon = Throttle(self.feed, REST_MS, self)
        session.image_changed.connect(self._follow)

    # The drawing.

    @Slot()
    def take_drawing(self) -> None:
        """Whoever draws wants to see what the network makes of it."""
        if self.fed is not Fed.DRAWING:
            self.choose(Fed.DRAWING)
        elif self.drawing.under_way:
            self._soon.ask()
        else:
            self._soon.act()
        self.drawn.emit()

    @Slot()
    def undo(self) -> None:
        """Takes the last stroke or clearing back."""
        if self.drawing.can_undo:
            self.drawing.undo()
            self.take_drawing()

    @Slot()
    def redo(self) -> None:
        """Does again what was taken back."""
        if self.drawing.can_redo:
            self.drawing.redo()
            self.take_drawing()

    @Slot()
    def clear(self) -> None:
        """A blank sheet."""
        if not self.drawing.is_blank:
            self.drawing.clear()
            self.take_drawing()

    # Which image.

    def choose(self, fed: Fed) -> None:
        """Feeds another one of the three, unchanged."""
        self.fed, self.transform = fed, Transform()
        self.feed()
        self.changed.emit()

    def set_transform(self, transform: Transform) -> None:
        """Does something else to it."""
        self.transform = transform
        self.feed()

    def show_picture(self, values: Array, name: str) -> None:
        """Feeds a picture that was read."""
        self.picture = ShownImage(values, f"picture {name}")
        self.choose(Fed.PICTURE)

    def feed(self) -> None:
        """Takes the image as it is now to the session."""
        base = self._base()
        if base is None:
            return
        self._feeding = True
        try:
            self._show(base)
        finally:
            self._feeding = False

    def _show(self, base: ShownImage) -> None:
        if self.transform.is_identity and base.number is not None:
            self._session.choose_image(base.number)
        else:
            words = base.words if self.transform.is_identity else f"{base.words}, changed"
            values = transformed(base.values, self.transform)
            self._session.show_picture(values, words, base.label)

    def _base(self) -> ShownImage | None:
        dataset = self._session.dataset
        if dataset is None:
            return None
        if self.fed is Fed.DIGIT:
            return self._session.last_test_image
        if self.fed is Fed.PICTURE:
            return self.picture
        channels, height, width = dataset.input_shape
        values = centre(self.drawing.ink, height, width).values
        return ShownImage(spread(values, channels), "a drawn digit")

    @Slot()
    def _follow(self) -> None:
        """A test image that was chosen elsewhere is shown as it is."""
        if self._session.test_image is not None and not self._feeding:
            self.fed, self.transform = Fed.DIGIT, Transform()
            self.changed.emit()
