"""What a helper process runs: its share of each batch, and of a test, for who started it.

It is told by lines of JSON on its standard input and answers with one each; the arrays lie in
shared memory (see shared_batch.py). It ends when its input does, or in the middle of a share, so
it never outlives its parent for long.
"""

from collections.abc import Callable
from typing import Any

from cnnviz.core.blas import use_one_blas_thread
from cnnviz.core.datasets.dataset import as_floats
from cnnviz.core.network import Network
from cnnviz.core.parent import Parent
from cnnviz.core.shared_batch import SharedBatch
from cnnviz.core.slices import chunk_size, learn_in_slices


class Stopped(Exception):
    """The parent does not want this share any more."""


def main() -> None:
    """Reads what network to build, then answers one request after the other."""
    parent = Parent()
    use_one_blas_thread()
    start = parent.start()
    if start is None:
        return
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

    def check(*_: str) -> None:
        if shared.stop[0] or parent.is_gone:
            raise Stopped

    parent.answer({"ready": True})
    for task in parent.requests():
        try:
            check()
            if "forward" in task:
                answer = forward(tested, shared, task["forward"], task["images"])
            else:
                answer = learn(network, shared, check, **task)
        except Stopped:
            answer = {"stopped": True}
        parent.answer(answer)
    tested.use_memory(*own_tested)
    network.use_memory(*own)  # memory that is still looked at cannot be closed
    shared.close(unlink=False)


def learn(
    network: Network,
    shared: SharedBatch,
    check: Callable[..., None],
    images: int,
    count: int,
    convolution: str,
) -> dict[str, Any]:
    """Learns the first `images` of the shared memory as a share of a batch of `count`.

    The gradient and the logits are left in the shared memory; the answer has the loss. `check` is
    called now and then, and gives up by what it raises.
    """
    network.convolution = convolution
    network.set_pulse(check)
    pixels, labels = shared.pixels[:images], shared.labels[:images]
    loss, logits = learn_in_slices(network, as_floats(pixels), labels, check, count)
    shared.logits[:images] = logits
    return {"loss": loss}


def forward(network: Network, shared: SharedBatch, slot: int, images: int) -> dict[str, Any]:
    """Leaves the logits of the slot's first `images` in the shared memory."""
    pixels = shared.chunk_pixels[slot, :images]
    shared.chunk_logits[slot, :images] = network.forward(as_floats(pixels))
    return {"done": True}


if __name__ == "__main__":
    main()
