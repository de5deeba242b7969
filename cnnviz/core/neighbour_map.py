"""t-SNE: test images laid out so that those that are near to each other for a layer stay near.

Van der Maaten and Hinton 2008, "Visualizing Data using t-SNE". It is scikit-learn's, which need not
be there, and runs in a process of its own (neighbour_map_process.py): scikit-learn cannot be
stopped in the middle, a process can, and neither the window nor training waits for it.
"""

import importlib
import json
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets import Split
from cnnviz.core.errors import CnnvizError
from cnnviz.core.evaluation import evaluate
from cnnviz.core.examination import Question
from cnnviz.core.priority import LAST, let_others_first
from cnnviz.core.projection import principal_components
from cnnviz.core.python_process import start_python
from cnnviz.core.task import Task
from cnnviz.core.workspace import Array, may_diverge

PACKAGE = "scikit-learn"
INSTALL = f"python -m pip install {PACKAGE}"
COUNTS = (2000, 10_000)
"""Of images to draw: some seconds, and a minute or two."""
PERPLEXITY = 30.0
"""About how many neighbours count for each image; fewer where there are few images."""
COMPONENTS = 50
"""Principal components of the layer's outputs that neighbours are looked for in."""
SEED = 0
"""Of which images are drawn, and of t-SNE."""
ITERATIONS = 1000
"""scikit-learn's, at most; it stops before if nothing moves any more."""


@dataclass(frozen=True, eq=False)
class NeighbourMap:
    """Where t-SNE lays the images; its axes have no meaning, nor has how it is turned."""

    question: Question = field(repr=False)
    """Of which moment and layer."""
    asked: int
    """Images that were drawn."""
    points: Array = field(repr=False)
    """Float64 (N, 2); NaN for images that were not drawn, or gave no finite numbers."""
    count: int
    """Images that have a place."""
    divergence: float
    """Kullback and Leibler's, of the neighbours here from those in the layer; 0 were the same."""
    perplexity: float
    iterations: int


@dataclass(frozen=True)
class Standing:
    """Where it is; once `ended`, it stays so."""

    iterations: int
    """Done so far."""
    map: NeighbourMap | None
    """None before the end, and for good if it was cancelled."""
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


def is_available() -> bool:
    """Whether scikit-learn is installed by now; it is only looked for, not imported."""
    importlib.invalidate_caches()
    return find_spec("sklearn") is not None


def drawn_images(total: int, count: int) -> NDArray[np.int64]:
    """Which `count` of `total` images: by chance, the same ones at each call, in their order."""
    numbers = np.random.default_rng(SEED).permutation(total)[:count]
    return np.sort(numbers).astype(np.int64)


class NeighbourMapTask(Task[Standing]):
    """t-SNE of `question.layer`, which has to be named; cancelled, it ends at once."""

    def __init__(self, question: Question, count: int = COUNTS[0]) -> None:
        super().__init__("t-sne", Standing(0, None, False, None))
        self.question, self.count = question, min(count, len(question.split))
        self._process: subprocess.Popen[bytes] | None = None

    def cancel(self) -> None:
        """Ends the process, and with it the thread. Returns at once."""
        super().cancel()
        if self._process:
            self._process.kill()

    def _work(self) -> dict[str, Any]:
        let_others_first(LAST)
        question, total = self.question, len(self.question.split)
        numbers = drawn_images(total, self.count)
        outputs = self._outputs(numbers)
        if outputs is None:
            return {}
        finite = np.isfinite(outputs).all(axis=1)
        values = _checked_components(outputs[finite])
        perplexity = float(np.clip((len(values) - 1) / 3, 1, PERPLEXITY))
        answer = self._lay_out(values, perplexity)
        if answer is None:
            return {}
        points = np.full((total, 2), np.nan)
        points[numbers[finite]] = answer["points"]
        found = NeighbourMap(
            question=question,
            asked=len(numbers),
            points=points,
            count=len(values),
            divergence=answer["divergence"],
            perplexity=perplexity,
            iterations=answer["iterations"],
        )
        return {"map": found, "iterations": found.iterations}

    @may_diverge
    def _outputs(self, numbers: NDArray[np.int64]) -> Array | None:
        """What the layer gives for these images, (n, units); None if cancelled on the way."""
        question, outputs = self.question, list[Array]()
        network = question.network()
        place = 1 + [layer.name for layer in network.layers].index(question.layer or "")
        split = Split(question.split.pixels[numbers], question.split.labels[numbers])

        def see(values: list[Array]) -> None:
            outputs.append(values[place].copy(order="C"))

        done = evaluate(network, split, self._cancelled.is_set, see)
        return np.concatenate(outputs) if done else None

    def _lay_out(self, values: Array, perplexity: float) -> dict[str, Any] | None:
        """What the process answers; None if it was cancelled."""
        with start_python("cnnviz.core.neighbour_map_process") as process:
            self._process = process
            if self._cancelled.is_set():  # just before there was a process to end
                process.kill()
            assert process.stdin
            assert process.stdout
            request = {"shape": values.shape, "perplexity": perplexity, "seed": SEED}
            with suppress(OSError):  # it has ended: then there is no answer either
                process.stdin.write(json.dumps(request).encode() + b"\n" + values.tobytes())
                process.stdin.flush()
            answer: dict[str, Any] = {}
            for line in process.stdout:
                if not line.endswith(b"\n"):
                    break  # it was ended while it wrote
                answer = json.loads(line)
                if "iteration" in answer:
                    self._tell(iterations=answer["iteration"])
            with suppress(OSError):
                process.stdin.close()
        if self._cancelled.is_set():
            return None
        if "failure" in answer:
            failure = RuntimeError(f"scikit-learn says: {answer['failure']}")
            failure.add_note(answer["traceback"])
            raise failure
        if "points" not in answer:
            raise CnnvizError(
                "The process of t-SNE ended before its time; was there memory enough? Try again, "
                "with fewer images."
            )
        return answer


def _checked_components(outputs: Array) -> NDArray[np.float32]:
    """Up to COMPONENTS principal components (n, k), C-contiguous, the first with deviation 1.

    Raises CnnvizError if there is nothing to lay out.
    """
    if not len(outputs):
        raise CnnvizError("The network has diverged: no image gives this layer a number.")
    if len(outputs) < 2:
        raise CnnvizError("t-SNE needs two images at least, for neighbours.")
    components, shares = principal_components(outputs, COMPONENTS)
    if not shares:
        raise CnnvizError("All images give this layer the same numbers, so none is nearer.")
    # Neighbours are the same on any scale; on this one no square of a float32 is 0 or infinite.
    return np.ascontiguousarray(components / components[:, 0].std(), np.float32)
