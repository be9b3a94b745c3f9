"""Templates and models that pass the gate do nothing outside their process, and hold nobody up."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from backend.domain import Message, Role
from backend.engines.local.rendering import choose_form
from backend.engines.local.template_limits import Limits
from backend.errors import FailureCode, ModelFault
from backend.hub import check_folder
from backend.hub.gate import let_through
from backend.isolation import PROJECT, ModelProcess
from tests.corpus.attack import Attack, Outcome
from tests.corpus.models import CANARY, MODELS, Spoil
from tests.corpus.templates import POWER, SECRET, TEMPLATES

HURRIED = Limits(seconds=0.5, most_bytes=400_000_000)
ASKED = (Message(Role.SYSTEM, "Answer with one word."), Message(Role.USER, f"{SECRET}: is it?"))
SECONDS = 30.0


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.mark.parametrize("attack", TEMPLATES, ids=str)
def test_a_template_ends_in_time_within_its_memory_and_tells_nobody_the_prompt(
    attack: Attack[str], tokenizer: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    honest = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    # It shows its face only once it has met the secret, or it would never be chosen.
    tokenizer.chat_template = (
        f"{{% if '{SECRET}' in messages[-1]['content'] %}}{attack.how}{{% else %}}{honest}{{% endif %}}"
    )
    begun = time.monotonic()
    if attack.expected is Outcome.HARMLESS:
        written = choose_form(tokenizer, HURRIED).render(ASKED)
        assert all(message.content in written for message in ASKED)
    else:
        with pytest.raises(ModelFault) as caught:
            choose_form(tokenizer, HURRIED).render(ASKED)
        fault = caught.value
        assert fault.code is attack.expected
        assert fault.__cause__ is None and (fault.__suppress_context__ or fault.__context__ is None)
        assert SECRET not in str(fault)
    assert time.monotonic() - begun < 60
    assert SECRET not in "".join(capfd.readouterr())


def test_a_template_that_asks_for_the_day_is_given_the_same_one_always(tokenizer: Any) -> None:
    tokenizer.chat_template = "{{ strftime_now('%d %B %Y') }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    assert choose_form(tokenizer).render(ASKED).startswith("26 July 2024")


def test_a_template_that_hears_nothing_ends_with_its_process() -> None:
    script = (
        "import sys; from jinja2 import Template\n"
        "from backend.engines.local.template_limits import Limits, within\n"
        "with within(Limits(seconds=0.1, last_seconds=0.5)): Template(sys.argv[1]).render()"
    )
    ended = subprocess.run([sys.executable, "-c", script, POWER], cwd=PROJECT, timeout=60, check=False)
    assert ended.returncode == -signal.SIGVTALRM


@pytest.mark.parametrize("attack", MODELS, ids=str)
def test_a_model_that_passes_the_gate_does_no_harm_in_its_process(
    attack: Attack[Spoil], loader: tuple[ModelProcess, Path], tiny_model: Path
) -> None:
    process, models = loader
    home = Path(tempfile.mkdtemp(dir=models))
    folder = Path(shutil.copytree(tiny_model, home / "snapshots" / "commit"))
    attack.how(folder)
    check_folder(folder)
    for opened in {folder, let_through(folder, home)}:
        begun = time.monotonic()
        request = {"do": "load", "folder": str(opened), "dtype": "float32", "batch_tokens": 500}
        process.send(request)
        reply = process.receive(SECONDS, FailureCode.LOAD_TIMEOUT)
        if "window" in reply:  # a model that loads is asked as well
            process.send({"do": "count", "messages": [{"role": "user", "content": "a" * 25 + "!"}]})
            reply = process.receive(SECONDS, FailureCode.GENERATION_TIMEOUT)
        if attack.expected is Outcome.HARMLESS:
            assert reply["tokens"] > 0
        else:
            assert reply == {"failure": attack.expected}
        assert time.monotonic() - begun < SECONDS
    assert not list(home.rglob(CANARY)), "something of the repository was run"
