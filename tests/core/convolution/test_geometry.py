import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core.convolution.geometry import crop, output_length, output_size, pad, taps

small = st.integers(1, 12)


@given(small, small, small, st.integers(0, 4))
def test_output_length_counts_the_places_where_the_kernel_fits(
    length: int, kernel: int, stride: int, padding: int
) -> None:
    padded = length + 2 * padding
    if kernel <= padded:
        places = [start for start in range(0, padded, stride) if start + kernel <= padded]
        assert output_length(length, kernel, stride, padding) == len(places)


def test_output_size_keeps_y_and_x_apart() -> None:
    assert output_size((28, 20), (5, 3), (2, 1), (0, 1)) == (12, 20)


@given(st.integers(0, 3), small, st.integers(1, 4))
def test_taps_are_count_places_a_stride_apart(offset: int, count: int, stride: int) -> None:
    visited = np.arange(100)[taps(offset, count, stride)]
    assert visited.tolist() == [offset + k * stride for k in range(count)]


@pytest.mark.parametrize("padding", [(0, 0), (1, 0), (2, 3)])
def test_pad_puts_zeros_around_and_crop_takes_them_away(padding: tuple[int, int]) -> None:
    images = np.ones((2, 3, 4, 5), np.float32)
    padded = pad(images, padding)
    assert padded.shape == (2, 3, 4 + 2 * padding[0], 5 + 2 * padding[1])
    assert padded.sum() == images.sum()
    np.testing.assert_array_equal(crop(padded, padding), images)
