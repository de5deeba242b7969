"""Keeps NumPy's matrix products on the thread that asks for them, since we share work ourselves.

The threads of BLAS wait for each other by spinning, and with anything else running (a window, say)
two of them were measured many times slower than one.
"""

from threadpoolctl import threadpool_limits


def use_one_blas_thread() -> None:
    """For the whole process, from now on."""
    threadpool_limits(1, user_api="blas")
