"""A gentle runner's thread is nicer than the others, and so are the processes it starts."""

import os
import sys
import threading
import time

import pytest

from cnnviz.core import parallel, runner
from cnnviz.core.helper import Helper
from cnnviz.core.network import Network
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


@pytest.mark.parametrize(("gentle", "cores", "asks"), [(False, 1, 0), (True, 1, 1), (True, 2, 0)])
def test_a_gentle_runner_asks_for_less_where_no_core_is_left(
    gentle, cores, asks, dataset, small_spec, monkeypatch
):
    """With a core left, its helpers do, and the thread, which hardly works, waits for nobody."""
    asked = []
    monkeypatch.setattr(runner, "let_others_first", lambda: asked.append(True))
    monkeypatch.setattr(parallel, "usable_cores", lambda: cores)
    settings = Settings(batch_size=16, threads=1)
    running = runner.Runner(lambda: Trainer(small_spec, dataset, settings), gentle=gentle)
    running.start()
    running.stop()
    assert running.join(10)
    assert len(asked) == asks


@pytest.mark.parametrize("apart", [False, True])
def test_a_helper_apart_lets_others_first(apart, small_spec):
    before = os.getpriority(os.PRIO_PROCESS, 0)
    helper = Helper(Network(small_spec), 8, apart)
    try:
        deadline = time.monotonic() + 60
        while not helper.ready:
            assert time.monotonic() < deadline, "the helper does not start"
            time.sleep(0.01)
        found = os.getpriority(os.PRIO_PROCESS, helper._process.pid)
        assert found == (max(before, NICENESS) if apart else before)
    finally:
        helper.close()
