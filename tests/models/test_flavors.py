"""Every flavor, on several kinds of models: the shared suite."""

from __future__ import annotations

from functools import cache, partial
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nbmlops import plugins
from nbmlops.testing.flavors import Case, FlavorSuite

RANDOM = np.random.default_rng(11)
N = pd.DataFrame(RANDOM.normal(size=(60, 2)), columns=["a", "b"])
GAPS = N.mask(RANDOM.random(N.shape) < 0.1)
MIXED = GAPS.assign(k=RANDOM.choice(list("xyz"), 60), n=RANDOM.integers(0, 9, 60), f=RANDOM.random(60) > 0.5)
CODED = GAPS.assign(k=pd.Categorical(RANDOM.choice(list("xyz"), 60), categories=list("wxyz")))
Y = pd.Series(2 * N["a"] - N["b"], name="y")
CLASSES = np.where(Y > 0.5, "late", np.where(Y < -0.5, "early", "on time"))
COLUMNS = ColumnTransformer(
    [
        ("k", OneHotEncoder(handle_unknown="ignore"), ["k"]),
        ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["a", "b", "n"]),
        ("f", "passthrough", ["f"]),
    ]
)


def linear():
    return Case(LinearRegression().fit(N, Y), N)


def array():
    return Case(Ridge().fit(N.to_numpy(), Y), N.to_numpy())


def columns():
    return Case(make_pipeline(COLUMNS, Ridge()).fit(MIXED, Y), MIXED)


def categories():
    return Case(HistGradientBoostingRegressor(max_iter=5, categorical_features="from_dtype").fit(CODED, Y), CODED)


def text_classes():
    return Case(make_pipeline(COLUMNS, RandomForestClassifier(5, random_state=0)).fit(MIXED, CLASSES), MIXED)


def outputs():
    return Case(LinearRegression().fit(N, np.column_stack([Y, -Y])), N)


def xgboost_model(kind, rows, target):
    import xgboost

    return Case(getattr(xgboost, kind)(n_estimators=4, enable_categorical=True).fit(rows, target), rows)


def xgboost_booster():
    import xgboost

    return Case(xgboost.train({"max_depth": 2}, xgboost.DMatrix(GAPS, Y), 4), GAPS)


def lightgbm_model(kind, rows, target):
    import lightgbm

    return Case(getattr(lightgbm, kind)(n_estimators=4, min_child_samples=5, verbose=-1).fit(rows, target), rows)


def statsmodels_ols():
    import statsmodels.api as sm

    return Case(sm.OLS(Y, N).fit(), N)


def statsmodels_formula():
    import statsmodels.formula.api as smf

    rows = MIXED.fillna(0.0)
    return Case(smf.ols("y ~ a + C(k)", rows.assign(y=Y)).fit(), rows)


def statsmodels_glm():
    import statsmodels.api as sm

    return Case(sm.GLM(np.exp(Y + RANDOM.normal(size=60) / 9), N, family=sm.families.Gamma(sm.families.links.Log())).fit(), N)


def torch_program(*sizes):
    import torch

    torch.manual_seed(0)
    layers = [part for one, other in zip((2, *sizes), (*sizes, 1), strict=True) for part in (torch.nn.Linear(one, other), torch.nn.ReLU())]
    module = torch.nn.Sequential(*layers[:-1]).eval()
    rows = N.astype("float32")
    return Case(torch.export.export(module, (torch.randn(3, 2),), dynamic_shapes=({0: torch.export.Dim("rows")},)), rows)


def onnx_of(estimator, rows, target, *, named):
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, StringTensorType

    estimator.fit(rows, target)
    kinds = [(name, StringTensorType if name == "k" else DoubleTensorType) for name in rows.columns]
    given = [(name, kind([None, 1])) for name, kind in kinds] if named else [("rows", DoubleTensorType([None, rows.shape[1]]))]
    options = {id(estimator): {"zipmap": False}} if hasattr(estimator, "predict_proba") else None
    return Case(convert_sklearn(estimator, name="model", initial_types=given, options=options), rows)


ENCODED = ColumnTransformer([("k", OneHotEncoder(), ["k"]), ("n", StandardScaler(), ["n"]), ("f", "passthrough", ["f"])])
CASES = {
    "sklearn": {
        "linear": linear, "array": array, "columns": columns, "categories": categories, "text_classes": text_classes, "outputs": outputs,
    },
    "python": {},  # the notebook's own code: asked in test_travelling, in processes whose __main__ it is
    "xgboost": {
        "regressor": partial(xgboost_model, "XGBRegressor", GAPS, Y), "classes": partial(xgboost_model, "XGBClassifier", GAPS, Y > 0),
        "several": partial(xgboost_model, "XGBClassifier", GAPS, np.digitize(Y, [-0.5, 0.5])),
        "categories": partial(xgboost_model, "XGBRegressor", CODED, Y), "booster": xgboost_booster,
    },
    "lightgbm": {
        "categories": partial(lightgbm_model, "LGBMRegressor", CODED, Y), "classes": partial(lightgbm_model, "LGBMClassifier", GAPS, CLASSES),
        "numbers": partial(lightgbm_model, "LGBMClassifier", GAPS, Y > 0),
    },
    "statsmodels": {"ols": statsmodels_ols, "formula": statsmodels_formula, "glm": statsmodels_glm},
    "torch": {"linear": torch_program, "layers": partial(torch_program, 8, 4)},
    "onnx": {
        "rows": partial(onnx_of, LogisticRegression(), N, CLASSES, named=False),
        "columns": partial(onnx_of, make_pipeline(ENCODED, Ridge()), MIXED[["k", "n", "f"]], Y, named=True),
    },
}  # fmt: skip
if find_spec("torch") is None:
    raise ModuleNotFoundError("These tests ask torch: make venv, or pip install torch")


def test_every_flavor_there_is_has_its_cases():
    assert set(plugins.names("flavor")) == set(CASES)


for _flavor, _cases in CASES.items():
    for _name, _made in _cases.items():
        _case = staticmethod(cache(_made))
        _body = {"flavor": plugins.adapter("flavor", _flavor)(), "case": _case}
        globals()[f"TestSuite_{_flavor}_{_name}"] = pytest.mark.slow(type(f"TestSuite_{_flavor}_{_name}", (FlavorSuite,), _body))
