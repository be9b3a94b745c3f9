"""A patient's question and a plain answer for one fact: how a model is asked, and how its reply is read."""

import re
from dataclasses import dataclass

from backend.builders.statements import Statement
from backend.domain import Finish, Prediction, Prompt, Window
from backend.prompting import dialogue
from backend.scoring import visible

MAX_NEW_TOKENS = 200
INSTRUCTION = (
    "You are given one fact from a hospital patient's discharge instructions. Write one question and its answer.\n"
    "The question is what this patient, or somebody who cares for the patient at home, could ask. It is about this "
    "fact alone, is put in everyday words, can be understood by somebody who has not seen the fact, cannot be answered "
    "with yes or no, and does not hold its own answer.\n"
    'The answer is one short sentence, two at most, in plain words, spoken to the patient as "you". Put everyday '
    "words in the place of medical ones. Say what the fact says and nothing more; keep every number, dose and time.\n"
    "Write exactly two lines:\n"
    "Question: <the question>\n"
    "Answer: <the answer>"
)
SHOTS = (
    (
        "The patient should not take ibuprofen while taking rivaroxaban.",
        "Question: Which pain medicine do I have to stay away from while I am on the blood thinner?\n"
        "Answer: Do not take ibuprofen as long as you take rivaroxaban.",
    ),
    (
        "The patient was found to have a fracture of the left fifth metatarsal.",
        "Question: What did you find was wrong with my foot?\n"
        "Answer: You have broken the long bone behind the little toe of your left foot.",
    ),
)
# Marks of emphasis are let pass; a second pair, or a remark after a blank line, is no part of the answer.
_REPLY = re.compile(
    r"question\W*:\W*(?P<question>\w.*?)\s*\banswer\W*:[\s*]*(?P<answer>.+?)(?=\n\s*\n|\n\W*question\W*:|\Z)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A question and its answer, and the statement that they were made from."""

    id: str
    note_id: str
    question: str
    answer: str
    statement: str


def ask_for_pair(statement: Statement, window: Window) -> Prompt:
    """Two worked examples, then this fact."""
    return dialogue(
        example_id=statement.id,
        instruction=INSTRUCTION,
        shots=[(_question(fact), reply) for fact, reply in SHOTS],
        question=_question,
        document=statement.text,
        max_new_tokens=MAX_NEW_TOKENS,
        window=window,
    )


def read_pair(statement: Statement, prediction: Prediction) -> Pair | None:
    """The pair that was written; None when the reply does not have both parts or was cut off."""
    found = _REPLY.search(visible(prediction.text))
    if found is None or prediction.finish is not Finish.STOP:
        return None
    question, answer = (" ".join(found[part].split()).strip('*#" ') for part in ("question", "answer"))
    if not question or not answer:
        return None
    return Pair(id=statement.id, note_id=statement.note_id, question=question, answer=answer, statement=statement.text)


def _question(fact: str) -> str:
    return f"Fact: {fact}\n\nQuestion and answer:"
