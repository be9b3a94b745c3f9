"""The form: a model is named here and joins the queue, or one sentence says why not."""

from collections.abc import Callable, Iterator
from html import escape
from math import ceil, floor
from urllib.parse import quote

import gradio as gr

from backend.domain import Domain, Edition
from backend.errors import Declined
from backend.submission import Estimate, Receipt, Span, SubmissionForm
from frontend_config.desk import Desk
from frontend_config.identity import Caller, Door, closed_sentence, door, submitter
from frontend_config.island import heading
from frontend_config.words import prose

READY, WORKING = "Submit", "Submitting…"
EDITIONS = [
    ("Full: the benchmark's own data. The result appears on the board.", Edition.FULL.value),
    ("Rehearsal: invented data, to try things out. The result says nothing about the model.", Edition.REHEARSAL.value),
]
DOMAINS = [("Biomedical", Domain.BIOMEDICAL.value), ("General", Domain.GENERAL.value), ("Not stated", "")]
UNITS = (("days", 129_600, 86_400), ("h", 5_400, 3_600), ("min", 60, 60))
Handler = Callable[..., Iterator[tuple[gr.HTML, gr.Button]]]


def build(desk: Desk, static: str) -> None:
    """Fills the submit page: the form where somebody can be known, a sentence where nobody can."""
    with gr.Column(elem_classes="clue-narrow"):
        heading("Submit a model", "Any open model on the Hugging Face Hub with safetensors weights.")
        if door(desk.settings) is Door.CLOSED:
            _say(f'<p class="clue-note" role="status">{_code_marks(closed_sentence(desk.settings))}</p>')
            return
        if door(desk.settings) is Door.SIGN_IN:
            gr.LoginButton(elem_classes="clue-login")
        _form(desk)
        gr.Markdown(prose("submit"), elem_classes="clue-prose")


def _form(desk: Desk) -> None:
    with gr.Column(elem_classes="clue-form"):
        model_id = gr.Textbox(
            label="Model",
            placeholder="owner/name",
            info="Its id on the Hub. scripted/rules needs no download: use it with the rehearsal edition.",
            max_lines=1,
            max_length=200,
            elem_id="model-id",
            autofocus=True,
        )
        edition = gr.Radio(EDITIONS, value=Edition.FULL.value, label="Edition", elem_id="edition")
        domain = gr.Radio(DOMAINS, value="", label="Training", info="What it was trained for.", elem_id="domain")
        base = gr.Textbox(
            label="Base model (optional)", placeholder="owner/name", info="The model it was made from.",
            max_lines=1, max_length=200, elem_id="base-model",
        )  # fmt: skip
        revision = gr.Textbox(
            label="Revision (optional)", placeholder="main", info="A branch, tag or commit. It is pinned to a commit.",
            max_lines=1, max_length=200, elem_id="revision",
        )  # fmt: skip
    button = gr.Button(READY, variant="primary", elem_id="submit")
    outcome = gr.HTML("", elem_id="outcome", apply_default_css=False, js_on_load=None)
    gr.on(
        [button.click, model_id.submit, base.submit, revision.submit],
        submit_handler(desk),
        [model_id, edition, domain, base, revision],
        [outcome, button],
        api_name="submit",
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="once",
        concurrency_limit=4,
    )


def submit_handler(desk: Desk) -> Handler:
    """What happens on Submit: the working state, then the receipt or the sentence; the form itself is never touched."""

    def submit(
        model_id: str,
        edition: str,
        domain: str,
        base: str,
        revision: str,
        request: gr.Request,
        profile: gr.OAuthProfile | None,
    ) -> Iterator[tuple[gr.HTML, gr.Button]]:
        yield gr.HTML(""), gr.Button(WORKING, interactive=False)
        try:
            person = submitter(desk.settings, Caller.of(request), profile)
            receipt = desk.submit(read_form(model_id, edition, domain, base, revision), person)
        except Declined as refusal:
            said = refusal_html(str(refusal))
        else:
            said = receipt_html(
                receipt, desk.estimates(desk.submissions(), desk.waiting(), desk.pulse()).get(receipt.submission.id)
            )
        yield gr.HTML(said), gr.Button(READY, interactive=True)

    return submit


def read_form(model_id: str, edition: str, domain: str, base: str, revision: str) -> SubmissionForm:
    """What was typed, without surrounding spaces, empty fields as None; Declined when a choice was never offered."""
    try:
        return SubmissionForm(
            model_id=model_id.strip(),
            edition=Edition(edition),
            domain=Domain(domain) if domain else None,
            base_model=base.strip() or None,
            revision=revision.strip() or None,
        )
    except (ValueError, AttributeError):
        raise Declined("The form came back incomplete. Reload the page and submit again.") from None


def refusal_html(sentence: str) -> str:
    """The sentence of a refusal as an alert."""
    return f'<div class="clue-outcome clue-refused" role="alert"><h2>Not submitted</h2><p>{escape(sentence)}</p></div>'


def receipt_html(receipt: Receipt, estimate: Estimate | None = None) -> str:
    """The receipt: the sentence, id, place, when it is expected to begin and to end, and the permanent link."""
    stored = receipt.submission
    place = "" if receipt.position is None else f"<dt>Place in the queue</dt><dd>{receipt.position}</dd>"
    for title, span in (("Starts in", estimate and estimate.begins), ("Then takes", estimate and estimate.lasts)):
        place += f"<dt>{title}</dt><dd>{span_words(span)}</dd>" if span else ""
    return (
        '<div class="clue-outcome clue-accepted" role="status"><h2>Submitted</h2>'
        f"<p>{escape(receipt.sentence)}</p>"
        f"<dl><dt>Model</dt><dd><bdi>{escape(stored.model.hub_id)}</bdi></dd>{place}"
        f"<dt>Receipt</dt><dd><code>{escape(stored.id)}</code></dd></dl>"
        f'<p><a href="/queue?id={quote(stored.id, safe="")}">Follow it in the queue</a></p></div>'
    )


def span_words(span: Span) -> str:
    """A range of time as people say it: "10–25 min"."""
    unit, size = next(((unit, size) for unit, least, size in UNITS if span.high >= least), ("", 0))
    if not unit:
        return "under a minute"
    least, most = floor(span.low / size), ceil(span.high / size)
    if least == 0:
        return f"up to {most} {unit}"
    return f"about {most} {unit}" if least == most else f"{least}–{most} {unit}"


def _say(html: str) -> None:
    gr.HTML(html, apply_default_css=False, elem_classes="clue-part", js_on_load=None)


def _code_marks(sentence: str) -> str:
    parts = escape(sentence).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
