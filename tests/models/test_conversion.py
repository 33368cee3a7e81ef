"""A version as ONNX: registered where it answers as the original does, refused with the reason where it does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from nbmlops import audit, model
from nbmlops.errors import Invalid, NotFound
from nbmlops.models.conversion.agreement import agreement
from nbmlops.models.conversion.graphs import graphs
from nbmlops.models.loading import load
from nbmlops.models.signature import infer, rows_to_frame

RANDOM = np.random.default_rng(5)
ROWS = pd.DataFrame(
    {
        "a": RANDOM.normal(size=200),
        "m": np.where(RANDOM.random(200) < 0.1, np.nan, RANDOM.normal(size=200)),
        "k": pd.Series(np.where(RANDOM.random(200) < 0.1, None, RANDOM.choice(list("xyz"), 200)), dtype=object).fillna(np.nan),
        "n": RANDOM.integers(0, 9, 200),
        "f": RANDOM.random(200) > 0.5,
    }
)
Y = (2 * ROWS["a"] + ROWS["n"] - (ROWS["k"] == "x")).rename("y")
NUMBERS = ROWS[["a", "n"]]
COLUMNS = ColumnTransformer(
    [
        ("k", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), ["k"]),
        ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["a", "m", "n"]),
        ("f", "passthrough", ["f"]),
    ]
)


def made(estimator, rows):
    """The graphs that stand for a scikit-learn model, each made."""
    return [make for make in graphs("sklearn", b"", estimator, infer(rows))]


@pytest.mark.slow
def test_a_version_of_mixed_columns_becomes_one_that_answers_alike(workspace):
    classes = np.where(Y > 4, "late", "on time")
    pipeline = make_pipeline(COLUMNS, RandomForestClassifier(20, random_state=0)).fit(ROWS, classes)
    first = model.register("m", pipeline, data=ROWS, metrics={"accuracy": 0.9}, workspace=workspace)
    found = model.convert("m", 1, data=ROWS, workspace=workspace)
    assert (found.version, found.converted_from, found.beyond) == (2, 1, 0) and found.worst_difference < 1e-6 and found.rows > 220
    assert found.after.size_bytes < found.before.size_bytes and min(found.before.row_s, found.after.row_s, found.after.batch_s) > 0
    version = model.show("m", workspace=workspace).versions[0]
    assert (version.flavor, version.converted_from, version.metrics, version.dataset) == ("onnx", 1, {"accuracy": 0.9}, first.dataset)
    assert version.signature == first.signature and version.code is None
    asked = rows_to_frame(
        version.signature, [{"a": 1.0, "m": None, "k": None, "n": 3, "f": True}, {"a": 0, "m": 1, "k": "x", "n": 1, "f": False}]
    )
    one, other = load(workspace, first), load(workspace, version)
    assert one.predict(asked).tolist() == other.predict(asked).tolist()
    assert np.allclose(one.scores(asked), other.scores(asked))
    told = next(event for event in audit.find(workspace=workspace) if event.evidence.get("converted_from"))
    assert told.verb == "model.register" and told.evidence["agreement"]["rows"] == found.rows
    again = model.convert("m", 1, data=ROWS, workspace=workspace)
    assert again.version == 2 and len(model.show("m", workspace=workspace).versions) == 2


@pytest.mark.parametrize(
    ("estimator", "rows"),
    [
        (make_pipeline(StandardScaler(), RandomForestRegressor(20, random_state=0)), NUMBERS),
        (make_pipeline(ColumnTransformer([("n", StandardScaler(), ["a", "n"])]), HistGradientBoostingRegressor(max_iter=20)), NUMBERS),
        (HistGradientBoostingRegressor(max_iter=20), ROWS[["a", "m", "n"]]),
    ],
)
def test_trees_split_where_scikit_learn_splits_them(estimator, rows, loaded):
    estimator.fit(rows, Y)
    assert loaded(estimator, rows) < 1e-6


@pytest.fixture
def loaded():
    """How far apart a model and the first graph of it that can be made are."""
    from nbmlops.models import portable

    class Asked:
        def __init__(self, flavor, model):
            self.predict = lambda rows: portable.ask(flavor, model, rows)
            self.scores = lambda rows: portable.scores(flavor, model, rows)

    def apart(estimator, rows):
        for make in made(estimator, rows):
            try:
                form = portable.load("onnx", make().SerializeToString())
            except Exception:
                continue
            return agreement(Asked("sklearn", estimator), Asked("onnx", form), rows, 1e-4).worst
        raise AssertionError("no graph")

    return apart


@pytest.mark.slow
def test_what_has_no_form_or_answers_otherwise_is_not_registered(workspace):
    spline = make_pipeline(SplineTransformer(), Ridge()).fit(NUMBERS, Y)
    model.register("m", spline, data=NUMBERS, workspace=workspace)
    with pytest.raises(Invalid, match=r"no form in ONNX: .*SplineTransformer") as refused:
        model.convert("m", 1, workspace=workspace)
    assert refused.value.hint
    with pytest.raises(NotFound, match="no version 9"):
        model.convert("m", 9, workspace=workspace)
    with pytest.raises(Invalid, match="tolerance of -1"):
        model.convert("m", 1, tolerance=-1, workspace=workspace)
    model.register("bare", LinearRegression().fit(NUMBERS, Y), workspace=workspace)
    with pytest.raises(Invalid, match="no rows to hold"):
        model.convert("bare", 1, workspace=workspace)
    float_only = make_pipeline(StandardScaler(), RandomForestRegressor(5, random_state=0)).fit(NUMBERS, Y)
    model.register("strict", float_only, data=NUMBERS, workspace=workspace)
    with pytest.raises(Invalid, match=r"answers otherwise: .* rows are further apart than 0, at most by"):
        model.convert("strict", 1, data=NUMBERS, tolerance=0, workspace=workspace)
    assert all(len(found.versions) == 1 for found in model.find(workspace=workspace))


def test_a_tree_that_asks_for_missing_values_is_refused_before_the_converter_hangs():
    rows = ROWS[["a", "m"]]
    forest = RandomForestRegressor(20, random_state=0).fit(rows, Y + 9 * rows["m"].isna())
    ways = list(made(forest, rows))
    assert ways
    for make in ways:
        with pytest.raises(Exception, match=r"missing has no form|at most 1 input"):
            make()


@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
def test_boosters_agree_to_a_float(kind, loaded):
    from nbmlops import plugins
    from nbmlops.models import portable

    library = __import__(kind)
    rows = ROWS[["a", "m"]]
    classifier = library.XGBClassifier(n_estimators=5) if kind == "xgboost" else library.LGBMClassifier(n_estimators=5, verbose=-1)
    target = (Y > 4).to_numpy().astype(int) if kind == "xgboost" else np.where(Y > 4, "late", "on time")
    data = plugins.adapter("flavor", kind)().save(classifier.fit(rows, target))
    before = portable.load(kind, data)
    outcomes = []
    for make in graphs(kind, data, before, infer(rows)):
        try:
            after = portable.load("onnx", make().SerializeToString())
        except Exception:
            continue
        outcomes.append((np.asarray(after.predict(rows)).tolist(), after.predict_proba(rows)))
    assert outcomes and outcomes[0][0] == np.asarray(before.predict(rows)).tolist()
    assert np.allclose(outcomes[0][1], before.predict_proba(rows), atol=1e-6)


def test_times_and_other_flavors_are_refused_in_a_sentence():
    times = pd.DataFrame({"at": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    with pytest.raises(Invalid, match="'at' is a time"):
        next(iter(graphs("sklearn", b"", None, infer(times))))
    with pytest.raises(Invalid, match="'statsmodels' has no converter"):
        next(iter(graphs("statsmodels", b"", None, infer(NUMBERS))))
    with pytest.raises(Invalid, match="is ONNX already"):
        next(iter(graphs("onnx", b"", None, infer(NUMBERS))))
