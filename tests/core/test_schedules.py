import pytest

from cnnviz.core.errors import SettingsError
from cnnviz.core.schedules import constant, one_cycle, schedule


def test_constant_is_one_always() -> None:
    assert {constant(step, 50) for step in (0, 10, 49, 50, 10_000)} == {1.0}


def test_one_cycle_rises_for_three_tenths_and_then_falls() -> None:
    factors = [one_cycle(step, 100) for step in range(100)]
    assert factors[0] == pytest.approx(1 / 25)
    assert factors[29] == pytest.approx(1)
    assert factors[99] == pytest.approx(1 / 25 / 1e4)
    assert factors[:30] == sorted(factors[:30])
    assert factors[29:] == sorted(factors[29:], reverse=True)


def test_beyond_the_planned_end_one_cycle_stays_where_it_was() -> None:
    assert one_cycle(250, 100) == one_cycle(99, 100)


@pytest.mark.parametrize("total", [1, 2, 3, 4, 10])
def test_one_cycle_is_sound_in_short_runs(total: int) -> None:
    assert all(0 < one_cycle(step, total) <= 1 for step in range(total + 3))


@pytest.mark.parametrize("total", [2, 3, 7, 50, 131])
def test_one_cycle_equals_torchs(total: int) -> None:
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: comparisons with it are skipped"
    )
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=total, cycle_momentum=False
    )
    for step in range(total):
        assert 0.1 * one_cycle(step, total) == pytest.approx(theirs.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        if step < total - 1:
            theirs.step()


def test_an_unknown_schedule_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="“cosine”; there are constant, one-cycle"):
        schedule("cosine")
