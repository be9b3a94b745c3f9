// The frame's own behaviour: light and dark, remembered; the page's title, which Gradio would overwrite; where one is.

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const NAMES_OF_GRADIO = ["Gradio", "CLUE Leaderboard"];
let title = document.title;

function remembered() {
  try { return localStorage.getItem("clue-theme"); } catch { return null; }
}

function remember(theme) {
  try { localStorage.setItem("clue-theme", theme); } catch { /* a private window: the choice lasts for this page */ }
}

function show(theme) {
  const dark = theme === "dark";
  root.dataset.theme = theme;
  document.querySelector(".clue-theme")?.setAttribute("aria-pressed", String(dark));
  if (document.body.classList.contains("dark") !== dark) document.body.classList.toggle("dark", dark);
}

document.querySelector(".clue-theme")?.addEventListener("click", () => {
  const theme = root.dataset.theme === "dark" ? "light" : "dark";
  remember(theme);
  show(theme);
});

// Not by the address: Gradio's pages may name another base, and nothing of the query is lost.
document.querySelector(".clue-skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  document.querySelector("#content").focus();
});

system.addEventListener("change", () => { if (!remembered()) show(system.matches ? "dark" : "light"); });
new MutationObserver(() => show(root.dataset.theme)).observe(document.body, { attributeFilter: ["class"] });
new MutationObserver(() => {
  if (document.title === title) return;
  if (NAMES_OF_GRADIO.includes(document.title)) document.title = title;
  else title = document.title;
}).observe(document.head, { childList: true, subtree: true, characterData: true });

const bar = document.querySelector(".clue-header nav");
const here = bar?.querySelector("[aria-current]");
if (here) bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
show(root.dataset.theme);
