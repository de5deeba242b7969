"""Reading files that others made, or that are damaged: whatever is wrong becomes one sentence.

Nothing in a file is believed before it is checked; a network's architecture is checked here, before
any memory is taken for it.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cnnviz.core.archive import Unsound
from cnnviz.core.errors import CnnvizError, MissingPackageError
from cnnviz.core.initializers import initializer
from cnnviz.core.layer import Layer
from cnnviz.core.layers import build_layers
from cnnviz.core.spec import Spec

MOST_LAYERS, MOST_VALUES = 1000, 2**24
"""Beyond what anyone trains here: layers, a layer's values for one image."""
OTHER_COPY = "Take another copy of it, if there is one."


@contextmanager
def open_warily(path: Path, raises: type[CnnvizError], what: str) -> Iterator[BinaryIO]:
    """Opens `path`, which should be `what`; whatever the body raises becomes a `raises`.

    Unsound, and what else a damaged file leads to, is told as damage; `raises` itself and
    MissingPackageError pass as they are.
    """
    try:
        if path.exists() and not path.is_file():
            raise raises(f"{path} is not a file. Name {what}.")
        with path.open("rb") as file:
            yield file
    except (raises, MissingPackageError):
        raise
    except FileNotFoundError:
        raise raises(f"{path} does not exist. Check the path.") from None
    except (Unsound, CnnvizError) as error:
        reason = str(error).rstrip(".")
        raise raises(f"{path} is damaged: {reason}. {OTHER_COPY}") from error
    except MemoryError:
        raise raises(f"{path} needs more memory than there is. Close what else is open.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise raises(f"{path} cannot be read: {reason}. Check the path.") from error
    except Exception as error:
        # Of a damaged file, zipfile, json and NumPy make a dozen kinds; nothing here changes state.
        raise raises(f"{path} is damaged: {error!a:.200}. {OTHER_COPY}") from error


def sound_layers(spec: Spec) -> list[Layer]:
    """The layers of a spec out of a file, for their shapes; no memory is taken for any weight.

    Raises Unsound or SpecError unless it is a network of the sizes that are trained here.
    """
    if len(spec.layers) > MOST_LAYERS:
        raise Unsound(f"its network has {len(spec.layers)} layers, more than {MOST_LAYERS}")
    if not f"{spec.name}{spec.title}".isprintable():
        raise Unsound("its network's name is not a line of text")
    initializer(spec.initializer)
    layers = build_layers(spec.input_shape, spec.layers)
    for layer in layers:
        if math.prod(layer.output_shape) > MOST_VALUES:
            raise Unsound(f"its {layer.name} makes more than {MOST_VALUES} values of an image")
    return layers
