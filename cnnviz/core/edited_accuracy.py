"""What edits are worth: a network's test accuracy with them and without, on a thread of its own."""

import threading
import traceback
from collections.abc import Callable
from typing import NamedTuple

from cnnviz.core.datasets import Split
from cnnviz.core.edits import Edits, edited
from cnnviz.core.errors import CnnvizError
from cnnviz.core.evaluation import IMAGES_AT_ONCE, evaluate
from cnnviz.core.memory import give_back_memory
from cnnviz.core.network import Network
from cnnviz.core.spec import Spec
from cnnviz.core.workspace import Array


class Compared(NamedTuple):
    """Accuracies over the test set, 0 to 1."""

    learned: float
    edited: float


class Standing(NamedTuple):
    """Where a comparison is; once `ended`, it stays so."""

    share: float
    """How much of it is over, 0 to 1."""
    result: Compared | None
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class Comparison:
    """Started once. Whoever watches asks for `standing` at its own pace."""

    def __init__(self, spec: Spec, vector: Array, edits: Edits, test: Split) -> None:
        """`vector` holds the learned weights; nobody may write to it any more."""
        self._spec, self._vector, self._edits, self._test = spec, vector, edits, test
        self._lock = threading.Lock()
        self._standing = Standing(0.0, None, False, None)
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cnnviz-comparison", daemon=False)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def cancel(self) -> None:
        """Asks the thread to end; it gives up what it is at. Returns at once."""
        self._cancelled.set()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> bool:
        """Waits up to `timeout` seconds for the thread to end; whether it has."""
        self._thread.join(timeout)
        return not self.is_alive

    @property
    def standing(self) -> Standing:
        """Where the comparison is now."""
        with self._lock:
            return self._standing

    def _run(self) -> None:
        result = failure = None
        try:
            result = self._compare()
        except CnnvizError as error:
            failure = (str(error), "")
        except Exception as error:
            failure = (f"{type(error).__name__}: {error}", traceback.format_exc())
        finally:
            give_back_memory()
            with self._lock:
                self._standing = Standing(self._standing.share, result, True, failure)

    def _compare(self) -> Compared | None:
        learned = Network(self._spec)
        learned.vector[...] = self._vector
        accuracies = []
        for turn, network in enumerate((learned, edited(learned, self._edits))):
            evaluation = evaluate(network, self._test, self._check(turn))
            if evaluation is None:
                return None
            accuracies.append(evaluation.accuracy)
        return Compared(*accuracies)

    def _check(self, turn: int) -> Callable[[], bool]:
        """Asked before each part of the test set: takes down how far it is."""
        parts = -(-len(self._test) // IMAGES_AT_ONCE)
        done = turn * parts

        def cancelled() -> bool:
            nonlocal done
            with self._lock:
                self._standing = self._standing._replace(share=done / (2 * parts))
            done += 1
            return self._cancelled.is_set()

        return cancelled
