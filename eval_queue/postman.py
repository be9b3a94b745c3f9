"""Takes what people ask for on a page without a worker to the mailbox, and says so only when it lies there."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from backend.errors import Declined, MailboxSilent, UsageError
from backend.submission import LOCAL_USER, OPERATOR, Submission, new_id
from storage.letters import LARGEST_REQUEST, Deed, Request, request_name, write_letter
from storage.mailbox import Mailbox

ATTEMPTS = 3
PAUSE_SECONDS = 1.0
NOT_CONFIRMED = (
    "The mailbox between this page and its worker does not answer, so nobody can say that your request arrived. "
    "Look at the queue in a few minutes, and submit it again if it is not there."
)
AT_THE_WORKER = "This is a page without a worker: run this command on the worker's machine."


class Postman:
    """Writes requests. `names` says what a person is called."""

    def __init__(self, mailbox: Mailbox, key: str | None, sleep: Callable[[float], object] = time.sleep) -> None:
        self._mailbox, self._key, self._sleep = mailbox, key, sleep
        self.names: Mapping[str, str] = {}

    def submit(self, stored: Submission) -> None:
        """The request for this submission lies in the mailbox; Declined when that could not be confirmed."""
        if stored.supersedes or stored.url:
            raise UsageError(AT_THE_WORKER)
        model = stored.model
        request = self._request(
            stored.id,
            Deed.SUBMIT,
            stored.submitter,
            model=model.hub_id,
            revision=model.revision or None,
            edition=stored.edition,
            engine=stored.engine,
            base_model=model.base_model,
            domain=model.domain,
        )
        self._post(request)

    def ask(self, deed: Deed, submission_id: str, actor: str, reason: str | None = None) -> Request:
        """The request for a deed, which lies in the mailbox; UsageError when that could not be confirmed."""
        if actor == OPERATOR:
            raise UsageError(AT_THE_WORKER)
        now = datetime.now(UTC)
        request = self._request(new_id(now), deed, actor, submission_id=submission_id, reason=reason)
        self._post(request)
        return request

    def _request(self, request_id: str, deed: Deed, subject: str, **rest: Any) -> Request:
        name = self.names.get(subject, subject if subject == LOCAL_USER else "")[:300]
        return Request(id=request_id, deed=deed, at=datetime.now(UTC), subject=subject, name=name, **rest)

    def _post(self, request: Request) -> None:
        name = request_name(request.id, request.at)
        content = write_letter(request, name, self._key)
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(PAUSE_SECONDS * attempt)
            with suppress(MailboxSilent):  # it may have arrived all the same
                self._mailbox.write({name: content})
            with suppress(MailboxSilent):
                if self._mailbox.read(name, LARGEST_REQUEST) == content:
                    return
        raise Declined(NOT_CONFIRMED)
