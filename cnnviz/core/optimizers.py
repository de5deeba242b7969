"""How a gradient becomes a step: a few operations on the flat vector of all parameters.

Each follows PyTorch's formulas and defaults (torch.optim.SGD and torch.optim.Adam).
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from cnnviz.core.errors import SettingsError
from cnnviz.core.workspace import Array


class Optimizer(ABC):
    """What every optimiser has: a name, a default learning rate, and a state that can be copied."""

    name: ClassVar[str]
    title: ClassVar[str]
    default_rate: ClassVar[float]

    def __init__(self, like: Array) -> None:
        """`like` is the flat vector whose size and dtype the state takes."""
        self.state: dict[str, Array] = {}
        self._scratch = np.empty_like(like)

    @abstractmethod
    def update(self, vector: Array, gradient: Array, rate: float) -> None:
        """Moves `vector` in place, against `gradient`, at learning rate `rate`."""

    def copy_state(self) -> dict[str, Array]:
        """The state as arrays of its own, for a snapshot."""
        return {name: array.copy() for name, array in self.state.items()}

    def load_state(self, state: dict[str, Array]) -> None:
        """Takes over a copied state."""
        for name, array in self.state.items():
            array[...] = state[name]


class GradientDescent(Optimizer):
    """w ← w − rate · g."""

    name = "gradient-descent"
    title = "Gradient descent"
    default_rate = 0.1

    def update(self, vector: Array, gradient: Array, rate: float) -> None:
        """One step downhill."""
        np.multiply(gradient, vector.dtype.type(rate), out=self._scratch)
        vector -= self._scratch


class Momentum(Optimizer):
    """v ← 0.9 · v + g;  w ← w − rate · v."""

    name = "momentum"
    title = "Momentum"
    default_rate = 0.02
    momentum = 0.9

    def __init__(self, like: Array) -> None:
        """The velocity begins at zero."""
        super().__init__(like)
        self.state = {"velocity": np.zeros_like(like)}

    def update(self, vector: Array, gradient: Array, rate: float) -> None:
        """One step with the running velocity."""
        velocity = self.state["velocity"]
        velocity *= vector.dtype.type(self.momentum)
        velocity += gradient
        np.multiply(velocity, vector.dtype.type(rate), out=self._scratch)
        vector -= self._scratch


class Adam(Optimizer):
    """Kingma and Ba 2015: each parameter steps by its mean gradient over that gradient's size.

    m ← b1·m + (1 − b1)·g;  v ← b2·v + (1 − b2)·g²
    w ← w − rate / (1 − b1^t) · m / (sqrt(v) / c + eps)   with c = sqrt(1 − b2^t)

    The same with fewer passes over memory, in which form it is computed:

    m ← m + (1 − b1)·(g − m);  v ← v + (1 − b2)·(g² − v)
    w ← w − rate · c / (1 − b1^t) · m / (sqrt(v) + c·eps)
    """

    name = "adam"
    title = "Adam"
    default_rate = 0.002
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, like: Array) -> None:
        """Both moments begin at zero; `steps` is t."""
        super().__init__(like)
        self.state = {
            "mean": np.zeros_like(like),
            "square": np.zeros_like(like),
            "steps": np.zeros(1),
        }

    def update(self, vector: Array, gradient: Array, rate: float) -> None:
        """One step with bias-corrected moments."""
        number = vector.dtype.type
        mean, square, scratch = self.state["mean"], self.state["square"], self._scratch
        self.state["steps"] += 1
        steps = float(self.state["steps"][0])

        np.subtract(gradient, mean, out=scratch)
        scratch *= number(1 - self.beta1)
        mean += scratch
        np.square(gradient, out=scratch)
        scratch -= square
        scratch *= number(1 - self.beta2)
        square += scratch

        correction = np.sqrt(1 - self.beta2**steps)
        np.sqrt(square, out=scratch)
        scratch += number(correction * self.epsilon)
        np.divide(mean, scratch, out=scratch)
        scratch *= number(rate * correction / (1 - self.beta1**steps))
        vector -= scratch


OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.name: kind for kind in (GradientDescent, Momentum, Adam)
}


def optimizer(name: str) -> type[Optimizer]:
    """The optimiser called `name`; raises SettingsError for a name there is not."""
    try:
        return OPTIMIZERS[name]
    except KeyError:
        known = ", ".join(OPTIMIZERS)
        raise SettingsError(f"There is no optimiser “{name}”; there are {known}.") from None
