"""When a page has come to rest, and what of it a person who cannot see it is told."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

AXE = Path(__file__).parents[1] / "vendor" / "axe" / "axe.min.js"
GRAVE = frozenset({"serious", "critical"})
ALL = """const all = (root) => [...root.querySelectorAll("*")].flatMap((node) => [
  node, ...(node.shadowRoot ? all(node.shadowRoot) : []),
]);"""
AT_REST = f"""() => {{
  {ALL}
  const nodes = all(document);
  const busy = nodes.some((node) => node.getAttribute("aria-busy") === "true");
  const now = nodes.length + location.href;
  const same = window.atRest?.now === now ? window.atRest.same + 1 : 0;
  window.atRest = {{ now, same }};
  return !busy && same >= 3;
}}"""
HEADINGS = f"""() => {{
  {ALL}
  const shown = (node) => node.checkVisibility({{ visibilityProperty: true }}) || node.getClientRects().length;
  return all(document).filter((node) => /^H[1-6]$/.test(node.tagName) && shown(node))
    .map((node) => [Number(node.tagName[1]), node.textContent.trim()]);
}}"""


def wait_until_at_rest(page: Page) -> None:
    """The page has its heading, nothing on it is busy any more, and for a while nothing was added or taken away."""
    expect(page.locator("h1").first).to_be_visible()
    page.wait_for_function(AT_REST, polling=100)


def headings(page: Page) -> list[tuple[int, str]]:
    """Level and text of each heading that is shown, in order, those of the islands included."""
    return [(level, text) for level, text in page.evaluate(HEADINGS)]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def grave_findings(page: Page) -> list[str]:
    """What axe-core calls serious or critical, a line for each place; all that it found is printed."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run(document)).violations")
    lines = [
        (rule["impact"], f"{rule['impact']}: {rule['id']}: {rule['help']}: {node['target']} {node['failureSummary']}")
        for rule in found
        for node in rule["nodes"]
    ]
    for _, line in lines:
        print(line)
    return [line for impact, line in lines if impact in GRAVE]
