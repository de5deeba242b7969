"""One image's way there and back as a dissection of a batch of one, to be explained like any other.

The microscope dissects batches of the training set. The image that is looked at may be any, even
one that is in no data set; what was computed for it is only put into the same form here.
"""

import numpy as np

from cnnviz.core.backward_inspection import BackwardInspection
from cnnviz.core.datasets import Split
from cnnviz.core.inspection import Inspection
from cnnviz.core.microscope import Dissection, Moment, Update
from cnnviz.core.receptive_field import INPUT
from cnnviz.core.spec import Spec
from cnnviz.core.trainer import Snapshot
from cnnviz.core.workspace import Array


def as_dissection(
    spec: Spec, vector: Array, inspection: Inspection, backward: BackwardInspection
) -> Dissection:
    """A batch of this one image; both inspections are of a network with these parameters.

    Its update is none: nothing is learned from it. Of the moment's pixels only the shape counts.
    """
    pixels = np.zeros((1, *inspection.image.shape), np.uint8)
    batch = Split(pixels, np.array([backward.label], np.int64))
    moment = Moment(spec, Snapshot(0, vector, {}), batch, 0.0, "gradient-descent", "im2col", 1)
    outputs = {INPUT: inspection.image, **inspection.outputs}
    gradients = {INPUT: backward.image, **backward.outputs}
    flat = np.concatenate([gradient.ravel() for gradient in backward.parameters.values()])
    return Dissection(
        moment,
        {name: values[np.newaxis] for name, values in outputs.items()},
        inspection.probabilities[np.newaxis],
        np.array([backward.loss], np.float32),
        backward.loss,
        {name: values[np.newaxis] for name, values in gradients.items()},
        flat,
        Update(0.0, vector, np.zeros_like(vector), vector, {}, {}),
    )
