"""A champion is challenged: what is better on average is refused for one carrier's flights, what knows too much is found out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo import flights as data

MODEL = "in-the-air"
GATES = Path(__file__).parent / "gates.yaml"
NUMBERS, WORDS = ["distance", "hour", "seats"], ["origin", "dest", "carrier"]
CREW = "crew_hours"  # what the crew writes down after the flight
LIMITS = "Winds change with the season: it was trained on January and February, and is off by more in summer."


def challenged(year: Any, folder: Path, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Four candidates before the same gates, in order; gives what became of each, and writes the card of the one that stands."""
    from nbmlops import model

    folder.mkdir(parents=True, exist_ok=True)
    known = year[year.day < "2013-03-01"].assign(**{CREW: lambda rows: (rows.air_time / 60).round(1)})
    held_out = known.day.astype("category").cat.codes % 4 == 3  # every fourth day
    rows, train = known[held_out], known[~held_out]
    columns = [*data.INPUTS, CREW]
    rows[[*columns, data.LABEL]].to_parquet(folder / "held_out.parquet", index=False)
    shutil.copyfile(GATES, folder / GATES.name)
    say(f"A champion is challenged, on {len(rows):,} flights of January and February that nobody trains on:")
    found = []
    for words, estimator, part, inputs in _candidates(train):
        fitted = estimator.fit(part[inputs], part[data.LABEL])
        version = model.register(MODEL, fitted, data=part[inputs], description=words).version
        if version == 1:
            model.gates(MODEL, str(folder / GATES.name))
        found.append({"version": version, "words": words, **_judged(version)})
        say(f"  version {version}  {words:<34} {found[-1]['said']}")
    last = found[-1]["version"]
    for section, text in (("intended use", "How long a flight from New York is in the air, for who plans crews."), ("limitations", LIMITS)):
        model.card(MODEL, last, section=section, text=text)
    inputs, labels = rows[data.INPUTS], rows[data.LABEL]
    model.importance(MODEL, last, data=inputs, labels=labels, repeats=5)
    for name in ("card.html", "card.md"):
        model.card(MODEL, last, output=str(folder / name), data=inputs, labels=labels, slices=["carrier", "origin"])
    return found


def _judged(version: int) -> dict[str, Any]:
    """What its gates say, and whether it was promoted."""
    from nbmlops import model
    from nbmlops.errors import GateRefused

    try:
        moved = model.promote(MODEL, version, reason="it is better, and for nobody worse")
    except GateRefused as refused:
        passed, said = False, f"refused: {refused.message.partition(': ')[2] or refused.message}"
    else:
        passed, said = True, "promoted" + (f" over version {moved.previous}" if moved.previous else "; there was no champion")
    return {"passed": passed, "said": said, "report": model.judged(MODEL, version=version, limit=1)[0]}


def _candidates(train: Any) -> list[tuple[str, Any, Any, list[str]]]:
    """What each is in words, its estimator, the flights and the columns it is trained on."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    def lines() -> Any:
        coded = ColumnTransformer([("n", SimpleImputer(), NUMBERS), ("w", OneHotEncoder(handle_unknown="ignore"), ["origin", "carrier"])])
        return Pipeline([("encode", coded), ("lines", Ridge())])

    def trees(numbers: list[str]) -> Any:
        words = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        coded = ColumnTransformer([("n", "passthrough", numbers), ("w", words, WORDS)])
        return Pipeline([("encode", coded), ("boost", HistGradientBoostingRegressor(max_iter=60, random_state=0))])

    usual = train[train.air_time < 400]
    return [
        ("straight lines", lines(), train, data.INPUTS),
        ("trees, without the longest flights", trees(NUMBERS), usual, data.INPUTS),
        ("trees that know the crew's log", trees([*NUMBERS, CREW]), train, [*data.INPUTS, CREW]),
        ("trees", trees(NUMBERS), train, data.INPUTS),
    ]
