"""A metric as it was recorded, where there are no rows to measure on: the reason says so."""

from __future__ import annotations

from nbmlops.models.gates.performance import against, finite, first, limited
from nbmlops.models.gates.port import judged
from nbmlops.models.quality import Direction, recorded
from nbmlops.models.records import GateCheck, ModelVersion

ON_RECORD = "as recorded when it was registered, on rows of its own"


def of_record(
    metric: str, better: Direction, limit: float | None, percent: float | None, metrics: dict[str, float], who: str, on: str,
    champion: ModelVersion | None,
) -> list[GateCheck]:  # fmt: skip
    """The limit, and the comparison with what the champion has recorded. `percent`: by how much better; None: not compared."""
    value = recorded(metrics, metric)
    if value is None:
        reason = f"{who} has no recorded {metric}; it has {', '.join(metrics) or 'none'}."
        return [judged("performance", f"{metric} is known", False, reason)]
    checks = [limited(metric, better, limit, value, on)] if limit is not None else []
    if percent is not None:
        other = recorded(champion.metrics, metric) if champion else None
        if champion is None:
            checks.append(first(metric, value))
        elif other is None:
            reason = f"The champion, version {champion.version}, has no recorded {metric}: give labelled rows."
            checks.append(judged("performance", "against the champion", False, reason, value=value))
        else:
            checks.append(against(metric, better, percent, value, other, champion.version, on))
    return checks or [finite(metric, value, on)]
