"""A network's file: what is written is read again, and what is no such file is refused."""

import os
import re
import tomllib
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnnviz.core.errors import CnnvizError, SpecError
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import conv2d, dense, flatten, max_pool2d
from cnnviz.core.spec_edit import Design
from cnnviz.core.spec_file import (
    MOST_BYTES,
    design_from,
    design_text,
    load_design,
    load_spec,
    save_design,
)

DESIGN = Design((conv2d(2, (3, 5), 2), flatten(), dense(3)), (1, 8, 8), 3)
HEAD = "format = 1\ninput_shape = [1, 8, 8]\n"


def written(tmp_path, text):
    path = tmp_path / "network.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(tmp_path, text, load=load_spec):
    path = written(tmp_path, text)
    with pytest.raises(CnnvizError) as refused:
        load(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert len(message) < 1000
    return message.removeprefix(str(path))


# There and back.


@pytest.mark.parametrize("spec", PRESETS.values(), ids=PRESETS)
def test_presets_go_through_a_file_unchanged(spec, tmp_path):
    path = tmp_path / "network.toml"
    save_design(path, Design.from_spec(spec))
    assert load_spec(path) == spec
    assert load_design(path) == Design.from_spec(spec)
    assert list(tmp_path.iterdir()) == [path]


@given(data=st.data())
def test_any_design_goes_through_text_unchanged(random_designs, data):
    design = data.draw(random_designs)
    kinds = {type(value) for layer in design.layers for value in layer.values()}
    assume(kinds <= {int, str, tuple})
    assert design_from(design_text(design)) == design
    tomllib.loads(design_text(design))


@given(st.text(max_size=200), st.text(max_size=50))
def test_any_line_may_be_a_title_and_others_are_not_saved(title, name):
    design = replace(DESIGN, title=title, name=name)
    if title.isprintable() and name.isprintable():
        assert design_from(design_text(design)) == design
    else:
        with pytest.raises(SpecError, match="title|name|cannot be saved"):
            design_from(design_text(design))


@given(st.text(max_size=20))
def test_any_text_in_a_layer_stays_as_it_is(text):
    assume(text.isascii() or text.isprintable())
    design = replace(DESIGN, layers=({"type": text, 'a "key"\n': text},))
    assert design_from(design_text(design)) == design


def test_what_fits_nowhere_is_saved_and_opened_but_not_trained(tmp_path):
    path = tmp_path / "network.toml"
    design = replace(DESIGN, layers=(conv2d(2, 9), max_pool2d(2)))
    save_design(path, design)
    assert load_design(path) == design
    with pytest.raises(SpecError, match="line 12: conv1: its kernel 9×9 is larger"):
        load_spec(path)


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (replace(DESIGN, title="two\nlines"), "line 3: title must be one line"),
        (replace(DESIGN, title="x" * 201), "title must be one line"),
        (replace(DESIGN, title="\ud800"), "cannot be saved"),
        (replace(DESIGN, classes=0), "classes must be a whole number"),
        (replace(DESIGN, layers=({"kernel": 3.5},)), "kernel cannot be saved as 3.5"),
        (replace(DESIGN, layers=({"filters": True},)), "filters cannot be saved as True"),
        (replace(DESIGN, layers=({"filters": None},)), "filters cannot be saved as None"),
        (replace(DESIGN, layers=(conv2d(10**10, 3),)), "line 11: 'filters' must be"),
        (replace(DESIGN, layers=(flatten(),) * 201), "more than 200 layers"),
    ],
)
def test_what_could_not_be_opened_is_not_saved_and_the_old_file_stays(design, message, tmp_path):
    path = tmp_path / "network.toml"
    save_design(path, DESIGN)
    with pytest.raises(SpecError, match=message):
        save_design(path, design)
    assert load_design(path) == DESIGN
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(CnnvizError, match="Cannot write"):
        save_design(tmp_path / "none" / "network.toml", DESIGN)


# By hand.


def test_what_may_be_left_out(tmp_path):
    path = written(
        tmp_path, f'{HEAD}[[layers]]\ntype = "flatten"\n[[layers]]\ntype = "dense"\nunits = 7'
    )
    usual = Design()
    design = load_design(path)
    assert design.classes == 7
    assert (design.title, design.name) == (usual.title, usual.name)
    assert load_spec(path).layers[-1] == {"type": "dense", "units": 7}


def test_comments_other_spellings_and_windows_ends_of_lines(tmp_path):
    text = (
        "\ufeff# Mine.\r\nformat=1 # so\r\ninput_shape = [\r\n 1, 8, 8]\r\n"
        "layers = [{type=\"flatten\"}, {type = 'dense', units = 0x1_0}]\r\n"
    )
    assert load_spec(written(tmp_path, text)).layers == (flatten(), dense(16))


# What is no such file.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ", line|format must be 1, not None. Write “format = 1” at the top"),
        ("hello", " is not sound TOML: .*line 1"),
        ("format = 1\nformat = 1", " is not sound TOML: .*line 2"),
        (b"\xff\xfe\x00\x01", " is not text in UTF-8"),
        (b"\x00" * 10, " is not sound TOML"),
        (b"PK\x03\x04" + bytes(range(256)), " is not text in UTF-8"),
        ("#" * (MOST_BYTES + 1), " is larger than 256 KB"),
        ("a = " + "[" * 100_000, " is nested too deeply|not sound TOML"),
        ("format = " + "9" * 5000, " is not sound TOML"),
        ("format = 2", ", line 1: it has format 2, which a newer cnnviz wrote"),
        ("format = " + "9" * 4000, ", line 1: it has format 9{20}, which"),
        ("format = 0", ", line 1: format must be 1, not 0"),
        ("format = true", ", line 1: format must be 1, not True"),
        ("format = '1'", ", line 1: format must be 1, not '1'"),
        (HEAD, ": there are no layers. Write"),
        (HEAD + "layers = 5", ", line 3: there are no layers"),
        (HEAD + "layers = [5]", ", line 3: layers must be tables such as"),
        (HEAD + "[layers]\ntype = 'relu'", ": there are no layers"),
        (HEAD + "[[layers]]\ntype = 'relu'\n" * 201, ": there are more than 200 layers"),
        (HEAD + "colour = 'red'", ", line 3: there is no field 'colour'; there are format, title"),
        (HEAD + "title = 5\nlayers = []", ", line 3: title must be one line"),
        (HEAD + "title = '''\n\n'''\nlayers = []", ", line 3: title must be one line"),
        (HEAD + "name = '\\u0000'\nclasses = 'x'\nlayers = []", ", line 4: classes must be"),
        (HEAD + "classes = 0\nlayers = []", ", line 3: classes must be .* not 0"),
        (HEAD + "classes = 1.5\nlayers = []", ", line 3: classes must be .* not 1.5"),
        (HEAD + "initializer = 3\nlayers = []", ", line 3: initializer must be one line"),
        ("format = 1\nlayers = []", ": input_shape must be three .* not None"),
        ("format = 1\ninput_shape = 28\nlayers = []", ", line 2: input_shape must be .* not 28"),
        ("format = 1\ninput_shape = [1, 28]\nlayers = []", ", line 2: input_shape must be"),
        ("format = 1\ninput_shape = [1, 0, 8]\nlayers = []", ", line 2: input_shape must be"),
        ("format = 1\ninput_shape = [1, 2.0, 8]\nlayers = []", ", line 2: input_shape must be"),
        ("format = 1\ninput_shape = [true, 8, 8]\nlayers = []", ", line 2: input_shape must be"),
        ("format = 1\ninput_shape = [1, 8, 1_000_000_001]\nlayers = []", ", line 2: input_shape"),
    ],
)
@pytest.mark.parametrize("load", [load_spec, load_design])
def test_what_is_no_network_is_refused_with_line_and_field(text, message, load, tmp_path):
    assert re.search(message, refusal(tmp_path, text, load))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("kernel = 3.5", ", line 5: 'kernel' must be a whole number, or two .* not 3.5"),
        ("kernel = true", ", line 5: 'kernel' must be"),
        ("kernel = [1, [2]]", ", line 5: 'kernel' must be"),
        ("kernel = [1, 2, 3, 4]", ", line 5: 'kernel' must be"),
        ("kernel = 1979-05-27", ", line 5: 'kernel' must be"),
        ("kernel = nan", ", line 5: 'kernel' must be"),
        ("kernel = {y = 1}", ", line 5: 'kernel' must be"),
        ("kernel = 1_000_000_001", ", line 5: 'kernel' must be"),
        (f"kernel = '{'x' * 201}'", ", line 5: 'kernel' must be"),
        ("'two words' = 1.5", ", line 5: 'two words' must be|line 3: 'two words' must be"),
    ],
)
@pytest.mark.parametrize("load", [load_spec, load_design])
def test_what_no_layer_can_hold(layer, message, load, tmp_path):
    text = f"{HEAD}[[layers]]\ntype = 'conv2d'\n{layer}\n"
    assert re.search(message, refusal(tmp_path, text, load))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("[[layers]]\nfilters = 3", ", line 3: Layer 1: there is no layer type “None”"),
        ("[[layers]]\ntype = 'dropout'", ", line 4: Layer 1: there is no layer type “dropout”"),
        ("[[layers]]\ntype = 3", ", line 4: Layer 1: there is no layer type “3”"),
        (
            "[[layers]]\ntype='relu'\n\n[[ layers ]]\ntype='conv2d'\nfilters=3",
            ", line 6: conv1: .*“kernel” is missing",
        ),
        ("[[layers]]\ntype = 'relu'\nslope = 2", ", line 5: relu1: there is no field “slope”"),
        (
            "[[layers]]\ntype='flatten'\n[[layers]]\ntype='dense'\nunits=0\n[[layers]]\ntype='relu'",
            ", line 7: dense1: units must be .* not 0",
        ),
        ("[[layers]]\ntype = 'relu'", ": A network must end in one row"),
        (
            "initializer = 'zeros'\n[[layers]]\ntype='flatten'",
            ", line 3: There is no initialisation “zeros”",
        ),
        ("classes = 7\n[[layers]]\ntype='flatten'", ": flatten: the last layer gives 64 values"),
        ("layers = [{type = 'relu'}, {type = 'pool'}]", ": Layer 2: there is no layer type “pool”"),
    ],
)
def test_what_does_not_fit_is_refused_in_the_engines_words(layers, message, tmp_path):
    assert re.search(message, refusal(tmp_path, HEAD + layers))
    load_design(tmp_path / "network.toml")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(CnnvizError, match=r"Cannot read .*none\.toml: No such file"):
        load_spec(tmp_path / "none.toml")
    with pytest.raises(CnnvizError, match="Cannot read .*: Is a directory"):
        load_spec(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read(tmp_path):
    path = written(tmp_path, HEAD)
    path.chmod(0)
    with pytest.raises(CnnvizError, match="Cannot read .*: Permission denied"):
        load_spec(path)
