"""The model's own process: opens the submitted files, renders prompts, generates greedily.

Everything that comes from the submitter's repository is touched here and nowhere else. No gold answer ever gets here.
"""

import hashlib
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.domain import Finish, Message, Role
from backend.engines.batching import in_halving_batches
from backend.engines.device import find_device, is_gpu_expected
from backend.errors import FailureCode, GpuGone, ModelFault
from backend.isolation import Channel
from backend.prompting import PLAIN_TURN_END, before_turn_end, merge_system, plain_text

# Templates that write today's date must write the same one every day.
FIXED_DATE = datetime(2024, 7, 26)
Prepare = Callable[[Sequence[Message]], tuple[Message, ...]]
PROBE = (Message(Role.SYSTEM, "Answer with one word."), Message(Role.USER, "Is water wet?"))


@dataclass(frozen=True, slots=True)
class Form:
    """How messages become text: `template` is chat, system_merged or plain; `digest` is of the template's source."""

    template: str
    digest: str | None
    render: Callable[[Sequence[Message]], str]


class Generator:
    """A loaded model that answers batches of prompts."""

    def __init__(self, folder: Path, dtype: str, batch_size: int) -> None:
        self._batch_size = batch_size
        _check_config(folder)
        self._tokenizer = _load_tokenizer(folder)
        self._model = _load_model(folder, dtype)
        self._form = choose_form(self._tokenizer)
        self.window = _window(self._model.config)
        self._check_numbers()

    def facts(self, folder: Path) -> dict[str, str | int | None]:
        """What the manifest says of this model and of the software under it."""
        import torch
        import transformers

        return {
            "engine_version": transformers.__version__,
            "torch_version": torch.__version__,
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "device": torch.cuda.get_device_name() if self._model.device.type == "cuda" else self._model.device.type,
            "template": self._form.template,
            "template_sha256": self._form.digest,
            "weights_sha256": _digest(sorted(folder.glob("*.safetensors"))),
            "tokenizer_sha256": _digest(sorted(folder.glob("tokenizer*"))),
            "batch_size": self._batch_size,
            "params": self._model.num_parameters(),
            "window": self.window,
        }

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the rendered messages."""
        return len(self._encode(messages))

    def complete(self, prompts: Sequence[Mapping[str, Any]], send: Callable[[Mapping[str, Any]], None]) -> None:
        """Sends one answer per prompt; batches hold prompts of similar length and halve when memory runs out."""
        waiting = []
        for prompt in prompts:
            turns = [Message(Role(turn["role"]), turn["content"]) for turn in prompt["messages"]]
            tokens = self._encode(turns, prompt["begun"])
            if self.window is not None and len(tokens) + prompt["max_new_tokens"] > self.window:
                send(_answer(prompt["example_id"], "", Finish.REFUSED, len(tokens), 0))
            else:
                waiting.append((tokens, prompt))
        waiting.sort(key=lambda pair: -len(pair[0]))
        for answer in in_halving_batches(waiting, self._batch_size, self._attempt):
            send(answer)

    def _attempt(self, batch: Sequence[tuple[list[int], Mapping[str, Any]]]) -> list[dict[str, Any]] | None:
        try:
            return self._generate(batch)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Only here has the error let go of the tensors that were too many.
        _free_memory()
        return None

    def _generate(self, batch: Sequence[tuple[list[int], Mapping[str, Any]]]) -> list[dict[str, Any]]:
        import torch

        width = max(len(tokens) for tokens, _ in batch)
        limit = max(prompt["max_new_tokens"] for _, prompt in batch)
        pad = self._model.generation_config.pad_token_id
        ids = torch.tensor([[pad] * (width - len(tokens)) + tokens for tokens, _ in batch], device=self._model.device)
        mask = torch.tensor([[0] * (width - len(tokens)) + [1] * len(tokens) for tokens, _ in batch], device=ids.device)
        watch = _Watch(self._model.generation_config.eos_token_id or [], self._model.device)
        with torch.inference_mode():
            written = self._model.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=limit, logits_processor=[watch]
            )[:, width:].tolist()
        if watch.saw_nan:
            raise ModelFault(FailureCode.DEGENERATE_OUTPUT)
        return [self._read(tokens, prompt, row) for (tokens, prompt), row in zip(batch, written, strict=True)]

    def _read(self, tokens: Sequence[int], prompt: Mapping[str, Any], row: Sequence[int]) -> dict[str, Any]:
        limit = prompt["max_new_tokens"]
        ends = self._model.generation_config.eos_token_id or ()
        length = next((place for place, token in enumerate(row[:limit]) if token in ends), min(limit, len(row)))
        text = self._tokenizer.decode(row[:length], skip_special_tokens=True)
        finish = Finish.STOP if length < limit else Finish.LENGTH
        if self._form.template == "plain" and PLAIN_TURN_END in text:
            text, finish = before_turn_end(text), Finish.STOP
        return _answer(prompt["example_id"], text, finish, len(tokens), length)

    def _encode(self, messages: Sequence[Message], begun: str = "") -> list[int]:
        rendered = self._form.render(messages) + begun
        encoded: list[int] = self._tokenizer(rendered, add_special_tokens=self._form.template == "plain")["input_ids"]
        return encoded

    def _check_numbers(self) -> None:
        import torch

        self._model.generation_config = _greedy(self._tokenizer, self._model.generation_config)
        ids = torch.tensor([self._encode(PROBE)], device=self._model.device)
        with torch.inference_mode():
            logits = self._model(input_ids=ids).logits[0, -1]
        if bool(torch.isnan(logits).any()):
            raise ModelFault(FailureCode.DEGENERATE_OUTPUT)


class _Watch:
    """Looks on while texts are written, without changing them, and remembers scores that are no numbers."""

    def __init__(self, ends: Sequence[int], device: Any) -> None:
        import torch

        self._ends = torch.tensor(list(ends), device=device)
        self._found = torch.zeros((), dtype=torch.bool, device=device)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """The scores (texts × vocabulary) as they are. Of a text that has ended they mean nothing."""
        import torch

        writing = ~torch.isin(input_ids[:, -1], self._ends)
        self._found |= (scores.isnan().any(dim=-1) & writing).any()
        return scores

    @property
    def saw_nan(self) -> bool:
        """Whether any was seen; this alone waits for the GPU."""
        return bool(self._found)


def choose_form(tokenizer: Any) -> Form:
    """The tokenizer's chat template, or plain text without one.

    The instruction is merged into the first user turn where the template refuses or drops a system role. ModelFault
    with template_error when it renders neither way.
    """
    source = tokenizer.chat_template
    if source is None:
        return Form("plain", None, plain_text)
    if isinstance(source, dict):
        source = source.get("default") or next(iter(source.values()))
    digest = hashlib.sha256(source.encode()).hexdigest()

    def render(messages: Sequence[Message]) -> str:
        try:
            text = tokenizer.apply_chat_template(
                [{"role": str(message.role), "content": message.content} for message in messages],
                tokenize=False,
                add_generation_prompt=True,
                date_string=FIXED_DATE.strftime("%d %b %Y"),
                strftime_now=FIXED_DATE.strftime,
            )
        # A template is the submitter's program: it may raise anything, with the prompt in it.
        except Exception as error:  # noqa: BLE001
            raise ModelFault(FailureCode.TEMPLATE_ERROR, type(error).__name__) from None
        return str(text)

    ways: tuple[tuple[str, Prepare], ...] = (("chat", tuple), ("system_merged", merge_system))
    for name, prepare in ways:
        try:
            shown = render(prepare(PROBE))
        except ModelFault:
            continue
        if all(message.content in shown for message in PROBE):
            return Form(name, digest, _compose(prepare, render))
    raise ModelFault(FailureCode.TEMPLATE_ERROR)


def is_out_of_memory(error: Exception) -> bool:
    """Whether there was too little memory, of the machine or of its GPU."""
    import torch

    said = str(error)
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "can't allocate memory" in said or "out of memory" in said


def is_of_the_device(error: Exception) -> bool:
    """Whether the GPU failed, for its own reasons or the model's; the trusted side finds out whose."""
    import torch

    marks = ("CUDA error", "HIP error", "CUDA driver", "NVIDIA driver", "No CUDA GPUs", "CUDA-capable")
    return isinstance(error, GpuGone | torch.AcceleratorError) or any(mark in str(error) for mark in marks)


def _compose(prepare: Prepare, render: Callable[[Sequence[Message]], str]) -> Callable[[Sequence[Message]], str]:
    return lambda messages: render(prepare(messages))


def _check_config(folder: Path) -> None:
    from transformers import AutoConfig

    try:
        AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception:  # noqa: BLE001 - submitted files can break a loader in any way
        traceback.print_exc()
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE) from None


def _load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception:  # noqa: BLE001 - submitted files can break a loader in any way
        traceback.print_exc()
        raise ModelFault(FailureCode.NO_TOKENIZER) from None


def _load_model(folder: Path, dtype: str) -> Any:
    from transformers import AutoModelForCausalLM

    device = find_device(expected=is_gpu_expected())
    wanted = ("bfloat16" if device == "cuda" else "float32") if dtype == "auto" else dtype
    try:
        model, found = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=wanted,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
        model = model.to(device).eval()
    except Exception as error:
        traceback.print_exc()
        if is_out_of_memory(error):
            raise ModelFault(FailureCode.OUT_OF_MEMORY) from None
        if is_of_the_device(error):
            raise
        # Anything else: submitted files can break a loader in any way.
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE) from None
    if found["missing_keys"]:
        # transformers would fill them with random numbers, and what those write is no result.
        sys.stderr.write(f"Weights are missing: {', '.join(sorted(found['missing_keys'])[:5])}\n")
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE)
    return model


def _greedy(tokenizer: Any, given: Any) -> Any:
    from transformers import GenerationConfig

    ends = given.eos_token_id if isinstance(given.eos_token_id, list) else [given.eos_token_id]
    ends = sorted({token for token in [*ends, tokenizer.eos_token_id, *_turn_ends(tokenizer)] if token is not None})
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (ends[0] if ends else 0)
    return GenerationConfig(
        do_sample=False, num_beams=1, pad_token_id=pad, eos_token_id=ends or None, bos_token_id=given.bos_token_id
    )


def _turn_ends(tokenizer: Any) -> list[int]:
    marks = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|end_of_turn|>", "<|eot|>")
    known = tokenizer.get_vocab()
    return [known[mark] for mark in marks if mark in known]


def _window(config: Any) -> int | None:
    text_config = config.get_text_config()
    for name in ("max_position_embeddings", "n_positions", "max_seq_len"):
        tokens = getattr(text_config, name, None)
        if isinstance(tokens, int) and tokens > 0:
            return tokens
    return None


def _digest(files: Sequence[Path]) -> str:
    """SHA-256 over names and contents."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode() + b"\0")
        with file.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()


def _free_memory() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _answer(example_id: str, text: str, finish: Finish, prompt_tokens: int, output_tokens: int) -> dict[str, Any]:
    return {
        "example_id": example_id,
        "text": text,
        "finish": str(finish),
        "prompt_tokens": prompt_tokens,
        "output_tokens": output_tokens,
    }


def serve(channel: Channel) -> None:
    """Answers the trusted side's requests until it hangs up; a failure with a public code is told and ends nothing."""
    generator: Generator | None = None
    while True:
        request = channel.receive()
        try:
            match request["do"], generator:
                case "load", _:
                    folder = Path(request["folder"])
                    generator = Generator(folder, request["dtype"], request["batch_size"])
                    channel.send({"window": generator.window, "facts": generator.facts(folder)})
                case "count", Generator():
                    turns = [Message(Role(turn["role"]), turn["content"]) for turn in request["messages"]]
                    channel.send({"tokens": generator.count(turns)})
                case "complete", Generator():
                    generator.complete(request["prompts"], channel.send)
        except ModelFault as fault:
            channel.send({"failure": str(fault.code)})


def _report_without_text(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """An exception's text may hold a prompt, so the log gets its type and place only."""
    sys.stderr.write("\n".join([kind.__name__, *traceback.format_tb(trace)]))


if __name__ == "__main__":
    sys.excepthook = _report_without_text
    serve(Channel())
