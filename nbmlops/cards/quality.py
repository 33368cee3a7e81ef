"""The sections of a card that tell how well a version does: metrics, for whom, by which columns; and what a gate found."""

from __future__ import annotations

from nbmlops.cards import judged
from nbmlops.cards.figures import around, counted, listed, number, percent
from nbmlops.cards.known import Known
from nbmlops.cards.records import CardBars, CardSection, CardTable, Importance, MeasuredGroup, MeasuredMetric, Measurement
from nbmlops.models.quality import recorded

_MOST_GROUPS = 30
_MOST_COLUMNS = 20
_NONE_OF = {
    "slices": "Nobody has measured how it does on groups of rows. To find out: %mlops model card {model} {version} --data X --labels y",
    "fairness": "Nobody has measured whether it treats groups of people alike.",
    "robustness": "Nobody has measured how it stands noise, or whether its probabilities are what comes true.",
    "checks": "No other check was made.",
}
_TITLES = {
    "metrics": "How well it does", "slices": "For whom it does worse", "fairness": "Fairness",
    "robustness": "Robustness and calibration", "checks": "Other checks", "importance": "What it goes by",
}  # fmt: skip


def metrics(known: Known) -> CardSection:
    """Metrics on rows that were given, or else as they were recorded, and said so; and the gate's word on them."""
    section = _named("metrics", judged.parts(known, "metrics"))
    version, measured = known.version, known.measured
    if measured is not None:
        section.sentences.append(
            f"Measured on {counted(measured.rows, 'labelled row')} on {measured.at:%Y-%m-%d}, with 95 % bootstrap intervals."
        )
        if measured.trained_on:
            section.sentences.append("These are the rows it was trained on: on rows it has not seen it does worse.")
        section.sentences.extend([_metric(one, recorded(version.metrics, one.name)) for one in measured.metrics])
        head = ["metric", "value", "95 % interval", "an answer that never varies", "recorded"]
        rows = [
            [one.name, number(one.value), around(one.low, one.high), number(one.constant), number(recorded(version.metrics, one.name))]
            for one in measured.metrics
        ]
        section.tables.insert(0, CardTable(title="", head=head, rows=rows, right=[1, 2, 3, 4]))
    elif version.metrics:
        section.sentences.append("As recorded when it was registered, on rows that the record does not tell; they have no interval.")
        rows = [[name, number(value)] for name, value in version.metrics.items()]
        section.tables.insert(0, CardTable(title="", head=["metric", "recorded"], rows=rows, right=[1]))
    else:
        section.sentences.append("No metric is on record.")
    section.sentences.append(_gate(known))
    return section


def _metric(one: MeasuredMetric, before: float | None) -> str:
    said = f"{one.name} is {number(one.value)}"
    said += f" ({around(one.low, one.high)})" if one.low is not None else ""
    if one.constant is not None and one.constant > 0 and one.better == "lower":
        share = one.value / one.constant
        said += (
            f", {percent(share)} of what an answer that never varies gets" if share < 1 else ", no better than an answer that never varies"
        )
    elif one.constant is not None and one.better == "higher":
        said += f"; an answer that never varies gets {number(one.constant)}"
    if before is not None and one.low is not None and one.high is not None and not one.low <= before <= one.high:
        worse = before < one.low if one.better == "lower" else before > one.high
        said += f". That is {'worse' if worse else 'better'} than the {number(before)} that was recorded"
    return f"{said}."


def _gate(known: Known) -> str:
    gate = known.gate
    if gate is None:
        return "It never stood before a gate."
    on = f"on {counted(gate.rows, 'labelled row')}" if gate.rows else "by recorded metrics"
    against = f" against version {gate.champion}" if gate.champion else ""
    refused = [check.name for check in gate.checks if not check.passed]
    if gate.passed:
        return f"It passed its gate{against} {on} on {gate.at:%Y-%m-%d}."
    return f"Its gate refused it{against} {on} on {gate.at:%Y-%m-%d}: {listed(refused)}."


def slices(known: Known) -> CardSection:
    """Groups of rows on which it does worse than on all."""
    section = _named("slices", judged.parts(known, "slices"))
    measured = known.measured
    if measured is not None and measured.groups:
        _groups(measured, section)
    return _or_nothing(section, known)


def _groups(measured: Measurement, section: CardSection) -> None:
    whole, groups = measured.metrics[0], measured.groups
    worse = [one for one in groups if _worse(one, whole)]
    worst = sorted(groups, key=lambda one: one.value, reverse=whole.better == "lower")
    section.sentences.extend([_group(one, whole) for one in worst if one in worse][:5])
    columns = listed(list(dict.fromkeys(one.column for one in groups)))
    if worse:
        section.sentences.append(
            f"{counted(len(worse), 'group')} of the {len(groups)} by {columns} {'does' if len(worse) == 1 else 'do'} worse than the whole; "
            "one in forty would look so by chance alone."
        )
    else:
        section.sentences.append(f"None of the {len(groups)} groups by {columns} does worse than the whole by more than chance (95 %).")
    if measured.small:
        section.sentences.append(f"Of {counted(measured.small, 'more group')} there are too few rows to tell.")
    shown = worst[:_MOST_GROUPS]
    names = [f"{one.column} {one.group}" for one in shown]
    rows = [[name, f"{one.rows:,}", number(one.value), around(one.low, one.high)] for name, one in zip(names, shown, strict=True)]
    section.bars.append(
        CardBars(
            title=f"{whole.name} by group, the worst first; {number(whole.value)} on all rows", names=names,
            values=[one.value for one in shown], unit=whole.name, level=whole.value,
            intervals=[[one.low, one.high] if one.low is not None and one.high is not None else [] for one in shown],
            head=["group", "rows", whole.name, "95 % interval"], rows=rows,
        )
    )  # fmt: skip


def _worse(one: MeasuredGroup, whole: MeasuredMetric) -> bool:
    if one.low is None or one.high is None:
        return False
    return one.low > whole.value if whole.better == "lower" else one.high < whole.value


def _group(one: MeasuredGroup, whole: MeasuredMetric) -> str:
    where = f"On rows whose {one.column} is {one.group} ({one.rows:,} of them) {whole.name} is"
    if whole.better == "lower" and whole.value > 0:
        return f"{where} {one.value / whole.value:.2g} times the overall one: {number(one.value)} against {number(whole.value)}."
    return f"{where} {number(one.value)}, {number(abs(whole.value - one.value))} from the overall {number(whole.value)}."


def fairness(known: Known) -> CardSection:
    """What the gate found of groups of people."""
    return _or_nothing(_named("fairness", judged.parts(known, "fairness")), known)


def robustness(known: Known) -> CardSection:
    """What the gate found of noise and of probabilities."""
    return _or_nothing(_named("robustness", judged.parts(known, "robustness")), known)


def checks(known: Known) -> CardSection:
    """What else the gate asked."""
    return _or_nothing(_named("checks", judged.parts(known, "checks")), known)


def importance(known: Known) -> CardSection:
    """Which columns matter, by shuffling them."""
    section, found, version = CardSection(name="importance", title=_TITLES["importance"]), known.importance, known.version
    if found is None:
        ask = f"%mlops model importance {version.model} {version.version} --data X --labels y"
        section.sentences.append(f"Nobody has measured what its columns matter. To find out: {ask}")
        return section
    section.sentences.extend(importance_told(found))
    shown = found.columns[:_MOST_COLUMNS]
    title, unit = importance_title(found)
    section.bars.append(
        CardBars(
            title=title, names=[one.columns[0] for one in shown], values=[one.worse_by for one in shown],
            intervals=[[one.low, one.high] for one in shown], unit=unit, head=["shuffled", unit, "95 % interval"],
            rows=[[one.columns[0], number(one.worse_by), around(one.low, one.high)] for one in shown],
        )
    )  # fmt: skip
    return section


def importance_title(found: Importance) -> tuple[str, str]:
    """What a chart of it is called, and its axis."""
    if not found.labelled:
        return "How far answers move when a column is shuffled", found.metric
    return f"What shuffling a column costs in {found.metric}", f"{found.metric} {'rises' if found.better == 'lower' else 'falls'} by"


def importance_told(found: Importance) -> list[str]:
    """Importance in sentences."""
    of = f"{counted(found.rows, 'row')}{f' of {found.of_rows:,}' if found.of_rows > found.rows else ''}"
    said = [f"Each column was shuffled {found.repeats} times on {of} on {found.at:%Y-%m-%d}; the intervals are of the shuffling alone."]
    matter, rest = [one for one in found.columns if one.low > 0], [one for one in found.columns if one.low <= 0]
    if matter:
        first, second = matter[0], matter[1] if len(matter) > 1 else None
        cost = f"without what {first.columns[0]} tells, " + (
            f"{found.metric} is worse by {number(first.worse_by)} than its {number(found.value)}" if found.labelled
            else f"answers move most: {found.metric} {number(first.worse_by)}"
        )  # fmt: skip
        said.append(f"It goes by {listed([one.columns[0] for one in matter], 4)}: {cost}.")
        if second is not None and first.worse_by > 3 * second.worse_by:
            said.append(f"{first.columns[0]} matters more than three times as much as any other column.")
    else:
        said.append("No column matters by more than chance on these rows.")
    if rest and matter:
        said.append(f"{listed([one.columns[0] for one in rest])} {'makes' if len(rest) == 1 else 'make'} no difference that shows.")
    for group in found.together:
        names = listed(group.columns)
        said.append(
            f"{names} go together (|Spearman| > 0.8): one shuffled alone makes rows that do not occur, and the other still tells; "
            f"shuffled together they cost {number(group.worse_by)} ({around(group.low, group.high)})."
        )
    if not found.labelled:
        said.append("No labels were given: this is how far answers move, not how much worse they get.")
    if found.trained_on:
        said.append("These are the rows it was trained on: what it has learnt by heart looks important there.")
    return said


def _named(name: str, section: CardSection) -> CardSection:
    return CardSection(
        name=name, title=_TITLES[name], sentences=section.sentences, tables=section.tables, bars=section.bars, curves=section.curves
    )  # fmt: skip


def _or_nothing(section: CardSection, known: Known) -> CardSection:
    """A section of which nobody knows anything says so, and what to do."""
    if not section.tables and not section.sentences:
        section.sentences.append(_NONE_OF[section.name].format(model=known.version.model, version=known.version.version))
    return section
