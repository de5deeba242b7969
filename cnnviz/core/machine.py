"""What this machine can do at its best, measured here and now: the roof above every layer's time.

Its two limits are how fast it multiplies and adds, taken from large square matrix products, and how
fast it moves memory, taken from copying arrays that fit no cache. No layer can pass either; the
roofline picture shows how near each comes.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import NamedTuple

import numpy as np

from cnnviz.core.blas import use_one_blas_thread
from cnnviz.core.workspace import Array

SIDE = 1024
"""Rows and columns of the matrices: 4 MB each, and 2·1024³ FLOPs a product."""
COPIED = 16 * 2**20
"""Values (64 MB) that all threads together copy at once, more than most caches hold."""
SECONDS = 0.3
"""For each of the two limits."""
LEAST_TRIES = 3


class Peak(NamedTuple):
    """The best of several tries, all threads together."""

    flops_per_second: float
    """float32; a multiplication and an addition are two."""
    bytes_per_second: float
    """Read and written, both counted."""
    threads: int


def measure_peak(threads: int, interrupted: Callable[[], bool] = lambda: False) -> Peak | None:
    """The machine's peak with so many threads, in about 0.7 s; None if `interrupted()` says so.

    Each thread multiplies, and copies, arrays of its own, as in training; BLAS is kept at one
    thread each from now on (see blas.py). Whatever else runs at the time lowers the result.
    """
    use_one_blas_thread()
    with ThreadPoolExecutor(threads, "cnnviz-peak") as pool:
        product = _best(pool, [_product() for _ in range(threads)], interrupted)
        if product is None:
            return None
        share = COPIED // threads
        copy = _best(pool, [_copy(share) for _ in range(threads)], interrupted)
        if copy is None:
            return None
    return Peak(threads * 2 * SIDE**3 / product, threads * share * 2 * 4 / copy, threads)


def _best(
    pool: ThreadPoolExecutor, works: list[Callable[[], None]], interrupted: Callable[[], bool]
) -> float | None:
    """Seconds that all works side by side take, the least of several tries after a first."""
    best: float | None = None
    end = perf_counter() + SECONDS
    tries = 0
    while tries <= LEAST_TRIES or perf_counter() < end:
        if interrupted():
            return None
        begin = perf_counter()
        for future in [pool.submit(work) for work in works]:
            future.result()
        seconds = perf_counter() - begin
        if tries:
            best = min(seconds, best or seconds)
        tries += 1
    return best


def _product() -> Callable[[], None]:
    rng = np.random.default_rng(0)
    left, right = (rng.random((SIDE, SIDE), np.float32) for _ in range(2))
    out = np.empty((SIDE, SIDE), np.float32)

    def multiply() -> None:
        np.matmul(left, right, out=out)

    return multiply


def _copy(count: int) -> Callable[[], None]:
    """Copies so many values; both arrays are written once before, so that their memory is there."""
    source: Array = np.ones(count, np.float32)
    target = np.zeros_like(source)
    target[...] = source

    def copy() -> None:
        np.copyto(target, source)

    return copy
