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


SPACE = {"SPACE_ID": "owner/clue", "SPACE_HOST": "owner-clue.hf.space,clue.example"}
OF_THE_SPACE = {
    "OAUTH_CLIENT_ID": "space-client",
    "OAUTH_CLIENT_SECRET": "space-secret",
    "OAUTH_SCOPES": "openid profile read-repos",
    "OPENID_PROVIDER_URL": "https://huggingface.co",
}
OWN = {"CLUE_OIDC_CLIENT_ID": "board", "CLUE_OIDC_CLIENT_SECRET": "hush", "CLUE_PUBLIC_URL": "https://clue.example/"}


def test_a_space_signs_in_with_the_client_that_it_is_given() -> None:
    settings = read_settings(SPACE | OF_THE_SPACE)
    assert settings.signs_in and settings.provider_name == "Hugging Face"
    assert (settings.oidc_client_id, settings.oidc_client_secret) == ("space-client", "space-secret")
    assert (settings.public_origin, settings.oidc_scopes) == (
        "https://owner-clue.hf.space",
        OF_THE_SPACE["OAUTH_SCOPES"],
    )
    assert not read_settings(SPACE).signs_in
    assert "space-secret" not in repr(settings)


def test_a_client_of_ones_own_takes_the_place_of_the_spaces_as_a_whole() -> None:
    own = read_settings(SPACE | OF_THE_SPACE | OWN | {"CLUE_OIDC_ISSUER": "https://id.example/realms/ward"})
    assert (own.oidc_client_id, own.oidc_client_secret, own.oidc_scopes) == ("board", "hush", "openid profile")
    assert own.provider_name == "id.example"
    with pytest.raises(UsageError, match="Set CLUE_OIDC_CLIENT_ID and CLUE_OIDC_CLIENT_SECRET too"):
        read_settings(SPACE | OF_THE_SPACE | {"CLUE_OIDC_ISSUER": "https://id.example"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"CLUE_OIDC_CLIENT_ID": ""}, "Set CLUE_OIDC_CLIENT_ID too"),
        ({"CLUE_OIDC_CLIENT_SECRET": ""}, "Set CLUE_OIDC_CLIENT_SECRET too"),
        ({"CLUE_PUBLIC_URL": ""}, "Set CLUE_PUBLIC_URL too"),
        ({"CLUE_PUBLIC_URL": "http://clue.example"}, "CLUE_PUBLIC_URL must begin with https://"),
        ({"CLUE_PUBLIC_URL": "https://clue.example/board"}, "without a path"),
        ({"CLUE_OIDC_ISSUER": "http://id.example"}, "CLUE_OIDC_ISSUER must begin with https://"),
        ({"CLUE_OIDC_ISSUER": "https://id.example?a=b"}, "does not fit"),
        ({"CLUE_OIDC_SCOPES": "profile"}, "does not fit"),
        ({"CLUE_SESSION_HOURS": "0"}, "does not fit"),
    ],
    ids=str,
)
def test_a_sign_in_that_is_not_whole_stops_the_program_and_says_what_is_missing(
    change: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        read_settings(OWN | change)


def test_on_loopback_sign_in_may_be_tried_without_https() -> None:
    local = {"CLUE_PUBLIC_URL": "http://127.0.0.1:7860", "CLUE_OIDC_ISSUER": "http://localhost:9"}
    assert read_settings(OWN | local).public_origin == "http://127.0.0.1:7860"
