"""Chooses OpenBLAS' quicker kernels, which has to happen before NumPy is loaded.

On AMD processors with AVX-512, OpenBLAS 0.3.31 takes kernels that were measured to be 1.3 to 1.6
times slower for products as thin as a convolution's than those it takes on processors without.
`OPENBLAS_CORETYPE` in the environment, if set, is left as it is.
"""

import os
import platform
import sys
from pathlib import Path

VARIABLE = "OPENBLAS_CORETYPE"


def prefer_quicker_kernels(cpuinfo: Path = Path("/proc/cpuinfo")) -> None:
    """Sets the variable where it helps; does nothing elsewhere, or once NumPy is loaded."""
    if "numpy" in sys.modules or platform.machine() not in ("x86_64", "AMD64"):
        return
    try:
        processor = cpuinfo.read_text(errors="replace")
    except OSError:
        return  # not Linux
    if "AuthenticAMD" in processor and "avx512f" in processor:
        os.environ.setdefault(VARIABLE, "Haswell")
