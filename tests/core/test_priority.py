"""A gentle runner's thread is nicer than the others, and so are the processes it starts."""

import os
import sys
import threading
import time

import pytest

from cnnviz.core import runner
from cnnviz.core.priority import LAST, NICENESS, let_others_first
from cnnviz.core.settings import Settings
from cnnviz.core.trainer import Trainer

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere a thread has no priority of its own"
)


@pytest.mark.parametrize(("asked", "niceness"), [((), NICENESS), ((LAST,), LAST)])
def test_it_is_for_the_calling_thread_alone(asked, niceness):
    before = os.getpriority(os.PRIO_PROCESS, 0)
    found = []

    def work():
        let_others_first(*asked)
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [max(before, niceness)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


@pytest.mark.parametrize(("gentle", "cores", "asks"), [(0, 1, 0), (1, 1, 1), (1, 2, 0)])
def test_only_a_gentle_runner_asks_for_less_and_not_where_a_core_is_left(
    gentle, cores, asks, small_spec, dataset, monkeypatch
):
    asked = []
    monkeypatch.setattr(runner, "let_others_first", lambda: asked.append(True))
    monkeypatch.setattr("cnnviz.core.parallel.usable_cores", lambda: cores)
    settings = Settings(batch_size=8, threads=1)
    running = runner.Runner(lambda: Trainer(small_spec, dataset, settings), gentle=bool(gentle))
    running.start()
    running.step()
    deadline = time.monotonic() + 20
    while running.status.step < 1:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    running.stop()
    assert running.join(10)
    assert len(asked) == asks
