"""What happened in the demo's year, month by month."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from tabulate import tabulate


@dataclass
class Story:
    """Errors by day, decisions by week, drift by month; and the figures drawn from them."""

    tried: list[Any]
    challenge: list[dict[str, Any]]
    days: dict[date, dict[str, Any]] = field(default_factory=dict)
    decisions: list[Any] = field(default_factory=list)
    reports: dict[date, Any] = field(default_factory=dict)
    versions: Any = None
    audit: list[Any] = field(default_factory=list)
    audit_whole: bool = False
    elapsed_s: float = 0.0

    def day(self, day: date, version: int, truth: Any, managed: Any, frozen: Any) -> None:
        """One day's labels beside what both models said."""
        self.days[day] = {
            "flights": len(truth),
            "version": version,
            "managed": float(np.abs(np.asarray(managed, float) - truth).sum()),
            "frozen": float(np.abs(np.asarray(frozen, float) - truth).sum()),
        }

    def decided(self, decision: Any) -> None:
        """The policy decided at a week's end."""
        self.decisions.append(decision)

    def drifted(self, month: date, report: Any) -> None:
        """The month's drift report."""
        self.reports[month] = report

    def months(self) -> list[dict[str, Any]]:
        """A row a month: flights, errors, drift, what was decided in its weeks."""
        sums: dict[date, dict[str, Any]] = defaultdict(lambda: {"flights": 0, "managed": 0.0, "frozen": 0.0, "versions": []})
        for day, found in self.days.items():
            month = sums[day.replace(day=1)]
            for name in ("flights", "managed", "frozen"):
                month[name] += found[name]
            if found["version"] not in month["versions"][-1:]:
                month["versions"].append(found["version"])
        rows = []
        for month, found in sums.items():
            report = self.reports.get(month)
            mine = [d for d in self.decisions if (d.end.date() - timedelta(1)).replace(day=1) == month]
            actions = Counter(decision.action for decision in mine)
            rows.append(
                {
                    "month": month.strftime("%Y-%m"),
                    "flights": found["flights"],
                    "frozen_mae": found["frozen"] / found["flights"],
                    "managed_mae": found["managed"] / found["flights"],
                    "versions": found["versions"],
                    "drifted_columns": list(report.drifted_columns) if report else [],
                    "largest_drift": _largest(report),
                    "decisions": dict(actions),
                }
            )
        return rows

    def table(self) -> str:
        """The table the demo ends with."""
        rows = [
            [
                row["month"],
                f"{row['flights']:,}",
                f"{row['frozen_mae']:.2f}",
                f"{row['managed_mae']:.2f}",
                ", ".join(f"v{version}" for version in row["versions"]),
                row["largest_drift"] or "–",
                ", ".join(f"{count}× {action.replace('_', ' ')}" for action, count in row["decisions"].items()),
            ]
            for row in self.months()
        ]
        heads = ["month", "flights", "frozen MAE", "managed MAE", "served", "drift", "decisions"]
        return str(tabulate(rows, heads, disable_numparse=True, colalign=("left", "right", "right", "right", "left", "left", "left")))

    def month_line(self, month: date) -> str:
        """One line when a month is over."""
        row = next(row for row in self.months() if row["month"] == month.strftime("%Y-%m"))
        drift = row["largest_drift"] or "none"
        return f"{row['month']}  frozen {row['frozen_mae']:5.2f}  managed {row['managed_mae']:5.2f} min   drift: {drift}"

    def ratio(self) -> float:
        """The managed model's error over the frozen one's, April to December, by flight."""
        counted = [found for day, found in self.days.items() if day.month >= 4]
        return sum(found["managed"] for found in counted) / sum(found["frozen"] for found in counted)

    def closing(self) -> str:
        """The story in two lines."""
        actions = Counter(decision.action for decision in self.decisions)
        frozen, managed = (
            sum(found[name] for day, found in self.days.items() if day.month >= 4)
            / sum(found["flights"] for day, found in self.days.items() if day.month >= 4)
            for name in ("frozen", "managed")
        )
        return (
            f"April to December: frozen {frozen:.2f} min, managed {managed:.2f} min, ratio {self.ratio():.3f}.  "
            f"{actions['promoted']} retrained and promoted, {actions['refused']} candidates refused by the gate, "
            f"{actions['rolled_back']} rollbacks, {actions['kept']} weeks with nothing to do.\n"
            f"{len(self.audit)} events in the audit trail, {'whole' if self.audit_whole else 'BROKEN'}. {self.elapsed_s:.0f} s."
        )


def _largest(report: Any) -> str:
    if report is None or not report.drifted_columns:
        return ""
    scores = [score for score in report.scores if score.drifted and score.value is not None]
    if not scores:
        return ""
    worst = max(
        scores,
        key=lambda score: score.value / score.threshold if score.drifts_when == "above" else score.threshold / max(score.value, 1e-12),
    )
    return f"{worst.column} {worst.test} {worst.value:.2f}"
