"""The loss of one image, put together again from its logits."""

import math

import numpy as np
import pytest

from cnnviz.core.backward_arithmetic_text import gradient_text, loss_formula, title
from cnnviz.core.loss_arithmetic import explain_loss
from tests.core.odd import CASES, dissected


@pytest.mark.parametrize(("spec", "way"), CASES, ids=lambda case: getattr(case, "name", case))
def test_it_is_the_engines(spec, way):
    seen = dissected(spec, way=way, batches=1)
    found = [explain_loss(seen, image) for image in range(20)]
    for image, each in enumerate(found):
        assert each.result == seen.losses[image]
        assert each.label == seen.labels[image]
        assert each.total == pytest.approx(each.result, rel=1e-5, abs=1e-6)
        assert each.result == pytest.approx(-math.log(each.probability), rel=1e-4, abs=1e-6)
        assert each.exponentials.max() == 1
        assert (each.count, each.mean) == (20, seen.loss)
    assert seen.loss == pytest.approx(np.mean([each.total for each in found]), rel=1e-5)


def test_in_words():
    seen = dissected()
    found = explain_loss(seen, 4)
    assert title(seen.network().layers, found) == "Loss of image 4 of 20"
    k = found.label
    assert loss_formula(found) == (
        f"L = −log p[{k}] = log Σ exp(z[j] − m) − (z[{k}] − m),  m = max z"
    )
    lines = gradient_text(seen.network().layers, found).splitlines()
    rows = [line.split("\t") for line in lines[3:6]]
    logits = [float(row[1]) for row in rows]
    assert logits == [float(logit) for logit in found.logits]
    by_hand = math.log(sum(math.exp(z - max(logits)) for z in logits)) - logits[k] + max(logits)
    assert by_hand == pytest.approx(found.result, rel=1e-5)
    assert lines[-2:] == [f"result {found.result!r}", f"mean of all 20 images {seen.loss!r}"]


@pytest.mark.parametrize("image", [-1, 20])
def test_an_image_there_is_not_is_refused(image):
    with pytest.raises(IndexError, match=f"a batch of 20 has no image {image}"):
        explain_loss(dissected(batches=0), image)
