"""Makes the pictures of the README: the window after some epochs, with one value taken apart.

    CNNVIZ_DATA=path/to/data python scripts/make_pictures.py [epochs]

Writes assets/pictures/window-dark.png and window-light.png; needs no display.
"""

import os
import sys
from io import BytesIO
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PySide6.QtWidgets import QApplication

from cnnviz.core.datasets import best_available
from cnnviz.core.files import write_atomically
from cnnviz.core.receptive_field import Place
from cnnviz.core.settings import Settings
from cnnviz.ui import theme
from cnnviz.ui.application import make_application
from cnnviz.ui.main_window import MainWindow
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.screenshot import is_trained, pause, png_of, wait_until
from cnnviz.ui.session import Session

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"
SIZE = 1600, 1000
DIGIT = 18
"""In MNIST a 3 that is easily taken for a 5."""
VALUE = Place("conv2", (5, 11, 12))
SETTLE_MS = 1000


def main() -> None:
    """Trains once, and takes a picture in either theme."""
    app = make_application()
    session = Session()
    window = MainWindow(session, remember=False, ask=False)
    window.resize(*SIZE)
    window.show()
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    session.open_run(RunRequest(best_available(), "numpy-cnn", Settings(), epochs))
    wait_until(lambda: session.dataset is not None)
    session.choose_image(DIGIT)
    session.play()
    wait_until(lambda: is_trained(session))
    session.selection.pin(VALUE)
    for name in ("dark", "light"):
        take(app, window, name)
    session.shut_down()
    wait_until(lambda: session.is_shut_down)
    window.close()


def take(app: QApplication, window: MainWindow, name: str) -> None:
    """Saves the window in the theme of that name, packed as well as PNG can."""
    theme.apply_theme(app, name)
    pause(SETTLE_MS)
    packed = BytesIO()
    Image.open(BytesIO(png_of(window))).convert("RGB").save(packed, "PNG", optimize=True)
    write_atomically(PICTURES / f"window-{name}.png", packed.getvalue())


if __name__ == "__main__":
    main()
