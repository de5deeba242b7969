"""A pipe is watched until there is something to read, or the time is over."""

import os
import threading
from time import perf_counter, sleep

import pytest

from cnnviz.core.pipe import AWAKE_SECONDS, Lines

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only posix can ask a pipe")


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
        yield Lines(source), sink


def test_what_is_there_is_seen_at_once(pipe):
    source, sink = pipe
    sink.write(b"x\n")
    assert source.watch()
    assert source.read() == b"x"


def test_of_two_lines_that_came_together_none_is_overlooked(pipe):
    source, sink = pipe
    sink.write(b"first\nsecond\nthi")
    assert source.watch(awake=0)
    assert source.read() == b"first"
    assert source.watch(awake=0)
    assert source.read() == b"second"
    sink.write(b"rd\n")
    assert source.read() == b"third"
    assert not source.watch(awake=0)


def test_it_gives_up_in_time(pipe):
    begin = perf_counter()
    assert not pipe[0].watch()
    assert not pipe[0].watch(0.05)
    assert 0.05 + 2 * AWAKE_SECONDS <= perf_counter() - begin < 5


def test_what_comes_after_it_fell_asleep_wakes_it(pipe):
    source, sink = pipe

    def write_late():
        sleep(20 * AWAKE_SECONDS)
        sink.write(b"x")

    writer = threading.Thread(target=write_late)
    writer.start()
    assert source.watch(5)
    writer.join()


def test_an_end_is_something_to_read(pipe):
    source, sink = pipe
    sink.close()
    assert source.watch()
    assert source.read() == b""


def test_it_can_just_ask(pipe):
    begin = perf_counter()
    for _ in range(100):
        assert not pipe[0].watch(awake=0)
    assert perf_counter() - begin < 100 * AWAKE_SECONDS
