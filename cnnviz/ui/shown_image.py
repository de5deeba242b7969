"""The image that goes through the network: of the test set, drawn, or any picture."""

from dataclasses import dataclass, field

from cnnviz.core.workspace import Array


@dataclass(frozen=True, eq=False)
class ShownImage:
    """An image and what is known of it."""

    values: Array = field(repr=False)
    """float32 (C, H, W) in [0, 1]; nobody writes to it."""
    words: str
    """What it is, for people: “No. 5, a 3”, “a drawn digit”, “picture scan.jpg”."""
    number: int | None = None
    """Which of the test set it is; None for any other image."""
    label: int | None = None
    """Its true class, where that is known."""
