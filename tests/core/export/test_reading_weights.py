"""Whatever a file of weights may have suffered, or may be instead."""

import io
import json
import os
import re
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import onnx
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnviz.core import Network, Spec, WeightsError
from cnnviz.core.export import FORMATS, Source, read_network, read_weights
from cnnviz.core.presets import PRESETS
from tests.core.export.conftest import with_biases

WEIGHTS = ("onnx", "safetensors", "npz")
State = dict[str, Any]


def save(name: str, path: Path, state: State, texts: dict[str, str]) -> None:
    """The arrays and texts as such a file, whatever they are."""
    if name == "npz":
        arrays: State = state | {key: np.array(text) for key, text in texts.items()}
        np.savez(path, **arrays)
    elif name == "safetensors":
        path.write_bytes(safetensors.numpy.save(state, texts))
    else:
        tensors = [onnx.numpy_helper.from_array(array, key) for key, array in state.items()]
        graph = onnx.helper.make_graph([], "g", [], [], tensors)
        model = onnx.helper.make_model(graph, producer_name="cnnviz")
        onnx.helper.set_model_props(model, texts)
        path.write_bytes(model.SerializeToString())


@pytest.fixture
def network(small_spec: Spec) -> Network:
    return with_biases(small_spec)


def refusal(path: Path, spec: Spec | None = None) -> str:
    with pytest.raises(WeightsError) as refused:
        read_network(path, spec)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    return message


def without(state: State, name: str) -> State:
    return {key: array for key, array in state.items() if key != name}


SMALL = np.zeros((3, 1, 3, 3), np.float32)
CHANGES: dict[str, tuple[Callable[[State], State], str]] = {
    "another shape": (lambda s: s | {"conv1.weight": SMALL[:2]}, r"\(2, 1, 3, 3\).*needs"),
    "transposed": (lambda s: s | {"dense1.weight": SMALL.reshape(-1, 3)}, "dense1.weight has"),
    "no number": (lambda s: s | {"conv1.bias": np.full(3, np.nan, "f4")}, "conv1.bias.*finite"),
    "infinite": (lambda s: s | {"conv1.bias": np.full(3, -np.inf, "f4")}, "conv1.bias.*finite"),
    "missing": (lambda s: without(s, "dense1.bias"), "dense1.bias is missing"),
    "foreign": (lambda s: s | {"extra.weight": SMALL}, "extra.weight does not belong"),
    "none": (lambda s: {}, "conv1.weight is missing"),
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
def test_what_does_not_fit_is_named(
    name: str, change: Callable[[State], State], reason: str, network: Network, tmp_path: Path
) -> None:
    path = tmp_path / f"a{FORMATS[name].suffix}"
    save(name, path, change(network.state_dict()), Source(network).metadata())
    message = refusal(path)
    assert "cannot be used" in message
    assert re.search(reason, message)


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_another_network(name: str, network: Network, tmp_path: Path) -> None:
    path = tmp_path / f"a{FORMATS[name].suffix}"
    FORMATS[name].write(path, Source(network))
    assert "conv1.weight has the shape (3, 1, 3, 3)" in refusal(path, PRESETS["tiny"])


@pytest.mark.parametrize("name", ["safetensors", "npz"])
@pytest.mark.parametrize("kind", [np.int32, np.bool_, np.uint8])
def test_whole_numbers_are_no_weights(
    name: str, kind: Any, network: Network, tmp_path: Path
) -> None:
    path = tmp_path / f"a{FORMATS[name].suffix}"
    state = network.state_dict()
    save(name, path, state | {"conv1.bias": np.zeros(3, kind)}, Source(network).metadata())
    assert "conv1.bias" in refusal(path)


@pytest.mark.parametrize("name", ["safetensors", "npz"])
@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_precisions_become_ours(
    name: str, kind: Any, network: Network, tmp_path: Path
) -> None:
    path = tmp_path / f"a{FORMATS[name].suffix}"
    state = {key: array.astype(kind) for key, array in network.state_dict().items()}
    save(name, path, state, Source(network).metadata())
    back = read_network(path)
    assert back.vector.dtype == np.float32
    np.testing.assert_allclose(back.vector, network.vector, rtol=1e-3, atol=1e-6)


def spec_text(*layers: dict[str, Any], shape: tuple[int, ...] = (1, 8, 8), name: str = "x") -> str:
    return json.dumps({"name": name, "input_shape": shape, "layers": layers})


FLATTEN, RELU = {"type": "flatten"}, {"type": "relu"}
SPEC_TEXTS = {
    "no JSON": "{",
    "a list": "[]",
    "empty": "{}",
    "vast": spec_text(FLATTEN, {"type": "dense", "units": 2**40}),
    "vast image": spec_text(FLATTEN, shape=(2**32, 2**32, 1)),
    "many layers": spec_text(*[RELU] * 1001),
    "no row": spec_text(RELU),
    "unknown": spec_text({"type": "system"}),
    "no line": spec_text(FLATTEN, name="\x1b[2J"),
    "long": " " * (2**20 + 1),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("text", SPEC_TEXTS.values(), ids=SPEC_TEXTS)
def test_a_spec_that_cannot_be(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{FORMATS[name].suffix}"
    save(name, path, {}, {"spec": text})
    refusal(path)


@pytest.mark.parametrize("name", WEIGHTS)
def test_files_that_are_something_else(name: str, tmp_path: Path) -> None:
    suffix = FORMATS[name].suffix
    path = tmp_path / f"a{suffix}"
    assert "does not exist" in refusal(path)
    path.mkdir()
    assert "is not a file" in refusal(path)
    path.rmdir()
    path.write_bytes(b"")
    assert "empty" in refusal(path)
    for content in (b"PK", b"\x80\x04K\x01.", bytes(100), b"{" * 1000, os.urandom(5000)):
        path.write_bytes(content)
        refusal(path)
    other = tmp_path / "weights.pt"
    other.write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(WeightsError, match=r"must end in \.onnx, \.safetensors, \.npz"):
        read_weights(other)


@pytest.mark.parametrize("name", WEIGHTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_as_it_was(
    name: str, data: st.DataObject, network: Network, tmp_path: Path
) -> None:
    path = tmp_path / f"a{FORMATS[name].suffix}"
    FORMATS[name].write(path, Source(network))
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with suppress(WeightsError):  # and nothing else
        assert np.isfinite(read_network(path).vector).all()


# No more memory than the file has bytes, and nothing but the file.


def npy(shape: tuple[int, ...], descr: str = "<f4", content: bytes = b"") -> bytes:
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


def test_an_npz_that_promises_more_than_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    for entry in (npy((2**40,)), npy((2**40, 2**40)), npy((), f"<U{2**27}"), npy((2,), "|O")):
        with ZipFile(path, "w") as archive:
            archive.writestr("conv1.weight.npy", entry)
        assert "promises other numbers" in refusal(path)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("conv1.weight.npy", npy((10**7,), content=bytes(4 * 10**7)))
    assert path.stat().st_size < 10**5
    assert "compressed" in refusal(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_npz_with_odd_entries(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    for names in (["a.npy", "a.npy"], ["a.txt"], [f"{k}.npy" for k in range(2001)]):
        with ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, npy((1,), content=bytes(4)))
        refusal(path)


def test_pickle_is_never_read(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (tmp_path / "sprung").touch, ()

    path = tmp_path / "a.npz"
    content: dict[str, Any] = {"conv1.weight": np.array([Trap()], object)}
    np.savez(path, **content)
    refusal(path)
    assert not (tmp_path / "sprung").exists()


def test_a_safetensors_header_that_promises_more(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    tensor = {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}
    header = json.dumps({"conv1.weight": tensor}).encode()
    for length in (len(header), 2**60):
        path.write_bytes(struct.pack("<Q", length) + header)
        refusal(path)


def test_an_onnx_model_that_is_not_ours(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    texts = Source(network).metadata()
    save("onnx", path, network.state_dict(), {})
    assert "no ONNX model of cnnviz" in refusal(path)
    save("onnx", path, {"conv1.weight": SMALL.astype(np.int64)}, texts)
    assert "not in the file as float32" in refusal(path)


def test_an_onnx_model_never_has_another_file_read(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    (tmp_path / "weights").write_bytes(SMALL.tobytes())
    save("onnx", path, network.state_dict(), Source(network).metadata())
    model = onnx.load_model(path)
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "weights"
    path.write_bytes(model.SerializeToString())
    assert "not in the file" in refusal(path)
    tensor.data_location = onnx.TensorProto.DEFAULT
    tensor.dims[0] = 2**40
    path.write_bytes(model.SerializeToString())
    refusal(path)


def test_texts_of_others_are_left_alone(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save("safetensors", path, network.state_dict(), {"format": "pt", "author": "x" * 2**21})
    assert read_weights(path).texts == {}
    np.testing.assert_array_equal(read_network(path, network.spec).vector, network.vector)
