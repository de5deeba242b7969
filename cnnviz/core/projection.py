"""Where images lie in the space of a layer's outputs, seen in the plane that shows most of it.

Each image is a point with as many coordinates as the layer has units. The plane is that of the two
principal components: no other shows more of the variance. (Pearson 1901, "On lines and planes of
closest fit"; Jolliffe, "Principal Component Analysis" (2002), chapter 1.)
"""

from dataclasses import dataclass

import numpy as np

from cnnviz.core.layers import Dense
from cnnviz.core.network import Network
from cnnviz.core.workspace import Array

MOST_UNITS = 2048
"""Of a layer whose outputs are projected; the time it takes grows with their cube."""


@dataclass(frozen=True, eq=False)
class Plane:
    """The images' places in a plane, and how much of their variance it shows."""

    points: Array
    """Float64 (N, 2), the mean at (0, 0); NaN for an image that gave no finite numbers."""
    shares: tuple[float, float]
    """Of the variance, along the first axis and the second, 0 to 1; NaN if there is none."""
    turned: float = 0.0
    """Degrees, 0 to 90, from the first axis to the first principal component."""


def layers_to_project(network: Network) -> list[str]:
    """Names of the layers whose output is one row of not too many values, in their order."""
    return [
        layer.name
        for layer in network.layers
        if len(layer.output_shape) == 1 and layer.output_shape[0] <= MOST_UNITS
    ]


def usual_layer(network: Network) -> str:
    """What the last dense layer decides by: the output before it, or else that layer's own."""
    names, shown = [layer.name for layer in network.layers], layers_to_project(network)
    last = max((k for k, each in enumerate(network.layers) if isinstance(each, Dense)), default=0)
    before = names[max(last - 1, 0)]
    return before if before in shown else shown[-1]


def principal_plane(outputs: Array) -> Plane:
    """The plane of the first two principal components of `outputs` (N, units).

    A component's sign is such that its weight of the greatest magnitude is positive. With a single
    unit, or fewer than three images, what is missing is 0.
    """
    finite = np.isfinite(outputs).all(axis=1)
    points = np.full((len(outputs), 2), np.nan)
    points[finite] = 0
    components, shares = principal_components(outputs[finite], 2)
    if not len(shares):
        return Plane(points, (np.nan, np.nan))
    points[np.flatnonzero(finite), : len(shares)] = components
    both = [*shares, 0.0]
    return Plane(points, (both[0], both[1]))


def principal_components(outputs: Array, most: int) -> tuple[Array, list[float]]:
    """Where `outputs` (N, units), all finite, lie along up to `most` principal components.

    Float64 (N, k) about their mean, and the share of the variance along each, greatest first; none
    where nothing varies.
    """
    from scipy.linalg import eigh  # when it is needed: it takes long

    values = outputs.astype(np.float64)
    nothing: tuple[Array, list[float]] = np.empty((len(values), 0)), []
    if len(values) < 2:
        return nothing
    values -= values.mean(axis=0)
    covariance = values.T @ values / len(values)
    units, total = len(covariance), float(np.trace(covariance))
    if not 0 < total < np.inf:
        return nothing
    kept = min(units, most)
    variances, axes = eigh(covariance, subset_by_index=[units - kept, units - 1])
    variances, axes = variances[::-1], axes[:, ::-1]
    greatest = np.abs(axes).argmax(axis=0)
    axes = axes * np.where(axes[greatest, np.arange(kept)] < 0, -1, 1)
    return values @ axes, np.clip(variances / total, 0, 1).tolist()


def laid_like(plane: Plane, before: Plane) -> Plane:
    """The same points, turned and mirrored as a whole to lie as near as can be to `before`.

    Principal components of two moments may be mirrored or have changed places, though the images
    lie much the same. Distances stay as they are. (Schönemann 1966, "A generalized solution of the
    orthogonal Procrustes problem".)
    """
    turn = turn_towards(plane.points, before.points)
    if turn is None or not np.isfinite(plane.shares).all():
        return plane
    share = turn.T @ np.diag(plane.shares) @ turn
    angle = np.degrees(np.arccos(np.clip(abs(turn[0, 0]), 0, 1)))
    return Plane(plane.points @ turn, (float(share[0, 0]), float(share[1, 1])), float(angle))


def turn_towards(points: Array, before: Array) -> Array | None:
    """The turn or mirroring (2, 2) that lays `points` (N, 2) as near as can be to `before`.

    None where they are not as many, or `before` has nothing to lie near to. NaN are left out.
    """
    if len(points) != len(before):
        return None
    both = np.isfinite(points).all(axis=1) & np.isfinite(before).all(axis=1)
    if not before[both].any():
        return None
    from scipy.linalg import orthogonal_procrustes  # when it is needed: it takes long

    turn: Array = orthogonal_procrustes(points[both], before[both])[0]
    return turn
