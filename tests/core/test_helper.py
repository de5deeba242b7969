import sys
from multiprocessing import shared_memory

import pytest

from cnnviz.core.helper import Helper
from cnnviz.core.network import Network
from cnnviz.core.spec import Spec
from tests.core.processes import run_program, wait_until_gone

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
    ended = run_program(program)
    pid, name = ended.stdout.split()
    if not end:
        assert (ended.returncode, ended.stderr) == (0, "")
    wait_until_gone(int(pid), name)
