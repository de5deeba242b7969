"""Starts a process of our own: a module of this package, in the Python that runs now."""

import os
import subprocess
import sys
from pathlib import Path

import cnnviz


def start_python(module: str) -> subprocess.Popen[bytes]:
    """Runs `module` with pipes to its standard input and output and its BLAS kept at one thread.

    Raises OSError where no process can be had.
    """
    package = str(Path(cnnviz.__file__).parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **one_thread, "PYTHONPATH": os.pathsep.join(paths)},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
