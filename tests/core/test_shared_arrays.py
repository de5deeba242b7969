import errno
import os
import sys
from multiprocessing import shared_memory

import numpy as np
import pytest

from cnnviz.core import shared_arrays
from cnnviz.core.shared_arrays import Layout, SharedArrays

LAYOUT: Layout = [("a", (3, 5), np.float32), ("b", (7,), np.uint8), ("c", (2,), np.float64)]


def test_both_sides_see_the_same() -> None:
    ours = SharedArrays(LAYOUT)
    theirs = SharedArrays(LAYOUT, ours.name)
    for k, (field, shape, dtype) in enumerate(LAYOUT):
        assert ours[field].shape == shape
        assert ours[field].dtype == np.dtype(dtype)
        ours[field][...] = k + 1
    for k, (field, _, _) in enumerate(LAYOUT):
        assert (theirs[field] == k + 1).all(), "none lies over another"
        theirs[field][...] = 9
        assert (ours[field] == 9).all()
    theirs.close(unlink=False)
    ours["a"][0] = 1  # it is still there
    name = ours.name
    ours.close(unlink=True)
    with pytest.raises(FileNotFoundError):
        shared_memory.SharedMemory(name)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not asked for before")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EOPNOTSUPP])
def test_where_there_is_too_little_of_it_none_is_taken(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    def refuse(name: str, _: int) -> None:
        names.append(name)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(shared_arrays, "_claim", refuse)
    if number == errno.ENOSPC:
        with pytest.raises(OSError, match="No space left"):
            SharedArrays(LAYOUT)
    else:
        arrays = SharedArrays(LAYOUT)  # this system cannot say how much there is
        arrays["a"][...] = 1
        arrays.close(unlink=True)
    (name,) = names
    assert not (shared_arrays.SHARED_MEMORY / name).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /dev/shm")
def test_more_than_there_is_is_refused() -> None:
    there = os.statvfs("/dev/shm")
    with pytest.raises(OSError, match="No space left|Cannot allocate"):
        SharedArrays([("much", (2 * there.f_blocks * there.f_frsize,), np.uint8)])
