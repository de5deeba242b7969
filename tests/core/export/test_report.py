"""The report: whole, self-contained, and safe whatever stands in the run."""

import base64
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnviz.core import Dataset, Spec, evaluate
from cnnviz.core.errors import DataError
from cnnviz.core.export import FORMATS, of_run
from cnnviz.core.export.report import pictures, style
from cnnviz.core.export.report.numbers import duration
from cnnviz.core.export.report.page import page
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.spec import conv2d, dense, flatten, relu
from cnnviz.ui import theme

VOID = {"meta", "br", "img", "hr"}


class Page(HTMLParser):
    """Checks that every element is closed where it should be, and collects what there is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def addresses(self) -> Iterator[str]:
        for _, attributes in self.elements:
            yield from (attributes[name] for name in ("src", "href") if name in attributes)


def opened(address: str) -> Image.Image:
    kind, _, content = address.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content, validate=True)))


def test_everything_is_on_it(run: SavedRun, dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    source = of_run(run, dataset=dataset)
    FORMATS["html"].write(path, source)
    made = Page(path.read_text("utf-8"))
    evaluation = evaluate(source.network, dataset.test)
    assert evaluation is not None
    for word in (
        "Small on Stripes",
        f"{100 * evaluation.accuracy:.2f}\u2009%",
        f"{evaluation.loss:.4f}",
        "Conv 1",
        "3 filters 3×3",
        "column 2",
        "Adam",
        "Made for the tests.",
    ):
        assert word in made.text
    assert len(made.all("svg")) == 3  # loss, accuracy, one convolution
    assert len(made.all("li")) == len(evaluation.worst(24)) > 0
    assert len(made.all("img")) == len(made.all("li"))
    pixels = dataset.test.pixels[evaluation.worst(1)[0], 0]
    np.testing.assert_array_equal(np.asarray(opened(made.all("img")[0]["src"])), pixels)


def test_it_fetches_nothing_and_runs_nothing(run: SavedRun, dataset: Dataset) -> None:
    text = page(of_run(run, dataset=dataset))
    made = Page(text)
    tags = {tag for tag, _ in made.elements}
    assert not tags & {"script", "link", "iframe", "object", "base", "form"}
    assert not any(name.startswith("on") for _, each in made.elements for name in each)
    assert all(address.startswith("data:image/png;base64,") for address in made.addresses())
    assert not [word for word in ("url(", "@import", "http:", "https:") if word in text]
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x>', "a & b 'c'"])
def test_texts_stay_texts(
    evil: str, make_run: Callable[..., SavedRun], small_spec: Spec, dataset: Dataset
) -> None:
    data = replace(dataset, name=evil, title=evil, class_names=(evil,) * 3, source=evil)
    spec = replace(small_spec, name=evil, title=evil)
    made = Page(page(of_run(make_run(spec, data, notes=evil), dataset=data)))
    assert {"script", "x"} & {tag for tag, _ in made.elements} == set()
    assert made.text.count(evil) > 10
    assert all(address.startswith("data:") for address in made.addresses())


def test_without_its_data_it_says_so(run: SavedRun) -> None:
    made = Page(page(of_run(run)))
    assert "The data were not there" in made.text
    assert "Small on stripes" in made.text
    assert made.all("img") == []


def test_other_data_are_named_or_refused(
    run: SavedRun, make_dataset: Callable[..., Dataset]
) -> None:
    assert "Tested on other data" in page(of_run(run, dataset=make_dataset(test=31)))
    for other in (make_dataset(shape=(1, 9, 9)), make_dataset(classes=4)):
        with pytest.raises(DataError, match="Choose the data it was trained on"):
            page(of_run(run, dataset=other))


def test_an_evaluation_that_was_done_is_not_done_again(run: SavedRun, dataset: Dataset) -> None:
    source = of_run(run, dataset=dataset)
    evaluation = evaluate(source.network, dataset.test)
    assert evaluation is not None
    made = page(replace(source, evaluation=replace(evaluation, accuracy=0.12345)))
    assert "12.35\u2009%" in made or "12.34\u2009%" in made


def test_a_run_that_has_not_begun(
    make_run: Callable[..., SavedRun], small_spec: Spec, dataset: Dataset
) -> None:
    made = Page(page(of_run(make_run(small_spec, dataset, 0), dataset=dataset)))
    assert "No batch was trained yet" in made.text
    assert len(made.all("svg")) == 1


@pytest.mark.parametrize("batches", [1, 5, 6])
def test_short_runs(
    batches: int, make_run: Callable[..., SavedRun], small_spec: Spec, dataset: Dataset
) -> None:
    Page(page(of_run(make_run(small_spec, dataset, batches), dataset=dataset)))


@pytest.mark.parametrize("bad", [1e38, np.inf, np.nan])
def test_weights_and_losses_that_are_no_numbers(
    bad: float, run: SavedRun, dataset: Dataset
) -> None:
    vector = np.full_like(run.newest.vector, bad)
    vector[1::2] *= -1
    gone = replace(run.newest, vector=vector)
    epochs = tuple(replace(epoch, test_loss=float("nan")) for epoch in run.epochs)
    text = page(of_run(replace(run, epochs=epochs), gone, dataset))
    assert not {"nan", "nan.", "nan\u2009%"} & set(Page(text).text.lower().split(" "))
    assert "points=" in text


def test_colours_many_filters_and_many_classes(
    make_run: Callable[..., SavedRun], make_dataset: Callable[..., Dataset]
) -> None:
    data = make_dataset(shape=(3, 12, 12), classes=40, test=90)
    layers = (conv2d(40, (3, 2)), relu(), conv2d(20, 3), flatten(), dense(40))
    run = make_run(Spec("wide", "Wide", (3, 12, 12), layers), data, 6)
    made = Page(page(of_run(run, dataset=data)))
    assert "the first 32 of 40 filters." in made.text
    assert "the first 16 of 40 channels." in made.text
    assert "The most frequent mix-ups." in made.text
    assert opened(made.all("img")[0]["src"]).mode == "RGB"
    widths = [float(svg["width"]) for svg in made.all("svg")]
    assert max(widths) <= pictures.WIDTH


def test_kernels_are_orange_blue_and_nothing_where_zero() -> None:
    weights = np.array([[[[2.0, 0.0], [-1.0, 1.0]]]], np.float32)
    light = next(each for each in pictures.kernels(weights).iter("image"))
    cell = np.asarray(opened(light.attrib["href"]))
    side = (cell.shape[0] - pictures.GAP) // 2
    corners = cell[::side][:2, ::side][:, :2]
    orange, blue = bytes.fromhex("d9650b"), bytes.fromhex("1a6fd4")
    assert corners[0, 0].tobytes() == orange + b"\xff"
    assert corners[0, 1, 3] == 0
    assert corners[1, 0].tobytes() == blue + b"\x80"
    assert corners[1, 1].tobytes() == orange + b"\x80"
    assert np.all(cell[-pictures.GAP :, :, 3] == 0)


@pytest.mark.parametrize(
    ("ours", "windows"), [(style.DARK, theme.DARK), (style.LIGHT, theme.LIGHT)]
)
def test_the_colours_are_the_windows(ours: style.Colours, windows: theme.Tokens) -> None:
    for field in fields(style.Colours):
        assert getattr(ours, field.name) == getattr(windows, field.name)


def test_durations_are_short() -> None:
    assert duration(12.34) == "12.3\u2009s"
    assert duration(245) == "4\u2009min 05\u2009s"
    assert duration(7620) == "2\u2009h 07\u2009min"


def test_an_earlier_moment_is_marked(run: SavedRun) -> None:
    earlier = Page(page(of_run(run, run.snapshots[1])))
    assert "The network after 6 of 12 batches." in earlier.text
    marks = [each for each in earlier.all("line") if each["class"] == "moment"]
    assert [float(mark["x1"]) for mark in marks] == [283]  # the middle
    newest = Page(page(of_run(run)))
    assert "The network after 12 batches." in newest.text
    assert not [each for each in newest.all("line") if each["class"] == "moment"]


def test_the_style_sheet_is_whole() -> None:
    rules = style.style_sheet()
    assert rules.count("{") == rules.count("}")
    used = set(re.findall(r"var\((--[a-z]+)\)", rules)) - {"--share"}
    assert used <= {f"--{field.name}" for field in fields(style.Colours)}
