import os
import subprocess
import sys
import time
from multiprocessing import shared_memory
from pathlib import Path

import pytest

from cnnviz.core.helper import Helper
from cnnviz.core.network import Network
from cnnviz.core.spec import Spec

TRAINS_AND_LEAVES = """
import numpy as np
from cnnviz.core import PRESETS, Settings, Trainer, load_dataset
trainer = Trainer(PRESETS["tiny"], load_dataset("digits"), Settings(batch_size=64, threads=2))
trainer.start_helpers()
trainer.train_batch()
helper = trainer._learner._shares[1].helper
print(helper._process.pid, helper.shared.name, flush=True)
{end}
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended and waits for its parent's parent.
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_closing_ends_the_process_and_frees_the_memory(small_spec: Spec) -> None:
    helper = Helper(Network(small_spec), 16)
    process, name = helper._process, helper.shared.name
    helper.close()
    assert process.returncode == 0
    with pytest.raises(FileNotFoundError):
        shared_memory.SharedMemory(name)
    helper.close()  # twice does nothing


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("end", ["", "import os; os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_no_helper_outlives_a_program_however_it_ends(end: str) -> None:
    program = "import os\n" + TRAINS_AND_LEAVES.format(end=end)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    pid, name = ended.stdout.split()
    if not end:
        assert (ended.returncode, ended.stderr) == (0, "")
    deadline = time.monotonic() + 30
    while alive(int(pid)):
        assert time.monotonic() < deadline, "the helper lives on"
        time.sleep(0.02)
    while Path("/dev/shm", name).exists():
        assert time.monotonic() < deadline, "the shared memory lives on"
        time.sleep(0.02)
