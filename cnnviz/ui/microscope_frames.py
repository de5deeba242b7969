"""What there is to see at each stop of a dissected batch, for one of its images.

The stops run through the network like a wave: on the way there columns fill with values, on the way
back gradients take their place.
"""

from cnnviz.core.activations import ReLU
from cnnviz.core.arithmetic import explain
from cnnviz.core.backward_arithmetic import explain_gradient
from cnnviz.core.backward_inspection import blocked
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D
from cnnviz.core.loss_arithmetic import explain_loss
from cnnviz.core.microscope import Dissection, Stop
from cnnviz.core.parameter_arithmetic import Parameter, explain_parameter, explain_step
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.workspace import Array
from cnnviz.ui.gradient_panel import Found
from cnnviz.ui.two_way_pictures import Frame

LOSS = (
    "Softmax makes probabilities of the logits, and the loss says how far they are from the label. "
    "Its gradient by the logits, (p − y) / N, is where the way back begins."
)
UPDATE = (
    "The optimiser turns the whole batch's gradient into a step, and adds it to every weight. The "
    "kernels show these steps."
)
SLOPE = "The gradient is multiplied by the slope of the curve at each value."
RELU = "Where z was above 0 the gradient passes; where it was not, nothing does (grey)."
POOLING = "The winner of each window gets all of its gradient; the others get nothing."
COPIES = "Flattening changes no number, only where it stands."
LEARNS = (
    "It gives its own weights their gradient, summed over the batch, and hands on what the values "
    "before it are to blame for."
)


class Stops:
    """All stops of one dissection."""

    def __init__(self, dissection: Dissection) -> None:
        self.dissection = dissection
        self.network = dissection.network()
        self.layers = self.network.layers
        self.all = dissection.stops
        self._names = [INPUT, *(layer.name for layer in self.layers)]
        self._weights = dict(self.network.named_parameters())
        self._gradients = self.network.gradients()
        self._steps = self._cut(dissection.update.step)

    def _cut(self, flat: Array) -> dict[str, Array]:
        """A flat vector by the name of each parameter."""
        parts, start = {}, 0
        for name, array in self._weights.items():
            parts[name] = flat[start : start + array.size].reshape(array.shape)
            start += array.size
        return parts

    def __len__(self) -> int:
        return len(self.all)

    def title(self, at: int) -> str:
        """A stop in words."""
        stop = self.all[at]
        if stop.phase == "loss":
            return "The loss"
        if stop.phase == "update":
            return "The update"
        way = "Forward through" if stop.phase == "forward" else "Back through"
        return f"{way} {self._layer(stop).label}"

    def teaching(self, at: int) -> str:
        """What happens there."""
        stop = self.all[at]
        if stop.phase == "loss":
            return LOSS
        if stop.phase == "update":
            return UPDATE
        layer = self._layer(stop)
        if isinstance(layer, Flatten):
            return COPIES
        if stop.phase == "forward":
            return "What the layer makes of each image of the batch; here of the chosen one."
        if isinstance(layer, ReLU):
            return RELU
        if isinstance(layer, MaxPool2D):
            return POOLING
        return LEARNS if isinstance(layer, Conv2D | Dense) else SLOPE

    def _layer(self, stop: Stop) -> Layer:
        return self.layers[self._names.index(stop.layer) - 1]

    def _reached(self, at: int) -> tuple[int, int]:
        """How many layers were passed on the way there, and on the way back down to which one.

        Of the second, layers from there on have been passed; one more than all before the loss.
        """
        stop, count = self.all[at], len(self.layers)
        if stop.phase == "forward":
            return self._names.index(stop.layer), count + 1
        if stop.phase == "loss":
            return count, count + 1
        return count, 1 if stop.phase == "update" else self._names.index(stop.layer)

    def frame(self, at: int, image: int) -> Frame:
        """What is shown of this image at a stop."""
        seen, stop = self.dissection, self.all[at]
        there, back = self._reached(at)
        values = {name: seen.outputs[name][image] for name in self._names[1 : there + 1]}
        # Layer k handed the gradient by its input, whose name is that of the layer before.
        known = self._names[back - 1 :] if stop.phase != "forward" else []
        values |= {name: seen.gradients[name][image] for name in known}
        kernels, words, stopped = {}, {}, {}
        for k, layer in enumerate(self.layers, start=1):
            if isinstance(layer, Conv2D) and k <= there:
                name = f"{layer.name}.weight"
                passed = stop.phase != "forward" and k >= back
                kind = "weight" if not passed else "gradient"
                kind = "step" if stop.phase == "update" else kind
                source = {"weight": self._weights, "gradient": self._gradients, "step": self._steps}
                kernels[layer.name], words[layer.name] = source[kind][name], kind
            if isinstance(layer, ReLU) and k >= back:
                stopped[layer.name] = blocked(seen.outputs[self._names[k - 1]][image])
        label = int(seen.labels[image])
        picture = seen.outputs[INPUT][image]
        now = self._names[-1] if stop.phase == "loss" else stop.layer
        count = len(seen.labels)
        return Frame(picture, label, values, kernels, words, stopped, frozenset(known), count, now)

    def explained(self, at: int, image: int, choice: Place | Parameter | None) -> Found | None:
        """The arithmetic of what is chosen, as far as it has been reached."""
        stop, seen = self.all[at], self.dissection
        there, back = self._reached(at)
        if isinstance(choice, Parameter):
            if stop.phase == "update":
                return explain_step(seen, choice)
            passed = self._names.index(choice.name.partition(".")[0]) >= back
            return explain_parameter(seen, choice) if passed else None
        if choice is None:
            return explain_loss(seen, image) if stop.phase == "loss" else None
        position = self._names.index(choice.layer)
        if stop.phase != "forward" and position >= back - 1:
            return explain_gradient(seen, image, choice)
        if position <= there:
            return explain(self.network, seen.inspection(image), choice)
        return None
