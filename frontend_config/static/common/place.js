// Drawing again without taking anybody's place away: focus, sideways scroll and what was folded stay as they were.

/** Runs `draw`, which may put new nodes into `area`; those that show what one before them showed stand as it did. */
export function inPlace(area, draw) {
  const before = { focused: area.getRootNode().activeElement, ...marked(area) };
  const focusedAs = [...before.nodes].find(([, node]) => node === before.focused)?.[0];
  draw();
  const after = marked(area).nodes;
  for (const [key, { open, folded, left }] of before.states) {
    const node = after.get(key);
    if (!node) continue;
    if (open !== undefined) node.open = open;
    if (folded !== null && node.getAttribute("aria-expanded") !== folded) node.click();
    if (left) node.scrollLeft = left;
  }
  const found = before.focused?.isConnected ? before.focused : after.get(focusedAs);
  if (before.focused && found !== area.getRootNode().activeElement) found?.focus({ preventScroll: true });
}

/** What can be focused or folded below `area`, by what it says and how many before it say the same. */
function marked(area) {
  const nodes = new Map();
  const states = new Map();
  const seen = new Map();
  for (const node of area.querySelectorAll("a, button, input, select, summary, details, [tabindex]")) {
    const said = keyOf(node);
    const place = (seen.get(said) ?? 0) + 1;
    seen.set(said, place);
    nodes.set(`${said}\n${place}`, node);
    states.set(`${said}\n${place}`, {
      open: node.tagName === "DETAILS" ? node.open : undefined,
      folded: node.matches("button.fold") ? node.getAttribute("aria-expanded") : null,
      left: node.scrollLeft,
    });
  }
  return { nodes, states };
}

function keyOf(node) {
  const folds = ["DETAILS", "SUMMARY"].includes(node.tagName) ? node.closest("details").className : "";
  const words = folds || (node.dataset.name ?? node.getAttribute("aria-label") ?? node.textContent);
  return [node.tagName, node.getAttribute("href") ?? "", words].join("\n");
}
