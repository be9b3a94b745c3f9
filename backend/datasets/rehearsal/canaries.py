"""Invented words that stand in the credentialed files' texts, so that a search of all output finds a leak."""

from collections.abc import Mapping

CANARIES: Mapping[str, str] = {
    "mednli": "CANARY-MEDNLI-7Q4Z",
    "problem_summary": "CANARY-PROBSUM-82XK",
    "medisumqa": "CANARY-MEDISUMQA-63WV",
    "medisumcode": "CANARY-MEDISUMCODE-95HJ",
}


def marked(task: str) -> str:
    """The task's canary as a de-identification mark."""
    return f"[**{CANARIES[task]}**]"
