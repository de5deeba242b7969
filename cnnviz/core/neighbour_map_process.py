"""What the process of t-SNE runs: scikit-learn's, on what it reads from its standard input.

A line of JSON says what is to be done, the numbers follow it. It answers with lines of JSON: how
far it is, then the result. It ends when its input does, so it never outlives its parent.
"""

import json
import os
import re
import signal
import sys
import threading
import traceback
from typing import IO, Any

import numpy as np

from cnnviz.core.priority import LAST
from cnnviz.core.workspace import Array

ITERATION = re.compile(r"\[t-SNE\] Iteration (\d+):")
"""How scikit-learn tells where it is, every 50 iterations."""
START = 1e-4
"""The points' standard deviation along the first component in the beginning, as scikit-learn's."""


class Answers:
    """Takes what scikit-learn prints, and hands on only how far it is."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def send(self, answer: dict[str, Any]) -> None:
        """Writes a line of JSON."""
        self._pipe.write(json.dumps(answer).encode() + b"\n")
        self._pipe.flush()

    def write(self, text: str) -> int:
        """What is printed."""
        if found := ITERATION.match(text):
            self.send({"iteration": int(found[1])})
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


def main() -> None:
    """Reads what to lay out, and answers."""
    for number in (signal.SIGINT, signal.SIGTERM):  # are the parent's business, which ends us
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(LAST)
    requests, answers = sys.stdin.buffer, Answers(sys.stdout.buffer)
    first = requests.readline()
    if not first:
        return  # closed before it began
    request = json.loads(first)
    shape = tuple(request["shape"])
    values = np.frombuffer(requests.read(4 * shape[0] * shape[1]), np.float32).reshape(shape)
    threading.Thread(target=_end_with, args=(requests,), daemon=True).start()
    sys.stdout = answers
    try:
        answers.send(lay_out(values, request["perplexity"], request["seed"]))
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
        answers.send({"failure": failure, "traceback": traceback.format_exc()})
    os._exit(0)  # the other thread still reads


def lay_out(values: Array, perplexity: float, seed: int) -> dict[str, Any]:
    """t-SNE of principal components (n, k), beginning with the first two as they lie."""
    from sklearn.manifold import TSNE  # takes a second or more, and need not be there

    begin = np.zeros((len(values), 2), np.float32)
    begin[:, : values.shape[1]] = values[:, :2]
    begin = begin / begin[:, 0].std() * np.float32(START)
    model = TSNE(perplexity=perplexity, init=begin, random_state=seed, verbose=2)
    points = model.fit_transform(values)
    return {
        "points": points.tolist(),
        "divergence": float(model.kl_divergence_),
        "iterations": int(model.n_iter_) + 1,  # it gives the last one's number, from 0
    }


def _end_with(requests: IO[bytes]) -> None:
    requests.read()  # until the parent closes it, or is gone
    os._exit(1)


if __name__ == "__main__":
    main()
