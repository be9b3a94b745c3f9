"""Writes MedNLI's test file: bundled premises first, then ones made from the table of problems."""

import json
import re
import uuid
from pathlib import Path
from random import Random

from backend.datasets.rehearsal.canaries import marked
from backend.datasets.rehearsal.problems import PremisePair, all_problems
from backend.datasets.rehearsal.wording import fill, resource

LABELS = ("entailment", "neutral", "contradiction")
_TOKEN = re.compile(r"[A-Za-z0-9.%/-]+|[^\sA-Za-z0-9]")


def write_mednli(path: Path, rows: int) -> None:
    """The file holds `rows` pairs, three to a premise, as JSON lines with the eight keys of the format."""
    bundled = [PremisePair(**pair) for pair in resource("mednli")["pair"]]
    pairs = [*bundled, *_more_pairs(rows // len(LABELS) - len(bundled))]
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for number, pair in enumerate(pairs):
            for label, hypothesis in zip(LABELS, (pair.follows, pair.open, pair.denied), strict=True):
                out.write(json.dumps(_record(number, label, pair.premise, hypothesis)) + "\n")


def _more_pairs(count: int) -> list[PremisePair]:
    rng = Random("mednli")
    templates = [pair for problem in all_problems() for pair in problem.pairs]
    pairs: dict[str, PremisePair] = {}
    while len(pairs) < count:
        template, place = templates[len(pairs) % len(templates)], len(pairs) % 4
        premise = fill(template.premise, rng)
        if place % 2 == 0:
            premise = f"{premise} {marked('mednli')}"
        follows = f"{template.follows} {marked('mednli')}" if place == 1 else template.follows
        pairs[premise] = PremisePair(premise=premise, follows=follows, open=template.open, denied=template.denied)
    return list(pairs.values())


def _record(number: int, label: str, premise: str, hypothesis: str) -> dict[str, str]:
    return {
        "gold_label": label,
        "pairID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"rehearsal-{number}-{label}")),
        "sentence1": premise,
        "sentence1_binary_parse": _binary_tree(premise),
        "sentence1_parse": _tree(premise),
        "sentence2": hypothesis,
        "sentence2_binary_parse": _binary_tree(hypothesis),
        "sentence2_parse": _tree(hypothesis),
    }


def _tokens(sentence: str) -> list[str]:
    escapes = {"(": "-LRB-", ")": "-RRB-", "[": "-LSB-", "]": "-RSB-", "{": "-LCB-", "}": "-RCB-"}
    return [escapes.get(token, token) for token in _TOKEN.findall(sentence)]


def _tree(sentence: str) -> str:
    leaves = " ".join(f"({'NN' if token[0].isalpha() else 'SYM'} {token})" for token in _tokens(sentence))
    return f"(ROOT (S (NP {leaves})))"


def _binary_tree(sentence: str) -> str:
    *first, last = _tokens(sentence)
    return "".join(f"( {token} " for token in first) + last + " )" * len(first)
