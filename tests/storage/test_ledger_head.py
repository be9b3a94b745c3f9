"""The head beside the ledger shows what a chain alone cannot: lost last lines, and a history written anew."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from backend.errors import LedgerBroken, OperatorFault, UsageError
from backend.signing import Signer, is_signed, make_key_pair, read_public_key, read_signer
from storage.entries import GENESIS, canonical
from storage.ledger import Ledger
from tests.storage.records import toy_result

LINES = 4


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two private keys, their public ones beside them."""
    folder = tmp_path_factory.mktemp("keys")
    make_key_pair(folder / "one.pem")
    make_key_pair(folder / "two.pem")
    return folder / "one.pem", folder / "two.pem"


@pytest.fixture
def signer(keys: tuple[Path, Path]) -> Signer:
    return read_signer(keys[0])


def furnish(path: Path, signer: Signer | None = None, models: range = range(LINES)) -> Path:
    ledger = Ledger(path, lambda: datetime(2026, 1, 1, tzinfo=UTC), signer=signer)
    for number in models:
        ledger.append(f"s{number}", toy_result(f"acme/m{number}"))
    return path


def stated(path: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads(head_of(path).read_bytes())
    return content


def head_of(path: Path) -> Path:
    return path.with_name("ledger.head.json")


def broken(path: Path, signer: Signer | None = None, trusted: str | None = None) -> LedgerBroken:
    with pytest.raises(LedgerBroken) as found:
        Ledger(path, signer=signer).verify(trusted)
    return found.value


def test_the_head_states_what_the_last_append_made(tmp_path: Path) -> None:
    path = furnish(tmp_path / "ledger.jsonl")
    head = Ledger(path).verify()
    at = "2026-01-01T00:00:00+00:00"
    assert stated(path) == {"number": LINES, "hash": head.hash, "offset": path.stat().st_size, "at": at}
    assert head_of(path).read_bytes() == canonical(stated(path)) + b"\n"
    assert head_of(path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kept", range(LINES))
def test_lost_last_lines_are_named(tmp_path: Path, kept: int) -> None:
    path = furnish(tmp_path / "ledger.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:kept]))
    found = broken(path)
    assert found.line == kept + 1 and "says that there were 4 lines" in str(found)
    with pytest.raises(LedgerBroken):
        Ledger(path).append("s9", toy_result("acme/m9"))


@pytest.mark.parametrize("lines", [LINES, LINES + 2])
def test_a_history_written_anew_is_found(tmp_path: Path, lines: int) -> None:
    path = furnish(tmp_path / "ledger.jsonl")
    other = furnish(tmp_path / "other" / "ledger.jsonl", models=range(1, lines + 1))
    path.write_bytes(other.read_bytes())
    found = broken(path)
    assert found.line == LINES and "written anew" in str(found)


def test_a_writer_killed_before_it_stated_the_head_has_published_and_the_head_is_made_up_for(tmp_path: Path) -> None:
    path = furnish(tmp_path / "ledger.jsonl")
    earlier = head_of(path).read_bytes()
    Ledger(path).append("s4", toy_result("acme/m4"))
    head_of(path).write_bytes(earlier)
    ledger = Ledger(path)
    assert ledger.verify().number == LINES + 1
    assert ledger.append("again", toy_result("acme/m4")).submission_id == "s4"
    assert stated(path)["number"] == LINES + 1


def test_a_home_that_never_had_a_head_gets_one_at_the_next_append(tmp_path: Path) -> None:
    path = furnish(tmp_path / "ledger.jsonl")
    head_of(path).unlink()
    ledger = Ledger(path)
    assert ledger.verify().number == LINES and not head_of(path).exists()
    ledger.append("s9", toy_result("acme/m9"))
    assert stated(path)["number"] == LINES + 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b'"number":4', b'"number":"4"'),
        lambda content: content.replace(b'"offset":', b'"offset":1'),
        lambda content: content.replace(b'"hash":"', b'"hash":"x'),
        lambda content: b"[]",
    ],
)
def test_a_damaged_head_stops_publishing(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = furnish(tmp_path / "ledger.jsonl")
    head_of(path).write_bytes(damage(head_of(path).read_bytes()))
    assert "ledger.head.json" in str(broken(path))


def test_a_signed_head_is_one_that_its_key_has_signed(tmp_path: Path, keys: tuple[Path, Path], signer: Signer) -> None:
    path = furnish(tmp_path / "ledger.jsonl", signer)
    said = stated(path)
    signature, public_key = str(said.pop("signature")), str(said["public_key"])
    assert public_key == read_public_key(keys[0].with_name("one.pem.pub"))
    assert is_signed(canonical(said), signature, public_key)
    assert not is_signed(canonical(said | {"number": 5}), signature, public_key)
    assert Ledger(path, signer=signer).verify() == Ledger(path).verify(public_key)
    assert Ledger(path).summary()[1] == Ledger(path).verify()


def test_a_head_that_the_wanted_key_did_not_sign_is_refused(
    tmp_path: Path, keys: tuple[Path, Path], signer: Signer
) -> None:
    path = furnish(tmp_path / "ledger.jsonl", signer)
    other = read_signer(keys[1])
    assert "signed with another key" in str(broken(path, other))
    assert "signed with another key" in str(broken(path, trusted=other.public_key))
    good = head_of(path).read_bytes()
    said = stated(path)
    for name in ("signature", "public_key"):
        head_of(path).write_bytes(canonical({key: value for key, value in said.items() if key != name}))
        assert "ledger.head.json" in str(broken(path)) and "ledger.head.json" in str(broken(path, signer))
    head_of(path).write_bytes(canonical(said | {"at": "2026-01-02T00:00:00+00:00"}))
    assert "is not over what stands there" in str(broken(path))
    head_of(path).write_bytes(good)
    assert Ledger(path, signer=signer).verify().number == LINES


def test_a_history_written_anew_with_a_head_to_match_lacks_the_operators_signature(
    tmp_path: Path, signer: Signer
) -> None:
    path = furnish(tmp_path / "ledger.jsonl", signer)
    forged = furnish(tmp_path / "forged" / "ledger.jsonl", models=range(1, LINES + 1))
    for name in ("ledger.jsonl", "ledger.head.json"):
        path.with_name(name).write_bytes(forged.with_name(name).read_bytes())
    assert "is not signed" in str(broken(path, signer))
    head_of(path).unlink()
    assert "is missing" in str(broken(path, signer))
    with pytest.raises(LedgerBroken):
        Ledger(path, signer=signer).append("s9", toy_result("acme/m9"))


def test_a_first_line_whose_head_was_never_stated_is_still_signed_for(tmp_path: Path, signer: Signer) -> None:
    """The empty ledger is stated before the first line, or a kill after that line would look like a lost head."""
    path = furnish(tmp_path / "empty" / "ledger.jsonl", signer, range(1))
    line = path.read_bytes()
    path.write_bytes(b"")
    head_of(path).unlink()
    ledger = Ledger(path, signer=signer)
    with pytest.raises(UsageError):
        ledger.withdraw("nobody", actor="ann", reason="none")
    assert (stated(path)["number"], stated(path)["hash"]) == (0, GENESIS)
    path.write_bytes(line)
    assert Ledger(path, signer=signer).verify().number == 1


def test_a_key_that_is_new_to_a_ledger_signs_it_once_it_is_told_to(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    path = furnish(tmp_path / "ledger.jsonl")
    for file in keys:
        ledger = Ledger(path, signer=read_signer(file))
        with pytest.raises(LedgerBroken, match=r"ledger\.head\.json"):
            ledger.append("s9", toy_result("acme/m9"))
        assert ledger.sign() == ledger.verify()
        assert ledger.append("s10", toy_result(f"acme/{file.stem}")).number == ledger.verify().number


def test_what_was_lost_or_written_anew_is_never_signed(tmp_path: Path, signer: Signer) -> None:
    path = furnish(tmp_path / "ledger.jsonl")
    before = head_of(path).read_bytes()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    with pytest.raises(LedgerBroken):
        Ledger(path, signer=signer).sign()
    assert head_of(path).read_bytes() == before


def test_a_key_pair_is_its_owners_and_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    public = make_key_pair(file)
    assert file.stat().st_mode & 0o777 == 0o600 and read_signer(file).public_key == read_public_key(public)
    before = file.read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        make_key_pair(file)
    assert file.read_bytes() == before
    with pytest.raises(UsageError, match="cannot be written"):
        make_key_pair(tmp_path / "absent" / "key.pem")


def test_a_file_without_an_ed25519_key_is_refused_with_a_sentence(tmp_path: Path) -> None:
    rsa = tmp_path / "rsa.pem"
    private = generate_private_key(65537, 1024)
    rsa.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    text = tmp_path / "text.pem"
    text.write_text("no key")
    for file in (rsa, text, tmp_path / "absent.pem"):
        for read in (read_signer, read_public_key):
            with pytest.raises(OperatorFault, match="ledger key"):
                read(file)
