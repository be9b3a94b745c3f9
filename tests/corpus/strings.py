"""Strings that the Hub or a person may send, and what a page would be like on which one of them had become more."""

from playwright.sync_api import Page

MARK = "data-owned"
RUN = "window.owned = document.title = `owned`"
STRINGS = {
    "markup": f'<img src=x {MARK} onerror="{RUN}">',
    "drawing": f'<svg {MARK} onload="{RUN}"><title>x</title></svg>',
    "script": f"</script><script {MARK}>{RUN}</script>",
    "end of an attribute": f"\"'><i {MARK} onmouseover=\"{RUN}\" autofocus tabindex=0 onfocus='{RUN}'>x</i>",
    "end of a style": f"</style></title></textarea><b {MARK}>x</b>",
    "link": f"javascript:{RUN}",
    "data link": f"data:text/html,<script {MARK}>{RUN}</script>",
    "markdown": f"[x](javascript:{RUN}) ![x](x) <b {MARK}>**x**</b>",
    "terminal markup": "[bold]x[/] [/] [link=javascript:x]y[/link] \x1b[31mred",
    "braces": "{{constructor.constructor('window.owned=1')()}} ${window.owned=1} {0} {x!r} %s %(x)s <%= 1 %> #{1}",
    "formula": '=HYPERLINK("http://example.invalid";"click")',
    "other formula": "@SUM(A1)",
    "command": "+cmd|' /C calc'!A1",
    "minus": "-1+1\t=1",
    "from right to left": "evil/\u202egnp.sledom\u2066\u2067",
    "look-alike": "mеta-llаma/Llаma-3",
    "nothing to see": "\u200b\u00ad\ufeff",
    "null": "nu\x00ll",
    "lines": "one\r\ntwo\u2028three\n\n# four",
    "prototype": "__proto__",
    "constructor": "constructor",
    "path": "../../..//etc/passwd?x=1&y=2#z%2e%00",
    "long": "x" * 10_000,
    "long and broken": f"<i {MARK}>" + "\u202e\u0301&" * 3_000,
}
BECAME_MORE = """(mark) => {
  const LINKS = ["href", "src", "action", "xlink:href"];
  const all = (root) => [...root.querySelectorAll("*")].flatMap((node) => [
    node, ...(node.shadowRoot ? all(node.shadowRoot) : []), ...(node.localName === "template" ? all(node.content) : []),
  ]);
  const risky = (node) => node.hasAttribute(mark)
    || [...node.attributes].some(({ name }) => name.startsWith("on") && node.getAttribute(name).includes("owned"))
    || LINKS.some((name) => /^\\s*(javascript|data:text)/i.test(node.getAttribute(name)));
  const found = all(document).filter(risky).map((node) => node.outerHTML.slice(0, 200));
  if (window.owned !== undefined || ({}).owned !== undefined) found.push("something ran");
  if (document.title === "owned") found.push("the title is another one");
  return found;
}"""


def what_became_more(page: Page) -> list[str]:
    """Every element, link or program that one of the strings has become on this page; empty where all are text."""
    found: list[str] = page.evaluate(BECAME_MORE, MARK)
    return found
