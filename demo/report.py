"""The report: one HTML file that needs no network, and every figure in it as JSON beside it."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from demo.plots import by_week, drift_svg, year_svg
from demo.story import Story
from nbmlops.contract.request import to_json_values

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.55 system-ui, "Segoe UI", sans-serif; color: #2b2b2b; background: #fff;
  max-width: 66rem; margin: 2.5rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.9rem; margin-bottom: .2rem; } h2 { margin-top: 2.4rem; font-size: 1.2rem; }
p.lead { color: #5c626b; margin-top: 0; max-width: 48rem; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: #5c626b; border-bottom: 2px solid #e3e6ea; padding: .35rem .6rem; }
td { border-bottom: 1px solid #eef0f2; padding: .35rem .6rem; vertical-align: top; }
td.n { text-align: right; } td.d { white-space: nowrap; } svg { width: 100%; height: auto; }
.cards { display: flex; gap: 1rem; flex-wrap: wrap; margin: 1.6rem 0; }
.card { flex: 1 1 8rem; background: #f5f7f8; border-radius: 8px; padding: .8rem 1rem; }
.card b { display: block; font-size: 1.55rem; font-variant-numeric: tabular-nums; } .card span { color: #5c626b; font-size: 13px; }
.tag { border-radius: 4px; padding: .05rem .45rem; font-size: 12.5px; white-space: nowrap; background: #eef0f2; }
.promoted { background: #d9f0e2; color: #17643a; } .refused { background: #f9dcd8; color: #8e2a1e; }
.rolled_back { background: #eadcf2; color: #5d2c76; }
"""


def write_report(story: Story, folder: Path) -> Path:
    """Write `report.html` and `report.json`; gives the path of the first."""
    months, figures = story.months(), figures_of(story)
    (folder / "report.json").write_text(json.dumps(figures, indent=2, default=str) + "\n", "utf-8")
    kinds = {action: sum(1 for d in story.decisions if d.action == action) for action in ("promoted", "refused", "rolled_back")}
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>A year of flights</title>",
        f"<style>{_STYLE}</style></head><body>",
        "<h1>A year of flights, one model all the way round</h1>",
        "<p class='lead'>How long is a flight in the air? A notebook learned it from January and February 2013. Then the year went on: "
        "every flight was predicted before it left, its true time came after, and at each week's end a policy looked at both.</p>",
        _cards(
            [
                (f"{figures['april_to_december']['frozen_mae']:.2f} min", "error of the frozen model, April to December"),
                (f"{figures['april_to_december']['managed_mae']:.2f} min", "error of the managed model"),
                (f"{story.ratio():.2f}", "managed over frozen"),
                (kinds["promoted"], "retrained and promoted"),
                (kinds["refused"], "candidates refused"),
                (kinds["rolled_back"], "rollbacks"),
            ]
        ),
        "<h2>Error by week</h2>",
        year_svg(story.days, story.decisions),
        "<h2>What drifted, by month</h2><p class='lead'>Each column's score over its threshold, against the data the "
        "serving version was trained on; <em>air_time</em> is what the model answered. Inputs hardly move; the wind does, and it is "
        "no column: the error tells.</p>",
        drift_svg(story.reports) if story.reports else "",
        "<h2>Month by month</h2>",
        _table(
            ["Month", "Flights", "Frozen MAE", "Managed MAE", "Served", "Drift", "Decisions"],
            [
                [
                    row["month"],
                    f"{row['flights']:,}",
                    f"{row['frozen_mae']:.2f}",
                    f"{row['managed_mae']:.2f}",
                    ", ".join(f"v{v}" for v in row["versions"]),
                    row["largest_drift"] or "–",
                    ", ".join(f"{n}× {a.replace('_', ' ')}" for a, n in row["decisions"].items()),
                ]
                for row in months
            ],
            numbers={1, 2, 3},
        ),
        "<h2>What the policy decided, and why</h2>",
        _decisions([d for d in story.decisions if d.action != "kept"]),
        "<h2>A champion is challenged</h2><p class='lead'>Four candidates before the same gates, on flights of January and February "
        "that nobody trained on. What is better on average may be worse for somebody; what is far better may know too much. "
        "The <a href='challenge/card.html'>card</a> of the one that stands.</p>",
        _table(
            ["Version", "Model", "MAE", "What its gates said"],
            [[f"v{one['version']}", one["words"], f"{_mae(one):.2f}", one["said"]] for one in story.challenge],
            numbers={2},
        ),
        "<h2>The three parameter sets tried at the start</h2>",
        _table(
            ["Run", "Status", "Parameters", "MAE", "R²", "Data hash"],
            [
                [
                    run.id,
                    run.status,
                    ", ".join(f"{k}={v}" for k, v in run.params.items() if k in ("learning_rate", "max_iter")),
                    f"{run.metrics['mae']:.2f}",
                    f"{run.metrics['r2']:.3f}",
                    str(run.data_hash)[:23] + "…",
                ]
                for run in story.tried
            ],
            numbers={3, 4},
        ),
        "<h2>Versions</h2>",
        _table(
            ["Version", "Run", "Held-out MAE", "Trained on", "Size", "Aliases"],
            [
                [f"v{v.version}", v.run, f"{v.metrics['mae']:.2f}", str(v.dataset)[:23] + "…", f"{v.size_bytes:,} B", ", ".join(v.aliases)]
                for v in story.versions.versions
            ],
            numbers={2, 4},
        ),
        f"<p class='lead'>{len(story.audit)} events in the audit trail; the chain is {'whole' if story.audit_whole else 'BROKEN'}.</p>",
        "</body></html>",
    ]
    path = folder / "report.html"
    path.write_text("\n".join(parts), "utf-8")
    return path


def _mae(one: dict[str, Any]) -> float:
    return float(next(check.value for check in one["report"].checks if check.kind == "performance"))


def figures_of(story: Story) -> dict[str, Any]:
    """Every figure of the report, as JSON values."""
    weeks, frozen, managed = by_week(story.days)
    counted = [found for day, found in story.days.items() if day.month >= 4]
    flights = sum(found["flights"] for found in counted)
    return {
        "april_to_december": {
            "flights": flights,
            "frozen_mae": sum(found["frozen"] for found in counted) / flights,
            "managed_mae": sum(found["managed"] for found in counted) / flights,
            "ratio": story.ratio(),
        },
        "months": story.months(),
        "weeks": [{"middle": w.isoformat(), "frozen_mae": f, "managed_mae": m} for w, f, m in zip(weeks, frozen, managed, strict=True)],
        "decisions": to_json_values(story.decisions),
        "drift": {month.strftime("%Y-%m"): to_json_values(report) for month, report in story.reports.items()},
        "challenge": to_json_values(story.challenge),
        "tried": to_json_values(story.tried),
        "versions": to_json_values(story.versions),
        "audit_events": len(story.audit),
        "audit_whole": story.audit_whole,
        "elapsed_s": story.elapsed_s,
    }


def _cards(cards: list[tuple[Any, str]]) -> str:
    return (
        "<div class='cards'>"
        + "".join(f"<div class='card'><b>{html.escape(str(v))}</b><span>{html.escape(w)}</span></div>" for v, w in cards)
        + "</div>"
    )


def _table(heads: list[str], rows: list[list[Any]], *, numbers: set[int]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td{' class=n' if at in numbers else ''}>{html.escape(str(cell))}</td>" for at, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _decisions(decisions: list[Any]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("Week to", "Decision", "Champion", "Why"))
    rows = []
    for decision in decisions:
        moved = f"v{decision.version_before} → v{decision.version_after}"
        tag = f"<span class='tag {html.escape(decision.action)}'>{html.escape(decision.action.replace('_', ' '))}</span>"
        day, why = f"{decision.end:%Y-%m-%d}", html.escape(decision.reason)
        rows.append(f"<tr><td class=d>{day}</td><td>{tag}</td><td class=d>{moved}</td><td>{why}</td></tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
