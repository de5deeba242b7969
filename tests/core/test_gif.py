"""GIFs are read back by Pillow: number, size and times of the frames, and the colours of pixels."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnviz.core.errors import CnnvizError
from cnnviz.core.gif import COLORS, shared_colors, writing_gif

ORANGE, BLUE, GROUND = (255, 157, 77), (77, 163, 255), (27, 31, 38)


def read(path):
    """All frames (H, W, 3), and how long each is shown, in ms."""
    frames, durations = [], []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
            durations.append(image.info["duration"])
    return frames, durations


def write(path, frames, rate=10, samples=None):
    height, width, _ = frames[0].shape
    with writing_gif(path, (width, height), rate, samples or frames) as add:
        for frame in frames:
            add(frame)


def moving(count, width=40, height=30):
    """An orange and a blue square that move over the dark ground."""
    frames = []
    for number in range(count):
        frame = np.full((height, width, 3), GROUND, np.uint8)
        frame[5:10, number : number + 5] = ORANGE
        frame[15:20, width - 5 - number : width - number] = BLUE
        frames.append(frame)
    return frames


def test_frames_come_back_as_they_were(tmp_path):
    frames = moving(7)
    write(tmp_path / "it.gif", frames)
    found, durations = read(tmp_path / "it.gif")
    assert len(found) == 7
    assert durations == [100] * 7
    for frame, back in zip(frames, found, strict=True):
        np.testing.assert_array_equal(back, frame)


def test_frames_that_are_alike_are_all_there(tmp_path):
    frames = [moving(1)[0]] * 4 + moving(2)
    write(tmp_path / "it.gif", frames)
    found, _ = read(tmp_path / "it.gif")
    assert len(found) == 6
    for frame, back in zip(frames, found, strict=True):
        np.testing.assert_array_equal(back, frame)


def test_it_runs_for_ever(tmp_path):
    write(tmp_path / "it.gif", moving(2))
    with Image.open(tmp_path / "it.gif") as image:
        assert image.info["loop"] == 0


@pytest.mark.parametrize("rate", [10, 15, 25])
def test_times_do_not_drift(rate, tmp_path):
    write(tmp_path / "it.gif", moving(30), rate)
    _, durations = read(tmp_path / "it.gif")
    assert sum(durations) == pytest.approx(30_000 / rate, abs=5)
    assert max(durations) - min(durations) <= 10


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_any_size_and_any_change_comes_back(tmp_path_factory, width, height, count, seed):
    random = np.random.default_rng(seed)
    colors = random.integers(0, 256, (COLORS, 3), dtype=np.uint8)
    frames = [colors[random.integers(0, COLORS, (height, width))] for _ in range(count)]
    for before, frame in pairwise(frames):
        same = random.random((height, width)) < 0.8
        frame[same] = before[same]
    path = tmp_path_factory.mktemp("gif") / "it.gif"
    write(path, frames)
    found, _ = read(path)
    assert len(found) == count
    for frame, back in zip(frames, found, strict=True):
        np.testing.assert_array_equal(back, frame)


def test_few_bright_pixels_keep_their_colours(tmp_path):
    """By area they would be lost among thousands of greys."""
    ramp = np.linspace(0, 80, 300 * 200).reshape(200, 300)
    frame = np.stack([ramp, ramp[::-1], ramp[:, ::-1]], axis=-1).astype(np.uint8)
    for place, share in enumerate(np.linspace(0.1, 1, 40)):
        frame[10, 3 * place] = np.round(share * np.array(ORANGE)).astype(int)
        frame[20, 3 * place] = np.round(share * np.array(BLUE)).astype(int)
    write(tmp_path / "it.gif", [frame])
    (back,), _ = read(tmp_path / "it.gif")
    for row in (10, 20):
        np.testing.assert_allclose(back[row, 0:120:3], frame[row, 0:120:3].astype(int), atol=16)
    assert np.abs(frame.astype(int) - back).mean() < 6


def test_every_pixel_gets_the_nearest_colour(tmp_path):
    """Of a film of noise, whose colours are far more than the table's."""
    random = np.random.default_rng(0)
    frames = [random.integers(0, 256, (60, 50, 3), dtype=np.uint8) for _ in range(2)]
    write(tmp_path / "it.gif", frames)
    table = shared_colors(frames).astype(int)
    for frame, back in zip(frames, read(tmp_path / "it.gif")[0], strict=True):
        least = ((frame.astype(int)[:, :, None] - table) ** 2).sum(axis=-1).min(axis=-1)
        np.testing.assert_array_equal(((frame.astype(int) - back) ** 2).sum(axis=-1), least)


def test_vital_colours_are_kept_however_few_they_are():
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (100, 100, 3), dtype=np.uint8)
    table = shared_colors([noise], [ORANGE, BLUE])
    assert table.shape == (COLORS, 3)
    assert {ORANGE, BLUE} <= {tuple(each) for each in table.tolist()}


def test_the_table_is_shared_by_all_samples():
    one, other = np.full((3, 3, 3), ORANGE, np.uint8), np.full((3, 3, 3), BLUE, np.uint8)
    table = shared_colors([one, other])
    assert table.shape == (COLORS, 3)
    assert {tuple(each) for each in table.tolist()} == {ORANGE, BLUE}


def test_what_breaks_leaves_the_old_file(tmp_path):
    path = tmp_path / "it.gif"
    path.write_bytes(b"old")
    frame = moving(1)[0]

    def break_off():
        with writing_gif(path, (40, 30), 10, [frame]) as add:
            add(frame)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CnnvizError, match="Cannot write to .*nowhere"):
        write(tmp_path / "nowhere" / "it.gif", moving(1))
