"""The machine's peak: it is measured, sane, and given up when somebody says so."""

import threading
from itertools import count

import pytest

from cnnviz.core import machine
from cnnviz.core.machine import measure_peak


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Little work: what is tested is not how fast this machine is."""
    monkeypatch.setattr(machine, "SIDE", 64)
    monkeypatch.setattr(machine, "COPIED", 100_000)
    monkeypatch.setattr(machine, "SECONDS", 0.01)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_peak_is_a_plausible_number(threads):
    before = threading.active_count()
    peak = measure_peak(threads)
    assert peak
    assert peak.threads == threads
    assert 1e6 < peak.flops_per_second < 1e15
    assert 1e6 < peak.bytes_per_second < 1e14
    assert threading.active_count() == before


@pytest.mark.parametrize("rounds", range(1 + 2 * (machine.LEAST_TRIES + 1)))
def test_it_can_be_given_up_at_any_time(monkeypatch, rounds):
    monkeypatch.setattr(machine, "SECONDS", 0)
    asked = count()
    peak = measure_peak(1, lambda: next(asked) >= rounds)
    least = 2 * (machine.LEAST_TRIES + 1)
    assert (peak is None) == (rounds < least)


def test_the_rates_are_work_by_the_best_time(monkeypatch):
    monkeypatch.setattr(machine, "_best", lambda pool, works, interrupted: 0.5 * len(works))
    peak = measure_peak(2)
    assert peak
    assert peak.flops_per_second == 2 * 2 * 64**3
    assert peak.bytes_per_second == 100_000 * 4 * 2
