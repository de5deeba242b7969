"""Networks on their way to other programs, and back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz import __version__
from cnnviz.core import CnnvizError, Dataset, Network, Spec
from cnnviz.core.errors import DataError, MissingPackageError
from cnnviz.core.export import FORMATS, Source, of_run, onnx_file, read_network, read_weights
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.spec import arctan, conv2d, dense, flatten, max_pool2d, relu, sigmoid
from tests.core.export.conftest import SPECS, batch_for, with_biases
from tests.core.torch_model import torch_model

onnxruntime = pytest.importorskip("onnxruntime")
WEIGHTS = ("onnx", "safetensors", "npz")


def written(name: str, network: Network, folder: Path) -> Path:
    path = folder / f"network{FORMATS[name].suffix}"
    FORMATS[name].write(path, Source(network))
    assert list(folder.iterdir()) == [path]
    return path


def run_onnx(network: Network, images: Any) -> Any:
    content = onnx_file.model(Source(network)).SerializeToString()  # onnx.checker accepts it
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": images})[0]


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_onnxruntime_gives_the_same_logits_for_any_batch(spec: Spec) -> None:
    network = with_biases(spec)
    for count in (1, 5):
        images = batch_for(network, count)
        theirs = run_onnx(network, images)
        assert theirs.shape == (count, network.classes)
        np.testing.assert_allclose(theirs, network.forward(images), rtol=1e-5, atol=1e-5)


@st.composite
def odd_specs(draw: st.DrawFn) -> Spec:
    """Any strides, paddings, windows and activations that fit."""

    def pair(least: int, most: int) -> tuple[int, int]:
        return draw(st.integers(least, most)), draw(st.integers(least, most))

    height, width = pair(6, 11)
    layers = []
    size: tuple[int, ...] = (height, width)
    for _ in range(draw(st.integers(1, 2))):
        kernel, stride, padding = pair(1, min(4, *size)), pair(1, 3), pair(0, 3)
        layers.append(conv2d(draw(st.integers(1, 4)), kernel, stride, padding))
        layers.append(draw(st.sampled_from([relu, sigmoid, arctan]))())
        size = tuple(
            (n + 2 * p - k) // s + 1
            for n, k, s, p in zip(size, kernel, stride, padding, strict=True)
        )
        if min(size) >= 2 and draw(st.booleans()):
            window, step = pair(1, 2), pair(1, 3)
            layers.append(max_pool2d(window, step))
            size = tuple((n - k) // s + 1 for n, k, s in zip(size, window, step, strict=True))
    channels = draw(st.sampled_from([1, 2, 3]))
    return Spec("odd", "Odd", (channels, height, width), (*layers, flatten(), dense(3)))


@given(odd_specs())
def test_odd_networks_too(spec: Spec) -> None:
    network = with_biases(spec)
    images = batch_for(network)
    np.testing.assert_allclose(
        run_onnx(network, images), network.forward(images), rtol=1e-5, atol=1e-5
    )


def test_the_model_says_what_it_is(tmp_path: Path, run: SavedRun, dataset: Dataset) -> None:
    path = tmp_path / "a.onnx"
    FORMATS["onnx"].write(path, of_run(run, dataset=dataset))
    session = onnxruntime.InferenceSession(path)
    [images], [logits] = session.get_inputs(), session.get_outputs()
    assert (images.name, images.shape, images.type) == (
        "images",
        ["batch", 1, 8, 8],
        "tensor(float)",
    )
    assert (logits.name, logits.shape) == ("logits", ["batch", 3])
    texts = session.get_modelmeta().custom_metadata_map
    assert Spec.from_dict(json.loads(texts["spec"])) == run.spec
    assert json.loads(texts["class_names"]) == list(dataset.class_names)
    assert (texts["cnnviz"], texts["data"], texts["step"]) == (__version__, "stripes", "12")


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_weights_come_back_bit_for_bit(name: str, spec: Spec, tmp_path: Path) -> None:
    network = with_biases(spec)
    back = read_network(written(name, network, tmp_path))
    assert back.spec == spec
    np.testing.assert_array_equal(back.vector, network.vector, strict=True)


@pytest.mark.parametrize("name", WEIGHTS)
def test_the_texts_come_back(name: str, tmp_path: Path, run: SavedRun, dataset: Dataset) -> None:
    path = tmp_path / f"a{FORMATS[name].suffix}"
    source = of_run(run, run.snapshots[1], dataset)
    FORMATS[name].write(path, source)
    assert read_weights(path).texts == source.metadata()
    assert source.metadata()["step"] == "6"
    np.testing.assert_array_equal(read_network(path).vector, run.snapshots[1].vector)


def test_numpy_opens_an_npz_without_pickle(tmp_path: Path, small_spec: Spec) -> None:
    network = with_biases(small_spec)
    with np.load(written("npz", network, tmp_path), allow_pickle=False) as opened:
        assert json.loads(str(opened["spec"]))["name"] == "small"
        for name, array in network.state_dict().items():
            np.testing.assert_array_equal(opened[name], array, strict=True)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_pytorch_loads_the_state_and_gives_the_same_logits(spec: Spec, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from safetensors.torch import load_file

    network = with_biases(spec)
    model = torch_model(spec, named=True)
    model.load_state_dict(load_file(written("safetensors", network, tmp_path)), strict=True)
    images = batch_for(network)
    theirs = model(torch.from_numpy(images)).detach().numpy()
    np.testing.assert_allclose(theirs, network.forward(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("named", [True, False])
def test_a_plain_state_of_pytorch_goes_into_a_given_network(named: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from safetensors.torch import save_file

    spec = SPECS["lenet-5"]
    model = torch_model(spec, named)
    save_file(model.state_dict(), tmp_path / "plain.safetensors")
    network = read_network(tmp_path / "plain.safetensors", spec)
    images = batch_for(network)
    theirs = model(torch.from_numpy(images)).detach().numpy()
    np.testing.assert_allclose(theirs, network.forward(images), rtol=1e-5, atol=1e-5)
    with pytest.raises(CnnvizError, match="do not say what network"):
        read_network(tmp_path / "plain.safetensors")


# What is missing.


@pytest.mark.parametrize("name", ["onnx", "safetensors"])
def test_without_the_package_it_says_how_to_get_it(
    name: str, tmp_path: Path, small_spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(small_spec)
    path = written(name, network, tmp_path)
    content = path.read_bytes()
    monkeypatch.setattr(
        "cnnviz.core.export.packages.import_module",
        lambda module: (_ for _ in ()).throw(ImportError(module)),
    )
    for use in (lambda: FORMATS[name].write(path, Source(network)), lambda: read_network(path)):
        with pytest.raises(MissingPackageError, match=f"pip install {name}.*npz"):
            use()
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if each.needs_run])
def test_a_network_alone_has_no_history(name: str, tmp_path: Path, small_spec: Spec) -> None:
    with pytest.raises(CnnvizError, match="A network alone has no history"):
        FORMATS[name].write(tmp_path / "a", Source(Network(small_spec)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FORMATS)
def test_where_nothing_can_be_written_it_says_so(name: str, tmp_path: Path, run: SavedRun) -> None:
    with pytest.raises(CnnvizError, match="Cannot write"):
        FORMATS[name].write(tmp_path / "nowhere" / "a", of_run(run))


def test_classes_have_numbers_where_names_do_not_fit(small_spec: Spec, dataset: Dataset) -> None:
    network = Network(small_spec)
    assert Source(network).names == ("0", "1", "2")
    assert Source(network, class_names=("a", "b")).names == ("0", "1", "2")
    assert Source(network, class_names=("a", "b", "c")).names == ("a", "b", "c")
    assert Source(network, dataset=dataset).names == dataset.class_names
    with pytest.raises(DataError, match="Choose the data"):
        Source(Network(SPECS["tiny"])).check_data(dataset)
