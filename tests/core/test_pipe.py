"""A pipe is watched until there is something to read, or the time is over."""

import os
import threading
from time import perf_counter, sleep

import pytest

from cnnviz.core.pipe import AWAKE_SECONDS, watch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only posix can ask a pipe")


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
        yield source, sink


def test_what_is_there_is_seen_at_once(pipe):
    source, sink = pipe
    sink.write(b"x")
    assert watch(source)
    assert source.read(1) == b"x"


def test_it_gives_up_in_time(pipe):
    begin = perf_counter()
    assert not watch(pipe[0])
    assert not watch(pipe[0], 0.05)
    assert 0.05 + 2 * AWAKE_SECONDS <= perf_counter() - begin < 5


def test_what_comes_after_it_fell_asleep_wakes_it(pipe):
    source, sink = pipe

    def write_late():
        sleep(20 * AWAKE_SECONDS)
        sink.write(b"x")

    writer = threading.Thread(target=write_late)
    writer.start()
    assert watch(source, 5)
    writer.join()


def test_an_end_is_something_to_read(pipe):
    source, sink = pipe
    sink.close()
    assert watch(source)


def test_it_can_just_ask(pipe):
    begin = perf_counter()
    for _ in range(100):
        assert not watch(pipe[0], awake=0)
    assert perf_counter() - begin < 100 * AWAKE_SECONDS
