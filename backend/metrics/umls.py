"""UMLS F1: the concepts that scispaCy's linker finds in an answer against those in the reference, as sets."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.domain import Measure, Metric
from backend.errors import MetricUnavailable
from backend.metrics.sets import set_f1
from backend.metrics.umls_process import CHILD, UmlsLinker, installed_versions
from backend.settings import Settings

FILES = {
    "knowledge_base": "*umls_*.jsonl",
    "index": "*nmslib_index.bin",
    "vectorizer": "*tfidf_vectorizer.joblib",
    "vectors": "*tfidf_vectors_sparse.npz",
    "aliases": "*concept_aliases.json",
}


@dataclass(frozen=True, slots=True)
class UmlsInstallation:
    """What the operator brought: an interpreter that has scispaCy, the pipeline's folder, and the linker's files."""

    python: Path
    model: Path
    files: Mapping[str, Path]


def umls_f1(linker: UmlsLinker, answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """F1 per pair of the concepts' identifiers (CUI); 0 when either side has none."""
    found = linker.concepts([*answers, *references])
    return [set_f1(found[answer], found[reference]) for answer, reference in zip(answers, references, strict=True)]


def open_linker(settings: Settings, child: Path = CHILD) -> UmlsLinker:
    """The linker's process, loaded; `child` is what it runs. MetricUnavailable, with the reason, without one."""
    brought = _locate(settings)
    return UmlsLinker(
        brought.python,
        {"model": brought.model, **brought.files},
        load_seconds=settings.load_timeout,
        answer_seconds=settings.answer_timeout,
        child=child,
    )


def _prepare(settings: Settings) -> Measure:
    linker = open_linker(settings)
    return lambda answers, references: umls_f1(linker, answers, references)


def _facts(settings: Settings) -> Mapping[str, str]:
    """Names, versions and digests of everything that decides the number; nothing where it is not installed."""
    try:
        brought = _locate(settings)
        meta = json.loads((brought.model / "meta.json").read_text(encoding="utf-8"))
        digests = {part: _sha256(path) for part, path in brought.files.items()}
        return {
            "umls_model": f"{meta['lang']}_{meta['name']} {meta['version']}",
            "umls_knowledge_base": brought.files["knowledge_base"].name,
            **{f"umls_{part}_sha256": digest for part, digest in digests.items()},
            **{f"umls_{name}": number for name, number in installed_versions(brought.python).items()},
        }
    except (MetricUnavailable, OSError, ValueError, LookupError, TypeError):
        return {}


def _locate(settings: Settings) -> UmlsInstallation:
    if settings.umls is None or settings.umls_python is None:
        raise MetricUnavailable(
            "scispaCy's linker and UMLS are not installed here: CLUE_UMLS names the folder of their files, "
            "CLUE_UMLS_PYTHON the interpreter of an environment made with requirements-umls.txt."
        )
    if not settings.umls.is_dir():
        raise MetricUnavailable("CLUE_UMLS does not name a folder.")
    if not settings.umls_python.is_file():
        raise MetricUnavailable("CLUE_UMLS_PYTHON does not name an interpreter.")
    # Absolute and not resolved: an environment's interpreter is a link that must be called by its own name.
    return UmlsInstallation(
        settings.umls_python.absolute(),
        _only(settings.umls, "config.cfg").parent,
        {part: _only(settings.umls, pattern) for part, pattern in FILES.items()},
    )


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(path for path in folder.rglob(pattern) if path.is_file())
    if len(found) != 1:
        raise MetricUnavailable(
            f"The folder in CLUE_UMLS must have exactly one file {pattern} in it, at any depth; it has {len(found)}."
        )
    return found[0].absolute()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


UMLS_F1 = Metric(
    name="umls_f1",
    title="UMLS F1",
    meaning="F1 of the UMLS concepts that scispaCy's en_core_sci_sm and linker find, as sets.",
    prepare=_prepare,
    facts=_facts,
)
