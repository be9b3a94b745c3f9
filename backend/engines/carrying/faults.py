"""A fault as it comes from a node: plain words of ours, and never the text that the model was asked."""

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from backend.errors import (
    ClueError,
    DiskFull,
    FailureCode,
    GpuGone,
    Halted,
    HubSilent,
    ModelCrash,
    ModelFault,
    OperatorFault,
    PassingFault,
    UsageError,
)

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedFault:
    """A fault of the engine that was carried, from which an equal one is made; `log` is the end of the model's log."""

    kind: str
    words: str = ""
    code: FailureCode | None = None
    public: str = ""
    retry_after: float = 0
    log: bytes = field(default=b"", repr=False)

    @property
    def fault(self) -> ClueError:
        """The fault that was carried. A kind that is not known here is its nearest known ancestor."""
        match self.kind, self.code:
            case "ModelFault", FailureCode() as code:
                return ModelFault(code, self.words)
            case "ModelCrash", FailureCode() as code:
                return ModelCrash(code, self.words)
            case "PassingFault", FailureCode() as code:
                return PassingFault(code, self.words, retry_after=self.retry_after)
            case "GpuGone", _:
                return GpuGone(self.words)
            case "HubSilent", _:
                return HubSilent(self.words)
            case "DiskFull", _:
                return DiskFull(self.words)
            case "Halted", _:
                return Halted(self.words)
            case "UsageError", _:
                return UsageError(self.words)
        return OperatorFault(self.words, self.public) if self.public else OperatorFault(self.words)


KNOWN = (*(ModelFault, ModelCrash, GpuGone, HubSilent, DiskFull, PassingFault, Halted, UsageError), OperatorFault)


def catch(work: Callable[[], Made]) -> Made | CarriedFault:
    """What the work makes, or what stopped it. Nothing is raised: Ray would log the text of an exception and send it.

    A fault that nobody foresaw is told by its type, and its place is written to standard error.
    """
    try:
        return work()
    except ClueError as fault:
        return _carried(fault)
    except OSError as error:
        return CarriedFault(
            kind="OperatorFault", words=f"On a node of the Ray cluster: {os.strerror(error.errno or 0)}."
        )
    # Whatever else: an exception that leaves an actor takes its text along, and that may be a prompt.
    except Exception as error:  # noqa: BLE001
        sys.stderr.write("\n".join([type(error).__name__, *traceback.format_tb(error.__traceback__)]))
        words = f"({type(error).__name__}, on a node of the Ray cluster)"
        return CarriedFault(kind="PassingFault", code=FailureCode.INTERNAL_ERROR, words=words)


def _carried(fault: ClueError) -> CarriedFault:
    kind = next((known.__name__ for known in KNOWN if isinstance(fault, known)), "OperatorFault")
    code = getattr(fault, "code", None)
    public = getattr(fault, "public", "")
    known_words = code.sentence if code else public if kind in {"GpuGone", "HubSilent"} else ""
    return CarriedFault(
        kind=kind,
        words=str(fault).removeprefix(known_words).strip(),
        code=code,
        public=public,
        retry_after=getattr(fault, "retry_after", 0),
    )
