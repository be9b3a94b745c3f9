// The frame's own behaviour: light and dark, remembered; the page's title, which Gradio would overwrite; where one is,
// and who one is, where one can sign in.

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

const account = document.querySelector(".clue-account");
const SIGNING_IN = ["/signin", "/login/callback"];
const framed = window.top !== window.self;

/** Links to the sign-in come back to the page as it is then; from inside another site they open a tab of their own. */
function lead(event) {
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement && node.pathname === "/signin");
  if (!link) return;
  const here = encodeURIComponent(location.pathname + location.search + location.hash);
  if (!SIGNING_IN.includes(location.pathname)) link.href = `/signin?next=${here}`;
  if (framed) Object.assign(link, { target: "_blank", rel: "noopener" });
}

async function greet() {
  const answer = await fetch("/signin/who", { cache: "no-store" }).catch(() => null);
  if (answer?.ok) showAccount((await answer.json()).name);
}

function showAccount(name) {
  root.dataset.account = name === null ? "out" : "in";
  const shown = account.querySelector("bdi")?.textContent ?? null;
  if (shown === name) return;
  const made = (tag, about, ...parts) => {
    const node = Object.assign(document.createElement(tag), about);
    node.append(...parts);
    return node;
  };
  if (name === null) account.replaceChildren(made("a", { href: "/signin" }, "Sign in"));
  else account.replaceChildren(
    made("span", { title: `Signed in as ${name}` }, made("bdi", {}, name)),
    made("button", { type: "button", onclick: leave }, "Sign out"),
  );
}

async function leave() {
  const answer = await fetch("/signout", { method: "POST" }).catch(() => null);
  if (answer?.ok) location.reload();
}

if (account) {
  root.toggleAttribute("data-framed", framed);
  for (const kind of ["click", "auxclick"]) document.addEventListener(kind, lead, true);
  (window.requestIdleCallback ?? setTimeout)(greet);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) greet(); });
  addEventListener("pageshow", (event) => { if (event.persisted) greet(); });
  document.addEventListener("clue-signed-out", () => showAccount(null));
}
