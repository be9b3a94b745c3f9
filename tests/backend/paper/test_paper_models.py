"""The paper's tasks asked of tiny real models, whose windows are far too small for most of them."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from transformers import AutoTokenizer

from backend.domain import PAPERS_PROTOCOL, Edition, Model, ModelClient, Task
from backend.engines.transformers import ENGINE
from backend.evaluation import Evaluation
from backend.paper import benchmark_under
from backend.paper.longhealth import tokens
from backend.settings import Settings
from tests.backend.asking import assert_answers_all, local
from tests.backend.paper.clones import write_clone
from tests.backend.toys import MemoryJournals
from tests.loopback.models import tiny_llama

CONTEXT = 256
FORMS: dict[str, dict[str, Any]] = {"system_merged": {"system_role": False}, "plain": {"chat_template": None}}


@pytest.fixture(scope="module", params=FORMS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that reads 256 tokens, without a system role or without a template."""
    return tiny_llama(tmp_path_factory.mktemp("models") / request.param, context=CONTEXT, **FORMS[request.param])


@pytest.fixture(scope="module")
def client(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelClient]:
    """The model, opened."""
    with ENGINE.open(local(folder), Settings(home=tmp_path_factory.mktemp("home")), Event()) as opened:
        yield opened


def test_a_text_s_tokens_are_those_of_the_model_s_own_tokenizer(folder: Path, client: ModelClient) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    for text in ("a", "dysuria and rigors", "CRP 112 mg/L {ß}\n\n" * 40):
        own = len(tokenizer(text, add_special_tokens=False).input_ids)
        assert abs(tokens(text, client.window) - own) <= 2


def test_prompts_are_cut_at_their_beginning_until_they_fit(
    client: ModelClient, tasks: dict[str, Task], data: Path
) -> None:
    cut = 0
    for task in tasks.values():
        asked = [task.ask(example, client.window) for example in task.load(data).examples[:4]]
        assert_answers_all(client, asked)
        for prompt in asked:
            cut += prompt.truncated
            used = client.window.count(prompt.messages) + len(prompt.begun.encode()) + prompt.max_new_tokens
            # What still does not fit is for the engine to refuse, without a word of its document left.
            assert used <= CONTEXT or (len(prompt.messages) == 1 and prompt.messages[0].content == "")
    assert cut >= 8


def test_an_evaluation_of_all_six_tasks_ends_in_a_result_of_the_papers_protocol(
    folder: Path, settings: Settings, data: Path, tmp_path: Path
) -> None:
    benchmark = benchmark_under(PAPERS_PROTOCOL, {}, write_clone(tmp_path / "clone"))
    result = Evaluation(
        model=Model(hub_id="acme/tiny", revision="0" * 40),
        source=local(folder),
        engine=ENGINE,
        edition=Edition.REHEARSAL,
        tasks=list(benchmark.tasks.values()),
        settings=settings.model_copy(update={"rehearsal": data}),
        journal=MemoryJournals().open,
        report=lambda progress: None,
        halt=Event(),
        limit=3,
        protocol=benchmark.protocol,
        facts=benchmark.facts,
    ).run()
    assert result.protocol == PAPERS_PROTOCOL and result.manifest["clue_clone_sha256"]
    assert [run.task for run in result.runs] == list(benchmark.tasks)
    for run in result.runs:
        assert run.diagnostics is not None and run.diagnostics.n == 3 and run.missing is None
