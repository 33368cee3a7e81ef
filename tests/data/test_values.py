"""The state of any value: the same in every process, another for every change."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from nbmlops.data.values import Unknowable, alike, state_of

MADE = """
import collections, dataclasses, datetime, decimal, functools, itertools, json, re, warnings
warnings.simplefilter("ignore")
import matplotlib; matplotlib.use("agg")
import matplotlib.pyplot as plt, numpy as np, pandas as pd, polars as pl, pyarrow as pa, scipy.sparse as sparse
import lightgbm, statsmodels.api as sm, xgboost, plotly.express as px
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3)); y = (X[:, 0] > 0).astype(int)
frame = pd.DataFrame(X, columns=list("abc")); frame["s"] = np.where(y, "x", "y")
frame["t"] = pd.date_range("2024", periods=120, tz="UTC"); frame["k"] = frame.s.astype("category")
class Bag:
    def __init__(self): self.words = {"a", "b", "q"}; self.key = lambda v: v + 1
    @functools.cached_property
    def slow(self): return 3
bag = Bag(); bag.me = bag; bag.slow
@dataclasses.dataclass
class Point: x: float; tags: list
figure, axes = plt.subplots(); axes.plot([1, 2, 3])
made = dict(
    frame=frame, index=frame.set_index(["s", "t"]), groups=frame.groupby("s").a.mean(), polars=pl.from_pandas(frame[["a", "s"]]),
    arrow=pa.table({"a": [1, 2]}), forest=RandomForestClassifier(8, random_state=0, n_jobs=2).fit(X, y),
    boosted=GradientBoostingClassifier(n_estimators=4, random_state=0).fit(X, y), hist=HistGradientBoostingClassifier(max_iter=4).fit(X, y),
    pipe=make_pipeline(StandardScaler(), FunctionTransformer(lambda v: v * 2), LogisticRegression()).fit(X, y),
    search=GridSearchCV(Ridge(), {"alpha": [1, 2]}).fit(X, y), text=TfidfVectorizer().fit(["a big dog", "small cats"]),
    near=KNeighborsClassifier().fit(X, y), xgb=xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(X, y),
    lgbm=lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(X, y), ols=sm.OLS(y, X).fit(), chart=px.line(frame, x="t", y="a"),
    figure=figure, axes=axes, bag=bag, Bag=Bag, point=Point(1.5, ["a"]), sparse=sparse.csr_matrix(X > 0), counter=collections.Counter("hello"),
    date=datetime.datetime(2024, 1, 1), decimal=decimal.Decimal("1.1"), pattern=re.compile("a"), rest=itertools.islice([1, 2, 3], 1, None),
    rng=rng, legacy=np.random.RandomState(1), partial=functools.partial(max, 1), nan=float("nan"), period=frame.t.dt.tz_localize(None).dt.to_period("M"),
)
from nbmlops.data.values import state_of
print("SAID:" + json.dumps({name: state_of(value).brief for name, value in made.items()}))
"""


def said(seed: str) -> dict[str, str]:
    env = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", MADE], env=env, capture_output=True, text=True)
    assert "SAID:" in done.stdout, done.stderr[-2000:]
    return dict(json.loads(done.stdout.rpartition("SAID:")[2]))


@pytest.mark.slow
def test_in_another_process_the_same_value_has_the_same_state():
    one, other = said("1"), said("2")
    assert {name: (brief, other[name]) for name, brief in one.items() if brief.split()[0] != other[name].split()[0]} == {}
    assert len({brief.split()[0] for brief in one.values()}) == len(one)


BASE = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": ["x", "y", "z"]}, index=[1, 2, 3])
CHANGES = {
    "a value": BASE.assign(a=[1.0, 2.5, np.nan]),
    "a text": BASE.assign(b=["x", "y", "w"]),
    "a type": BASE.astype({"a": "float32"}),
    "the rows' order": BASE.iloc[::-1],
    "the columns' order": BASE[["b", "a"]],
    "a name": BASE.rename(columns={"a": "A"}),
    "the index": BASE.set_axis([1, 2, 4]),
    "the index' name": BASE.rename_axis("i"),
    "a null": BASE.assign(a=[1.0, 2.0, 0.0]),
    "one column": BASE[["a"]],
    "a series": BASE.a,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_frame_is_another_by_every_change(change):
    state, other = state_of(BASE), state_of(CHANGES[change])
    assert state.exact != other.exact and not state.is_(other) and not alike(state.brief, other.brief)
    assert state.exact == state_of(BASE.copy()).exact


def test_values_that_look_alike_are_told_apart():
    values = [1, 1.0, True, "1", b"1", None, [1], (1,), {1}, {1: 1}, {"1": 1}, np.int64(1), np.float32(1), np.array([1]), np.array([[1]]), 1j]
    assert len({state_of(value).exact for value in values}) == len(values)


class Held:
    """An object whose attributes are set in the order that is given."""

    def __init__(self, *names):
        for name in names:
            setattr(self, name, len(name))


def test_an_object_is_the_same_in_whatever_order_its_attributes_were_set_and_a_dict_is_not():
    assert state_of(Held("a", "bc")).exact == state_of(Held("bc", "a")).exact != state_of(Held("a")).exact
    assert state_of({"a": 1, "b": 2}).exact != state_of({"b": 2, "a": 1}).exact


def test_what_a_model_worked_in_is_no_part_of_what_it_is():
    import statsmodels.api as sm

    rows = np.random.default_rng(1).normal(size=(40, 2))
    fitted = sm.GLM((rows[:, 0] > 0).astype(float), sm.add_constant(rows[:, 1:]), family=sm.families.Binomial()).fit()
    before = state_of(fitted)
    fitted.model._tmp_like_exog[:] = 1e300  # it is np.empty: whatever was in the memory
    assert state_of(fitted).exact == before.exact
    fitted.params[0] += 1
    assert state_of(fitted).exact != before.exact


def test_floats_may_differ_by_the_order_of_their_sum_and_no_more():
    values = np.linspace(1, 1e6, 1000)
    state, near, far = state_of([values, "m"]), state_of([values * (1 + 1e-13), "m"]), state_of([values + 0.01, "m"])
    assert state.is_(near) and alike(state.brief, near.brief) and state.exact != near.exact
    assert not state.is_(far) and not alike(state.brief, far.brief)
    moved = values.copy()
    moved[[3, 900]] = moved[[900, 3]]
    assert not state.is_(state_of([moved, "m"])) and not alike(state.brief, state_of([moved, "m"]).brief)


def test_what_is_known_only_by_using_it_up_is_said(tmp_path):
    with pytest.raises(Unknowable, match="generator"):
        state_of(n for n in range(3))
    with open(tmp_path / "x", "w") as file, pytest.raises(Unknowable):
        state_of(file)
    circle: list[object] = [1]
    circle.append(circle)
    assert state_of(circle).exact == state_of(circle).exact
