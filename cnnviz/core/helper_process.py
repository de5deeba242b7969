"""What a helper process runs: its share of each batch, and of a test, for who started it.

It is told by lines of JSON on its standard input and answers with one each; the arrays lie in
shared memory (see shared_batch.py). It ends when its input does, so it never outlives its parent.
"""

import json
import signal
import sys
from typing import Any

from cnnviz.core.blas import use_one_blas_thread
from cnnviz.core.datasets.dataset import as_floats
from cnnviz.core.network import Network
from cnnviz.core.pipe import Lines
from cnnviz.core.shared_batch import SharedBatch
from cnnviz.core.slices import chunk_size, learn_in_slices


class Stopped(Exception):
    """The parent does not want this share any more."""


def main() -> None:
    """Reads what network to build, then answers one request after the other."""
    for number in (signal.SIGINT, signal.SIGTERM):  # are the parent's business, which ends us
        signal.signal(number, signal.SIG_IGN)
    requests, answers = Lines(sys.stdin.buffer), sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing else may be written among the answers
    use_one_blas_thread()
    first = requests.read()
    if not first:
        return  # closed before it began
    start = json.loads(first)
    network = Network(start["spec"])
    own = network.vector, network.gradient
    shared = SharedBatch(
        len(network.vector),
        start["images"],
        chunk_size(network.layers),
        network.spec.input_shape,
        network.classes,
        start["memory"],
    )
    network.use_memory(shared.vector, shared.gradient)
    tested = Network(start["spec"])  # the fast way, whatever way is trained by
    own_tested = tested.vector, tested.gradient
    tested.use_memory(shared.vector, tested.gradient)
    answer: dict[str, Any] = {"ready": True}
    while True:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
        requests.watch()
        request = requests.read()
        if not request:
            break
        task = json.loads(request)
        if "forward" in task:
            answer = forward(tested, shared, task["forward"], task["images"])
        else:
            answer = learn(network, shared, **task)
    tested.use_memory(*own_tested)
    network.use_memory(*own)  # memory that is still looked at cannot be closed
    shared.close(unlink=False)


def learn(
    network: Network, shared: SharedBatch, images: int, count: int, convolution: str
) -> dict[str, Any]:
    """Learns the first `images` of the shared memory as a share of a batch of `count`.

    The gradient and the logits are left in the shared memory; the answer has the loss.
    """

    def check(*_: str) -> None:
        if shared.stop[0]:
            raise Stopped

    network.convolution = convolution
    network.set_pulse(check)
    try:
        pixels, labels = shared.pixels[:images], shared.labels[:images]
        loss, logits = learn_in_slices(network, as_floats(pixels), labels, check, count)
    except Stopped:
        return {"stopped": True}
    shared.logits[:images] = logits
    return {"loss": loss}


def forward(network: Network, shared: SharedBatch, slot: int, images: int) -> dict[str, Any]:
    """Leaves the logits of the slot's first `images` in the shared memory."""
    if shared.stop[0]:
        return {"stopped": True}
    pixels = shared.chunk_pixels[slot, :images]
    shared.chunk_logits[slot, :images] = network.forward(as_floats(pixels))
    return {"done": True}


if __name__ == "__main__":
    main()
