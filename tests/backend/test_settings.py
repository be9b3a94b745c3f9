"""The environment is read once, strictly, and a mistake in it is explained."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.errors import UsageError
from backend.settings import Settings, inherited_environment, known_variables, read_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = read_settings({})
    assert settings == Settings()
    assert (settings.home, settings.host, settings.port) == (Path("var"), "127.0.0.1", 7860)
    assert settings.data_dir == Path("var/data") and settings.on_loopback and not settings.on_space
    assert settings.scibert == "allenai/scibert_scivocab_uncased" and settings.endpoint_token is None


def test_every_setting_is_read_from_its_variable() -> None:
    settings = read_settings(
        {"CLUE_HOME": "/srv/clue", "CLUE_PORT": "80", "CLUE_DATA": "/d", "CLUE_HOST": "0.0.0.0", "SPACE_ID": "a/b"}
    )
    assert (settings.home, settings.port, settings.data_dir) == (Path("/srv/clue"), 80, Path("/d"))
    assert not settings.on_loopback and settings.on_space


def test_an_unknown_variable_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(UsageError) as caught:
        read_settings({"CLUE_HOEM": "/srv", "CLUE_ON_SPACE": "1", "PATH": "/bin"})
    said = str(caught.value)
    assert said.startswith("Unknown setting CLUE_HOEM, CLUE_ON_SPACE.")
    assert all(name in said.split("Known settings: ")[1] for name in known_variables())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLUE_PORT", "eighty"),
        ("CLUE_PORT", "0"),
        ("CLUE_PORT", "70000"),
        ("CLUE_ENGINE", "scripted"),
        ("CLUE_DTYPE", "int8"),
        ("CLUE_BATCH_TOKENS", "0"),
        ("CLUE_ENDPOINT_TIMEOUT", "-1"),
        ("CLUE_LOAD_TIMEOUT", "nan"),
        ("CLUE_MAX_MODEL_GB", "0"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_it_decides(name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_settings({name: value})
    said = str(caught.value)
    assert said.startswith(f"{name}={value!r} does not fit: ") and known_variables()[name] in said


def test_an_empty_value_is_no_value() -> None:
    assert read_settings({"CLUE_PORT": "", "CLUE_MIRROR": ""}) == Settings()


def test_every_variable_says_what_it_decides() -> None:
    assert all(len(meaning) > 15 for meaning in known_variables().values())


def test_settings_do_not_change_and_do_not_show_the_token() -> None:
    settings = read_settings({"CLUE_ENDPOINT_TOKEN": "s3cret"})
    assert settings.endpoint_token == "s3cret" and "s3cret" not in repr(settings) + str(settings)
    with pytest.raises(ValidationError):
        settings.__setattr__("port", 1)


def test_a_model_process_inherits_programs_and_devices_and_nothing_else() -> None:
    code = "import json; from backend.settings import inherited_environment; print(json.dumps(inherited_environment()))"
    environ = {"PATH": os.environ["PATH"], "CUDA_VISIBLE_DEVICES": "0", "HF_TOKEN": "hf_x", "AWS_SECRET": "x"}
    project = Path(__file__).resolve().parents[2]
    said = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=project, capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout).keys() == {"PATH", "CUDA_VISIBLE_DEVICES"}
    assert inherited_environment().keys() <= os.environ.keys()
