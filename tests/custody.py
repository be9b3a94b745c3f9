"""People who may read credentialed data, and approvals of endpoints, as an operator would have written them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from backend import approvals, credentialed
from backend.approvals import Approval, signed
from backend.credentialed import Reader
from backend.endpoint_address import Address
from backend.signing import make_key_pair, read_signer

NOW = datetime.now(UTC).replace(microsecond=0)


def list_reader(home: Path, *tasks: str, until: date = date(2099, 1, 1), name: str = "Ann B") -> Reader:
    """Somebody who may read the data of these tasks is listed in the home, and nobody else."""
    person = Reader(name=name, account="annb", since=date(2020, 1, 1), training_until=until, tasks=tasks)
    home.mkdir(parents=True, exist_ok=True)
    (home / credentialed.FILE).write_bytes(credentialed.filed_bytes([person]))
    return person


def new_key(folder: Path, name: str = "key") -> Path:
    """A new private key; the public one lies beside it with .pub at its end."""
    make_key_pair(folder / name)
    return folder / name


def approval(
    key: Path, url: str, *tasks: str, issued: datetime = NOW, days: float = 30, evidence: str = "contract 1"
) -> Approval:
    """A signed approval of the endpoint."""
    return signed(
        Approval(
            id="a1",
            endpoint=str(Address.of(url)),
            provider="our own server",
            evidence=evidence,
            tasks=tasks,
            approved_by="Ann B",
            issued=issued,
            expires=issued + timedelta(days=days),
        ),
        read_signer(key),
    )


def file_approvals(home: Path, filed: Iterable[Approval]) -> None:
    """These and no others stand in the home."""
    home.mkdir(parents=True, exist_ok=True)
    (home / approvals.FILE).write_bytes(approvals.filed_bytes(filed))
