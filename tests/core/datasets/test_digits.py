"""The embedded digits are whole, fixed, and look like what MNIST looks like."""

from pathlib import Path

import numpy as np
import pytest

from cnnviz import assets
from cnnviz.assets import asset_path
from cnnviz.core.datasets import Split, load_dataset, load_digits

DIGITS = load_digits()


def test_there_are_1797_digits_in_a_fixed_split() -> None:
    assert (DIGITS.name, DIGITS.title) == ("digits", "UCI digits")
    assert (len(DIGITS.train), len(DIGITS.test)) == (1437, 360)
    assert DIGITS.input_shape == (1, 28, 28)
    assert DIGITS.class_names == tuple("0123456789")
    assert DIGITS.train.labels[:10].tolist() == [3, 9, 1, 3, 1, 9, 4, 4, 2, 8]


def test_the_source_names_authors_and_licence() -> None:
    assert "Alpaydin" in DIGITS.source
    assert "CC BY 4.0" in DIGITS.source


def test_loading_twice_gives_the_same() -> None:
    again = load_dataset("digits")
    assert np.array_equal(again.train.pixels, DIGITS.train.pixels)
    assert np.array_equal(again.test.labels, DIGITS.test.labels)


def test_the_split_is_stratified() -> None:
    train = np.bincount(DIGITS.train.labels)
    test = np.bincount(DIGITS.test.labels)
    assert np.abs(test - (train + test) * 360 / 1797).max() < 1


def test_no_digit_is_in_both_splits() -> None:
    train = {digit.tobytes() for digit in DIGITS.train.pixels}
    assert len(train) == 1437
    assert not train & {digit.tobytes() for digit in DIGITS.test.pixels}


@pytest.mark.parametrize("split", [DIGITS.train, DIGITS.test], ids=["train", "test"])
def test_digits_are_centred_bright_strokes_on_black(split: Split) -> None:
    images = split.images[:, 0]
    ink = images.sum(axis=(1, 2))
    place = np.arange(28)
    assert np.abs((images.sum(axis=2) @ place) / ink - 13.5).max() <= 0.51
    assert np.abs((images.sum(axis=1) @ place) / ink - 13.5).max() <= 0.51
    assert images.max(axis=(1, 2)).min() > 0.9
    assert not images[:, [0, -1]].any()  # nothing is cut off
    assert not images[:, :, [0, -1]].any()
    assert 0.1 < images.mean() < 0.2  # MNIST: 0.13


def test_the_file_is_small() -> None:
    assert asset_path("digits.npz").stat().st_size < 500_000


def test_a_missing_asset_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz is neither at"):
        asset_path("nothing.npz")


def test_an_installed_asset_wins_over_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "cnnviz" / "assets" / "digits.npz"
    installed.parent.mkdir(parents=True)
    beside = tmp_path / "assets" / "digits.npz"
    beside.parent.mkdir()
    beside.touch()
    monkeypatch.setattr(assets, "_PACKAGE", tmp_path / "cnnviz")
    assert asset_path("digits.npz") == beside
    installed.touch()
    assert asset_path("digits.npz") == installed
