import numpy as np

from cnnviz.core.workspace import Workspace, batch_last, with_batch_last

FLOAT32 = np.empty(0, np.float32)


def test_the_same_name_shape_and_dtype_give_the_same_memory() -> None:
    workspace = Workspace()
    first = workspace.array("a", (2, 3), FLOAT32)
    assert workspace.array("a", (2, 3), FLOAT32) is first
    assert first.dtype == np.float32
    assert not first.any()


def test_another_name_shape_or_dtype_gives_other_memory() -> None:
    workspace = Workspace()
    first = workspace.array("a", (2, 3), FLOAT32)
    others = [
        workspace.array("b", (2, 3), FLOAT32),
        workspace.array("a", (3, 2), FLOAT32),
        workspace.array("a", (3, 2), np.empty(0, np.float64)),
    ]
    assert not any(np.shares_memory(first, other) for other in others)
    assert [other.shape for other in others] == [(2, 3), (3, 2), (3, 2)]
    assert others[-1].dtype == np.float64


def test_batch_last_has_the_batch_innermost_in_memory() -> None:
    maps = batch_last(Workspace(), "maps", (4, 2, 3, 5), FLOAT32)
    assert maps.shape == (4, 2, 3, 5)
    assert maps.strides[0] == maps.itemsize
    assert with_batch_last(maps).base is maps.base
    assert np.shares_memory(with_batch_last(maps), maps)


def test_with_batch_last_copies_what_lies_otherwise() -> None:
    images = np.arange(24.0).reshape(2, 3, 4)
    turned = with_batch_last(images)
    assert turned.flags.c_contiguous
    np.testing.assert_array_equal(turned[..., 1], images[1])
