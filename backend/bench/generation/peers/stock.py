"""A model as transformers loads it, greedy, and texts as its tokenizer reads and writes them; no variant by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.bench.generation.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTokens:
    """A rendered prompt as token ids, and how many tokens may be written."""

    id: str
    ids: list[int]
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Model and tokenizer of a work's folder."""

    model: Any
    tokenizer: Any

    def read(self, work: Work) -> list[PromptTokens]:
        """The work's texts in the order of the file."""
        return [
            PromptTokens(
                id=prompt.example_id,
                ids=self.tokenizer(work.texts[prompt.example_id], add_special_tokens=False)["input_ids"],
                limit=prompt.max_new_tokens,
            )
            for prompt in work.prompts
        ]

    def write(self, ids: Sequence[int]) -> str:
        """What the tokens up to the first that ends a text say."""
        ends = self.model.generation_config.eos_token_id
        length = next((place for place, token in enumerate(ids) if token in ends), len(ids))
        return str(self.tokenizer.decode(list(ids[:length]), skip_special_tokens=True))

    def generate(self, batch: Sequence[PromptTokens]) -> dict[str, str]:
        """`generate` over one batch, padded on the left."""
        import torch

        width, limit = max(len(text.ids) for text in batch), max(text.limit for text in batch)
        pad, device = self.tokenizer.pad_token_id, self.model.device
        ids = [[pad] * (width - len(text.ids)) + text.ids for text in batch]
        mask = [[0] * (width - len(text.ids)) + [1] * len(text.ids) for text in batch]
        with torch.inference_mode():
            rows = self.model.generate(
                input_ids=torch.tensor(ids, device=device),
                attention_mask=torch.tensor(mask, device=device),
                max_new_tokens=limit,
                do_sample=False,
            )[:, width:].tolist()
        return {text.id: self.write(row[: text.limit]) for text, row in zip(batch, rows, strict=True)}


def load(work: Work) -> Stock:
    """The model on the GPU in bfloat16 where there is one, else in float32, unless the work says otherwise."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(work.folder, dtype=dtype_for(work), local_files_only=True)
    model = model.to(device_here()).eval()
    return Stock(model=model, tokenizer=AutoTokenizer.from_pretrained(work.folder, local_files_only=True))


def device_here() -> str:
    """cuda where there is a GPU, else cpu."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def dtype_for(work: Work) -> str:
    """The type of weights that the work asks for; auto: bfloat16 on a GPU, float32 on a CPU."""
    if work.dtype != "auto":
        return work.dtype
    return "bfloat16" if device_here() == "cuda" else "float32"
