"""What a page asks of /v1 from its head, so that the answer is on its way before any module is there."""

import json
from urllib.parse import urlencode

from frontend_config.boards import BoardForm, Boards
from frontend_config.views import ViewName

# An answer named by its digest never changes, so the browser may take it from what an earlier visit left.
SCRIPT = """
{
  const addresses = JSON.parse(document.currentScript.previousElementSibling.textContent);
  const view = new URLSearchParams(location.search).get("view");
  const [address, digest] = addresses[Object.hasOwn(addresses, view) ? view : "measured"];
  const answer = digest ? fetch(`${address}&digest=${digest}`) : fetch(address, { cache: "no-cache" });
  answer.catch(() => {});
  globalThis.clueEarly = { address, answer };
}
"""


def early_question(boards: Boards, form: BoardForm) -> str:
    """A script, as HTML, that asks for the view in the page's address and leaves address and answer in `clueEarly`.

    The script is always SCRIPT, whose hash the page's policy names; what changes are the data before it.
    """
    addresses = {view: (_address(view, form), _digest(boards, view, form)) for view in ViewName}
    return f'<script type="application/json">{json.dumps(addresses)}</script><script>{SCRIPT}</script>'


def _address(view: ViewName, form: BoardForm) -> str:
    """The same letters as `addressIn` in static/common/views.js writes."""
    provenance, edition = view.asked
    part = {} if form is BoardForm.WHOLE else {"part": form.value}
    return f"/v1/leaderboard.json?{urlencode({'provenance': provenance.value, 'edition': edition.value, **part})}"


def _digest(boards: Boards, view: ViewName, form: BoardForm) -> str | None:
    held = boards.held(form, *view.asked)
    return held.digest if held else None
