"""What containers and Spaces are made from names what is there, and nothing that it must not."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
PACKAGES = {"app.py", "backend", "eval_queue", "frontend_config", "storage"}


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_the_image_copies_the_whole_program_and_locked_libraries_and_no_more() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(\S+) \S+$", DOCKERFILE, re.MULTILINE))
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == PACKAGES | {"locks"} == let_in
    installed = re.findall(r"pip install (.+)$", DOCKERFILE, re.MULTILINE)
    assert len(installed) == 2 and all("--require-hashes" in line and "-r locks/" in line for line in installed)
    named = [
        *re.findall(r"locks/(requirements[\w-]*\.txt)", DOCKERFILE),
        *re.findall(r"=(requirements\S*\.txt)", DOCKERFILE),
    ]
    assert named and all((ROOT / "locks" / name).is_file() for name in named)


def test_what_runs_in_a_container_is_nobody_special() -> None:
    for stage in re.split(r"^(?=FROM )", DOCKERFILE, flags=re.MULTILINE):
        if re.search(r"^CMD", stage, re.MULTILINE) and "FROM worker AS all" not in stage:
            assert re.search(r"^USER clue$", stage, re.MULTILINE)
    assert "FROM worker AS all" in DOCKERFILE, "which takes the worker's user over"


def test_compose_starts_targets_that_are_there_without_privileges_and_on_loopback_alone(compose: Any) -> None:
    assert {service["build"]["target"] for service in compose["services"].values()} == TARGETS & {
        "all",
        "page",
        "worker",
    }
    for service in compose["services"].values():
        assert "privileged" not in service and service["cap_drop"] == ["ALL"] and service["read_only"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_a_space_runs_this_program_with_the_gradio_that_is_pinned() -> None:
    header = yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert (header["sdk"], header["hf_oauth"]) == ("gradio", True) and (ROOT / header["app_file"]).is_file()
    assert f"gradio=={header['sdk_version']}" in (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert len(header["short_description"]) <= 60 and "leaderboard" in header["tags"]
