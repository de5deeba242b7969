"""Options survive in a name, whatever the path looks like."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core.datasets.options import Options, full_name, limited, split_name
from cnnviz.core.errors import DataError

sizes = st.none() | st.tuples(st.integers(1, 1024), st.integers(1, 1024))


@given(
    st.builds(
        Options,
        sizes,
        st.sampled_from(["auto", "grey", "rgb"]),
        st.floats(0, 1, exclude_min=True, exclude_max=True),
        st.integers(0, 2**40),
    ),
    st.sampled_from(["/data/photos", "/data/what?", "/data/a&b=c?seed", "/data/ü x"]),
)
def test_a_name_gives_its_options_back(options: Options, path: str) -> None:
    assert split_name(full_name(path, options)) == (Path(path), options)


def test_usual_options_are_not_in_the_name(tmp_path: Path) -> None:
    assert full_name(tmp_path, Options()) == str(tmp_path)


def test_a_path_that_exists_wins(tmp_path: Path) -> None:
    odd = tmp_path / "a?seed=3"
    odd.mkdir()
    assert split_name(odd) == (odd, Options())
    assert split_name(f"{odd}?seed=4") == (odd, Options(seed=4))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a name be no text")
def test_a_path_that_is_no_text_has_a_name_that_is() -> None:
    path = Path(os.fsdecode(b"/data/caf\xe9 ?%20"))
    name = full_name(path, Options(seed=1))
    assert name == "file:///data/caf%E9%20%3F%2520?seed=1"
    assert split_name(name) == (path, Options(seed=1))
    assert split_name(path.as_uri()) == (path, Options())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size=28", "no size; it must be HEIGHTxWIDTH"),
        ("size=0x5", "cannot be 0x5 pixels"),
        ("size=2000x5", "choose 1 to 1024"),
        ("colour=pink", "“pink” is no way to read colours"),
        ("test=0", "0 of the images cannot test"),
        ("test=1", "1 of the images cannot test"),
        ("test=nan", "nan of the images cannot test"),
        ("test=some", "cannot be understood"),
        ("seed=-1", "from 0 on, not -1"),
        ("seed=1.5", "cannot be understood"),
        ("flavour=3", "cannot be understood; it may be such as"),
    ],
)
def test_options_without_sense_are_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_name(f"photos?{text}")


@pytest.mark.parametrize(
    ("size", "smaller"),
    [((64, 64), (64, 64)), ((28, 28), (28, 28)), ((480, 640), (48, 64)), ((1, 5000), (1, 64))],
)
def test_the_longer_side_is_limited(size: tuple[int, int], smaller: tuple[int, int]) -> None:
    assert limited(size) == smaller
