"""What of a version never changes, as one value: what its register event seals, and what is signed."""

from __future__ import annotations

import json
from typing import Any

from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import load

_JSON = ("signature", "metrics", "distributions", "parameters")
FACTS = (
    "model", "version", "flavor", "digest", "size_bytes", "signature", "metrics", "distributions", "run", "fit", "dataset", "target",
    "estimator", "description",
    "registered_at", "registered_by", "code", "fixtures", "python", "converted_from",
    "schema_version",
)  # fmt: skip
LATER = ("parameters",)  # of versions that have them: what others were sealed by does not know of them


def facts_of(row: Any) -> dict[str, Any]:
    """The facts of a version's row, as JSON values."""
    return {name: load(row[name]) if name in _JSON else row[name] for name in _there(row)}


def sealed(row: Any) -> str:
    """One digest over all of them, as they are written."""
    return digest_bytes(json.dumps([row[name] for name in _there(row)]).encode())


def _there(row: Any) -> tuple[str, ...]:
    return (*FACTS, *(name for name in LATER if row[name] is not None))
