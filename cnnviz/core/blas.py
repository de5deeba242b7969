"""What we ask of BLAS, the library behind NumPy's matrix products: one thread, and which kernels.

Work is shared out by ourselves: the threads of BLAS wait for each other by spinning, and with
anything else running (a window, say) two of them were measured many times slower than one.
"""

from functools import cache

from threadpoolctl import threadpool_info, threadpool_limits

SMALL_KERNELS = ("SkylakeX", "Cooperlake", "SapphireRapids")
"""OpenBLAS' names for the kernels that can multiply small matrices without copying them first."""


def use_one_blas_thread() -> None:
    """For the whole process, from now on."""
    threadpool_limits(1, user_api="blas")


@cache
def has_small_kernels() -> bool:
    """Whether small products are quicker here than their share of a large one; see products.py."""
    return any(library.get("architecture") in SMALL_KERNELS for library in threadpool_info())
