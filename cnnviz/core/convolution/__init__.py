"""One operation, three ways: the loops to read, scipy.signal to check, im2col to be fast.

What deep learning calls a convolution is a cross-correlation: the kernel is not flipped.

    Y[n, f, y, x] = b[f]
        + sum over c, i, j of  W[f, c, i, j] · X[n, c, y·s_y + i − p_y, x·s_x + j − p_x]

with zeros outside the image (Dumoulin and Visin, "A guide to convolution arithmetic for deep
learning", 2016). Each way is a module with the same three functions:

    forward(images, weight, bias, stride, padding, workspace)
        images (N, C, H, W), weight (F, C, kernel_h, kernel_w), bias (F,) -> (N, F, H_out, W_out)
    gradient_by_weight(images, gradient, kernel, stride, padding, workspace)
        gradient of the loss by the output (N, F, H_out, W_out) -> (F, C, kernel_h, kernel_w)
    gradient_by_input(gradient, weight, image_size, stride, padding, workspace)
        -> (N, C, H, W) with (H, W) = image_size

`stride` and `padding` are (y, x) pairs. All arrays have one dtype, float32 in training. A result
may live in `workspace` until the next call with it; without one it is the caller's own.
"""

from types import ModuleType

from cnnviz.core.convolution import correlate, im2col, loop
from cnnviz.core.errors import SettingsError

WAYS: dict[str, ModuleType] = {"loop": loop, "correlate": correlate, "im2col": im2col}


def way(name: str) -> ModuleType:
    """The module for the way called `name`; raises SettingsError for a name there is not."""
    try:
        return WAYS[name]
    except KeyError:
        known = ", ".join(WAYS)
        raise SettingsError(
            f"There is no way of convolution “{name}”; there are {known}."
        ) from None
