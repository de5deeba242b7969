"""One task at a time: looked at by a timer, ended, and gone with its owner."""

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Slot

from cnnviz.ui.watched_tasks import OneTask
from tests.core.test_task import Endless, Short


class Owner(QObject):
    """Takes what a task has found."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.looks = 0
        self.work = OneTask(self, self.look, 5)

    @Slot()
    def look(self):
        self.looks += 1
        task = self.work.now
        if task and task.standing.ended:
            self.found.append(task.standing.found)
            self.work.end()


@pytest.fixture
def owner(no_threads_left, until):
    made = Owner()
    yield made
    made.work.end()
    until(lambda: made.work.is_over)


def test_what_it_has_found_is_taken_once(owner, until, qtbot):
    for times in (1, 2):
        owner.work.start(Short())
        until(lambda times=times: owner.found == ["something"] * times)
    looks = owner.looks
    qtbot.wait(30)
    assert owner.looks == looks
    assert owner.work.now is None


def test_ended_before_its_end_it_gives_nothing(owner, until):
    owner.work.start(Endless())
    assert not owner.work.is_over
    owner.work.end()
    until(lambda: owner.work.is_over)
    assert owner.found == []


def test_waiting_the_owner_looks_although_nothing_runs(owner, until):
    owner.work.wait()
    until(lambda: owner.looks > 1)
    assert owner.work.is_over


def test_it_ends_with_its_owner(no_threads_left, until):
    owner = Owner()
    work = owner.work
    work.start(Endless())
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    until(lambda: work.is_over)
    work.end()
    assert work.now is None
