"""What the process of live health runs: one examination after another, for who started it.

It reads pickles from its standard input and answers with one each (see health_helper.py). It ends
when its input does, so it never outlives its parent.
"""

import os
import pickle
import signal
import sys
from time import process_time

from cnnviz.core.blas import use_one_blas_thread
from cnnviz.core.health import examine
from cnnviz.core.network import Network
from cnnviz.core.priority import LAST


def main() -> None:
    """Reads what network, images and optimiser, then (snapshot, rate) after (snapshot, rate)."""
    for number in (signal.SIGINT, signal.SIGTERM):  # are the parent's business, which ends us
        signal.signal(number, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing else may be written among the answers
    if sys.platform != "win32":
        os.nice(LAST)
    use_one_blas_thread()
    try:
        spec, images, optimizer = pickle.load(requests)
        network = Network(spec, None)
        while True:
            snapshot, rate = pickle.load(requests)
            began = process_time()
            health = examine(network, snapshot, images, optimizer, rate)
            pickle.dump((health, process_time() - began), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
    except (EOFError, pickle.UnpicklingError, BrokenPipeError):
        return  # the other side has gone


if __name__ == "__main__":
    main()
