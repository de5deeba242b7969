import numpy as np

from cnnviz.core.workspace import Workspace, in_memory_order, scratch

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


def test_scratch_has_rows_outermost_and_the_batch_innermost() -> None:
    maps = scratch(Workspace(), "maps", (4, 2, 3, 5), FLOAT32)
    assert maps.shape == (4, 2, 3, 5)
    assert in_memory_order(maps).shape == (3, 2, 5, 4)
    assert np.shares_memory(in_memory_order(maps), maps)
    rows = scratch(Workspace(), "rows", (4, 7), FLOAT32)
    assert rows.shape == (4, 7)
    assert np.shares_memory(in_memory_order(rows), rows)


def test_in_memory_order_copies_what_lies_otherwise() -> None:
    images = np.arange(120.0).reshape(2, 3, 4, 5)
    turned = in_memory_order(images)
    assert turned.flags.c_contiguous
    np.testing.assert_array_equal(turned[2, 1, 3], images[:, 1, 2, 3])


def test_what_forward_leaves_is_found_only_for_the_same_array() -> None:
    workspace, images, made = Workspace(), np.ones(3), np.ones(4)
    assert workspace.left("columns", images) is None
    workspace.leave("columns", images, made)
    assert workspace.left("columns", images) is made
    assert workspace.left("columns", images.copy()) is None
    assert workspace.left("others", images) is None
