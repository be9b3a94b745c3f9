"""scispaCy's linker behind pipes, one JSON object a line; run as a file by an interpreter that has scispaCy.

It shares no environment with the rest of the program and imports nothing of it.
"""

import json
import os
import queue
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from threading import Thread
from typing import Any

PACKAGES = ("scispacy", "spacy", "scikit-learn")
# Parts of the pipeline that neither the finding of mentions nor the linker reads; sentences bound mentions and stay.
UNREAD = ["tagger", "attribute_ruler", "lemmatizer"]
MOST_MENTIONS = 200_000  # linked mentions that are remembered, some tens of megabytes


class FilesDisagree(Exception):
    """The linker's files do not belong together, or the installed packages cannot read them rightly."""


class Linking:
    """A pipeline that finds mentions, and the linker that turns them into concepts, both read from local files."""

    def __init__(self, files: Mapping[str, str]) -> None:
        import spacy
        from scispacy.candidate_generation import CandidateGenerator, LinkerPaths
        from scispacy.linking import EntityLinker
        from scispacy.linking_utils import KnowledgeBase

        self._pipeline: Any = spacy.load(files["model"], exclude=UNREAD)
        base: Any = KnowledgeBase(files["knowledge_base"])
        paths = LinkerPaths(files["index"], files["vectorizer"], files["vectors"], files["aliases"])
        aliases, vectorizer, index = paths.load()
        # Newer scikit-learns read a vectorizer of 2023 without its weights, and say nothing.
        if not hasattr(vectorizer, "idf_") or len(vectorizer.idf_) != len(vectorizer.vocabulary_):
            raise FilesDisagree
        if len(index) != len(aliases) or not all(alias in base.alias_to_cuis for alias in aliases):
            raise FilesDisagree
        self._linker: Any = EntityLinker(candidate_generator=CandidateGenerator(index, vectorizer, aliases, base))
        self._concept_of: dict[str, str | None] = {}

    def concepts(self, texts: Sequence[str]) -> list[list[str]]:
        """For each text the first candidate of every mention that has one, each once."""
        found = [[mention.text for mention in parsed.ents] for parsed in self._pipeline.pipe(texts)]
        if len(self._concept_of) > MOST_MENTIONS:
            self._concept_of.clear()
        self._link({mention for mentions in found for mention in mentions} - self._concept_of.keys())
        linked = [{self._concept_of[mention] for mention in mentions} for mentions in found]
        return [sorted(concept for concept in concepts if concept is not None) for concepts in linked]

    def _link(self, mentions: Collection[str]) -> None:
        """The mentions are linked with one look into the index: as the words of a text that has nothing else."""
        from spacy.tokens import Doc, Span

        if not mentions:
            return
        listed = Doc(self._pipeline.vocab, words=sorted(mentions))
        listed.ents = tuple(Span(listed, place, place + 1, label="ENTITY") for place in range(len(listed)))
        for mention in self._linker(listed).ents:
            candidates = mention._.kb_ents
            self._concept_of[mention.text] = candidates[0][0] if candidates else None


def main(linking_of: type[Linking] = Linking) -> None:
    """Reads where the files are, then lists of texts; writes that it is ready, then their concepts."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever a library prints goes where nobody reads it.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def send(message: Mapping[str, Any]) -> None:
        out.write(json.dumps(message).encode() + b"\n")
        out.flush()

    lines: queue.Queue[dict[str, Any]] = queue.Queue()
    Thread(target=_listen, args=[lines], daemon=True).start()
    sys.addaudithook(_stay_offline)
    try:
        linking = linking_of(lines.get())
    except Exception as error:  # noqa: BLE001 - files brought by hand can be wrong in any way
        send({"fault": type(error).__name__})
        return
    send({"ready": True})
    while True:
        send({"concepts": linking.concepts(lines.get()["texts"])})


def _listen(lines: "queue.Queue[dict[str, Any]]") -> None:
    """Hands over what comes in, and ends the process when the parent is gone."""
    # Not sys.stdin: an interpreter that ends while a thread waits on its lock aborts.
    for line in os.fdopen(os.dup(sys.stdin.fileno()), "rb"):
        lines.put(json.loads(line))
    os._exit(0)


def _stay_offline(event: str, arguments: tuple[Any, ...]) -> None:
    """scispaCy fetches what it is not given; here it must not, and texts may be credentialed."""
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        raise PermissionError


if __name__ == "__main__":
    if sys.argv[1:] == ["--versions"]:
        sys.stdout.write(json.dumps({package.replace("-", "_"): version(package) for package in PACKAGES}))
    else:
        main()
