"""What can be done to any image to see how much the network minds: shift, turn, scale, noise."""

import math
from dataclasses import dataclass

import numpy as np

from cnnviz.core.workspace import Array


@dataclass(frozen=True)
class Transform:
    """Turned and scaled about the middle, then shifted, then noise added; at first nothing."""

    right: float = 0.0
    """Pixels."""
    down: float = 0.0
    """Pixels."""
    angle: float = 0.0
    """Degrees anticlockwise."""
    scale: float = 1.0
    noise: float = 0.0
    """Standard deviation of Gaussian noise; 1 is the whole range from paper to ink."""
    seed: int = 0
    """Another one gives other noise."""

    @property
    def moves(self) -> bool:
        """Whether pixels come to lie elsewhere."""
        return (self.right, self.down, self.angle, self.scale) != (0, 0, 0, 1)

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return not self.moves and self.noise == 0


def transformed(image: Array, transform: Transform) -> Array:
    """A new image (C, H, W) in [0, 1]; without any change it has the same bits.

    Pixels are interpolated linearly (`scipy.ndimage.affine_transform`); outside of the image is 0.
    """
    values = _moved(image, transform) if transform.moves else image.copy()
    if transform.noise:
        random = np.random.default_rng(transform.seed)
        noise = random.standard_normal(image.shape, np.float32)
        values = np.clip(values + np.float32(transform.noise) * noise, 0, 1)
    return values


def _moved(image: Array, transform: Transform) -> Array:
    from scipy import ndimage  # takes longer than all else here, so when it is needed

    turn = math.radians(transform.angle)
    cos, sin = math.cos(turn) / transform.scale, math.sin(turn) / transform.scale
    back = np.array([[cos, sin], [-sin, cos]])  # from (y, x) of the result to where it was
    middle = (np.array(image.shape[1:]) - 1) / 2
    offset = middle - back @ (middle + np.array([transform.down, transform.right]))
    moved = np.empty_like(image, order="C")
    for channel, target in zip(image, moved, strict=True):
        ndimage.affine_transform(
            channel, back, offset, output=target, order=1, mode="grid-constant"
        )
    return np.clip(moved, 0, 1)
