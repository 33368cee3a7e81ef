"""Gates: what a version must show before an alias may point at it; one kind of check a file."""

from nbmlops.models.gates.evaluating import evaluate, on_run
from nbmlops.models.gates.refusal import evidence, refusal
from nbmlops.models.gates.store import asks_verified, document_of, has_gate, keeps_rows, latest_report, rule_of, set_rule, ways_of

__all__ = [
    "asks_verified", "document_of", "evaluate", "evidence", "has_gate", "keeps_rows", "latest_report", "on_run", "refusal", "rule_of",
    "set_rule", "ways_of",
]  # fmt: skip
