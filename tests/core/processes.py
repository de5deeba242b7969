"""What tests of processes of our own share."""

import os
import subprocess
import sys
import time
from pathlib import Path

from cnnviz.core.python_process import start_python


def run_program(program: str) -> "subprocess.CompletedProcess[str]":
    """Has another Python run it to its end."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )


def start_in_vain(module: str) -> "subprocess.Popen[bytes]":
    """In place of `start_python`: a process that has ended already."""
    process = start_python(f"{module}_of_nobody")
    process.wait()
    return process


def is_alive(pid: int) -> bool:
    """Whether it runs still (on Linux)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended and waits for its parent's parent.
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def wait_until_gone(pid: int, memory: str = "", seconds: float = 30) -> None:
    """Fails if the process, or the shared memory of that name, is there for longer."""
    deadline = time.monotonic() + seconds
    while is_alive(pid) or (memory and Path("/dev/shm", memory).exists()):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.02)
