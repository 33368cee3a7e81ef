"""Registering: what can be kept answers as before, what cannot says why."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingRegressor,
    VotingRegressor,
)  # fmt: skip
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNetCV, LinearRegression, LogisticRegression, Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, PolynomialFeatures, SplineTransformer, StandardScaler
from sklearn.svm import SVC, SVR

from nbmlops.errors import Damaged, Invalid, NotFound, TooLarge, Untrusted
from nbmlops.models import verbs
from nbmlops.models.loading import load
from nbmlops.models.registry import Registry
from nbmlops.models.signature import rows_to_frame
from nbmlops.runs.book import RunBook

RANDOM = np.random.default_rng(3)
X = pd.DataFrame({"a": RANDOM.normal(size=90), "b": RANDOM.normal(size=90), "k": RANDOM.choice(list("xyz"), 90)})
NUMBERS = X[["a", "b"]]
Y = 2 * X["a"] - X["b"] + 3 * (X["k"] == "x")
CLASS = pd.Series(np.where(Y > 0, "late", "on time"), name="class")
CODED = ColumnTransformer([("k", OneHotEncoder(handle_unknown="ignore"), ["k"]), ("n", StandardScaler(), ["a", "b"])])
ORDINAL = ColumnTransformer([("k", OrdinalEncoder(), ["k"]), ("n", "passthrough", make_column_selector(dtype_include="number"))])

ESTIMATORS = {
    "linear": (LinearRegression(), NUMBERS, Y), "ridge of columns": (make_pipeline(CODED, Ridge()), X, Y), "elastic": (ElasticNetCV(cv=3), NUMBERS, Y),
    "sgd": (SGDRegressor(loss="huber"), NUMBERS, Y), "dummy": (DummyRegressor(), NUMBERS, Y), "logistic": (LogisticRegression(), NUMBERS, CLASS),
    "forest": (RandomForestRegressor(9), NUMBERS, Y), "forest of classes": (RandomForestClassifier(9), NUMBERS, CLASS),
    "extra trees": (ExtraTreesRegressor(9), NUMBERS, Y), "boosting": (GradientBoostingRegressor(n_estimators=9), NUMBERS, Y),
    "boosting of classes": (GradientBoostingClassifier(n_estimators=9), NUMBERS, CLASS), "hist": (HistGradientBoostingRegressor(max_iter=9), NUMBERS, Y),
    "hist of classes": (HistGradientBoostingClassifier(max_iter=9), NUMBERS, CLASS),
    "hist of columns": (make_pipeline(ORDINAL, HistGradientBoostingRegressor(max_iter=9, categorical_features=[0])), X, Y),
    "hist quantile": (HistGradientBoostingRegressor(loss="quantile", quantile=0.9, max_iter=9, early_stopping=True), NUMBERS, Y),
    "svr": (make_pipeline(StandardScaler(), SVR()), NUMBERS, Y), "svc": (SVC(), NUMBERS, CLASS), "neighbours": (KNeighborsRegressor(), NUMBERS, Y),
    "ball": (KNeighborsClassifier(algorithm="ball_tree", metric="manhattan"), NUMBERS, CLASS), "bayes": (GaussianNB(), NUMBERS, CLASS),
    "discriminant": (LinearDiscriminantAnalysis(), NUMBERS, CLASS), "bagging": (BaggingRegressor(n_estimators=4), NUMBERS, Y),
    "ada": (AdaBoostRegressor(n_estimators=4), NUMBERS, Y), "isolation": (IsolationForest(n_estimators=9), NUMBERS, Y),
    "grid": (GridSearchCV(make_pipeline(CODED, Ridge()), {"ridge__alpha": [1, 2]}, scoring="neg_mean_absolute_error", cv=KFold(3)), X, Y),
    "stack": (StackingRegressor([("r", Ridge()), ("t", RandomForestRegressor(5))], cv=3), NUMBERS, Y),
    "vote": (VotingRegressor([("r", Ridge()), ("n", KNeighborsRegressor())]), NUMBERS, Y), "network": (MLPRegressor(hidden_layer_sizes=(4,), max_iter=2000, tol=0.1), NUMBERS, Y),
    "process": (GaussianProcessRegressor(RBF() + WhiteKernel(), optimizer=None), NUMBERS, Y),
    "calibrated": (CalibratedClassifierCV(GaussianNB(), cv=3), NUMBERS, CLASS), "chosen": (make_pipeline(SelectKBest(f_regression, k=1), Ridge()), NUMBERS, Y),
    "log target": (TransformedTargetRegressor(Ridge(), func=np.arcsinh, inverse_func=np.sinh), NUMBERS, Y),
    "ufunc": (make_pipeline(FunctionTransformer(np.abs), PolynomialFeatures(), SplineTransformer(), Ridge()), NUMBERS, Y),
    "two outputs": (MultiOutputRegressor(Ridge()), NUMBERS, pd.DataFrame({"y": Y, "z": -Y})),
    "array": (Ridge(), NUMBERS.to_numpy(), Y.to_numpy()), "array of forest": (RandomForestRegressor(5), NUMBERS.to_numpy("float32"), Y.to_numpy()),
}  # fmt: skip


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_is_registered_answers_rows_as_it_did_before(name, workspace):
    estimator, inputs, target = ESTIMATORS[name]
    estimator.fit(inputs, target)
    version = verbs.register("m", estimator, data=inputs, workspace=workspace)
    loaded = load(workspace, version)
    frame = inputs if hasattr(inputs, "columns") else pd.DataFrame(inputs, columns=["x0", "x1"])
    rows = rows_to_frame(version.signature, frame.to_dict("records"))
    expected, answered = np.asarray(estimator.predict(inputs)), loaded.predict(rows)
    assert answered.shape == expected.shape
    assert np.allclose(expected, answered) if expected.dtype.kind == "f" else (expected == answered).all()
    assert version.signature.named is hasattr(inputs, "columns")
    kinds = {"f": "float", "i": "integer", "U": "string", "O": "string", "b": "boolean"}
    gives = [column.type for column in version.signature.outputs]
    assert gives == ([kinds[expected.dtype.kind]] if expected.ndim == 1 else [])  # several that nobody named stay one


def test_registering_again_in_a_cell_that_runs_again_makes_no_new_version(workspace, frame, target):
    estimator = RandomForestRegressor(3, random_state=0).fit(frame, target)
    first = verbs.register("m", estimator, data=frame, metrics={"mae": 1.0}, workspace=workspace)
    verbs.promote("m", 1, workspace=workspace)
    again = verbs.register("m", estimator, data=frame, metrics={"mae": 1.0}, workspace=workspace)
    assert (first.version, again.version, again.aliases) == (1, 1, ["champion"])
    assert verbs.register("m", estimator, data=frame, metrics={"mae": 2.0}, workspace=workspace).version == 2
    assert verbs.register("m", Ridge().fit(frame, target), data=frame, workspace=workspace).version == 3


def test_a_version_remembers_its_data(workspace, frame, target):
    from nbmlops.data import book

    version = verbs.register(
        "m", Ridge().fit(frame, target), data=frame, description="first", metrics={"mae": float("nan")}, workspace=workspace
    )
    assert book.dataset(workspace, version.dataset).rows == len(frame)
    found = verbs.show("m", workspace=workspace).versions[0]
    assert found.description == "first" and np.isnan(found.metrics["mae"]) and found.registered_by == "ada"


def test_without_its_data_a_model_tells_its_columns_itself(workspace, frame, target):
    named = verbs.register("named", Ridge().fit(frame, target), workspace=workspace).signature
    assert [c.name for c in named.inputs] == ["a", "b"] and named.named
    bare = verbs.register("bare", Ridge().fit(frame.to_numpy(), target), workspace=workspace).signature
    assert [c.name for c in bare.inputs] == ["x0", "x1"] and not bare.named


@pytest.mark.parametrize("values", [[1, None, 3, 4] * 20, [1.5, np.nan, 2.0, 3.0] * 20])
def test_nulls_of_pandas_own_types(workspace, values):
    data = pd.DataFrame({"n": pd.array(values, "Float64" if 1.5 in values else "Int64"), "k": pd.Categorical(["x", "y"] * 40)})
    model = make_pipeline(
        ColumnTransformer([("n", SimpleImputer(), ["n"]), ("k", OneHotEncoder(), ["k"])]), HistGradientBoostingRegressor(max_iter=3)
    ).fit(data, np.arange(80.0))
    version = verbs.register("m", model, data=data, workspace=workspace)
    rows = rows_to_frame(version.signature, [{"n": None, "k": "x"}, {"n": 3, "k": "y"}])
    assert np.allclose(load(workspace, version).predict(rows), model.predict(pd.DataFrame({"n": [np.nan, 3.0], "k": ["x", "y"]})))


def test_a_model_of_category_columns_answers_plain_values(workspace):
    data = pd.DataFrame({"n": np.arange(80.0), "k": pd.Categorical(["x", "y"] * 40)})
    model = HistGradientBoostingRegressor(max_iter=5, categorical_features="from_dtype").fit(data, np.arange(80.0) % 2)
    version = verbs.register("m", model, data=data, workspace=workspace)
    rows = rows_to_frame(version.signature, [{"n": 3.0, "k": "x"}, {"n": 3.0, "k": "y"}])
    assert np.allclose(load(workspace, version).predict(rows), model.predict(data.iloc[2:4].assign(n=3.0)))


def test_registered_again_with_its_data_it_is_a_version_that_knows_them(workspace, frame, target):
    estimator = make_pipeline(StandardScaler(), LinearRegression()).fit(frame, target)
    bare = verbs.register("m", estimator, workspace=workspace)
    again = verbs.register("m", estimator, data=frame, workspace=workspace)
    assert (bare.dataset, bare.fixtures, again.version) == (None, None, 2) and again.dataset and again.fixtures
    assert verbs.register("m", estimator, workspace=workspace).version == 1


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array])
def test_a_model_of_sparse_rows_is_asked_with_every_column(workspace, form):
    rows = form(np.eye(40)[:, :6] * np.arange(1.0, 41.0)[:, None])
    version = verbs.register("m", LinearRegression().fit(rows, np.arange(40.0)), data=rows, workspace=workspace)
    assert [column.name for column in version.signature.inputs] == [f"x{at}" for at in range(6)] and version.fixtures


def test_bare_texts_are_refused_with_the_way_to_name_them(workspace):
    texts = pd.Series(["good day", "bad night"] * 10, name="text")
    bare = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0] * 10)
    with pytest.raises(Invalid, match="takes bare texts") as refused:
        verbs.register("m", bare, data=texts, workspace=workspace)
    assert "ColumnTransformer([('text', TfidfVectorizer(), 'text')])" in refused.value.hint
    named = make_pipeline(ColumnTransformer([("text", TfidfVectorizer(), "text")]), LogisticRegression()).fit(texts.to_frame(), [1, 0] * 10)
    assert verbs.register("m", named, data=texts.to_frame(), workspace=workspace).fixtures


def forgets(rows):
    return [None] * len(rows)


def test_a_model_that_answers_nothing_is_none(workspace, frame):
    with pytest.raises(Invalid, match="None to every row"):
        verbs.register("m", forgets, data=frame, code=True, workspace=workspace)


def test_a_description_keeps_no_secret(workspace, frame, target):
    secret = "ghp_" + "a1B2" * 9
    estimator = make_pipeline(StandardScaler(), LinearRegression()).fit(frame, target)
    made = verbs.register("m", estimator, data=frame, description=f"by {secret}", workspace=workspace)
    assert secret not in made.description and made.description.startswith("by ")
    assert verbs.register("m", estimator, data=frame, description=f"by {secret}", workspace=workspace).version == 1


def test_frames_whose_columns_have_no_names_of_their_own_are_refused(workspace):
    numbers = np.random.default_rng(0).normal(size=(20, 2))
    whole = pd.DataFrame(numbers)
    with pytest.raises(Invalid, match="called 0, which is no text"):
        verbs.register("m", Ridge().fit(whole, numbers[:, 0]), data=whole, workspace=workspace)
    twice = pd.DataFrame(numbers, columns=["a", "a"])
    with pytest.raises(Invalid, match="more than one column 'a'"):
        verbs.register("m", Ridge().fit(numbers, numbers[:, 0]), data=twice, workspace=workspace)
    assert Registry(workspace).names() == []


class Ours(LinearRegression):
    """A class nobody trusts."""


@pytest.mark.parametrize(
    ("estimator", "error", "words"),
    [
        (None, Invalid, "Nothing to register"), (5, Invalid, "no predict"), (LinearRegression, Invalid, "class"), (StandardScaler(), Invalid, "no predict"),
        (Ridge(), Invalid, "not known"), (Ours().fit([[1.0], [2.0]], [1, 2]), Untrusted, "Ours"),
        (make_pipeline(FunctionTransformer(lambda x: x), Ridge()).fit([[1.0], [2.0]], [1, 2]), Invalid, "lambda.*no name there"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_says_why(workspace, estimator, error, words):
    with pytest.raises(error, match=words) as refused:
        verbs.register("m", estimator, workspace=workspace)
    assert refused.value.hint and Registry(workspace).names() == []


def test_what_a_library_keeps_as_a_pickle_says_so_and_not_that_it_is_the_notebooks(workspace):
    import statsmodels.api as sm

    fitted = sm.OLS(Y, NUMBERS).fit()
    with pytest.raises(Untrusted, match="kept as a pickle, which runs code when it is loaded") as refused:
        verbs.register("m", fitted, data=NUMBERS, workspace=workspace)
    assert "--code" in refused.value.hint
    assert verbs.register("m", fitted, data=NUMBERS, code=True, workspace=workspace).signature.outputs[0].type == "float"


def test_what_answers_no_rows_is_refused_with_the_way_out(workspace):
    import torch
    from statsmodels.tsa.arima.model import ARIMA

    class Sum(torch.nn.Module):
        def forward(self, one, other):
            return one + other

    series = ARIMA(np.cumsum(Y), order=(1, 0, 0)).fit()
    with pytest.raises(Invalid, match="ARIMAResults forecasts steps") as refused:
        verbs.register("m", series, code=True, workspace=workspace)
    assert "lags" in refused.value.hint
    with pytest.raises(Invalid, match="takes 2 tensors") as refused:
        verbs.register("m", torch.export.export(Sum(), (torch.zeros(2, 1),) * 2), data=NUMBERS, code=True, workspace=workspace)
    assert "one tensor" in refused.value.hint and Registry(workspace).names() == []


def test_a_link_to_nothing_is_said_to_be_one(workspace):
    (workspace.root / "model.skops").symlink_to(workspace.root / "gone.skops")
    with pytest.raises(NotFound, match="is a link to what is not there"):
        verbs.register("m", file="model.skops", workspace=workspace)


def test_a_search_over_distributions_is_refused_with_the_way_out(workspace):
    from scipy.stats import loguniform

    search = RandomizedSearchCV(Ridge(), {"alpha": loguniform(0.1, 10)}, n_iter=2, random_state=0).fit(NUMBERS, Y)
    with pytest.raises((Untrusted, Invalid)) as refused:
        verbs.register("m", search, data=NUMBERS, workspace=workspace)
    assert refused.value.hint
    assert verbs.register("m", search.best_estimator_, data=NUMBERS, workspace=workspace).version == 1


def test_data_of_other_columns_than_the_models_is_refused(workspace, frame, target):
    model = Ridge().fit(frame, target)
    with pytest.raises(Invalid, match="training rows"):
        verbs.register("m", model, data=frame[["a"]], workspace=workspace)


def test_a_description_and_metrics_have_limits(workspace):
    with pytest.raises(TooLarge):
        verbs.register("m", Ridge(), description="x" * 5000, workspace=workspace)
    with pytest.raises(Invalid):
        verbs.register("m", Ridge(), metrics={"a\nb": 1.0}, workspace=workspace)


def test_a_changed_blob_is_damaged(workspace, frame, target):
    version = verbs.register("m", Ridge().fit(frame, target), data=frame, workspace=workspace)
    path = workspace.blobs._path(version.digest)
    path.write_bytes(path.read_bytes().replace(b"Ridge", b"Rigde"))
    with pytest.raises(Damaged):
        load(workspace, version)
    path.unlink()
    with pytest.raises(NotFound):
        load(workspace, version)


def test_rows_without_a_column_are_refused_by_name(workspace, frame, target):
    version = verbs.register("m", Ridge().fit(frame, target), data=frame, workspace=workspace)
    with pytest.raises(Invalid, match="lack the column 'b'"):
        load(workspace, version).predict(frame[["a"]])


def test_a_run_that_kept_no_model_says_so(workspace):
    book = RunBook(workspace)
    run = book.open("r", experiment="e", kind="papermill")
    book.end(run, "finished")
    with pytest.raises(NotFound, match="kept no model: it fitted no model"):
        verbs.register("m", run=run, workspace=workspace)
    with pytest.raises(NotFound, match="no run"):
        verbs.register("m", run="run-zzz", workspace=workspace)


def test_processes_that_register_at_once_get_versions_of_their_own(workspace):
    code = """
import sys
from sklearn.linear_model import Ridge
from nbmlops.models import verbs
from nbmlops.workspace import Workspace
place = Workspace.at(sys.argv[1], actor=sys.argv[2])
print(*[verbs.register("m", Ridge(n + float(sys.argv[3])).fit([[1.0], [2.0]], [1.0, 2.0]), workspace=place).version for n in range(5)])
"""
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(workspace.root), f"w{n}", str(n / 10)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for n in (1, 2)
    ]  # fmt: skip
    said = [worker.communicate() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    assert sorted(int(number) for out, _ in said for number in out.split()) == list(range(1, 11))
    assert [version.version for version in verbs.show("m", workspace=workspace).versions] == list(range(10, 0, -1))


def test_loading_warns_of_nothing(workspace, frame, target):
    version = verbs.register("m", HistGradientBoostingRegressor(max_iter=2).fit(frame, target), data=frame, workspace=workspace)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(workspace, version).predict(frame)
