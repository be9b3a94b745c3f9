// The line below the board that says how to cite it: it follows the board when that changes while the page is open.

import { ask } from "../common/ways.js";

/** The line names the state that the board is in now; it stays as it was where that cannot be had. */
export async function renewCitation() {
  const line = document.querySelector(".clue-cite");
  const answer = line && await ask("/v1/moment", { cache: "no-cache" }).catch(() => null);
  if (!answer?.ok) return;
  const told = await answer.json();
  const named = line.querySelector("[data-snapshot]");
  named.href = told.link;
  named.querySelector("code").textContent = told.snapshot;
  line.querySelector("[data-bibtex]").href = told.bibtex;
}
