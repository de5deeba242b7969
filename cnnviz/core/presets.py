"""The architectures that come with cnnviz, by name."""

from cnnviz.core.errors import SpecError
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d, relu

MNIST_SHAPE = (1, 28, 28)

PRESETS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        # Escontrela's Numpy-CNN: 105 634 parameters.
        Spec(
            "numpy-cnn",
            "Two convolutions",
            MNIST_SHAPE,
            (
                conv2d(8, 5),
                relu(),
                conv2d(8, 5),
                relu(),
                max_pool2d(2),
                flatten(),
                dense(128),
                relu(),
                dense(10),
            ),
        ),
        # LeCun et al. 1998, with today's ReLU and max pooling: 61 706 parameters.
        Spec(
            "lenet-5",
            "LeNet-5",
            MNIST_SHAPE,
            (
                conv2d(6, 5, padding=2),
                relu(),
                max_pool2d(2),
                conv2d(16, 5),
                relu(),
                max_pool2d(2),
                flatten(),
                dense(120),
                relu(),
                dense(84),
                relu(),
                dense(10),
            ),
        ),
        # As many parameters as numpy-cnn (105 745) without one convolution: what do kernels buy?
        Spec("mlp", "No convolution", MNIST_SHAPE, (flatten(), dense(133), relu(), dense(10))),
        # Small enough to follow every number by hand: 1 554 parameters.
        Spec(
            "tiny",
            "Tiny",
            MNIST_SHAPE,
            (conv2d(4, 5, stride=2), relu(), max_pool2d(2), flatten(), dense(10)),
        ),
    )
}


def architecture(network: str | Spec) -> Spec:
    """The preset of that name, or the spec itself."""
    return preset(network) if isinstance(network, str) else network


def preset(name: str) -> Spec:
    """The preset called `name`; raises SpecError for a name there is not."""
    try:
        return PRESETS[name]
    except KeyError:
        known = ", ".join(PRESETS)
        raise SpecError(f"There is no network “{name}”; there are {known}.") from None
