"""Shuffled pixels: one order for all images, so that nothing is lost but who is next to whom."""

import numpy as np
import pytest

from cnnviz.core.datasets import Dataset, Split, load_dataset
from cnnviz.core.datasets.shuffled import with_shuffled_pixels


def numbered(count: int, channels: int = 2) -> Split:
    """Images whose every pixel tells where it was."""
    places = np.arange(20, dtype=np.uint8).reshape(4, 5)
    pixels = np.broadcast_to(places, (count, channels, 4, 5)).copy()
    return Split(pixels, np.zeros(count, np.int64))


def test_one_order_for_all_images_channels_and_splits() -> None:
    data = Dataset("n", "Numbered", numbered(3), numbered(2), ("a",), "Made for the tests.")
    shuffled = with_shuffled_pixels(data)
    order = shuffled.train.pixels[0, 0]
    assert sorted(order.ravel()) == list(range(20))
    assert (order != data.train.pixels[0, 0]).any()
    for split in (shuffled.train, shuffled.test):
        assert (split.pixels == order).all()
    assert shuffled.name == "n, pixels shuffled"
    assert shuffled.class_names == data.class_names


def test_the_seed_draws_the_order() -> None:
    data = load_dataset("digits")
    first, again, other = (with_shuffled_pixels(data, seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint
    assert len({data.fingerprint, first.fingerprint, other.fingerprint}) == 3


def test_labels_and_values_stay() -> None:
    data = load_dataset("digits")
    shuffled = with_shuffled_pixels(data)
    np.testing.assert_array_equal(shuffled.test.labels, data.test.labels)
    np.testing.assert_array_equal(
        np.sort(shuffled.test.pixels.reshape(360, -1)), np.sort(data.test.pixels.reshape(360, -1))
    )
    with pytest.raises(ValueError, match="read-only"):
        shuffled.train.pixels[0] = 0
