"""A pull request with evaluation results in a model's own repository, opened with somebody's own permission."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi, constants
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from backend.errors import NotProposed
from backend.hub.stated import FOLDER, TIMEOUT, Stated, is_stated, others_stated, read_stated, stated_in

PERMISSION = "write-discussions"  # https://huggingface.co/docs/hub/oauth
TITLE = "Add results of the CLUE Leaderboard"
MOST_REQUESTS, MOST_LOOKED_AT, MOST_NAMED = 200, 10, 12
_NONSENSE = (ValueError, LookupError, TypeError, AttributeError, RuntimeError)


class ProposalOutcome(StrEnum):
    """What became of a proposal: a new pull request, one that is open already, or nothing to propose."""

    OPENED = "opened"
    WAITING = "waiting"
    THERE = "there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed to which repository: YAML in the Hub's form, and what the pull request says of it (Markdown)."""

    hub_id: str
    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of it, and the address of the pull request; None where the values are on main already."""

    outcome: ProposalOutcome
    address: str | None = None


def propose(proposal: Proposal, token: str) -> Proposed:
    """The repository has one open pull request with the results, unless it states them already; else NotProposed.

    What counts as the same is the value for a task of a dataset, whatever file it stands in. The token is used for
    these calls and kept nowhere.
    """
    wanted = stated_in(FOLDER, proposal.text)
    with _naming_faults(proposal.hub_id):
        api = HfApi(endpoint=constants.ENDPOINT, token=token)
        facts = api.model_info(proposal.hub_id, timeout=TIMEOUT)
        repo, head = facts.id, str(facts.sha)
        on_main = read_stated(api, repo, head)
        if all(is_stated(each, on_main) for each in wanted):
            return Proposed(ProposalOutcome.THERE)
        elsewhere = others_stated(wanted, on_main)
        for number in _open_requests(api, repo):
            there = read_stated(api, repo, f"refs/pr/{number}")
            if all(is_stated(each, there) for each in wanted):
                return Proposed(ProposalOutcome.WAITING, _address(repo, number))
            elsewhere += [
                Stated(f"#{number}", each.key, each.value)
                for each in others_stated(wanted, there)
                if not is_stated(each, on_main)
            ]
        made = api.create_commit(
            repo,
            [CommitOperationAdd(path_in_repo=_free_path(wanted, on_main), path_or_fileobj=proposal.text.encode())],
            commit_message=TITLE,
            commit_description=proposal.about + _told(wanted, elsewhere),
            create_pr=True,
            parent_commit=head,
        )
        return Proposed(ProposalOutcome.OPENED, _address(repo, int(str(made.pr_num))))


def _open_requests(api: HfApi, repo: str) -> list[int]:
    """The newest open pull requests of this leaderboard, whoever gave the permission."""
    ours: list[int] = []
    listed = api.get_repo_discussions(repo, discussion_type="pull_request", discussion_status="open")
    for _, each in zip(range(MOST_REQUESTS), listed, strict=False):
        if each.title == TITLE:
            ours.append(each.num)
    return sorted(ours, reverse=True)[:MOST_LOOKED_AT]


def _free_path(wanted: list[Stated], on_main: list[Stated]) -> str:
    """clue.yaml, unless a file of that name states something else than what it will state then."""
    keys = {each.key for each in wanted}
    taken = {each.path for each in on_main if each.key not in keys}
    names = ["clue", *(f"clue-{number}" for number in range(2, len(taken) + 2))]
    return next(path for path in (f"{FOLDER}/{name}.yaml" for name in names) if path not in taken)


def _told(wanted: list[Stated], others: list[Stated]) -> str:
    if not others:
        return ""
    ours = {each.key: each.value for each in wanted}
    lines = [
        f"- {each.path if each.path.startswith('#') else f'`{each.path}`'} states {each.value:g} for `{each.key[1]}`; "
        f"this run measured {ours[each.key]:g}"
        for each in others[:MOST_NAMED]
    ]
    more = [f"- and {len(others) - MOST_NAMED} more"] if len(others) > MOST_NAMED else []
    return "\n".join(["", "", "**Other values are stated for the same tasks:**", "", *lines, *more])


def _address(repo: str, number: int) -> str:
    return f"{constants.ENDPOINT}/{repo}/discussions/{number}"


@contextmanager
def _naming_faults(hub_id: str) -> Iterator[None]:
    """Whatever the Hub's client raises inside becomes NotProposed, without a word of the request, which has a token."""
    try:
        yield
    except GatedRepoError:
        why = f"{hub_id} is gated and your account has no access to it. Ask its owners for access, then try again."
    except (RepositoryNotFoundError, RevisionNotFoundError):
        why = (
            f"The Hub shows {hub_id} to nobody with this permission: it is private, renamed or gone. If it is yours, "
            "add the YAML file from the model's page yourself."
        )
    except DisabledRepoError:
        why = f"The Hub has disabled {hub_id}, so nothing can be proposed to it."
    except HfHubHTTPError as error:
        why = _sentence_for(error.response.status_code, error.server_message or "", hub_id)
    except (httpx2.TransportError, OSError):
        why = _SILENT
    except _NONSENSE:
        why = "The Hub sent an answer that could not be read. Look at the repository's pull requests, then try again."
    else:
        return
    raise NotProposed(why) from None


_SILENT = (
    "The Hub does not answer just now. Try again in a few minutes; a pull request that was opened all the same will be "
    "found then, and no second one is opened."
)


def _sentence_for(status: int, said: str, hub_id: str) -> str:
    if status == 403 and "disabled" in said.lower():
        return f"{hub_id} takes no pull requests: its owners have disabled them."
    if status in (401, 403):
        return (
            f"The Hub did not take your permission for a pull request to {hub_id}. Give it again, and leave "
            f"“{PERMISSION}” ticked."
        )
    if status in (409, 412):
        return f"{hub_id} changed while the pull request was made, so none was opened. Try again."
    if status == 429:
        return "The Hub has had too many requests just now, so no pull request was opened. Try again in an hour."
    if status >= 500:
        return _SILENT
    return f"The Hub refused the pull request to {hub_id}, so none was opened. Add the YAML file there yourself."
