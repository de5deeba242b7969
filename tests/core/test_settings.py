import json
from typing import Any

import pytest

from cnnviz.core.errors import SettingsError
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.settings import Settings, check_learning_rate, usual_rate


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), "0.1", None, 10**400])
def test_a_rate_must_be_a_number_above_zero(rate: Any) -> None:
    with pytest.raises(SettingsError, match="learning rate must be a number above zero"):
        Settings(learning_rate=rate)
    with pytest.raises(SettingsError):
        check_learning_rate(rate)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("batch_size", 0, "batch size .* at least 1, not 0"),
        ("batch_size", 1.5, r"batch size .* not 1\.5"),
        ("batch_size", True, "batch size .* not True"),
        ("epochs", 0, "epochs .* at least 1"),
        ("threads", 0, "threads .* at least 1"),
        ("seed", -1, "seed .* at least 0"),
        ("optimizer", "sgd", "“sgd”; there are gradient-descent, momentum, adam"),
        ("schedule", "cosine", "“cosine”; there are constant, one-cycle"),
        ("convolution", "fft", "“fft”; there are loop, correlate, im2col"),
    ],
)
def test_what_makes_no_sense_is_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings(**{field: value})


def test_settings_go_through_json_unchanged() -> None:
    settings = Settings("momentum", 0.05, "one-cycle", 32, 3, "correlate", 7, 2)
    assert Settings(**json.loads(json.dumps(settings.to_dict()))) == settings
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    assert Settings.from_dict(settings.to_dict() | {"learning_rate": 1}).learning_rate == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": 1}, "have an unknown “more”"),
        ({"seed": "7"}, "setting “seed” cannot be '7'"),
        ({"seed": True}, "setting “seed” cannot be True"),
        ({"learning_rate": None}, "setting “learning_rate” cannot be None"),
        ({"optimizer": ["adam"]}, "setting “optimizer” cannot be"),
        ({"batch_size": 0}, "batch size"),
    ],
)
def test_settings_from_elsewhere_are_checked(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.from_dict(Settings().to_dict() | change)
    with pytest.raises(SettingsError, match="lack “threads”"):
        Settings.from_dict({k: v for k, v in Settings().to_dict().items() if k != "threads"})


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_cycle_may_rise_higher_than_a_constant_rate(name: str) -> None:
    assert usual_rate(name) == OPTIMIZERS[name].default_rate
    assert usual_rate(name, "one-cycle") == pytest.approx(5 * usual_rate(name, "constant"))


def test_the_usual_rate_of_what_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError, match="“sgd”"):
        usual_rate("sgd")
    with pytest.raises(SettingsError, match="“cosine”"):
        usual_rate("adam", "cosine")
