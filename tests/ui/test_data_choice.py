"""The menu of data: names, what has to be fetched, one's own; short titles for long keys."""

import pytest

from cnnviz.core.datasets import Options
from cnnviz.core.datasets.options import full_name
from cnnviz.core.settings import Settings
from cnnviz.ui.data_choice import DataChoice
from cnnviz.ui.data_names import data_line, data_tip, data_title, names_in
from cnnviz.ui.messages import RunRequest
from tests.ui.data_files import make_images


@pytest.fixture
def choice(session, qtbot):
    made = DataChoice(session)
    qtbot.addWidget(made)
    return made


def lines(choice):
    choice.menu().aboutToShow.emit()
    return [action.text() for action in choice.menu().actions() if action.text()]


def test_what_is_not_here_says_so(choice, monkeypatch, tmp_path):
    monkeypatch.setenv("CNNVIZ_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    shown = lines(choice)
    assert shown[0] == "UCI digits"
    assert shown[1:3] == ["MNIST (to be fetched)…", "Fashion-MNIST (to be fetched)…"]
    assert shown[-1] == "Your own data…"


def test_what_is_here_is_picked_and_what_is_not_is_to_be_fetched(choice, mnist):
    told = []
    choice.picked.connect(lambda name: told.append(("picked", name)))
    choice.fetch_wanted.connect(lambda name: told.append(("fetch", name)))
    choice.own_wanted.connect(lambda: told.append(("own", "")))
    assert lines(choice)[1] == "MNIST"
    for name in ("mnist", "fashion-mnist", "own"):
        choice.chosen.emit(name)
    assert told[0] == ("picked", "mnist")
    assert told[-1] == ("own", "")


def test_ones_own_stand_in_the_menu_while_they_are_there(choice, session, tmp_path, until):
    folder = make_images(tmp_path / "photos")
    other = full_name(folder, Options(size=(14, 14), seed=3))
    for name in (str(folder), other):
        session.open_run(RunRequest(name, "tiny", Settings(batch_size=8)))
        until(lambda name=name: session.request.data == name)
    assert session.recent_data == [other, str(folder)]
    assert lines(choice)[3:-1] == ["photos · 14×14, seed 3", "photos"]
    session.recent_data.append(str(tmp_path / "gone"))
    session.recent_data.append(f"{folder}?size=huge")
    assert lines(choice)[3:-1] == ["photos · 14×14, seed 3", "photos"]


def test_the_button_is_short_and_the_tooltip_has_all(choice):
    name = "/home/me/photos?size=32x32&seed=1"
    choice.show_data(name)
    assert choice.accessibleName() == "Data: photos"
    assert "/home/me/photos" in choice.toolTip()
    assert "32×32, seed 1" in choice.toolTip()
    choice.show_data("mnist")
    assert choice.accessibleName() == "Data: MNIST"
    assert "photos" not in choice.toolTip()


@pytest.mark.parametrize(
    ("name", "title", "line"),
    [
        ("digits", "UCI digits", "UCI digits"),
        ("fashion-mnist", "Fashion-MNIST", "Fashion-MNIST"),
        ("/a/photos", "photos", "photos"),
        ("/a/b.npz?colour=rgb&test=0.25", "b.npz", "b.npz · RGB, 25 % test"),
        ("/a/why?", "why?", "why?"),
        ("/a/photos?size=tall", "photos?size=tall", "photos?size=tall"),
        ("file:///a/caf%E9?size=8x8", "caf\ufffd", "caf\ufffd · 8×8"),
        ("/", "/", "/"),
        ("", ".", "."),
        ("/a/" + "long" * 20, "longlonglon…onglonglong", "longlonglon…onglonglong"),
    ],
)
def test_titles_of_all_kinds_of_names(name, title, line):
    assert data_title(name) == title
    assert data_line(name) == line
    assert data_tip(name)


@pytest.mark.parametrize(
    ("kept", "names"),
    [(None, []), ("", []), ("/a", ["/a"]), (["/a", "/b"], ["/a", "/b"]), (7, [])],
)
def test_what_the_settings_kept_of_them(kept, names):
    assert names_in(kept) == names
