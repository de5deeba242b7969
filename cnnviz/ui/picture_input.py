"""Pictures from outside: pasted, dropped on a widget, or from a file."""

from pathlib import Path

from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QWidget

from cnnviz.core.picture import ENDS, Source

RAW = ("image/png", "image/jpeg", "image/bmp", "image/webp", "image/gif", "image/tiff")
"""Kinds that are handed over as they are, to be read where nobody waits for it."""


def picture_in(data: QMimeData) -> tuple[Source, str] | None:
    """The picture that is carried, and its name for people; None if there is none."""
    for url in data.urls():
        path = Path(url.toLocalFile())
        if url.isLocalFile() and path.suffix.lower() in ENDS:
            return path, path.name
    for kind in RAW:
        if data.hasFormat(kind) and (content := bytes(data.data(kind).data())):
            return content, "pasted"
    if data.hasImage():
        image = data.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return _pixels(image), "pasted"
    return None


def carries_picture(data: QMimeData) -> bool:
    """Whether there is one; cheaper than to take it."""
    paths = (Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())
    return (
        data.hasImage()
        or any(data.hasFormat(kind) for kind in RAW)
        or any(path.suffix.lower() in ENDS for path in paths)
    )


def _pixels(image: QImage) -> Image.Image:
    plain = image.convertToFormat(QImage.Format.Format_RGBA8888)
    content, size = bytes(plain.constBits()), (plain.width(), plain.height())
    return Image.frombuffer("RGBA", size, content, "raw", "RGBA", plain.bytesPerLine(), 1)


class PictureDrop(QObject):
    """Lets pictures be dropped on a widget; of other things it takes no notice."""

    dropped = Signal(object)
    """The (source, name) of `picture_in`."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Takes drags and drops of pictures."""
        if isinstance(event, QDragEnterEvent) and carries_picture(event.mimeData()):
            event.acceptProposedAction()
            return True
        if event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            found = picture_in(event.mimeData())
            if found:
                event.acceptProposedAction()
                self.dropped.emit(found)
                return True
        return False
