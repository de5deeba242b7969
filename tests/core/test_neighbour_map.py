"""t-SNE in a process of its own: what it lays out, bad input, and that nothing of it is left."""

import importlib.util
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from cnnviz.core import neighbour_map
from cnnviz.core.datasets import Split, load_dataset
from cnnviz.core.edits import Edits
from cnnviz.core.examination import Question
from cnnviz.core.inspection import inspect
from cnnviz.core.neighbour_map import NeighbourMapTask, drawn_images, is_available
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.priority import LAST
from cnnviz.core.projection import principal_components, principal_plane
from cnnviz.core.python_process import start_python

PATIENCE = 60
needs_package = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed"
)


@pytest.fixture(scope="module")
def dataset():
    """The embedded digits."""
    return load_dataset("digits")


@pytest.fixture
def small_spec():
    """A network for them."""
    return PRESETS["tiny"]


def asked(dataset, spec, layer="flatten", split=None):
    return Question(spec, Network(spec, 0).vector.copy(), Edits(), 7, split or dataset.test, layer)


def few(dataset, count):
    return Split(dataset.test.pixels[:count].copy(), dataset.test.labels[:count].copy())


def laid_out(question, count=2000):
    task = NeighbourMapTask(question, count)
    task.start()
    assert task.join(PATIENCE)
    assert task.standing.ended
    assert task._process is None or task._process.returncode is not None
    return task.standing


def outputs_of(question):
    network = question.network()
    return np.array([inspect(network, x).outputs[question.layer] for x in question.split.images])


# With scikit-learn.


@needs_package
def test_neighbours_in_the_layer_are_neighbours_in_the_plane(dataset, small_spec):
    question = asked(dataset, small_spec)
    standing = laid_out(question)
    found = standing.map
    assert standing.failure is None
    assert (found.count, found.asked, found.perplexity) == (360, 360, 30)
    assert 250 <= found.iterations == standing.iterations <= 1000
    assert 0 < found.divergence < 2

    def near(points, k=10):
        away = cdist(points, points)
        np.fill_diagonal(away, np.inf)
        return away.argsort(axis=1)[:, :k]

    def kept(points):
        pairs = zip(near(outputs_of(question)), near(points), strict=True)
        return np.mean([len(np.intersect1d(*pair)) for pair in pairs]) / 10

    assert kept(found.points) > kept(principal_plane(outputs_of(question)).points) + 0.1
    labels = dataset.test.labels
    votes = [np.bincount(labels[each]).argmax() for each in near(found.points)]
    assert np.mean(votes == labels) > 0.6  # by chance 0.1


@needs_package
def test_it_is_what_scikit_learn_gives(dataset, small_spec):
    manifold = pytest.importorskip("sklearn.manifold")
    decomposition = pytest.importorskip("sklearn.decomposition")
    question = asked(dataset, small_spec, "dense1", few(dataset, 60))
    found = laid_out(question).map
    outputs = NeighbourMapTask(question)._outputs(np.arange(60)).astype(float)
    np.testing.assert_allclose(outputs, outputs_of(question), atol=1e-4)
    components, _ = principal_components(outputs, 50)
    values = decomposition.PCA(svd_solver="full").fit_transform(outputs)
    np.testing.assert_allclose(np.abs(values), np.abs(components), atol=1e-4)
    values = (components / components[:, 0].std()).astype(np.float32)
    begin = values[:, :2] / values[:, 0].std() * np.float32(1e-4)
    with threadpool_limits(1):
        model = manifold.TSNE(perplexity=59 / 3, init=begin, random_state=0)
        expected = model.fit_transform(values)
    assert found.divergence == pytest.approx(model.kl_divergence_, rel=0.02)
    assert np.corrcoef(expected.ravel(), found.points.ravel())[0, 1] > 0.99


@needs_package
def test_it_is_the_same_each_time(dataset, small_spec):
    question = asked(dataset, small_spec, split=few(dataset, 40))
    one, other = laid_out(question).map, laid_out(question).map
    assert (one.points == other.points).all()
    assert one.perplexity == 13


@needs_package
@pytest.mark.parametrize("count", [2, 3, 4])
def test_few_images_are_enough(dataset, small_spec, count):
    found = laid_out(asked(dataset, small_spec, split=few(dataset, count))).map
    assert np.isfinite(found.points).all()
    assert found.perplexity == 1
    assert len(np.unique(found.points, axis=0)) == count


@needs_package
def test_only_the_drawn_images_have_places(dataset, small_spec):
    found = laid_out(asked(dataset, small_spec), 50).map
    there = np.isfinite(found.points).all(axis=1)
    assert np.flatnonzero(there).tolist() == drawn_images(360, 50).tolist()
    assert (found.count, found.asked) == (50, 50)


@needs_package
@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_numbers_of_any_range_are_laid_out(dataset, small_spec, scale):
    question = asked(dataset, small_spec, "dense1", few(dataset, 30))
    question.vector[...] *= scale  # of two layers, so the outputs change by its square
    found = laid_out(question).map
    assert np.isfinite(found.points).all()
    assert len(np.unique(found.points, axis=0)) == 30


@needs_package
def test_cancelled_in_the_middle_its_process_is_gone(dataset, small_spec):
    many = np.resize(np.arange(360), 3000)
    split = Split(dataset.test.pixels[many], dataset.test.labels[many])
    task = NeighbourMapTask(asked(dataset, small_spec, split=split), 3000)
    task.start()
    wait_for(lambda: task.standing.iterations > 0)
    task.cancel()
    assert task.join(PATIENCE)
    assert (task.standing.map, task.standing.failure) == (None, None)
    assert task.standing.iterations < 1000
    assert task._process.returncode is not None


# Whether it is there or not.


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_whether_it_is_there_is_asked_without_importing_it(monkeypatch):
    for found, there in ((SimpleNamespace(), True), (None, False)):
        monkeypatch.setattr(neighbour_map, "find_spec", lambda name, found=found: found)
        assert is_available() is there
    program = "from cnnviz.core.neighbour_map import is_available\nimport sys\nis_available()\n"
    program += "print('sklearn' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.strip() == "False"


def test_images_are_drawn_evenly_and_always_the_same():
    numbers = drawn_images(10_000, 2000)
    assert len(set(numbers.tolist())) == 2000
    assert (np.diff(numbers) > 0).all()
    assert np.ptp(np.bincount(numbers // 1000)) < 100
    assert (drawn_images(10_000, 2000) == numbers).all()
    assert drawn_images(5, 2000).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("value", "count", "message"),
    [(np.nan, 30, "has diverged"), (0.0, 30, "the same numbers"), (None, 1, "two images")],
)
def test_what_cannot_be_laid_out_is_said(dataset, small_spec, value, count, message):
    question = asked(dataset, small_spec, split=few(dataset, count))
    if value is not None:
        question.vector[...] = value
    standing = laid_out(question)
    assert message in standing.failure[0]
    assert standing.failure[1] == ""
    assert standing.map is None


def test_it_goes_last_and_cancelled_before_it_begins_it_starts_nothing(
    dataset, small_spec, monkeypatch
):
    begun, go_on, asked_for = threading.Event(), threading.Event(), []

    def wait(niceness):
        asked_for.append(niceness)
        begun.set()
        go_on.wait(PATIENCE)

    monkeypatch.setattr(neighbour_map, "let_others_first", wait)
    task = NeighbourMapTask(asked(dataset, small_spec))
    task.start()
    assert begun.wait(PATIENCE)
    task.cancel()
    go_on.set()
    assert task.join(PATIENCE)
    assert (task.standing.map, task.standing.failure, task._process) == (None, None, None)
    assert asked_for == [LAST]


def fake_process(monkeypatch, program):
    """In place of the process, this program."""

    def start(module):
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe)

    monkeypatch.setattr(neighbour_map, "start_python", start)


def test_a_process_that_is_lost_is_told_of(dataset, small_spec, monkeypatch):
    fake_process(monkeypatch, "print('{\"iteration\": 50}\\n{\"points\": [[', end='')")
    standing = laid_out(asked(dataset, small_spec))
    assert "ended before its time" in standing.failure[0]
    assert standing.iterations == 50
    assert standing.map is None


def test_what_goes_wrong_in_the_process_is_told_with_its_traceback(
    dataset, small_spec, monkeypatch
):
    answer = '{"failure": "ImportError: odd", "traceback": "line 7"}'
    fake_process(monkeypatch, f"import sys; sys.stdin.buffer.readline(); print('{answer}')")
    message, details = laid_out(asked(dataset, small_spec)).failure
    assert "ImportError: odd" in message
    assert "line 7" in details


@needs_package
def test_its_process_ends_with_its_input():
    process = start_python("cnnviz.core.neighbour_map_process")
    process.stdin.write(b'{"shape": [2000, 50], "perplexity": 30, "seed": 0}\n')
    process.stdin.write(np.random.default_rng(0).normal(size=(2000, 50)).astype("f4").tobytes())
    process.stdin.close()
    assert process.wait(PATIENCE) == 1
    process.stdout.close()
