"""Keeps a lead for a trainer whose process has other things to do: it comes late, and may be lost.

Until it is there, and after it was lost, all is learned here as if there were none. One that is
lost is followed by another, but not for ever.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.child import HelperLost
from cnnviz.core.datasets import Split
from cnnviz.core.lead import Batch, Lead, Outcome
from cnnviz.core.network import Network
from cnnviz.core.optimizers import Optimizer
from cnnviz.core.parallel import PATIENCE
from cnnviz.core.priority import let_others_first
from cnnviz.core.settings import Settings
from cnnviz.core.workspace import Array

log = logging.getLogger(__name__)

Found = TypeVar("Found")
MOST = 3
"""Leads of one trainer, one after the other."""
MOST_PARAMETERS = 1_000_000
"""Of larger networks the weights and the optimiser's state take longer to hand over than is saved:
with 8 million, batches were measured to take a quarter longer."""


class Aside:
    """The lead of one trainer."""

    def __init__(self, network: Network, rule: Optimizer, settings: Settings) -> None:
        self._given = network, rule, settings
        self._lead: Lead | None = None
        self._patience = PATIENCE
        self._left = MOST
        self.is_over = False
        """Whether there is none and will be none: the trainer's thread is on its own."""

    def start(self) -> None:
        """Starts it, where that is possible; `has_learned` does so after a while."""
        self._patience = 0.0
        if self._lead or self.is_over:
            return
        self._left -= 1
        try:
            self._lead = Lead(*self._given)
        except (OSError, HelperLost):  # it may end as soon as it has begun
            log.warning("no process can be started; this one trains itself", exc_info=True)
            self._give_up()

    def has_learned(self, seconds: float) -> None:
        """So long was learned here. Who only looks in for a moment needs no process."""
        if self._patience > 0:
            self._patience -= seconds
            if self._patience <= 0:
                self.start()

    def rest(self) -> None:
        """As `Lead.rest`."""
        if self._lead:
            self._lead.rest()

    @property
    def lead(self) -> Lead | None:
        """The lead, once it can be given work."""
        try:
            return self._lead if self._lead and self._lead.ready else None
        except HelperLost:
            self._lose()
            return None

    def train(
        self,
        batches: Sequence[Batch],
        images: Callable[[int], tuple[NDArray[np.uint8], NDArray[np.int64]]],
        check: Callable[[], None],
    ) -> Outcome | None:
        """As `Lead.train`; None if there is no lead to do it, and nothing has changed."""
        return self._ask(lambda lead: lead.train(batches, images, check))

    def forward(self, network: Network, split: Split, check: Callable[[], None]) -> Array | None:
        """As `Lead.forward`; None if there is no lead to do it."""
        return self._ask(lambda lead: lead.forward(network, split, check))

    def _ask(self, question: Callable[[Lead], Found]) -> Found | None:
        if not (lead := self.lead):
            return None
        try:
            return question(lead)
        except HelperLost:
            self._lose()
            return None
        except KeyboardInterrupt:
            self.close()  # it comes at any moment: nobody knows what was answered
            raise

    def close(self) -> None:
        """Ends it."""
        if self._lead:
            self._lead.close()
            self._lead = None

    def _lose(self) -> None:
        log.warning("the process that trains has ended; this one goes on itself")
        self.close()
        self._patience = PATIENCE
        if not self._left:
            self._give_up()

    def _give_up(self) -> None:
        self.is_over = True
        let_others_first()  # which the thread need not where it only waits for a lead
