// Elements from text: whatever a string holds, it is shown, never interpreted.

/** An element with these attributes and children. Strings become text; `on…` functions become listeners. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") node.style.cssText = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Makes `nodes` the children of `parent`; those already there are not touched, so nobody loses their place. */
export function settle(parent, nodes) {
  let next = parent.firstChild;
  for (const node of nodes) {
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
  return parent;
}

/** Elements by key; each is made again only when what it shows has changed. */
export class Kept {
  constructor() {
    this.held = new Map();
    this.asked = new Set();
  }

  get(key, content, make) {
    const shows = JSON.stringify(content);
    this.asked.add(key);
    const held = this.held.get(key);
    if (held?.shows === shows) return held.node;
    const node = make();
    this.held.set(key, { shows, node });
    return node;
  }

  /** Forgets what was not asked for since the last time, so that a page left open for days does not grow. */
  sweep() {
    for (const key of this.held.keys()) if (!this.asked.has(key)) this.held.delete(key);
    this.asked.clear();
  }
}

/** The style sheets of these names, which lie as `base` sees them, asked for at once. */
export function styles(base, ...names) {
  return Promise.all(names.map(async (name) => {
    const answer = await fetch(new URL(name, base));
    return new CSSStyleSheet().replace(await answer.text());
  }));
}

/** A shadow root in `host` that already has these style sheets. */
export async function shadow(host, sheets) {
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = await sheets;
  host.removeAttribute("aria-busy");
  return root;
}

/** A link that opens elsewhere and tells the other side nothing; plain text when there is no address. */
export function linked(text, href) {
  const isolated = el("bdi", {}, text);
  return href ? el("a", { href, rel: "noopener", target: "_blank" }, isolated) : isolated;
}

/** The text is on the clipboard, also where the browser offers no clipboard of its own. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = el("textarea", { style: "position:fixed;opacity:0" }, text);
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

/** The bytes or text are handed to the browser as a file of this name. */
export function download(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** A button that copies `address()` and says so for two seconds. */
export function linkButton(address) {
  const copy = async () => {
    await copied(address());
    button.textContent = "Link copied";
    setTimeout(() => { button.textContent = "Copy link"; }, 2000);
  };
  const button = el("button", { type: "button", class: "quiet", onclick: copy }, "Copy link");
  return button;
}
