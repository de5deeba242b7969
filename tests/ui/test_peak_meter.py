"""The peak meter: training rests while it measures and goes on, and nobody has to wait."""

import threading

import pytest

from cnnviz.core.machine import Peak
from cnnviz.core.status import Phase
from cnnviz.ui import peak_meter
from cnnviz.ui.peak_meter import PeakMeter, Work

PEAK = Peak(100e9, 10e9, 2)


class Machine:
    """Stands in for the measurement: it takes as long as the test says."""

    def __init__(self):
        self.asked: list[int] = []
        self.ready = threading.Event()
        self.error: Exception | None = None

    def measure(self, threads, interrupted):
        self.asked.append(threads)
        while not self.ready.wait(0.005):
            if interrupted():
                return None
        if self.error:
            raise self.error
        return PEAK


@pytest.fixture
def machine(monkeypatch):
    made = Machine()
    monkeypatch.setattr(peak_meter, "measure_peak", made.measure)
    return made


@pytest.fixture
def meter(session, until):
    made = PeakMeter(session)
    yield made
    made.shut_down()
    until(lambda: made.is_shut_down)


def test_it_measures_at_rest(machine, meter, session, until):
    heard: list[Work] = []
    meter.changed.connect(lambda: heard.append(meter.work))
    machine.ready.set()
    meter.measure()
    until(lambda: meter.peak == PEAK)
    assert machine.asked == [session.settings.threads]
    assert heard == [Work.WAITING, Work.MEASURING, Work.NOTHING]
    assert meter.problem == ""
    assert not session.is_training
    assert meter.is_shut_down


def test_training_rests_meanwhile_and_goes_on_to_its_goal(machine, meter, session, until):
    session.play()
    goal = session.status.goal
    until(lambda: len(session.timeline) > 3)
    meter.measure()
    assert meter.has_paused_training
    until(lambda: meter.work is Work.MEASURING)
    assert session.status.phase is Phase.PAUSED
    step = session.status.step
    machine.ready.set()
    until(lambda: meter.peak == PEAK)
    assert session.status.goal == goal
    until(lambda: session.status.step > step)


def test_asking_twice_measures_once(machine, meter, until):
    meter.measure()
    meter.measure()
    until(lambda: meter.work is Work.MEASURING)
    meter.measure()
    machine.ready.set()
    until(lambda: meter.work is Work.NOTHING)
    assert len(machine.asked) == 1


def test_who_trains_in_the_midst_of_it_gives_it_up(machine, meter, session, until):
    meter.measure()
    until(lambda: meter.work is Work.MEASURING)
    session.play()
    until(lambda: meter.work is Work.NOTHING)
    assert meter.peak is None
    assert "given up" in meter.problem
    assert session.is_training


def test_who_travels_meanwhile_stays_where_they_went(machine, meter, session, until):
    session.play()
    until(lambda: len(session.timeline) > 3)
    meter.measure()
    until(lambda: meter.work is Work.MEASURING)
    session.reset()
    until(lambda: session.status.step == 0)
    machine.ready.set()
    until(lambda: meter.work is Work.NOTHING)
    assert not session.is_training


def test_giving_up_lets_training_go_on(machine, meter, session, until):
    session.play()
    until(lambda: len(session.timeline) > 3)
    meter.measure()
    until(lambda: meter.work is Work.MEASURING)
    meter.give_up()
    until(lambda: meter.work is Work.NOTHING)
    assert meter.peak is None
    until(lambda: session.is_training)


def test_giving_up_while_nothing_is_measured_does_nothing(machine, meter):
    meter.give_up()
    assert (meter.work, meter.problem) == (Work.NOTHING, "")


def test_an_error_is_told(machine, meter, until):
    machine.error = MemoryError("none left")
    machine.ready.set()
    meter.measure()
    until(lambda: meter.work is Work.NOTHING)
    assert "MemoryError: none left" in meter.problem


def test_after_the_end_nothing_is_measured(machine, meter):
    meter.shut_down()
    meter.measure()
    assert machine.asked == []
    assert meter.work is Work.NOTHING


@pytest.mark.timeout(120)
def test_the_real_machine_has_a_peak(meter, until):
    meter.measure()
    until(lambda: meter.peak is not None)
    assert meter.peak.flops_per_second > 1e8
    assert meter.peak.bytes_per_second > 1e7
