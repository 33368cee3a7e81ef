"""Which way of a metric is better, where its name tells."""

from __future__ import annotations

import re
from typing import Literal

_LOWER = {
    "mae", "mse", "rmse", "msle", "rmsle", "mape", "smape", "wape", "medae", "error", "err", "loss", "logloss", "deviance", "latency",
    "brier", "perplexity", "wer", "cer", "fid", "nll", "residual",
}  # fmt: skip
_HIGHER = {
    "acc", "accuracy", "auc", "auroc", "auprc", "ap", "map", "f1", "fbeta", "precision", "recall", "sensitivity", "specificity", "r2",
    "score", "ndcg", "mrr", "iou", "dice", "bleu", "rouge", "kappa", "mcc", "jaccard", "likelihood", "gini", "lift", "silhouette",
}  # fmt: skip


def better(name: str) -> Literal["lower", "higher"] | None:
    """Whether lower or higher is better, by the words of a metric's name; None where they do not say.

    A negated loss (scikit-learn's `neg_…`) is better when it is higher.

    >>> better("val_mae"), better("test/f1_macro"), better("neg_mean_squared_error"), better("rows")
    ('lower', 'higher', 'higher', None)
    """
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+\d?|[A-Z]+\d?(?![a-z])", name)]
    if words[:1] == ["neg"]:
        return "higher"
    # A loss is a loss whatever it is of: of an accuracy, a score.
    if _LOWER.intersection(words):
        return "lower"
    return "higher" if _HIGHER.intersection(words) else None
