"""A gentle runner's thread is nicer than the others, and so are the processes it starts."""

import os
import sys
import threading

import pytest

from cnnviz.core import runner
from cnnviz.core.priority import LAST, NICENESS, let_others_first

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


def test_only_a_gentle_runner_asks_for_less(monkeypatch):
    asked = []
    monkeypatch.setattr(runner, "let_others_first", lambda: asked.append(True))

    def build():
        raise RuntimeError("nothing to train")

    for gentle in (False, True):
        running = runner.Runner(build, gentle=gentle)
        running.start()
        assert running.join(10)
        assert bool(asked) == gentle
