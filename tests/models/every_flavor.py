"""A script that registers a model of every flavor, as a person would, and says what each answers."""

SCRIPT = '''
import numpy as np, pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
import features

random = np.random.default_rng(5)
n = 60
mixed = pd.DataFrame({
    "text": random.choice(["red", "green", "blue"], n),
    "lacking": pd.Series(random.choice(["x", "y"], n), dtype=object).where(random.random(n) > 0.2, np.nan),
    "number": random.normal(size=n),
    "holes": pd.Series(random.normal(size=n)).where(random.random(n) > 0.3),
    "count": pd.array([None if at % 4 == 1 else int(at) for at in range(n)], dtype="Int64"),
    "whole": random.integers(0, 9, n),
    "flag": random.random(n) > 0.5,
    "maybe": pd.array([None if at % 5 == 2 else bool(at % 2) for at in range(n)], dtype="boolean"),
    "at": pd.date_range("2026-01-01 08:00", periods=n, freq="37min").astype("datetime64[us]") + pd.to_timedelta(np.arange(n) % 3 * 7, unit="us"),
    "zoned": pd.date_range("2026-01-01", periods=n, freq="D", tz="Europe/Paris"),
    "kind": pd.Categorical(random.choice(["s", "m", "l"], n), categories=["s", "m", "l", "xl"]),
})
y = mixed["number"] * 2 + mixed["whole"] + (mixed["text"] == "red")


class Hours(BaseEstimator, TransformerMixin):
    """How late it was: a class of the script's own."""

    def fit(self, X, y=None):
        self.first_ = pd.to_datetime(X.iloc[:, 0], utc=True).min().value
        return self

    def transform(self, X):
        return np.column_stack([(pd.to_datetime(X[name], utc=True).astype("datetime64[ns, UTC]").astype("int64") - self.first_) / 3.6e12 for name in X.columns])


def plain():
    numbers = ["number", "holes", "count", "whole"]
    return make_pipeline(ColumnTransformer([
        ("text", OneHotEncoder(handle_unknown="ignore"), ["text", "lacking", "kind"]),
        ("number", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        ("flag", OneHotEncoder(drop="if_binary"), ["flag"]),
    ]), Ridge())


own = make_pipeline(ColumnTransformer([
    ("hours", Hours(), ["at", "zoned"]),
    ("doubled", FunctionTransformer(lambda X: X * 2), ["number", "whole"]),
    ("module", FunctionTransformer(features.filled), ["holes", "count"]),
    ("maybe", FunctionTransformer(lambda X: X.astype("float64").fillna(0.5)), ["maybe"]),
    ("kind", OneHotEncoder(), ["kind"]),
]), Ridge())
scaler = StandardScaler().fit(mixed[["number", "whole"]])


def asked(rows):
    return scaler.transform(rows[["number", "whole"]])[:, 0] * 3


def of_torch():
    import torch
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)).eval()
    rows = torch.zeros(2, 3)
    return torch.export.export(module, (rows,), dynamic_shapes=({0: torch.export.Dim("rows")},))


def of_onnx():
    import onnx
    from onnx import TensorProto, helper
    weights = helper.make_tensor("w", TensorProto.FLOAT, [3, 1], [1.0, -2.0, 0.5])
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["rows", "w"], ["out"])], "g",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None, 1])], [weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


import lightgbm, statsmodels.api as sm, xgboost
array = random.normal(size=(n, 3)).astype("float32")
numbers = mixed[["number", "holes", "count", "kind"]].assign(count=mixed["count"].astype("float64"))
classes = np.where(mixed["number"] > 0, "up", "down")
design = mixed[["number", "whole"]]
MODELS = {
    "pipeline": (plain().fit(mixed, y), mixed),
    "own-code": (own.fit(mixed, y), mixed),
    "function": (asked, mixed),
    "array": (LogisticRegression().fit(array, classes), array),
    "xgboost": (xgboost.XGBRegressor(n_estimators=4, enable_categorical=True).fit(numbers, y), numbers),
    "lightgbm": (lightgbm.LGBMClassifier(n_estimators=4, min_child_samples=2, verbose=-1).fit(numbers, classes), numbers),
    "statsmodels": (sm.OLS(y, design).fit(), design),
    "torch": (of_torch(), array),
    "onnx": (of_onnx(), array),
}

if __name__ == "__main__":
    import sys
    from nbmlops import model
    from nbmlops.workspace import Workspace

    place = Workspace.at(".", actor="ada")
    names = sys.argv[1:] or list(MODELS)
    for name in names:
        estimator, rows = MODELS[name]
        version = model.register(name, estimator, data=rows, code=True, description="for " + name, workspace=place)
        print(name, version.flavor, flush=True)
    place.close()
'''
FEATURES = "import numpy as np\ndef filled(X):\n    return np.nan_to_num(X.astype('float64').to_numpy(), nan=-1.0)\n"
NAMES = ("pipeline", "own-code", "function", "array", "xgboost", "lightgbm", "statsmodels", "torch", "onnx")
NATIVE = {
    "pipeline": "sklearn", "array": "sklearn", "xgboost": "xgboost", "lightgbm": "lightgbm", "statsmodels": "statsmodels",
    "torch": "pytorch", "onnx": "onnx",
}  # fmt: skip
