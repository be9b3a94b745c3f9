"""What /v1 says of its parameters, and an invented answer for each address."""

from typing import Any

from backend.domain import Domain, Edition

TAGS = {
    "Board": "The leaderboard and its tasks.",
    "Models": "Single models and everything published of them.",
    "Comparison": "Differences with intervals: between models, and between a model and what it was made from.",
    "Queue": "Submissions, and how they are getting on.",
    "Copies": "Snapshots to take along, and the terms of use.",
    "Service": "The interface itself.",
}

ABOUT_PARAMETERS = {
    "provenance": "measured: by this leaderboard; published: by the benchmark's authors in June 2024.",
    "edition": "full: the benchmark's own data; rehearsal: invented data, whose numbers say nothing of a model.",
    "as_of": "The board as it stood at the end of this day in UTC, after this line of the ledger, or in this snapshot: "
    "2026-10-01, 17, 000017-0f1e2d3c4b5a.",
    "history": "How many of the submissions that have ended, newest first.",
    "submission_id": "The id from the receipt of a submission.",
    "m": "Names of rows as in `names` of the leaderboard, two to four of them.",
    "base": "NAME~BASE_NAME: compare this model with another of its possible bases.",
    "id": "A row's name, as in `names` of the leaderboard.",
    "view": "measured, published or rehearsal; without it, the first of them that has such a row.",
    "absent": "How to say that there is no such row: by 404, or by null.",
    "org": "The owner's name on the Hub.",
    "name": "The model's name on the Hub.",
    "task": "A task's name from /v1/tasks. Those on credentialed data are refused.",
    "run": "A line of the ledger; without it, the newest that stands.",
    "number": "A line of the ledger.",
    "q": "Words that occur in an item's id, reference or answer.",
    "verdict": "Only answers judged so.",
    "offset": "How many to pass over.",
    "limit": "How many at the most.",
    "snapshot": "A snapshot's name from /v1/snapshots.",
    "file": "One of the snapshot's files.",
}

_VIEW = {"view": "measured", "provenance": "measured", "edition": "full"}
_COLUMN = {
    "name": "mednli", "title": "MedNLI", "group": "Level 1: short inputs", "kind": "score", "shown": True,
    "help": "MedNLI: mean of its metrics, in percent. Higher is better.",
    "values": [62.1], "low": [59.5], "high": [64.6], "n": [1411], "missing": {},
}  # fmt: skip
_SUBMISSION = {"id": "s0004", "model": "owner/name", "status": "queued", "position": 1}

RECEIPT = {
    "id": "20261101-5d0c7a1b", "address": "/submission?id=20261101-5d0c7a1b", "model": "owner/name",
    "revision": "0f1e2d3c…", "edition": "full", "status": "queued", "sentence": "It is number 2 in the queue.",
    "position": 2, "estimate": {"begins": [600, 1500], "lasts": [5400, 9000]},
    "left": [{"left": 4, "most": 5, "credentialed": False, "next_at": "2026-11-08T12:00:00+00:00"}],
}  # fmt: skip
_TEXT = {"type": "string"}
ABOUT_SUBMISSION: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["model"],
                "additionalProperties": False,
                "properties": {
                    "model": {**_TEXT, "description": "The model's id on the Hub, owner/name."},
                    "revision": {**_TEXT, "description": "A branch, tag or commit; main if not stated."},
                    "edition": {"type": "string", "enum": [*Edition], "description": "full if not stated."},
                    "base_model": {**_TEXT, "description": "What it was made from; what the Hub states if not stated."},
                    "domain": {"type": "string", "enum": [*Domain], "description": "What it was trained for."},
                },
            },
            "example": {"model": "owner/name", "edition": "full", "domain": "biomedical"},
        }
    },
}

EXAMPLES: dict[str, Any] = {
    "/leaderboard.json": {**_VIEW, "rows": 1, "names": ["owner/name"], "decimals": 1, "columns": [_COLUMN]},
    "/leaderboard.csv": "name,rank,model,…,mednli,mednli.low,mednli.high,mednli.n,mednli.missing\r\n"
    "owner/name,1,owner/name,…,62.1,59.5,64.6,1411,\r\n",
    "/moment": {
        "snapshot": "000017-0f1e2d3c4b5a", "number": 17, "hash": "0f1e2d3c4b5a…", "at": "2026-10-01T09:30:00+00:00",
        "results_since": 5, "withdrawals_since": 0, "link": "/?as_of=000017-0f1e2d3c4b5a",
        "sentence": "Board as of 1 October 2026, line 17; 5 results came since.",
    },
    "/tasks": {"tasks": [{"name": "mednli", "title": "MedNLI", "level": 1, "version": 1, "access": "credentialed"}]},
    "/queue": {
        "worker": {
            "seen_at": "2026-11-01T12:00:00+00:00", "alive": True, "paused": None, "paused_at": None,
            "operator_pause": None,
        },
        "running": [], "waiting": [_SUBMISSION], "history": [], "history_total": 0,
    },
    "/submissions/{submission_id}": _SUBMISSION,
    "/health": {"status": "ok"},
    "/snapshots": {
        "snapshots": [
            {
                "name": "000012-0f1e2d3c4b5a", "number": 12, "hash": "0f1e2d3c4b5a…", "program": "0.1.0",
                "files": {"scores.parquet": {"sha256": "9c56…", "rows": 312}},
                "links": ["/v1/snapshots/000012-0f1e2d3c4b5a/scores.parquet"],
            }
        ]
    },
    "/licence": {"measured": {"id": "CC-BY-4.0", "link": "https://creativecommons.org/licenses/by/4.0/"}},
}  # fmt: skip
