"""The endpoints that the operator lets receive credentialed texts: records that are signed and expire."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.request import getproxies, proxy_bypass

import httpx2
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from backend.endpoint_address import Address
from backend.errors import NotApproved, OperatorFault, UsageError
from backend.settings import Settings
from backend.signing import Signer, is_signed, read_public_key, read_signer

FILE = "approvals.json"
LONGEST = timedelta(days=90)
PURPOSE = "may receive credentialed text, 1"  # so that the same key's signature over anything else is none over this
SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """That the texts of these tasks may be sent to `endpoint` and what lies below it, from `issued` until `expires`.

    `evidence` says where the provider's promise to keep nothing can be read; `approved_by` is a credentialed person.
    """

    id: str
    endpoint: str
    provider: str
    evidence: str
    tasks: tuple[str, ...]
    approved_by: str
    issued: AwareDatetime
    expires: AwareDatetime
    public_key: str = ""
    signature: str = ""

    @property
    def signed_bytes(self) -> bytes:
        """What a signature covers: purpose and every other field, as JSON with sorted keys and no blanks."""
        fields = {name: value for name, value in _plain(self).items() if name != "signature"}
        return json.dumps({"purpose": PURPOSE, **fields}, sort_keys=True, separators=(",", ":")).encode()


_FILED = TypeAdapter(tuple[Approval, ...])


class Approvals:
    """What stands in the home's file, read again whenever it changes, and held against the key that the settings name.

    The key is none of the home's: whoever can write there, and has no key, can approve nothing.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._settings, self._clock = settings, clock
        self._path = settings.home / FILE
        self._seen: tuple[int, int, int] | None = None
        self._filed: tuple[Approval, ...] = ()
        self._trusted: str | None = None
        self._genuine: frozenset[str] = frozenset()

    def filed(self) -> tuple[Approval, ...]:
        """Every record of the file, valid or not; OperatorFault when it cannot be read."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._filed = None, ()
            return ()
        state = (found.st_mtime_ns, found.st_size, found.st_ino)
        if state != self._seen:
            self._filed = self._read()
            self._trusted = trusted_key(self._settings)
            self._genuine = frozenset(one.signature for one in self._filed if self._is_genuine(one))
            self._seen = state
        return self._filed

    def fault_of(self, approval: Approval) -> str | None:
        """Why a record of the file approves nothing just now; None when it does."""
        now = self._clock()
        if self._trusted is None:
            return "no key is set to check it with, in CLUE_APPROVAL_KEY or CLUE_SIGNING_KEY"
        if approval.signature not in self._genuine:
            return "it is not signed with the operator's key"
        if now < approval.issued - SLACK:
            return "it was issued in the future"
        if now >= approval.expires:
            return f"it expired on {approval.expires:%Y-%m-%d}"
        return unfit(approval)

    def tasks_at(self, url: str | None) -> frozenset[str]:
        """The tasks whose credentialed texts may be sent to the endpoint now."""
        if url is None or not self.filed():
            return frozenset()
        try:
            wanted = Address.of(url)
        except UsageError:
            return frozenset()
        return frozenset(task for one in self._standing() if _covers(one, wanted) for task in one.tasks)

    def require(self, url: httpx2.URL, tasks: Iterable[str] | None) -> None:
        """Nothing, when texts of all these tasks may be sent there; NotApproved when not, or nobody knows of which."""
        if tasks is None:
            raise NotApproved(f"Nobody said which tasks' texts would be sent to {url.host}, so nothing was sent.")
        missing = sorted(set(tasks) - self.tasks_at(str(url)))
        if missing:
            raise NotApproved(
                f"{', '.join(missing)}: credentialed texts may not be sent to {url.scheme}://{url.netloc.decode()}. An "
                "approval is missing or has expired: `python app.py endpoints list` shows them, `python app.py "
                "endpoints approve` makes one."
            )
        if url.scheme == "http" and _has_proxy(url):
            raise NotApproved(f"A proxy would read what is sent to {url.host}. Name that host in NO_PROXY.")

    def _standing(self) -> Iterable[Approval]:
        return (one for one in self.filed() if self.fault_of(one) is None)

    def _read(self) -> tuple[Approval, ...]:
        try:
            return _FILED.validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            raise OperatorFault(
                f"{self._path} cannot be read as a list of approvals. Restore it, or remove it and approve again."
            ) from None

    def _is_genuine(self, approval: Approval) -> bool:
        return self._trusted == approval.public_key and is_signed(
            approval.signed_bytes, approval.signature, approval.public_key
        )


def trusted_key(settings: Settings) -> str | None:
    """The public key that approvals must be signed with, None when none is set; OperatorFault when it is unreadable."""
    if settings.approval_key:
        return read_public_key(settings.approval_key)
    return read_signer(settings.signing_key).public_key if settings.signing_key else None


def signed(approval: Approval, signer: Signer) -> Approval:
    """The approval with the signer's key and signature. UsageError for one that could never be valid."""
    fault = unfit(approval)
    if fault:
        raise UsageError(f"This cannot be approved: {fault}.")
    named = _FILED.validate_python([{**_plain(approval), "public_key": signer.public_key}])[0]
    return _FILED.validate_python([{**_plain(named), "signature": signer.sign(named.signed_bytes)}])[0]


def filed_bytes(approvals: Iterable[Approval]) -> bytes:
    """The content of the file that holds them."""
    return _FILED.dump_json(tuple(approvals), indent=1) + b"\n"


def unfit(approval: Approval) -> str | None:
    """What no signature can make good: too long a time, no task or word of evidence, a way on which others can read."""
    address = Address.of(approval.endpoint)
    if str(address) != approval.endpoint:
        return f"its address should be written {address}"
    if address.scheme != "https" and not address.is_loopback:
        return "beyond this machine only https keeps a text from being read on its way"
    if not timedelta(0) < approval.expires - approval.issued <= LONGEST:
        return f"an approval lasts {LONGEST.days} days at most"
    blank = [name for name in ("provider", "evidence", "approved_by") if not getattr(approval, name).strip()]
    if blank or not approval.tasks:
        return f"it does not name {', '.join(blank) or 'a task'}"
    return None


def _covers(approval: Approval, wanted: Address) -> bool:
    return Address.of(approval.endpoint).covers(wanted)


def _plain(approval: Approval) -> dict[str, object]:
    found: list[dict[str, object]] = _FILED.dump_python((approval,), mode="json")
    return found[0]


def _has_proxy(url: httpx2.URL) -> bool:
    proxies = getproxies()
    return bool((proxies.get("http") or proxies.get("all")) and not proxy_bypass(url.host))
