"""What is taken from whoever was asked: no more text than could have been asked for."""

from backend.domain import Finish, Prediction, Prompt

LONGEST_TOKEN = 64  # characters; the longest tokens in use are runs of as many blanks


def prediction_of(
    prompt: Prompt, text: str, finish: Finish, *, prompt_tokens: int | None = None, output_tokens: int | None = None
) -> Prediction:
    """The prediction for a prompt; a text too long for its tokens is cut and counts as cut off."""
    longest = prompt.max_new_tokens * LONGEST_TOKEN
    return Prediction(
        example_id=prompt.example_id,
        text=text[:longest],
        finish=finish if len(text) <= longest else Finish.LENGTH,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        truncated=prompt.truncated,
    )
