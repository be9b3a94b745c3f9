"""Who may have which results proposed to a model's repository, and what the pull request says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants

from backend.domain import PROTOCOL, Edition
from backend.errors import NotAllowed, NotProposed, UsageError
from backend.hub.proposing import PERMISSION, Proposal, ProposalOutcome, Proposed, propose
from backend.settings import Settings
from backend.submission import Person
from frontend_config.columns import HUB_ID
from frontend_config.desk import Desk
from frontend_config.exports.eval_results import eval_results_yaml, row_page
from frontend_config.reproduction import reproduction
from frontend_config.sign_in.persons import is_reserved
from frontend_config.words import notice
from storage.score_rows import Publication


def offered(settings: Settings) -> bool:
    """Whether results can be proposed from this page: visitors sign in with the Hub itself, the client may ask them for
    the permission, and there is a dataset that results can name."""
    ready = settings.signs_in and not settings.offline and settings.benchmark_dataset is not None
    allowed = PERMISSION in settings.oidc_scopes.split()
    return ready and allowed and settings.oidc_issuer.rstrip("/") == constants.ENDPOINT.rstrip("/")


class Proposals:
    """What may be proposed by whom, and what was. Safe to use from several threads at once."""

    def __init__(self, desk: Desk) -> None:
        self.settings = desk.settings
        self._desk = desk
        self._lock = threading.Lock()
        self._under_way: set[int] = set()

    def find(self, number: int, person: Person) -> Publication:
        """The result in this line of the ledger, if it can be proposed and this person may; UsageError says why not."""
        found = self._desk.publication(number)
        if found is None:
            raise UsageError(notice("no such line"))
        result = found.result
        refusals = {
            "not standing": found.retired is not None,
            "no export": result.edition is not Edition.FULL,
            "propose protocol": result.protocol != PROTOCOL,
            "propose no hub": not (HUB_ID.fullmatch(result.model.hub_id) and result.model.revision),
            "propose nothing": all(run.task_score.value is None for run in result.runs),
        }
        for name, refused in refusals.items():
            if refused:
                raise UsageError(notice(name))
        if is_reserved(person.name):
            raise NotAllowed(notice("reserved name"))
        self._desk.own(found.submission_id, person.subject)
        return found

    def earlier(self, found: Publication) -> str | None:
        """The address of the pull request with this result, if there was one."""
        return self._desk.proposals.proposed(found.submission_id, found.number)

    def text(self, found: Publication) -> str:
        """The file that is proposed."""
        dataset = self.settings.benchmark_dataset
        if dataset is None:
            raise UsageError(notice("no benchmark dataset"))
        return eval_results_yaml(found, dataset, row_page(found, self.settings.public_url))

    def open(self, number: int, person: Person, token: str) -> Proposed:
        """The result is proposed, once, and where is kept; UsageError says why not. The token is used here alone."""
        found = self.find(number, person)
        with self._alone(number):
            earlier = self.earlier(found)
            if earlier:
                return Proposed(ProposalOutcome.WAITING, earlier)
            about = described(found, self.settings.public_url)
            done = propose(Proposal(hub_id=found.result.model.hub_id, text=self.text(found), about=about), token)
            if done.address:
                self._desk.proposals.propose(person.subject, found.submission_id, found.number, done.address)
            return done

    @contextmanager
    def _alone(self, number: int) -> Iterator[None]:
        with self._lock:
            if number in self._under_way:
                raise NotProposed(notice("propose under way"))
            self._under_way.add(number)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(number)


def described(found: Publication, site: str | None) -> str:
    """What the pull request says of itself, in Markdown."""
    result, home = found.result, (site or "").rstrip("/")
    commands = "\n".join(step["command"] for step in reproduction(result)["steps"])
    links = [
        f"- [the row, with intervals and all metrics]({row_page(found, site)})",
        f"- [manifest, digests and scores as JSON]({home}/v1/runs/{found.number}), line {found.number} of the ledger, "
        f"SHA-256 `{found.hash}`",
        f"- [protocol {result.protocol}]({home}/about#protocol)",
    ]
    return "\n\n".join(
        (
            "CLUE asks language models six kinds of clinical questions ([arXiv 2404.04067]"
            f"(https://arxiv.org/abs/2404.04067)). Its leaderboard measured this model at commit "
            f"`{result.model.revision}` on {found.at:%Y-%m-%d}; values are in percent.",
            "\n".join(links),
            f"To measure it again:\n\n```sh\n{commands}\n```",
            "Whoever submitted the model had this opened in their name. It is yours to merge or to close; the "
            "leaderboard itself does not change either way.",
        )
    )
