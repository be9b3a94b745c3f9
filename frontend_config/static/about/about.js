// The About page's comforts: links to copy, what stands in boxes to copy, and where in the page one is.

import { copied, el, linkButton } from "../common/dom.js";

const said = document.querySelector(".clue-said");
const contents = document.querySelector(".clue-contents");

function say(text) {
  said.textContent = text;
  setTimeout(() => { if (said.textContent === text) said.textContent = ""; }, 2000);
}

async function copy(text, done) {
  await copied(text);
  say(done);
}

for (const anchor of document.querySelectorAll(".clue-anchor")) {
  anchor.addEventListener("click", () => copy(anchor.href, "Link copied"));
}

for (const box of document.querySelectorAll(".clue-prose > section > pre")) {
  const text = box.textContent;
  box.tabIndex = 0;
  box.append(el("button", { type: "button", class: "clue-copy", onclick: () => copy(text, "Copied") }, "Copy"));
}

const wide = matchMedia("(min-width: 1100px)");
const details = contents.querySelector("details");
const fold = () => { details.open = wide.matches; };
wide.addEventListener("change", fold);
fold();
details.append(linkButton(() => location.href));

const links = new Map([...contents.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
const inView = new Set();
const eye = new IntersectionObserver((changes) => {
  for (const change of changes) inView[change.isIntersecting ? "add" : "delete"](change.target.id);
  const here = [...links.keys()].find((id) => inView.has(id));
  for (const [id, link] of links) {
    if (id === here) link.setAttribute("aria-current", "location");
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "-10% 0px -60% 0px" });
for (const id of links.keys()) eye.observe(document.getElementById(id));
