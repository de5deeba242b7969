"""The digits that travel with the program, so that it shows something without any download."""

import numpy as np

from cnnviz.assets import asset_path
from cnnviz.core.datasets.dataset import Dataset, Split

TEN_DIGITS = tuple(str(digit) for digit in range(10))


def load_digits() -> Dataset:
    """The 1 797 UCI digits as 1×28×28, in a fixed, stratified split: 1 437 train, 360 test.

    `scripts/make_digits.py` made the file. The same people wrote both splits. Raises
    FileNotFoundError if the file is missing from the installation.
    """
    with np.load(asset_path("digits.npz"), allow_pickle=False) as arrays:
        train = Split(arrays["train_pixels"], arrays["train_labels"].astype(np.int64))
        test = Split(arrays["test_pixels"], arrays["test_labels"].astype(np.int64))
    return Dataset(
        name="digits",
        title="UCI digits",
        train=train,
        test=test,
        class_names=TEN_DIGITS,
        source=(
            "Optical Recognition of Handwritten Digits by E. Alpaydin and C. Kaynak, "
            "UCI Machine Learning Repository, CC BY 4.0, enlarged from 8×8 to 28×28."
        ),
    )
