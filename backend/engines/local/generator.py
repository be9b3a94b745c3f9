"""A loaded model that answers prompts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.domain import Finish, Message, Role
from backend.engines.local.asked import LOOK_EVERY, TokenizedPrompt, Written, never_over
from backend.engines.local.faults import too_large_is_told
from backend.engines.local.loading import digest, greedy, load_config, load_model, load_tokenizer, window
from backend.engines.local.rendering import PROBE, choose_form
from backend.engines.local.tokenization import ParagraphTokenizer
from backend.engines.local.ways import choose_way
from backend.errors import FailureCode, ModelFault
from backend.prompting import PLAIN_TURN_END, before_turn_end


class Generator:
    """The model of a folder with its tokenizer, the form of its prompts, and the way it generates."""

    def __init__(self, folder: Path, dtype: str, batch_tokens: int | None) -> None:
        self._batch_tokens = batch_tokens
        config = load_config(folder)
        self._tokenizer = load_tokenizer(folder)
        self._model = load_model(folder, config, dtype)
        self._form = choose_form(self._tokenizer)
        self._paragraphs = ParagraphTokenizer(self._tokenizer, specials=self._form.template == "plain")
        self.window = window(self._model.config)
        self._model.generation_config = greedy(self._tokenizer, self._model.generation_config)
        probe = self._tokenize(PROBE)
        self._check_numbers(probe)
        over = self._is_over if self._form.template == "plain" else never_over
        self._way = choose_way(self._model, probe, batch_tokens, over)

    def facts(self, folder: Path) -> dict[str, str | int | None]:
        """What the manifest says of this model and of the software under it: the same whenever it is opened again."""
        import torch
        import transformers

        return {
            "engine_version": transformers.__version__,
            "torch_version": torch.__version__,
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "device": torch.cuda.get_device_name() if self._model.device.type == "cuda" else self._model.device.type,
            "template": self._form.template,
            "template_sha256": self._form.digest,
            "weights_sha256": digest(sorted(folder.glob("*.safetensors"))),
            "tokenizer_sha256": digest(sorted(folder.glob("tokenizer*"))),
            "batch_tokens": self._batch_tokens,
            "params": self._model.num_parameters(),
            "window": self.window,
        }

    @property
    def reuse(self) -> str:
        """What of prompts is read once. No fact: the trial's noise may decide, and the answers are the same."""
        return self._way.name

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the rendered messages."""
        return len(self._tokenize(messages))

    def complete(self, prompts: Sequence[Mapping[str, Any]], send: Callable[[Mapping[str, Any]], None]) -> None:
        """Sends one answer per prompt, and with it how many prompt tokens there were and went through the model."""
        waiting = []
        for prompt in prompts:
            turns = [Message(Role(turn["role"]), turn["content"]) for turn in prompt["messages"]]
            asked = TokenizedPrompt(
                prompt["example_id"], self._tokenize(turns, prompt["begun"]), prompt["max_new_tokens"]
            )
            if self.window is not None and len(asked.tokens) + asked.limit > self.window:
                send(self._answer(asked, "", Finish.REFUSED, 0))
            else:
                waiting.append(asked)
        for written in self._way.write(waiting):
            send(self._read(written))

    def _is_over(self, tokens: Sequence[int]) -> bool:
        """Whether a plain text has gone on to a next turn, which is not decided by its last tokens alone."""
        last = self._tokenizer.decode(tokens[-LOOK_EVERY - len(PLAIN_TURN_END) :], skip_special_tokens=True)
        return PLAIN_TURN_END in last and PLAIN_TURN_END in self._tokenizer.decode(tokens, skip_special_tokens=True)

    def _read(self, written: Written) -> dict[str, Any]:
        text = self._tokenizer.decode(written.tokens, skip_special_tokens=True)
        finish = Finish.STOP if written.stopped else Finish.LENGTH
        if self._form.template == "plain" and PLAIN_TURN_END in text:
            text, finish = before_turn_end(text), Finish.STOP
        return self._answer(written.asked, text, finish, len(written.tokens))

    def _answer(self, asked: TokenizedPrompt, text: str, finish: Finish, output_tokens: int) -> dict[str, Any]:
        effort = self._way.effort
        return {
            "example_id": asked.example_id,
            "text": text,
            "finish": str(finish),
            "prompt_tokens": len(asked.tokens),
            "output_tokens": output_tokens,
            "read": effort.prompt_tokens,
            "prefilled": effort.prefill_tokens,
        }

    def _tokenize(self, messages: Sequence[Message], begun: str = "") -> list[int]:
        text = self._form.render(messages) + begun
        try:
            return self._paragraphs.ids(text)
        except BaseException as error:
            # What a tokenizer raises that panics, as over its own expressions, is no Exception and has no module.
            if type(error).__name__ != "PanicException":
                raise
            raise ModelFault(FailureCode.NO_TOKENIZER) from None

    def _check_numbers(self, probe: Sequence[int]) -> None:
        import torch

        ids = torch.tensor([probe], device=self._model.device)
        more = {"decoder_input_ids": ids[:, :1]} if self._model.config.is_encoder_decoder else {}
        with too_large_is_told(), torch.inference_mode():
            logits = self._model(input_ids=ids, **more).logits[0, -1]
        if bool(torch.isnan(logits).any()):
            raise ModelFault(FailureCode.DEGENERATE_OUTPUT)
