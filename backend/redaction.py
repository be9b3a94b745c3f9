"""What a stranger may read of a log line: no control character, secret, person, host or folder of this machine."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

LONGEST_LINE = 300
LONGEST_READ = 4000  # characters of a line that are looked at; what comes after is dropped
PUBLIC_HOSTS = frozenset({"huggingface.co", "github.com", "pytorch.org", "docs.python.org"})
SHORTEST_NAME = 3

ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
ROOTS = "home|root|Users|mnt|data|var|tmp|opt|srv|usr|etc|proc|run|scratch|workspace|work|app|content"
REST = r"""[^\s'"`<>|;:,()\[\]{}]"""
SHAPES = re.compile(
    "|".join(
        (
            r"""(?P<address>[A-Za-z][A-Za-z0-9+.-]*://[^\s'"`<>]+)""",
            r"(?P<bearer>\b(?:bearer|basic)[\s:=]+[^\s'\"]+)",
            r"(?P<token>(?:hf_|gh[opsru]_|github_pat_|xox[a-z]-|AKIA|eyJ)[\w./+=-]{8,}|(?<![A-Za-z])sk-[\w-]{8,})",
            r"""(?P<named>\b[\w-]*(?:token|(?:secret|password|passwd)[\w-]*|(?:api|access)[_-]?key|authorization)"""
            r"""["']?\s*[=:]\s*["']?(?:bearer\s+|basic\s+)?[^\s'",]+)""",
            r"(?P<mail>[\w.+%-]+@[\w-]+(?:\.[\w-]+)*)",
            r"""(?P<quoted>(?<=["'`])(?:~[\w.-]*|[A-Za-z]:)?[/\\][^"'`]+)""",
            rf"(?P<path>(?:(?<![\w.<~-])|(?=[/\\](?:{ROOTS})\b))(?:~[\w.-]*|\b[A-Za-z]:)?[/\\]{REST}+)",
            r"(?P<home>~[\w.-]+)",
            r"(?P<four>(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)(?::\d+)?)",
            r"(?P<six>(?<![\w:])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%\w+)?)",
            r"(?P<long>[\w+=-]{40,})",
        )
    ),
    re.IGNORECASE,
)


def redacted_lines(lines: Iterable[str], names: Sequence[str] = ()) -> list[str]:
    """The lines as anybody may read them, empty ones left out, each at most LONGEST_LINE characters."""
    shown = (redacted(line, names) for line in lines)
    return [line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…" for line in shown if line]


def redacted(line: str, names: Sequence[str] = ()) -> str:
    """One line without what it must not tell, a path cut to its last part. `names` are of this host and its users."""
    plain = _plain(line)
    if len(plain) > LONGEST_READ:
        plain = plain[:LONGEST_READ].rpartition(" ")[0]  # not half a word: half a secret has no shape
    shown = SHAPES.sub(_replaced, plain)
    known = [re.escape(name) for name in sorted(names, key=len, reverse=True) if len(name) >= SHORTEST_NAME]
    if known:
        named = rf"(?<![^\W_])(?:{'|'.join(known)})(?![^\W_])(?:\.[\w-]+)*"  # a host's domain goes with it
        shown = re.sub(named, "[name]", shown, flags=re.IGNORECASE)
    return shown.strip()


def _plain(line: str) -> str:
    """The line without escapes, control and invisible characters; of one that was overwritten, the last version."""
    overwritten = [part for part in ESCAPE.sub("", line).split("\r") if part.strip()]
    last = overwritten[-1] if overwritten else ""
    spaced = (" " if character.isspace() else character for character in last)
    return "".join(each for each in spaced if not unicodedata.category(each).startswith("C"))


def _replaced(found: re.Match[str]) -> str:
    text = found.group()
    match found.lastgroup:
        case "address":
            return _address(text)
        case "mail":
            return "[e-mail]"
        case "quoted" | "path":
            return _last_part(text)
        case "home":
            return "[home]"
        case "four":
            return "[address]"
        case "six":
            return "[address]" if _is_address(text) else text
        case "long":
            return "[secret]" if any(map(str.isdigit, text)) and any(map(str.isalpha, text)) else text
    return "[secret]"


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return "[address]"
    if host not in PUBLIC_HOSTS:
        return f"{parts.scheme}://[host]"
    return f"{parts.scheme}://{host}{SHAPES.sub(_hidden_in_address, parts.path)}"


def _hidden_in_address(found: re.Match[str]) -> str:
    return found.group() if found.lastgroup in {"path", "quoted"} and not _last_is_secret(found.group()) else "[secret]"


def _last_is_secret(path: str) -> bool:
    return any(SHAPES.search(part) for part in path.split("/") if part)


def _last_part(path: str) -> str:
    parts = [part for part in re.split(r"[/\\]", path) if part]
    if not parts:
        return path
    if parts[-1].startswith("~") or parts[-2:-1] in (["home"], ["Users"]):
        return "[home]"
    return SHAPES.sub(_replaced, parts[-1])


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text.rstrip(".").partition("%")[0]))
    except ValueError:
        return False
