"""Simple rules that answer each task's prompts: what a board looks like before any model was asked."""

import re
from collections.abc import Callable, Mapping

_SENTENCE = re.compile(r"[^.?!\n]+[.?!]?")
_DENIAL = re.compile(r"\b(no|not|never|without|normal|unchanged|clear|well)\b", re.IGNORECASE)
_OPTION = re.compile(r"^([A-F])[:.)] (.+)$", re.MULTILINE)
_FRAME = re.compile(r"^(Dear|Your .* Team)|___")
_CODED = {
    "heart failure": "I50.9",
    "atrial fibrillation": "I48.91",
    "hypertension": "I10",
    "diabetes": "E11.9",
    "pneumonia": "J18.9",
    "kidney injury": "N17.9",
    "urinary tract": "N39.0",
    "asthma": "J45.909",
    "copd": "J44.9",
    "anemia": "D64.9",
    "hyperlipidemia": "E78.5",
    "sepsis": "A41.9",
}


def follow_rules(question: str) -> str:
    """An answer of the form that is asked for, found by shared words; the first sentence where no rule fits."""
    if len(_OPTION.findall(question)) > 1:
        return choose_option(question)
    rule = _RULES.get(question.rstrip().rpartition("\n")[2])
    return rule(question) if rule else first_sentence(question)


def first_sentence(question: str) -> str:
    """The first sentence of what was asked about."""
    found = _SENTENCE.search(_body(question))
    return found.group().strip() if found else ""


def choose_option(question: str) -> str:
    """The option that has most of its words in common with the documents, in the sentence that is asked for."""
    options = _OPTION.findall(question)
    documents = _long_words(question[: question.rindex(f"{options[0][0]}: {options[0][1]}")])
    letter, text = max(options, key=lambda option: _share(_long_words(option[1]), documents))
    return f"The correct answer is {letter}: {text}"


def _relation(question: str) -> str:
    premise, _, hypothesis = question.partition("Hypothesis:")
    if _DENIAL.search(hypothesis):
        return "contradiction"
    return "entailment" if _long_words(premise) & _long_words(hypothesis) else "neutral"


def _last_question(question: str) -> str:
    asked = [sentence for sentence in _SENTENCE.findall(_body(question)) if sentence.endswith("?")]
    return asked[-1].strip() if asked else first_sentence(question)


def _problems(question: str) -> str:
    assessment = question.rpartition("Assessment:\n")[2].rpartition("\n")[0]
    return "; ".join(sentence.strip(" .#") for sentence in _SENTENCE.findall(assessment) if len(sentence.strip()) > 3)


def _codes(question: str) -> str:
    letter = question.lower()
    return ", ".join(code for words, code in _CODED.items() if words in letter)


def _closest_sentence(question: str) -> str:
    letter, _, asked = question.rpartition("\nQuestion:")
    wanted = _long_words(asked)
    sentences = [sentence.strip() for sentence in _SENTENCE.findall(letter) if len(sentence.split()) > 3]
    return max(sentences, key=lambda sentence: len(_long_words(sentence) & wanted), default="")


def _facts(question: str) -> str:
    instructions = question.rpartition("Instructions:\n")[2].rpartition("\n")[0]
    lines = (sentence.strip() for sentence in _SENTENCE.findall(instructions))
    return "\n".join(line for line in lines if len(line.split()) > 3 and not _FRAME.search(line))


def _pair(question: str) -> str:
    fact = question.rpartition("Fact: ")[2].partition("\n")[0].strip()
    topics = sorted(_long_words(fact), key=len, reverse=True)[:3]
    return f"Question: What about {' and '.join(topics) or 'this'}?\nAnswer: {fact}"


_RULES: Mapping[str, Callable[[str], str]] = {
    "Relation:": _relation,
    "Question:": _last_question,
    "Problems:": _problems,
    "ICD-10-CM codes:": _codes,
    "Answer:": _closest_sentence,
    "Facts:": _facts,
    "Question and answer:": _pair,
}


def _body(question: str) -> str:
    return question.removeprefix("Message:").removesuffix("Question:").split("MESSAGE:")[-1]


def _long_words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 5} - {"premise", "patient", "relation"}


def _share(some: set[str], others: set[str]) -> float:
    return len(some & others) / len(some) if some else 0.0
