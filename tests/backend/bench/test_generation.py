"""The same prompts are answered in every way, alike, and what it took is told."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from backend.bench.generation.floors import prompt_flops, written_flops
from backend.bench.generation.measurement import OURS, USUAL, BenchPlan, is_clean
from backend.bench.generation.models import SHAPES, ModelShape, Size, make_model
from backend.bench.generation.peers import continuous, one_by_one, sorted_batches
from backend.bench.generation.shapes import ShapeName, Workload, ask_shape
from backend.bench.generation.turns import run_module
from backend.bench.generation.work import Stopwatch, Work, read_work, write_work
from backend.datasets.rehearsal import Scale, write_rehearsal
from backend.errors import OperatorFault
from backend.ordering import in_prefix_order
from backend.tasks import all_tasks
from frontend_config.bench_tables import print_record
from tests.commands import CommandLine


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of small invented data."""
    folder = tmp_path_factory.mktemp("bench") / "data"
    write_rehearsal(folder, Scale.SMALL)
    return folder


@pytest.fixture(scope="module")
def asked(data: Path) -> Workload:
    """Six prompts of MedNLI's shape."""
    return ask_shape(ShapeName.MEDNLI, all_tasks(), data, Size.TINY, 6, 12)


@pytest.fixture(scope="module")
def work(asked: Workload, data: Path) -> Work:
    """Those prompts, and a tiny model."""
    folder = data.parent / "model"
    folder.mkdir()
    asked.tokenizer.save(str(folder / "vocabulary.json"))
    known = make_model(folder, Size.TINY)
    shape = SHAPES[Size.TINY]
    around = 2 * shape.vocabulary * shape.hidden + (2 * shape.layers + 1) * shape.hidden
    assert known["params"] == shape.layer_params + around and known["peak_flops"] > 0
    return Work(folder=folder, groups=asked.groups, texts=asked.texts, batch_size=4, dtype="float32")


def test_every_way_of_transformers_answers_alike_and_to_the_limit(work: Work, tmp_path: Path) -> None:
    write_work(tmp_path / "work.json", work)
    assert read_work(tmp_path / "work.json") == work
    truth = one_by_one.answer(work, watch := Stopwatch())
    assert watch.seconds["all"] > 0 and watch.cpu_seconds["all"] > 0
    assert sorted_batches.answer(work, Stopwatch()) == truth
    assert continuous.answer(work, Stopwatch()) == truth
    assert continuous.answer(work, Stopwatch(), in_our_order=True) == truth
    tokenizer = AutoTokenizer.from_pretrained(work.folder)
    scores = AutoModelForCausalLM.from_pretrained(work.folder)(
        **tokenizer(list(work.texts.values())[:1], add_special_tokens=False, return_tensors="pt")
    ).logits[0]
    assert scores.argmax(-1).min() >= len(tokenizer.all_special_ids), "it never writes what would end a text"


def test_texts_are_what_the_models_own_template_makes(work: Work) -> None:
    tokenizer = AutoTokenizer.from_pretrained(work.folder)
    for prompt in work.prompts:
        turns = [{"role": str(turn.role), "content": turn.content} for turn in prompt.messages]
        made = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        assert made == work.texts[prompt.example_id]


@pytest.mark.parametrize("name", list(ShapeName))
def test_a_shape_is_neighbours_that_share_about_what_the_whole_task_does(name: ShapeName, data: Path) -> None:
    found = ask_shape(name, all_tasks(), data, Size.TINY, 8, None)
    facts = found.facts()
    assert facts["prompts"] == 8 == len(found.texts)
    assert facts["longest_prompt"] < 8_192 / (1 if name is ShapeName.MEDNLI else 4)
    whole = facts["shared_percent_of_the_whole_task"]
    assert facts["shared_percent"] < 4 if whole is None else abs(facts["shared_percent"] - whole) < 15
    (group,) = found.groups.values()
    assert [found.texts[one.example_id] for one in in_prefix_order(group)] == sorted(found.texts.values())


def test_the_floor_counts_every_product_once() -> None:
    shape = ModelShape(layers=1, hidden=2, inner=3, heads=1, kv_heads=1, vocabulary=5, window=9)
    assert shape.layer_params == 4 * 4 + 3 * 2 * 3
    one, other = np.array([1, 2], dtype=np.uint16), np.array([1, 2, 3, 4], dtype=np.uint16)
    # Two operations a weight and token; 8 for each pair of a token and one before it, half of all pairs.
    assert prompt_flops(shape, [one, other], reuse=False) == 2 * 34 * 6 + 8 * (4 + 16) / 2
    assert prompt_flops(shape, [one, other], reuse=True) == 2 * 34 * 4 + 8 * (4 + 12) / 2
    assert written_flops(shape, [one], 3) == 3 * (2 * (34 + 10) + 8 * 2)


@pytest.mark.parametrize(
    ("dtype", "device", "exact"),
    [
        ("auto", "cpu", True),
        ("float32", "NVIDIA H200", True),
        ("auto", "NVIDIA H200", False),
        ("bfloat16", "cpu", False),
    ],
)
def test_in_float32_alone_all_answers_must_be_the_same(dtype: str, device: str, exact: bool) -> None:
    plan = BenchPlan(shapes=(), size=Size.TINY, dtype=dtype)
    shapes = {name: {"variants": {OURS: {"identical_percent": share}}} for name, share in (("a", 100), ("b", 99.9))}
    assert is_clean(shapes, plan, device) is not exact
    assert is_clean({"a": shapes["a"]}, plan, device)


def test_a_turn_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match=r"ended with code 1: .*No module named"):
        run_module("backend.bench.generation.peers.nobody", [], tmp_path / "turn", 1)


def test_the_command_answers_with_every_engine_and_finds_them_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--size", "tiny", "--shape", "mednli", "--prompts", "6", "--written", "8", "--scale", "small")
    record = _measured(tmp_path, "generation", *options, "--rounds", "1")
    found = record["shapes"]["mednli"]
    assert record["clean"] and not found["failed"]
    assert set(found["variants"]) == set(USUAL)
    assert {each["identical"] for each in found["variants"].values()} == {"6 of 6"}
    assert {each["same_prompts"] for each in found["variants"].values()} == {6}
    assert found["variants"][OURS]["times_ours"] == 1 and found["variants"][OURS]["cache_hit_percent"] > 50
    for each in found["variants"].values():
        assert each["cpu_seconds"] >= each["answering_cpu_seconds"] > 0, "who is killed at the end is counted too"
    print_record(record)
    assert "6 of 6" in capsys.readouterr().out


def test_the_whole_benchmark_runs_at_a_tiny_size_and_is_profiled(tmp_path: Path) -> None:
    record = _measured(tmp_path, "whole", "--size", "tiny", "--prompts", "1", "--scale", "small", "--written", "4")
    assert record["clean"] and record["prompts"] == 6
    assert set(record["tasks"]) == set(all_tasks())
    assert record["seconds"] > record["answering_seconds"] > 0 and record["floor_seconds_at_peak"] > 0
    assert record["profile"] and sum(each["percent"] for each in record["profile"]) <= 100.5


def _measured(home: Path, bench: str, *options: str) -> Any:
    # Half a dozen interpreters load torch one after the other.
    done = CommandLine(home=home).run("bench", bench, *options, "--threads", "1", "--json", timeout=290)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
