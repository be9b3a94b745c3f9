"""Which lines of the ledger stand: published, and neither superseded nor withdrawn by a later one."""

from storage.chain import ChainLine
from storage.entries import Head


class LedgerIndex:
    """What stands at `head`, and how many lines were `withdrawn` and `superseded` on the way there."""

    def __init__(self) -> None:
        self.head = Head()
        self.withdrawn: list[int] = []
        self.superseded: list[int] = []
        self._standing: dict[int, ChainLine] = {}
        self._by_identity: dict[str, ChainLine] = {}
        self._by_submission: dict[str, ChainLine] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._standing

    def of_identity(self, identity: str) -> ChainLine | None:
        """The line that stands for an identity."""
        return self._by_identity.get(identity)

    def of_submission(self, submission_id: str) -> ChainLine | None:
        """The line that stands for a submission."""
        return self._by_submission.get(submission_id)

    def take(self, line: ChainLine, head: Head) -> None:
        """One more line, and the head that it makes."""
        retired = self._standing.pop(line.supersedes or line.withdraws or 0, None)
        if retired is not None:
            (self.superseded if line.withdraws is None else self.withdrawn).append(retired.number)
            self._by_identity.pop(retired.identity, None)
            self._by_submission.pop(retired.submission_id, None)
        if line.withdraws is None:
            self._standing[line.number] = self._by_identity[line.identity] = line
            self._by_submission[line.submission_id] = line
        self.head = head
