"""One batch learned on several cores: by this process and by helpers, each with its share.

A share gives the same bits wherever it is learned. So until the helpers have started (or where they
cannot), this process learns their shares too, one after the other, and only the speed differs.
"""

import logging
import math
import os
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.blas import use_one_blas_thread
from cnnviz.core.child import HelperLost
from cnnviz.core.datasets import Split
from cnnviz.core.helper import Helper
from cnnviz.core.network import Lap, Network
from cnnviz.core.parallel_forward import forward_shared
from cnnviz.core.slices import learn_in_slices
from cnnviz.core.workspace import Array, no_pulse

log = logging.getLogger(__name__)

LEAST_SHARE = 8
"""Images a core; below that, products get thin and handing over costs what it saves."""
MANY = 8
"""Cores of which one is worth less than smooth pictures."""
PATIENCE = 0.3
"""Seconds of learning before helpers are started, which costs about as much."""


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cores_beside_a_window() -> int:
    """How many train by default where a window is open: all, but of MANY one is left to it."""
    cores = usable_cores()
    return cores - 1 if cores >= MANY else cores


def cores_left(cores: int) -> int:
    """How many are left to others by training on `cores`."""
    return max(usable_cores() - cores, 0)


def shares(cores: int, batch_size: int) -> list[slice]:
    """Which images of a batch are whose: at most `cores` parts, as even as can be.

    None has less than LEAST_SHARE images, unless the batch itself does.
    """
    count = max(1, min(cores, batch_size // LEAST_SHARE))
    bounds = [batch_size * k // count for k in range(count + 1)]
    return [slice(start, end) for start, end in pairwise(bounds)]


class ParallelLearner:
    """Runs `Network.learn` on parts of a batch and adds up the gradients, always in one order.

    So the same number of cores gives the same bits; another number rounds differently.
    """

    def __init__(self, network: Network, cores: int, batch_size: int) -> None:
        """At most `cores` shares, and none with less than LEAST_SHARE images of a batch."""
        use_one_blas_thread()
        parts = shares(cores, batch_size)
        self._network = network
        self._shares = [_Share(network, parts[0])]
        self._shares += [_Share(network.twin(), part) for part in parts[1:]]
        self.patience = PATIENCE
        """Seconds of learning until it starts helpers by itself; 0 when it has."""

    @property
    def helpers(self) -> int:
        """How many helpers are there."""
        return sum(share.helper is not None for share in self._shares)

    def start_helpers(self) -> None:
        """Starts them, where that is possible; `learn` does so by itself after a while."""
        self.patience = 0.0
        for share in self._shares[1:]:
            if share.helper is None:
                share.start_helper()

    def be_helped(self) -> None:
        """Helpers are wanted after all, by who had set `patience` to infinity."""
        if math.isinf(self.patience):
            self.patience = PATIENCE

    @property
    def helpers_are_ready(self) -> bool:
        """Whether all that were started can be given work; one that never will is given up."""
        return all(share.is_ready() for share in self._shares)

    def learn(
        self, split: Split, indices: NDArray[np.integer[Any]], lap: Lap, check: Callable[[], None]
    ) -> tuple[float, Array, NDArray[np.int64]]:
        """As `Network.learn` for these images of `split`, `batch_size` of them.

        Returns the mean loss, the logits and the labels; the gradient is in the network. `lap` is
        called as by `Network.learn`, and with "data"; `check` is called now and then. What either
        raises gives up all shares and is raised here.
        """
        begin = time.perf_counter()
        try:
            handed = [share.hand_over(split, indices) for share in self._shares]
            lap("data", "forward")
            results = [
                None if busy else share.learn(split, indices, lap, check)
                for share, busy in zip(self._shares, handed, strict=True)
            ]
            results = [
                result or share.result(split, indices, lap, check)
                for share, result in zip(self._shares, results, strict=True)
            ]
        except KeyboardInterrupt:
            self.close()  # it comes at any moment: nobody knows what was answered
            raise
        except BaseException:
            for share in self._shares:
                share.abandon()
            raise
        for share in self._shares[1:]:
            self._network.gradient += share.gradient
        if self.patience > 0:
            self.patience -= time.perf_counter() - begin
            if self.patience <= 0:
                self.start_helpers()
        losses, logits, labels = zip(*filter(None, results), strict=True)
        return sum(losses), np.concatenate(logits), np.concatenate(labels)

    def forward(self, network: Network, split: Split, check: Callable[[], None]) -> Array:
        """Logits (N, classes) of all N images of `split`, the same bits on any number of cores.

        `network` has the layers of the one that learns and this thread to itself; see
        `forward_shared` for `check`.
        """
        helpers = [share.helper for share in self._shares if share.is_ready() and share.helper]
        try:
            return forward_shared(network, split, helpers, check)
        except KeyboardInterrupt:
            self.close()  # as in `learn`
            raise

    def close(self) -> None:
        """Ends the helpers."""
        for share in self._shares:
            share.close()


Result = tuple[float, Array, NDArray[np.int64]]
"""Loss, logits and labels of a share."""


class _Share:
    """One part of every batch, and who learns it: a helper if there is one, else this process."""

    def __init__(self, network: Network, part: slice) -> None:
        self.network = network
        self.part = part
        self.helper: Helper | None = None
        self.gradient = network.gradient
        """Where the last gradient of this share is."""
        self._busy = False

    def start_helper(self) -> None:
        """Starts one for `part`; without processes or shared memory all goes on as before."""
        try:
            self.helper = Helper(self.network, self.part.stop - self.part.start)
        except (OSError, HelperLost):  # it may end as soon as it has begun
            log.warning("no helper process can be started; one core learns alone", exc_info=True)

    def is_ready(self) -> bool:
        """Whether whoever learns this share could begin now."""
        try:
            return self.helper is None or self.helper.ready
        except HelperLost:
            self._lose()
            return True

    def hand_over(self, split: Split, indices: NDArray[np.integer[Any]]) -> bool:
        """Has the helper begin; false if there is none, or it is not ready yet."""
        chosen = indices[self.part]
        try:
            if self.helper is None or not self.helper.ready:
                return False
            self.helper.begin(
                self.network,
                np.take(split.pixels, chosen, axis=0),
                np.take(split.labels, chosen),
                len(indices),
            )
        except HelperLost:
            self._lose()
            return False
        self._busy = True
        return True

    def learn(
        self,
        split: Split,
        indices: NDArray[np.integer[Any]],
        lap: Lap,
        check: Callable[[], None],
    ) -> Result:
        """Learns the share here and now."""
        images, labels = split.batch(indices[self.part])
        lap("data", "forward")
        self.network.set_pulse(check)
        loss, logits = learn_in_slices(self.network, images, labels, lap, len(indices))
        self.gradient = self.network.gradient
        return loss, logits, labels

    def result(
        self,
        split: Split,
        indices: NDArray[np.integer[Any]],
        lap: Lap,
        check: Callable[[], None],
    ) -> Result:
        """Waits for the helper; if it is lost, learns the share here after all."""
        labels = np.take(split.labels, indices[self.part])
        try:
            assert self.helper
            loss, logits = self.helper.end(len(labels), check)
        except HelperLost:
            self._lose()
            return self.learn(split, indices, lap, check)
        self._busy = False
        self.gradient = self.helper.shared.gradient
        return loss, logits, labels

    def abandon(self) -> None:
        """Gives up what the helper is at, if it is."""
        if self._busy and self.helper:
            self._busy = False
            try:
                self.helper.abandon()
            except HelperLost:
                self._lose()

    def close(self) -> None:
        """Ends the helper."""
        self.network.set_pulse(no_pulse)  # the last one led back to the trainer
        self.gradient = self.network.gradient
        if self.helper:
            self.helper.close()
            self.helper = None

    def _lose(self) -> None:
        log.warning("a helper process has ended; this one goes on alone")
        self._busy = False
        self.close()
