"""Whatever bytes a file has, read_idx gives the right array or a DataError that says why not."""

import gzip
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnviz.core.datasets import idx
from cnnviz.core.datasets.idx import read_idx
from cnnviz.core.errors import DataError

# tmp_path is shared by a test's examples, which overwrite one file: no harm.
SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
ARRAYS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=6))


def header(*shape: int, kind: int = 0x08) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, kind, len(shape), *shape)


def idx_bytes(array: np.ndarray) -> bytes:
    return header(*array.shape) + array.tobytes()


EXAMPLE = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def written(folder: Path, content: bytes, name: str = "some-idx3-ubyte") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@SHARED_FOLDER
@given(array=ARRAYS, packed=st.booleans())
def test_what_was_written_is_read(tmp_path: Path, array: np.ndarray, packed: bool) -> None:
    content = idx_bytes(array)
    path = written(tmp_path, gzip.compress(content) if packed else content)
    result = read_idx(path)
    assert result.dtype == np.uint8
    assert np.array_equal(result, array)


@pytest.mark.parametrize("name", ["a.gz", "a"])
@pytest.mark.parametrize("packed", [True, False])
def test_gzip_is_known_by_its_bytes_not_by_its_name(
    tmp_path: Path, name: str, packed: bool
) -> None:
    content = idx_bytes(EXAMPLE)
    path = written(tmp_path, gzip.compress(content) if packed else content, name)
    assert np.array_equal(read_idx(path), EXAMPLE)
    assert np.array_equal(read_idx(str(path)), EXAMPLE)


def test_gzip_in_several_members_is_read(tmp_path: Path) -> None:
    content = idx_bytes(EXAMPLE)
    path = written(tmp_path, gzip.compress(content[:9]) + gzip.compress(content[9:]))
    assert np.array_equal(read_idx(path), EXAMPLE)


def test_a_file_larger_than_a_chunk_is_read(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (3, idx.CHUNK // 2), np.uint8)
    assert np.array_equal(read_idx(written(tmp_path, idx_bytes(array))), array)


BAD = {
    "empty": (b"", "is empty"),
    "one byte": (b"\0", "is not an IDX file: it begins with the bytes 00 instead"),
    "text": (b"<!DOCTYPE html>", "is not an IDX file: it begins with the bytes 3c 21 44 4f"),
    "signed bytes": (header(1, kind=0x09) + b"\0", "holds signed bytes; cnnviz reads"),
    "floats": (header(1, kind=0x0D) + bytes(4), "holds 32-bit floats"),
    "unknown type": (header(1, kind=0x77) + b"\0", "unknown type 0x77"),
    "no dimensions": (header() + b"\0", "claims 0 dimensions"),
    "five dimensions": (header(1, 1, 1, 1, 1) + b"\0", "claims 5 dimensions"),
    "255 dimensions": (b"\0\0\x08\xff" + bytes(2000), "claims 255 dimensions"),
    "half a header": (header(2, 3, 4)[:10], "header needs 16 bytes, but the file has 10"),
    "header alone": (header(2, 3, 4), "2×3×4 = 24 bytes of values, but only 0 follow"),
    "truncated": (idx_bytes(EXAMPLE)[:-1], "2×3×4 = 24 bytes of values, but only 23 follow"),
    "trailing": (idx_bytes(EXAMPLE) + b"\0", "goes on after the 2×3×4 = 24 bytes"),
    "no images": (header(0, 28, 28), "holds nothing: its header says 0×28×28"),
    "absurd": (header(*[2**32 - 1] * 4), "cnnviz reads at most 2147483648"),
    "absurd but empty": (header(2**32 - 1, 0), "holds nothing"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD.keys())
def test_bad_content_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, message: str, packed: bool
) -> None:
    path = written(tmp_path, gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


PACKED = gzip.compress(idx_bytes(EXAMPLE))
BAD_GZIP = {
    "magic alone": PACKED[:2],
    "header cut": PACKED[:7],
    "cut": PACKED[:-9],
    "checksum cut": PACKED[:-1],
    "wrong checksum": PACKED[:-8] + bytes(4) + PACKED[-4:],
    "wrong length": PACKED[:-4] + bytes(4),
    "unknown method": PACKED[:2] + b"\7" + PACKED[3:],
    "bad deflate": PACKED[:10] + b"\xff" * 20,
    "garbage after": PACKED + b"garbage",
}


@pytest.mark.parametrize("content", BAD_GZIP.values(), ids=BAD_GZIP.keys())
def test_damaged_gzip_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"is damaged: it does not unpack \(.+\)\. Get the file"):
        read_idx(written(tmp_path, content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere does not exist\. Check the path"):
        read_idx(tmp_path / "nowhere")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder, not an IDX file"):
        read_idx(tmp_path)


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"does not exist|cannot be read"):
        read_idx(written(tmp_path, b"") / "inside")


@pytest.mark.parametrize("name", ["null\0character", "long" * 1000])
def test_an_impossible_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"cannot be read|does not exist"):
        read_idx(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="is not a regular file"):
        read_idx(tmp_path / "pipe")


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path, idx_bytes(EXAMPLE))
    monkeypatch.setattr(Path, "open", forbidden)  # a mode would not stop root
    with pytest.raises(DataError, match=r"cannot be read: Permission denied\. Check"):
        read_idx(path)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_lie_about_the_size_costs_no_memory(tmp_path: Path, packed: bool) -> None:
    lie = header(2**31) + bytes(1000)
    path = written(tmp_path, gzip.compress(lie) if packed else lie)
    assert peak_of_refusing(path) < 4 * idx.CHUNK


def test_a_gzip_that_swells_is_left_early(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(header(1000) + bytes(64 * idx.CHUNK)))
    assert peak_of_refusing(path) < 4 * idx.CHUNK


def peak_of_refusing(path: Path) -> int:
    """The most bytes allocated while read_idx refuses the file."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            read_idx(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


MUTATIONS = st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4)), max_size=4)


def mutated(content: bytes, mutations: list[tuple[int, bytes]], length: int) -> bytes:
    """`content` with some bytes overwritten, and cut at `length`."""
    result = bytearray(content)
    for place, replacement in mutations:
        start = place % (len(result) + 1)
        result[start : start + len(replacement)] = replacement
    return bytes(result[:length])


@settings(SHARED_FOLDER, max_examples=500)
@given(
    array=ARRAYS, packed=st.booleans(), mutations=MUTATIONS, length=st.integers(0, 200) | st.none()
)
def test_any_mutation_loads_or_is_a_data_error(
    tmp_path: Path,
    array: np.ndarray,
    packed: bool,
    mutations: list[tuple[int, bytes]],
    length: int | None,
) -> None:
    content = idx_bytes(array)
    whole = gzip.compress(content) if packed else content
    path = written(tmp_path, mutated(whole, mutations, len(whole) if length is None else length))
    read_or_refused(path)


@settings(SHARED_FOLDER, max_examples=300)
@given(content=st.binary(max_size=64), start=st.sampled_from([b"", b"\0\0\x08", PACKED[:10]]))
def test_any_bytes_load_or_are_a_data_error(tmp_path: Path, content: bytes, start: bytes) -> None:
    read_or_refused(written(tmp_path, start + content))


def read_or_refused(path: Path) -> None:
    try:
        result = read_idx(path)
    except DataError:
        return
    assert result.dtype == np.uint8
    assert 1 <= result.ndim <= 4
    assert result.size > 0
