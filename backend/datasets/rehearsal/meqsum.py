"""Writes the MeQSum workbook: bundled inquiries first, then ones made from more topics."""

from datetime import datetime
from pathlib import Path
from random import Random

from backend.datasets.rehearsal.wording import fill, resource

COLUMNS = ("File", "CHQ", "Summary")
# The workbook would carry the moment of writing otherwise, and no two would be equal.
CREATED = datetime(2150, 1, 1)


def write_meqsum(path: Path, rows: int) -> None:
    """The file is a workbook with one sheet QS of `rows` rows, every cell a string."""
    import xlsxwriter  # as long to import as everything else here together

    bundled = _bundled()
    table = [COLUMNS, *bundled, *_more(rows - len(bundled))]
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": CREATED})
        sheet = book.add_worksheet("QS")
        for number, row in enumerate(table):
            for column, cell in enumerate(row):
                # As a string whatever it looks like: a text that begins with = or http is neither formula nor link.
                sheet.write_string(number, column, cell)


def _bundled() -> list[tuple[str, str, str]]:
    texts = resource("meqsum")
    return [
        (f"9000{number}{kind}.txt", *_asked(way, topic, Random(0)))
        for number, topic in enumerate(texts["topic"])
        for kind, way in enumerate(texts["way"])
    ]


def _more(count: int) -> list[tuple[str, str, str]]:
    texts = resource("meqsum")
    topics, ways = texts["topic"] + texts["later_topic"], texts["later_way"]
    rng = Random("meqsum")
    rows: dict[str, tuple[str, str, str]] = {}
    while len(rows) < count:
        number = len(rows)
        inquiry, summary = _asked(rng.choice(ways), rng.choice(topics), rng)
        asides = rng.sample(texts["asides"], min(len(texts["asides"]), int(rng.expovariate(0.4))))
        inquiry = " ".join([inquiry, *(fill(aside, rng) for aside in asides)])
        if inquiry not in rows:
            rows[inquiry] = (_file_name(number), *_with_oddity(number, inquiry, summary))
    return list(rows.values())


def _asked(way: dict[str, str], topic: dict[str, str], rng: Random) -> tuple[str, str]:
    return fill(way["inquiry"], rng, **topic), fill(way["summary"], rng, **topic)


def _file_name(number: int) -> str:
    serial = 901_000 + number
    return (f"{serial}.txt", f"{serial}-1.xml.txt", f"{serial}NF_1.txt", f"{serial}.xml.txt")[number % 4]


def _with_oddity(number: int, inquiry: str, summary: str) -> tuple[str, str]:
    """What is odd in the published file, now and then: see the format's description."""
    match number % 97:
        case 3:
            return f"My {{girl}} asks too. {inquiry}", summary
        case 11:
            return f"{inquiry}\u00a0Thank\u00a0you.", summary
        case 17:
            return inquiry, f"{summary} "
        case 29:
            return inquiry, summary.replace(" ", "\n", 1)
        case 41:
            return inquiry.replace("i", "ı", 1), summary.replace(" ", "\u00a0", 1)
    return inquiry, summary
