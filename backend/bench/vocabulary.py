"""A byte-pair vocabulary trained on the spot, and texts as token ids, each line tokenized once."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backend.domain import Message, Prompt, Role

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, BEGIN, END, UNKNOWN, TURN_END = "<pad>", "<s>", "</s>", "<unk>", "<|end|>"
SPECIALS = (PAD, BEGIN, END, UNKNOWN, TURN_END, *(f"<|{role}|>" for role in Role))
# With so many pieces a token of the invented letters is about as long as published tokenizers make one of LongHealth.
PIECES = 1_500
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
Ids = NDArray[np.uint16]


def train_vocabulary(texts: Iterable[str], pieces: int = PIECES) -> "Tokenizer":
    """A byte-level tokenizer of at most so many pieces. Like those of published Llamas it opens every text with <s>.

    No piece reaches over the end of a line, so that the tokens of a text are those of its lines.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    lines = pre_tokenizers.Split(Regex("\n"), "merged_with_previous")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([lines, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=pieces, special_tokens=list(SPECIALS), initial_alphabet=alphabet, show_progress=False
    )
    known = dict.fromkeys(line for text in texts for line in text.splitlines(keepends=True))
    tokenizer.train_from_iterator(known, trainer)
    opening = [(BEGIN, tokenizer.token_to_id(BEGIN))]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", pair=f"{BEGIN} $A {BEGIN} $B", special_tokens=opening
    )
    return tokenizer


def contents(prompts: Iterable[Prompt]) -> list[str]:
    """Every different text that the prompts are made of."""
    return list(dict.fromkeys(message.content for prompt in prompts for message in prompt.messages))


def rendered(messages: Sequence[Message], begun: str = "") -> str:
    """What TEMPLATE makes of the messages."""
    turns = "".join(f"<|{message.role}|>\n{message.content}{TURN_END}\n" for message in messages)
    return f"{BEGIN}{turns}<|{Role.ASSISTANT}|>\n{begun}"


class LineTokenizer:
    """Makes token ids of texts. It keeps those of every line it has seen, for prompts are made of the same ones."""

    def __init__(self, tokenizer: "Tokenizer") -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, Ids] = {}

    def ids(self, text: str) -> Ids:
        """The token ids of a rendered text; nothing is put before it."""
        lines = text.split("\n")
        return np.concatenate([self._line(f"{line}\n") for line in lines[:-1]] + [self._line(lines[-1])])

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the rendered messages."""
        lines = rendered(messages).split("\n")
        return sum(len(self._line(f"{line}\n")) for line in lines[:-1]) + len(self._line(lines[-1]))

    def _line(self, line: str) -> Ids:
        if line not in self._known:
            ids = self._tokenizer.encode(line, add_special_tokens=False).ids
            self._known[line] = np.array(ids, dtype=np.uint16)
        return self._known[line]


def shared_lengths(sequences: Sequence[Ids]) -> NDArray[np.int64]:
    """How many tokens each sequence begins with in common with the one before it; 0 for the first."""
    found = np.zeros(len(sequences), dtype=np.int64)
    for place in range(1, len(sequences)):
        found[place] = _shared(sequences[place - 1], sequences[place])
    return found


def share(sequences: Sequence[Ids]) -> float:
    """The share of all tokens that are a common beginning with the sequence before, 0 to 1."""
    total = sum(map(len, sequences))
    return float(shared_lengths(sequences).sum()) / total if total else 0.0


def _shared(one: Ids, other: Ids) -> int:
    most = min(len(one), len(other))
    differs = one[:most] != other[:most]
    first = int(differs.argmax()) if most else 0
    return first if most and bool(differs[first]) else most
