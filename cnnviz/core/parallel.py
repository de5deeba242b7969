"""One batch learned by several threads, each with its share of the images.

NumPy lets go of the interpreter inside large operations, so threads of ours do work side by side.
BLAS is kept at one thread each: its own threads wait for each other by spinning, and with anything
else running (a window, say) two of them were measured many times slower than one.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cnnviz.core.network import Lap, Network
from cnnviz.core.workspace import Array

LEAST_SHARE = 16
"""Images a thread; below that, handing over costs more than it saves."""


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_one_blas_thread() -> None:
    """Keeps NumPy's matrix products on the thread that asks for them, in the whole process."""
    threadpool_limits(1, user_api="blas")


class ParallelLearner:
    """Runs `Network.learn` on parts of a batch and adds up the gradients, always in one order.

    So the same number of threads gives the same bits; another number rounds differently.
    """

    def __init__(self, network: Network, threads: int, batch_size: int) -> None:
        """At most `threads` of them, and none with less than LEAST_SHARE images of a batch."""
        use_one_blas_thread()
        threads = max(1, min(threads, batch_size // LEAST_SHARE))
        self._networks = [network, *(network.twin() for _ in range(threads - 1))]
        self._pool = ThreadPoolExecutor(threads - 1, "cnnviz-learner") if threads > 1 else None

    def set_pulse(self, pulse: Callable[[], None]) -> None:
        """See `Network.set_pulse`; called on any of the threads."""
        for network in self._networks:
            network.set_pulse(pulse)

    def learn(
        self, images: Array, labels: NDArray[np.integer[Any]], lap: Lap, twin_lap: Lap
    ) -> tuple[float, Array]:
        """As `Network.learn`: mean loss and logits of the batch, the gradient in the network.

        The first share is learned on the calling thread, which calls `lap`; the others call
        `twin_lap`. What either raises is raised here, after all threads have ended their share.
        """
        shares = len(self._networks)
        if self._pool is None:
            return self._networks[0].learn(images, labels, lap)
        bounds = np.linspace(0, len(images), shares + 1).astype(int)
        parts = [slice(start, end) for start, end in pairwise(bounds)]
        futures: list[Future[tuple[float, Array]]] = [
            self._pool.submit(twin.learn, images[part], labels[part], twin_lap, len(images))
            for twin, part in zip(self._networks[1:], parts[1:], strict=True)
        ]
        try:
            results = [
                self._networks[0].learn(images[parts[0]], labels[parts[0]], lap, len(images))
            ]
        finally:
            for future in futures:
                future.exception()
        results += [future.result() for future in futures]
        for twin in self._networks[1:]:
            self._networks[0].gradient += twin.gradient
        return sum(loss for loss, _ in results), np.concatenate([part for _, part in results])

    def close(self) -> None:
        """Ends the threads."""
        if self._pool:
            self._pool.shutdown()
