"""Whether the leaderboard is well, for whoever watches over it."""

from typing import Any

from backend.submission import Pulse
from frontend_config.queue_payload import worker_payload
from frontend_config.vitals import Vitals

OK, PAUSED, DEGRADED = "ok", "paused", "degraded"


def health_payload(pulse: Pulse, vitals: Vitals) -> dict[str, Any]:
    """`ok`, `paused` or `degraded`, and why.

    Degraded is an alarm: the ledger is broken, or no worker was seen for two minutes. A pause is none: it passes
    by itself or waits for the operator, and whoever restarts what is unhealthy would only break off work.
    """
    worker = worker_payload(pulse)
    reasons = [vitals.ledger_fault] if vitals.ledger_fault else []
    if not pulse.alive:
        seen = "has never been seen" if pulse.seen_at is None else f"was last seen at {pulse.seen_at.isoformat()}"
        reasons.append(f"The worker {seen}; nothing waiting is evaluated until it is back.")
    status = DEGRADED if reasons else PAUSED if pulse.reason else OK
    if status == PAUSED and pulse.reason:
        reasons.append(pulse.reason)
    ledger = {"lines": vitals.ledger_lines, "ok": vitals.ledger_fault is None}
    return {"status": status, **({"reason": " ".join(reasons)} if reasons else {}), "worker": worker, "ledger": ledger}
