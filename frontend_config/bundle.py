"""One module made of a module and all that it imports, so that a browser asks once and not thirty times."""

import re
from pathlib import Path, PurePosixPath

MODULE = "page.js"
IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
LEFT_OVER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)
LATER = re.compile(r"\bimport\.meta\b|\bimport\(")


def bundles(root: Path) -> dict[str, bytes]:
    """The bundle NAME/page.js for every NAME/NAME.js below `root`."""
    entries = sorted(folder.name for folder in root.iterdir() if (folder / f"{folder.name}.js").is_file())
    return {f"{name}/{MODULE}": bundle(root, f"{name}/{name}.js") for name in entries}


def bundle(root: Path, entry: str) -> bytes:
    """The text of a module that does and exports what `entry` does, to be served from the same folder.

    Each module stays a function of its own, so that no two names meet, and runs after all it imports. ValueError for
    anything but named imports and exported declarations, for circles, and for addresses that are relative to a module
    in another folder than `entry`.
    """
    order: list[str] = []
    _collect(root, entry, order, ())
    numbers = {name: f"m{number}" for number, name in enumerate(order)}
    parts = [_enclosed(root, name, numbers, PurePosixPath(entry).parent) for name in order]
    exported = ", ".join(EXPORT.findall(_text(root, entry)))
    ending = f"export const {{ {exported} }} = {numbers[entry]};\n" if exported else ""
    return ("\n".join(parts) + ending).encode()


def _collect(root: Path, name: str, order: list[str], above: tuple[str, ...]) -> None:
    if name in above:
        raise ValueError(f"static/{name} imports itself by way of {' and '.join(above)}.")
    if name not in order:
        for _, address in IMPORT.findall(_text(root, name)):
            _collect(root, _resolved(name, address), order, (*above, name))
        order.append(name)


def _enclosed(root: Path, name: str, numbers: dict[str, str], home: PurePosixPath) -> str:
    text = _text(root, name)

    def taken(found: re.Match[str]) -> str:
        return f"const {{{found[1].replace(' as ', ': ')}}} = {numbers[_resolved(name, found[2])]};"

    body = EXPORT.sub("", IMPORT.sub(taken, text))
    odd = LEFT_OVER.search(body) or (LATER.search(body) if PurePosixPath(name).parent != home else None)
    if odd:
        raise ValueError(f"static/{name} cannot be bundled because of: {odd[0]}")
    given = ", ".join(EXPORT.findall(text))
    return f"// {name}\nconst {numbers[name]} = (() => {{\n{body}return {{ {given} }};\n}})();\n"


def _resolved(name: str, address: str) -> str:
    parts = list(PurePosixPath(name).parent.parts)
    for part in PurePosixPath(address).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _text(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")
