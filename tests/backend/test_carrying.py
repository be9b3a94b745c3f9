"""Carrying without a cluster: who asks what, what a fault becomes, and what happens on one node."""

import os
import platform
import subprocess
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import ModelSource
from backend.engines import all_engines, engines_under
from backend.engines.carrying.carrier import Carrier, Opened, Order, code_digest, differences, listing
from backend.engines.carrying.faults import CarriedFault, catch
from backend.engines.carrying.nodes import ActorPlan, check_installed, plan_for
from backend.engines.carrying.stretches import Stretches
from backend.engines.ray import carried_by_ray, carried_settings
from backend.errors import (
    ClueError,
    DiskFull,
    FailureCode,
    GpuGone,
    Halted,
    HubSilent,
    KeyRefused,
    ModelCrash,
    ModelFault,
    OperatorFault,
    PassingFault,
    UsageError,
)
from backend.settings import Settings, read_settings
from tests.backend.asking import SHA, changed, local, prompt, prompts
from tests.backend.balky import FAIL, RAISE
from tests.canaries import SEALED
from tests.loopback.hub import LoopbackHub

CANARY = SEALED


@given(st.integers(0, 60), st.integers(1, 5), st.integers(0, 20), st.randoms(use_true_random=False))
def test_every_item_is_taken_once_in_whatever_order_seats_come_and_lose_their_pieces(
    items: int, seats: int, pieces: int, chance: Any
) -> None:
    stretches = Stretches(list(range(items)), seats, pieces)
    done: list[int] = []
    while stretches:
        seat = chance.randrange(seats)
        piece = stretches.take(seat)
        assert list(piece) == list(range(piece[0], piece[0] + len(piece))), "neighbours stay together"
        answered = chance.randrange(len(piece) + 1)
        done += piece[:answered]
        stretches.give_back(seat, piece[answered:])
    assert sorted(done) == list(range(items))


def test_a_seat_walks_on_where_it_stopped_and_then_takes_over_half_of_what_is_left_of_another() -> None:
    stretches = Stretches(list("abcdefgh"), 2, 8)
    assert [stretches.take(0), stretches.take(0), stretches.take(1)] == [["a"], ["b"], ["e"]]
    stretches.give_back(1, ["e"])
    assert [stretches.take(0), stretches.take(0)] == [["c"], ["d"]]
    assert [stretches.take(0), stretches.take(1), stretches.take(0)] == [["g"], ["e"], ["h"]]
    assert [stretches.take(1), stretches.take(1), stretches.take(0)] == [["f"], (), ()]


@pytest.mark.parametrize(
    ("nodes", "asked", "plan"),
    [
        ([{"CPU": 8, "GPU": 4}, {"CPU": 8, "GPU": 4}], {}, ActorPlan(seats=8, gpus=1, cpus=1)),
        ([{"CPU": 8, "GPU": 4}, {"CPU": 8}], {"ray_gpus": 2}, ActorPlan(seats=2, gpus=2, cpus=1)),
        ([{"CPU": 8, "GPU": 1}], {"ray_gpus": 0.5, "ray_actors": 5}, ActorPlan(seats=5, gpus=0.5, cpus=1)),
        ([{"CPU": 8, "GPU": 1}], {"ray_gpus": 0.1}, ActorPlan(seats=10, gpus=0.1, cpus=1)),
        ([{}, {"CPU": 8}, {"CPU": 4}], {}, ActorPlan(seats=2, gpus=0, cpus=4)),
        ([{"CPU": 8}, {"CPU": 4}], {"ray_actors": 4}, ActorPlan(seats=4, gpus=0, cpus=2)),
    ],
)
def test_there_is_a_seat_for_each_gpu_or_for_each_node_without(
    nodes: list[dict[str, float]], asked: dict[str, Any], plan: ActorPlan
) -> None:
    assert plan_for(Settings(**asked), nodes) == plan


@pytest.mark.parametrize(("nodes", "asked"), [([{}], {}), ([{"CPU": 4}], {"ray_gpus": 1}), ([], {})])
def test_a_cluster_on_which_nothing_can_be_placed_is_the_operators(
    nodes: list[dict[str, float]], asked: dict[str, Any]
) -> None:
    with pytest.raises(OperatorFault, match="ray status"):
        plan_for(Settings(**asked), nodes)


FAULTS = (
    ModelFault(FailureCode.TEMPLATE_ERROR, "TypeError"),
    ModelCrash(FailureCode.OUT_OF_MEMORY, "The system ended the model process."),
    PassingFault(FailureCode.ENDPOINT_ERROR, "It answered 503.", retry_after=7),
    GpuGone("A trial failed too."),
    GpuGone(),
    HubSilent("(ConnectError)"),
    DiskFull("/srv takes no more."),
    Halted("It was told to stop."),
    UsageError("It takes no URL."),
    OperatorFault("It is not there.", "Something waits."),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_comes_back_as_it_was(fault: ClueError) -> None:
    found = catch(lambda: _raise(fault))
    assert isinstance(found, CarriedFault)
    again = found.fault
    assert (type(again), str(again)) == (type(fault), str(fault))
    for name in ("code", "public", "retry_after"):
        assert getattr(again, name, None) == getattr(fault, name, None)


def test_a_fault_that_is_not_known_here_comes_back_as_its_kind() -> None:
    found = catch(lambda: _raise(KeyRefused(401)))
    assert isinstance(found, CarriedFault) and type(found.fault) is OperatorFault
    assert found.fault.public == KeyRefused(401).public


@pytest.mark.parametrize("error", [RuntimeError(CANARY), KeyError(CANARY), OSError(28, CANARY)])
def test_of_an_error_nobody_foresaw_only_type_and_place_are_told(
    error: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    found = catch(lambda: _raise(error))
    assert isinstance(found, CarriedFault)
    assert CANARY not in repr(found) + str(found.fault) + "".join(capfd.readouterr())
    assert isinstance(found.fault, PassingFault | OperatorFault)


def _raise(error: Exception) -> None:
    raise error


def order(settings: Settings, source: ModelSource, module: str = "tests.backend.balky") -> Order:
    files = listing(source.folder) if source.folder else None
    return Order(module=module, source=source, files=files, settings=settings.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("question", "kind"), [(f"{CANARY} {RAISE}", PassingFault), (f"{CANARY} {FAIL}", ModelFault)], ids=["raise", "fail"]
)
def test_a_carrier_yields_answers_up_to_a_fault_and_the_fault_with_the_end_of_the_log_but_not_the_prompt(
    question: str, kind: type[ClueError], settings: Settings
) -> None:
    carrier = Carrier(order(settings, ModelSource(hub_id="acme/tiny", revision=SHA)), 0)
    assert carrier.arrive() == code_digest()
    assert isinstance(carrier.open(), Opened)
    assert carrier.count(prompts(1)[0].messages) == 28
    *answers, last = carrier.answer([*prompts(3), prompt(7, question), prompt(8, "?")])
    assert len(answers) == 3 and isinstance(last, CarriedFault) and isinstance(last.fault, kind)
    assert last.log == b"the balky model is open\n"
    assert CANARY not in "".join(traceback.format_exception(last.fault))
    carrier.close()
    assert isinstance(closed := carrier.count(prompts(1)[0].messages), CarriedFault) and isinstance(
        closed.fault, Halted
    )
    assert not list((settings.home / "logs").iterdir())


def test_a_node_that_does_not_know_a_setting_still_tells_its_code(settings: Settings) -> None:
    known = order(settings, ModelSource(hub_id="acme/tiny", revision=SHA))
    carrier = Carrier(replace(known, settings={**known.settings, "not_yet_known": CANARY}), 0)
    assert carrier.arrive() == code_digest()
    found = carrier.open()
    assert isinstance(found, CarriedFault) and CANARY not in repr(found)


def test_nodes_are_told_where_and_how_a_model_is_opened_and_nothing_of_the_endpoint(settings: Settings) -> None:
    secret = changed(
        settings, ray="auto", endpoint_url=f"https://me:{CANARY}@example.org", endpoint_token=CANARY, dtype="float32"
    )
    sent = carried_settings(secret)
    assert CANARY not in str(sent)
    again = Settings.model_validate(sent)
    assert (again.home, again.dtype, again.batch_tokens) == (settings.home, "float32", settings.batch_tokens)
    assert (again.load_timeout, again.answer_timeout) == (settings.load_timeout, settings.answer_timeout)


def test_logs_of_killed_seats_go_when_the_next_arrives_and_those_of_other_nodes_stay(settings: Settings) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    logs = settings.home / "logs"
    logs.mkdir(parents=True)
    here, there = f"ray-{platform.node()}-", f"ray-{platform.node()}-7-"
    names = [f"{here}0-{gone.pid}.log", f"{here}1-{os.getpid()}.log", f"{there}0-{gone.pid}.log"]
    for name in names:
        (logs / name).touch()
    assert Carrier(order(settings, ModelSource(hub_id="acme/tiny", revision=SHA)), 0).arrive() == code_digest()
    assert sorted(path.name for path in logs.iterdir()) == sorted(names[1:])


def test_a_node_without_the_models_files_fetches_them_at_the_pinned_commit(
    hub: LoopbackHub, tiny_model: Path, settings: Settings, tmp_path: Path
) -> None:
    revision = hub.add("acme/tiny", tiny_model)
    elsewhere = ModelSource(hub_id="acme/tiny", revision=revision, folder=tmp_path / "not-here")
    carrier = Carrier(replace(order(changed(settings, min_free_gb=0), elsewhere), files={"a": 1}), 0)
    assert isinstance(carrier.open(), Opened)
    (fetched,) = (settings.home / "models").glob(f"*/snapshots/{revision}")
    assert listing(fetched) == listing(tiny_model)
    carrier.close()


def test_models_that_are_not_the_same_on_two_nodes_are_told_apart() -> None:
    one = Opened(tokens=2048, facts={"dtype": "bfloat16", "device": "A", "weights_sha256": "0"})
    other = Opened(tokens=1024, facts={"dtype": "bfloat16", "device": "B", "torch_version": "2"})
    assert differences(one, one) == []
    assert differences(one, other) == ["tokens", "device", "torch_version", "weights_sha256"]


@pytest.mark.parametrize("change", ["missing", "other"])
def test_a_folder_that_a_node_does_not_have_is_never_replaced_by_another(
    change: str, tiny_model: Path, settings: Settings, tmp_path: Path
) -> None:
    source = replace(local(tiny_model), revision="local-0123456789ab")
    folder = tmp_path / "nowhere" if change == "missing" else tiny_model
    told_of = replace(order(settings, source), source=replace(source, folder=folder), files={"config.json": 1})
    found = Carrier(told_of, 0).open()
    assert isinstance(found, CarriedFault) and type(found.fault) is OperatorFault and str(folder) in str(found.fault)


def test_a_node_that_may_hold_credentialed_texts_opens_no_model_unless_it_is_isolated(
    tiny_model: Path, settings: Settings
) -> None:
    bare = changed(settings, ray_keeps_text_home=True, isolation="none")
    found = Carrier(order(bare, local(tiny_model)), 0).open()
    assert isinstance(found, CarriedFault) and type(found.fault) is OperatorFault and "not isolated" in str(found.fault)
    carrier = Carrier(order(changed(bare, unisolated_credentialed="none"), local(tiny_model)), 0)
    assert isinstance(carrier.open(), Opened)
    carrier.close()


def test_without_ray_the_sentence_names_the_file_to_install() -> None:
    with pytest.raises(UsageError, match="requirements-ray.txt"):
        check_installed(find=lambda name: None)


def test_local_inference_is_carried_where_a_ray_cluster_is_named_and_credentialed_text_only_by_permission() -> None:
    assert engines_under(Settings()) == all_engines()
    for permitted in (False, True):
        carried = engines_under(Settings(ray="auto", ray_keeps_text_home=permitted))
        assert carried.keys() == all_engines().keys()
        engine, plain = carried["transformers"], all_engines()["transformers"]
        assert engine.keeps_text_home is permitted and engine.title != plain.title
        assert replace(engine, keeps_text_home=True, title=plain.title, open=plain.open) == plain
    assert not carried_by_ray("backend.engines.endpoint", Settings(ray_keeps_text_home=True)).keeps_text_home


@pytest.mark.parametrize("address", ["auto", "10.0.0.7:6379", "head.example:6379", "[::1]:6379"])
def test_addresses_of_ray_clusters_are_read(address: str) -> None:
    assert read_settings({"CLUE_RAY": address}).ray == address


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "6379"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match="CLUE_RAY="):
        read_settings({"CLUE_RAY": address})
