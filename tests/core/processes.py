"""What tests of processes of our own share."""

import os
import time
from pathlib import Path


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
