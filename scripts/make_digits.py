"""Makes assets/digits.npz, so that anyone can see how the embedded digits came about.

The 1 797 handwritten digits that scikit-learn carries (E. Alpaydin and C. Kaynak, "Optical
Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998, CC BY 4.0) are 8×8. Here
each is enlarged to look written, not enlarged: a body of about 20×20 with strokes about 3 pixels
wide and soft edges, its centre of mass in the middle of 28×28, as in MNIST. Run from the top of
the repository, with scikit-learn installed beside NumPy and SciPy; the same versions of them give
the same bytes:

    python scripts/make_digits.py
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SIDE = 28
TEST_COUNT = 360
ZOOM = (2.4, 3.0)
"""(y, x). Eight rows become 19; the UCI digits are narrower than MNIST's, so x grows more."""
RAMP = (0.43, 1.08)
"""Where ink begins and where it is full; a higher ramp gives thinner strokes."""


def enlarge(digit: NDArray[np.float64]) -> NDArray[np.uint8]:
    """One 8×8 digit with values 0 to 16 as 28×28 with values 0 to 255."""
    smooth = ndimage.zoom(
        np.pad(digit / 16, 1), ZOOM, order=3, mode="grid-constant", grid_mode=True
    )
    # What is brighter than its surroundings is stroke: this opens the loops that 8×8 had filled.
    sharp = 2 * smooth - ndimage.gaussian_filter(smooth, ZOOM)
    low, high = RAMP
    return centred(np.rint(255 * np.clip((sharp - low) / (high - low), 0, 1)).astype(np.uint8))


def centred(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`ink` moved by whole pixels so that its centre of mass is the middle of 28×28."""
    roomy = np.pad(ink, SIDE)
    top, left = (round(centre - (SIDE - 1) / 2) for centre in ndimage.center_of_mass(roomy))
    return roomy[top : top + SIDE, left : left + SIDE]


def main() -> None:
    digits = load_digits()
    pixels = np.stack([enlarge(digit) for digit in digits.images])[:, np.newaxis]
    train, test = train_test_split(
        np.arange(len(pixels)), test_size=TEST_COUNT, stratify=digits.target, random_state=0
    )
    labels = digits.target.astype(np.uint8)
    path = Path(__file__).parent.parent / "assets" / "digits.npz"
    np.savez_compressed(
        path,
        train_pixels=pixels[train],
        train_labels=labels[train],
        test_pixels=pixels[test],
        test_labels=labels[test],
    )
    print(f"{path}: {len(train)} + {len(test)} digits, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
