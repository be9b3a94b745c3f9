"""Everything that can go wrong, as a tree by who must act, and the closed list of public failure codes."""

import errno
from datetime import datetime
from enum import StrEnum


class FailureCode(StrEnum):
    """Why a submission failed, as the public sees it."""

    GATED = "gated"
    NOT_FOUND = "not_found"
    NOT_BROUGHT = "not_brought"
    RENAMED = "renamed"
    NO_SAFETENSORS = "no_safetensors"
    TOO_LARGE = "too_large"
    UNSUPPORTED_ARCHITECTURE = "unsupported_architecture"
    NO_TOKENIZER = "no_tokenizer"
    TEMPLATE_ERROR = "template_error"
    CONTEXT_TOO_SHORT = "context_too_short"
    DOWNLOAD_ERROR = "download_error"
    OUT_OF_MEMORY = "out_of_memory"
    LOAD_TIMEOUT = "load_timeout"
    GENERATION_TIMEOUT = "generation_timeout"
    DEGENERATE_OUTPUT = "degenerate_output"
    ENDPOINT_ERROR = "endpoint_error"
    WORKER_LOST = "worker_lost"
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    INTERNAL_ERROR = "internal_error"

    @property
    def sentence(self) -> str:
        """What happened, without a word of prompt, answer or model file."""
        return WORDS[self][0]

    @property
    def advice(self) -> str:
        """What to do about it, and who."""
        return WORDS[self][1]


WORDS: dict[FailureCode, tuple[str, str]] = {
    FailureCode.GATED: (
        "The repository is gated.",
        "Ask its owner for open access, or let an operator with access submit it.",
    ),
    FailureCode.NOT_FOUND: (
        "The Hub has no such model, or it is private.",
        "Check the spelling of owner/name and the revision, and submit again.",
    ),
    FailureCode.NOT_BROUGHT: (
        "This installation has no network, and the model was not brought to it.",
        "Ask the operator to bring it with `python app.py carry` and `receive`, and submit it again.",
    ),
    FailureCode.RENAMED: (
        "The repository has moved.",
        "Submit it under its new name.",
    ),
    FailureCode.NO_SAFETENSORS: (
        "The repository has no .safetensors weights, and pickled ones are never loaded.",
        "Convert the weights and submit the new commit.",
    ),
    FailureCode.TOO_LARGE: (
        "The weights are larger than this leaderboard can hold.",
        "Ask the operator to serve the model through an endpoint.",
    ),
    FailureCode.UNSUPPORTED_ARCHITECTURE: (
        "The architecture is not one that the installed transformers can generate text with.",
        "Custom model code is never run: if transformers knows the architecture by now, ask the operator to update it.",
    ),
    FailureCode.NO_TOKENIZER: (
        "No usable tokenizer was found in the repository.",
        "Add tokenizer.json and submit the new commit.",
    ),
    FailureCode.TEMPLATE_ERROR: (
        "The chat template could not be rendered.",
        "Correct chat_template.jinja and submit the new commit.",
    ),
    FailureCode.CONTEXT_TOO_SHORT: (
        "The model's context window is too short for this benchmark's prompts.",
        "Submit a variant with a longer window, or correct the window in config.json if it is stated wrong.",
    ),
    FailureCode.DOWNLOAD_ERROR: (
        "The download from the Hub broke off repeatedly.",
        "Nothing is wrong with the submission: retry it later.",
    ),
    FailureCode.OUT_OF_MEMORY: (
        "The model does not fit this machine's memory, even one prompt at a time.",
        "Submit a smaller model, or ask the operator to serve this one through an endpoint.",
    ),
    FailureCode.LOAD_TIMEOUT: (
        "Loading the model took longer than allowed.",
        "Retry once; if it happens again, ask the operator for a longer limit.",
    ),
    FailureCode.GENERATION_TIMEOUT: (
        "The model took longer than allowed to answer.",
        "Retry once: finished answers are kept. If it happens again, ask the operator for a longer limit.",
    ),
    FailureCode.DEGENERATE_OUTPUT: (
        "The model's outputs are not numbers (NaN), so nothing it writes can be judged.",
        "Check the weights and the dtype in config.json, and submit the new commit.",
    ),
    FailureCode.ENDPOINT_ERROR: (
        "The inference endpoint failed or could not be reached.",
        "The operator must look at the endpoint; retry when it answers again.",
    ),
    FailureCode.WORKER_LOST: (
        "The worker stopped in the middle and did not come back in time.",
        "Retry: finished answers are kept.",
    ),
    FailureCode.QUARANTINED: (
        "The model brought its process down twice at the same stage and was set aside.",
        "Check that it loads and generates elsewhere; the operator can retry it.",
    ),
    FailureCode.CANCELLED: (
        "Cancelled on request.",
        "Answers written so far are kept: a retry goes on from there.",
    ),
    FailureCode.REFUSED: (
        "The worker did not take it in.",
        "Nothing was evaluated. Submit it again once the reason is gone.",
    ),
    FailureCode.INTERNAL_ERROR: (
        "An error of ours.",
        "The operator finds the details in the worker's log; retry when it is mended.",
    ),
}


DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


class ClueError(Exception):
    """Root of the tree. Its text is one sentence fit for a person to read."""


class UsageError(ClueError):
    """The person at the keyboard must act: the request itself cannot be carried out as written."""


class Declined(UsageError):
    """A submission was not taken in; `code` says why where the closed list has a word for it."""

    def __init__(self, sentence: str, code: FailureCode | None = None) -> None:
        super().__init__(sentence)
        self.code = code


class NotSignedIn(Declined):
    """Nobody can say who asks; signing in would tell."""


class NotAllowed(Declined):
    """Whoever asks may not, or not from where they ask."""


class SignInFailed(UsageError):
    """Nobody was signed in; the text says why and what to do."""


class ProviderSilent(SignInFailed):
    """The provider of sign-in could not be asked; a minute later it may answer."""


class TooManyOpen(Declined):
    """The person has as many submissions waiting or running as one may have."""


class WeekSpent(Declined):
    """The person has submitted as much in seven days as one may; from `next_at` on they may submit again."""

    def __init__(self, sentence: str, next_at: datetime) -> None:
        super().__init__(sentence)
        self.next_at = next_at


class Blocked(NotAllowed):
    """The operator has shut this person out."""


class QueueBusy(Declined):
    """The queue's file could not be written; a minute later it may be."""


class NotProposed(UsageError):
    """No pull request was opened; the text says why and what to do."""


class CredentialedText(UsageError):
    """Somebody asked for texts that may not be shown to them."""

    def __init__(self) -> None:
        super().__init__(
            "This task is built on credentialed data, so none of its prompts, answers and references are shown; "
            "its scores are. Whoever has access to the data can make the run again."
        )


class NotKept(UsageError):
    """Somebody asked for answers that are not here; the text says why."""


class ModelFault(ClueError):
    """The model's owner or submitter must act; asking again changes nothing."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(f"{code.sentence} {detail}".strip())
        self.code = code
        self.detail = detail

    def again(self) -> "ModelFault":
        """The same fault, to be raised in another place."""
        return ModelFault(self.code, self.detail)


class PassingFault(ClueError):
    """Nobody must act: the same request may succeed later. Retried with patience, then failed with `code`.

    `retry_after` is how many seconds the other side has asked to be left alone.
    """

    def __init__(self, code: FailureCode, detail: str = "", *, retry_after: float = 0) -> None:
        super().__init__(f"{code.sentence} {detail}".strip())
        self.code = code
        self.retry_after = retry_after


class HubSpared(PassingFault):
    """The page has asked the Hub as much as is polite for the moment; a minute later it may ask again."""

    def __init__(self) -> None:
        super().__init__(FailureCode.DOWNLOAD_ERROR, "The Hub was asked enough for now.")


class ModelCrash(ClueError):
    """The model's process died or stopped answering; twice at one stage and the model is quarantined."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(f"{code.sentence} {detail}".strip())
        self.code = code


class OperatorFault(ClueError):
    """The operator must act: data, disk, configuration or hardware. Uses up no attempt.

    The text is for the operator and may name paths of this machine; `public` is what everybody may read.
    """

    def __init__(self, sentence: str, public: str = "Something on this installation waits for its operator.") -> None:
        super().__init__(sentence)
        self.public = public


class DataMissing(OperatorFault):
    """A data file is not where it is looked for, or is not what it should be."""


class BackupDamaged(OperatorFault):
    """A backup is not what its manifest says; the text names the file that is wrong."""


class CrateDamaged(OperatorFault):
    """A crate is not what its manifest says, or holds what does not belong there; the text names the file."""


class QueueDamaged(OperatorFault):
    """The queue's file is no database any more."""


class HomeInUse(OperatorFault):
    """Another process already holds this CLUE_HOME or port."""


class HubSilent(OperatorFault):
    """The Hub as a whole does not answer: nothing is wrong with any one model, and everything waits."""

    def __init__(self, detail: str = "") -> None:
        sentence = "The Hub does not answer. Everything waits until it does; no attempt is used up."
        super().__init__(f"{sentence} {detail}".strip(), public=sentence)


class DiskFull(OperatorFault):
    """The disk does not take a model's files; the text names the folder and says how much room is wanted."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, public="This installation's disk is full or failing; its operator must look at it.")


class GpuGone(OperatorFault):
    """The GPU was there and cannot be used any more."""

    def __init__(self, detail: str = "") -> None:
        sentence = "The GPU of this installation cannot be used; its operator must look at it."
        super().__init__(f"{sentence} {detail}".strip(), public=sentence)


class KeyRefused(OperatorFault):
    """An endpoint does not accept this installation's key, or wants one and was given none."""

    def __init__(self, status: int) -> None:
        public = "The inference endpoint does not accept this installation's key; its operator must set another."
        super().__init__(f"The endpoint answered {status}. Set CLUE_ENDPOINT_TOKEN to a key it accepts.", public=public)


class MailboxSilent(OperatorFault):
    """The mailbox between page and worker cannot be read or written just now; it is tried again by itself."""

    def __init__(self, detail: str) -> None:
        public = "The mailbox between this page and its worker cannot be reached just now."
        super().__init__(f"{public} {detail}", public=public)


class MailboxTaken(OperatorFault):
    """What lies in the mailbox belongs to another worker or another ledger; nothing of it is overwritten."""


class LetterRefused(ClueError):
    """A file in the mailbox is not what its name says: it is no such record, too large, or not sealed as it must be."""


class NotApproved(OperatorFault):
    """A credentialed text was to be sent to where no valid approval lets it go; nothing was sent."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, public="Credentialed texts may not be sent to the inference endpoint.")


class LedgerBroken(OperatorFault):
    """The ledger's chain does not verify; `line` is the first line that does not, counted from 1."""

    def __init__(self, line: int, reason: str) -> None:
        sentence = f"ledger.jsonl line {line}: {reason}. Nothing more is published until it is restored from a backup."
        super().__init__(sentence, public=sentence)
        self.line = line


class MetricUnavailable(ClueError):
    """A metric cannot be computed here; the text is the reason that stands beside the dash."""


class Halted(ClueError):
    """The evaluation was told to stop: cancelled, replaced by another worker, or the worker is going down."""


class Replaced(Halted):
    """The lease is no longer ours: whatever was about to be written is discarded."""
