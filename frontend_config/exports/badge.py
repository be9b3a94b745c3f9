"""A small picture that says how a model stands, for a README: readable on light and on dark."""

from xml.etree import ElementTree as ET

from backend.domain import Standing

SPACE = "http://www.w3.org/2000/svg"
LEFT = "CLUE"
HEIGHT, PADDING, SIGN, WIDE_SIGN = 22, 9, 6.8, 12.0
DARK, ACCENT, LIGHT = "#16232a", "#0a6b6b", "#ffffff"
FONT = "Verdana,Geneva,DejaVu Sans,sans-serif"
ET.register_namespace("", SPACE)


def badge_words(row: Standing | None, tasks: int, decimals: int = 1) -> str:
    """The overall score if there is one, else how many of the tasks were measured."""
    if row is None:
        return "not measured"
    overall = row.cells.get("overall")
    if overall is not None and overall.value is not None:
        return f"overall {overall.value:.{decimals}f} %"
    measured = sum(cell.value is not None for name, cell in row.cells.items() if _is_task(name))
    return f"{measured} of {tasks} tasks measured"


def badge_svg(words: str, about: str) -> bytes:
    """An SVG with these words beside our name; `about` is its text for those who do not see it."""
    left, right = _width(LEFT), _width(words)
    size = {"width": f"{left + right:g}", "height": str(HEIGHT)}
    root = ET.Element(f"{{{SPACE}}}svg", {**size, "viewBox": f"0 0 {left + right:g} {HEIGHT}", "role": "img"})
    ET.SubElement(root, f"{{{SPACE}}}title").text = _plain(about)
    ET.SubElement(root, f"{{{SPACE}}}rect", {**size, "rx": "4", "fill": ACCENT})
    ET.SubElement(
        root, f"{{{SPACE}}}path", {"d": f"M4 0H{left:g}V{HEIGHT}H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z", "fill": DARK}
    )
    ET.SubElement(
        root,
        f"{{{SPACE}}}rect",
        {"x": ".5", "y": ".5", "width": f"{left + right - 1:g}", "height": str(HEIGHT - 1), "rx": "3.5",
         "fill": "none", "stroke": LIGHT, "stroke-opacity": ".35"},
    )  # fmt: skip
    for x, text in ((left / 2, LEFT), (left + right / 2, words)):
        where = {
            "x": f"{x:g}",
            "y": "15",
            "fill": LIGHT,
            "font-family": FONT,
            "font-size": "11",
            "text-anchor": "middle",
        }
        ET.SubElement(root, f"{{{SPACE}}}text", where).text = _plain(text)
    return bytes(ET.tostring(root, encoding="utf-8"))


def _is_task(name: str) -> bool:
    return "." not in name and name != "overall" and not name.startswith("level_")


def _width(text: str) -> float:
    return 2 * PADDING + sum(SIGN if sign.isascii() else WIDE_SIGN for sign in text)


def _plain(text: str) -> str:
    """The text without the control signs that XML cannot hold."""
    return "".join(sign for sign in text if sign.isprintable())
