"""Makes a small invented knowledge base laid out as scispaCy's downloads are; run by an interpreter that has scispaCy.

scispaCy's own index builder wants an older scipy, so the index is built here with its settings. Its vectors are kept in
half precision, as the published ones are.
"""

import json
import sys
from pathlib import Path
from typing import Any

NAMES = {
    "C9000001": ("Myocardial infarction", "heart attack", "MI"),
    "C9000002": ("Hypertensive disease", "high blood pressure", "hypertension"),
    "C9000003": ("Gout", "gouty arthritis"),
    "C9000004": ("Pneumonia", "lung infection"),
    "C9000005": ("Common cold", "cold"),
    "C9000006": ("Cold temperature", "cold"),
    "C9000007": ("Ringing syndrome", "ringing ears"),
    "C9000008": ("Märchen fever", "Märchenfieber"),
}
UNDEFINED = "C9000007"
MENTIONS = [
    *("heart attack", "heart attacks", "myocardial infarction", "hypertension", "high blood pressure", "gout", "cold"),
    *("lung infection", "pneumonia", "ringing ears", "ringing in one ear", "märchenfieber", "zzz", "q"),
]


def main(folder: Path, more: list[str]) -> None:
    """The folder holds the pipeline, the linker's four files and the base; each of `more` names is a concept, too."""
    names = NAMES | {f"C8{number:06}": (name,) for number, name in enumerate(more)}
    linker = folder / "data/linkers/2023-04-23/umls"
    linker.mkdir(parents=True)
    base = folder / "data/kbs/2023-04-23/umls_2022_ab_cat0129.jsonl"
    base.parent.mkdir(parents=True)
    base.write_text("".join(json.dumps(_concept(*entry)) + "\n" for entry in names.items()), encoding="utf-8")
    _write_index(linker, base)
    _write_pipeline(folder / "en_core_sci_sm-0.5.4/en_core_sci_sm/en_core_sci_sm-0.5.4", [*MENTIONS, *more])


def _concept(cui: str, names: tuple[str, ...]) -> dict[str, Any]:
    name, *aliases = names
    concept = {"concept_id": cui, "canonical_name": name, "aliases": aliases, "types": []}
    return concept if cui == UNDEFINED else {**concept, "definition": "Invented."}


def _write_index(linker: Path, base: Path) -> None:
    import joblib
    import nmslib
    import numpy
    from scispacy.candidate_generation import LinkerPaths
    from scispacy.linking_utils import KnowledgeBase
    from sklearn.feature_extraction.text import TfidfVectorizer

    paths = LinkerPaths.from_directory(linker)
    aliases = sorted(KnowledgeBase(base).alias_to_cuis)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), min_df=1, dtype=numpy.float32)
    vectors = vectorizer.fit_transform(aliases)
    index = nmslib.init(method="hnsw", space="cosinesimil_sparse", data_type=nmslib.DataType.SPARSE_VECTOR)
    index.addDataPointBatch(vectors)
    index.createIndex({"M": 100, "indexThreadQty": 1, "efConstruction": 200, "post": 0})
    index.saveIndex(paths.ann_index)
    joblib.dump(vectorizer, paths.tfidf_vectorizer)
    Path(paths.concept_aliases_list).write_text(json.dumps(aliases), encoding="utf-8")
    numpy.savez_compressed(
        paths.tfidf_vectors,
        indices=vectors.indices,
        indptr=vectors.indptr,
        format=b"csr",
        shape=vectors.shape,
        data=vectors.data.astype(numpy.float16),
    )


def _write_pipeline(folder: Path, mentions: list[str]) -> None:
    import spacy

    pipeline = spacy.blank("en", meta={"name": "core_sci_sm", "version": "0.5.4"})
    ruler = pipeline.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": "ENTITY", "pattern": mention} for mention in mentions])
    folder.mkdir(parents=True)
    pipeline.to_disk(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
