"""Forks a run: goes on from a moment of it with other settings, as a run of its own."""

from dataclasses import replace

from cnnviz.core.errors import CnnvizError
from cnnviz.core.fork import Differences, fork, settings_at
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.trainer import Snapshot
from cnnviz.ui.messages import Notice
from cnnviz.ui.runs import Run, differences
from cnnviz.ui.session import Session, request_for


def fork_off(
    session: Session, others: Differences, play: bool = False, run: Run | None = None
) -> None:
    """Goes on from the moment that is looked at; the run of now stays in the list.

    `run` is one that was left, of which it goes on from the newest batch.
    """
    parent = run or session.runs.open
    at = session.past.snapshot if parent is session.runs.open else None

    def begin(saved: SavedRun) -> None:
        assert parent
        origin = at if at and at.step <= saved.step else saved.newest
        begins = _begin(session, parent, saved, origin, others, play)
        if begins and parent is session.runs.open:
            session.pin(origin.step)  # it stays in its parent too

    session.capture(begin, parent)


def _begin(
    session: Session,
    parent: Run,
    saved: SavedRun,
    at: Snapshot,
    others: Differences,
    play: bool,
) -> bool:
    """Opens the fork; False, and a notice, where it makes no sense."""
    batches = parent.batches_per_epoch
    try:
        forked = fork(saved, at, batches, others)
    except CnnvizError as error:
        session.noticed.emit(Notice(str(error)))
        return False
    name, color = session.runs.next_name()
    data, timeline = parent.data, forked.timeline()
    run = Run(name, color, data, forked.spec, forked.settings, batches, timeline, parent)
    run.differences = differences(parent, run, settings_at(saved, at.step))
    run.origin = forked.origin and replace(forked.origin, differences=run.differences)
    session.open_run(request_for(forked), play, run)
    return True
