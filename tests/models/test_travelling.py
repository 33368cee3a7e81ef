"""The notebook's own code travels with a model: who loads it elsewhere gets the same answers, or it is refused with what mends it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbmlops.models import clean

Process = Callable[..., dict[str, object]]

HEAD = """\
import numpy as np, pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
X = pd.DataFrame({"a": np.linspace(-2, 2, 40), "b": np.linspace(3, 1, 40) ** 2})
y = 2 * X["a"] - X["b"]
"""
TAIL = """
import json, sys
from nbmlops import model
from nbmlops.errors import NbmlopsError
from nbmlops.workspace import Workspace
place = Workspace.at(".", actor="ada")
try:
    version = model.register("m", made, data=X, code=True, workspace=place)
except NbmlopsError as error:
    print(json.dumps({"error": str(error)}))
else:
    from nbmlops.models import portable
    print(json.dumps({"answers": portable.ask(version.flavor, made, X).tolist(), "flavor": version.flavor, "code": version.code}))
place.close()
"""
AGAIN = """
import json, os
import numpy as np, pandas as pd
from nbmlops import model
from nbmlops.models.loading import load
from nbmlops.workspace import Workspace
place = Workspace.at(os.environ["WHERE"], actor="ben")
X = pd.DataFrame({"a": np.linspace(-2, 2, 40), "b": np.linspace(3, 1, 40) ** 2})
print(json.dumps({"answers": load(place, model.show("m", workspace=place).versions[0]).predict(X).tolist()}))
place.close()
"""
MODULES = {
    "features.py": "import numpy as np\nfrom lib.scale import by\nimport lib.const as const\ndef logged(x): return by(np.log1p(np.abs(x)), const.K)\n",
    "lib/__init__.py": "",
    "lib/scale.py": "from .const import K\nfrom . import const\ndef by(x, n):\n    import lib.const\n    return x * n * K * lib.const.K * const.K\n",
    "lib/const.py": "K = 3\n",
}
CLIP = """
LIMIT = 1.5
def helper(x): return np.clip(x, -LIMIT, LIMIT)
class Clip(BaseEstimator, TransformerMixin):
    def __init__(self, low=-1): self.low = low
    def fit(self, X, y=None):
        self.seen_ = len(X)
        return self
    def transform(self, X): return np.maximum(helper(np.asarray(X)), self.low)
"""
WORKS = {
    "a transformer of its own": CLIP + "made = make_pipeline(Clip(), Ridge()).fit(X, y)",
    "one that was defined anew since": CLIP + "made = make_pipeline(Clip(), Ridge()).fit(X, y)\nclass Clip: pass",
    "a lambda": "made = make_pipeline(FunctionTransformer(lambda x: x * 2), Ridge()).fit(X, y)",
    "lambdas on one line": "f, g = lambda x: x + 1, lambda x: x * 3\nmade = make_pipeline(FunctionTransformer(f), FunctionTransformer(g), Ridge()).fit(X, y)",
    "lambdas in one step": "made = make_pipeline(FunctionTransformer((lambda n: lambda x: x + n)(4)), Ridge()).fit(X, y)",
    "a closure": "def shifted(by):\n    def inner(x): return x + by\n    return inner\n"
    "made = make_pipeline(FunctionTransformer(shifted(5)), FunctionTransformer(shifted(-2)), Ridge()).fit(X, y)",
    "a module beside it": "import features\nmade = make_pipeline(FunctionTransformer(features.logged), Ridge()).fit(X, y)",
    "its function under another name": "from features import logged as made_of\ndef f(x): return made_of(x) + 1\nmade = make_pipeline(FunctionTransformer(f), Ridge()).fit(X, y)",
    "part of a function": "from functools import partial\ndef scaled(x, by): return x * by\nmade = make_pipeline(FunctionTransformer(partial(scaled, by=3)), Ridge()).fit(X, y)",
    "a function": "scaler = StandardScaler().fit(X)\ndef made(rows): return scaler.transform(rows)[:, 0] * 2",
    "a function with a frame": "table = pd.DataFrame({'k': [1, 2], 'v': [3.0, 4.0]})\nweights = pd.Series([1.0, 2.0], index=['a', 'b'])\n"
    "def made(rows): return (rows * weights).sum(axis=1).to_numpy() + table['v'].sum()",
    "an object that predicts": "class Rule:\n    def __init__(self, cut): self.cut = cut\n    @property\n    def twice(self): return self.cut * 2\n"
    "    @staticmethod\n    def sign(x): return np.sign(x)\n    def predict(self, rows): return self.sign(rows['a'].to_numpy() - self.twice)\nmade = Rule(0.25)",
    "classes on classes": "class Base(BaseEstimator, RegressorMixin):\n    shift = 1.0\n    def fit(self, X, y):\n        self.mean_ = float(np.mean(y))\n        return self\n"
    "    def predict(self, X): return np.full(len(X), self.mean_ + self.shift)\n"
    "class Own(Base):\n    def predict(self, X): return super().predict(X) * 2\nmade = Own().fit(X, y)",
    "functions that ask each other": "def even(n): return True if n == 0 else odd(n - 1)\ndef odd(n): return False if n == 0 else even(n - 1)\n"
    "def made(rows): return np.array([float(even(n)) for n in range(len(rows))])",
    "a decorator": "import functools\ndef doubled(f):\n    @functools.wraps(f)\n    def inner(rows): return f(rows) * 2\n    return inner\n@doubled\ndef made(rows): return rows['a'].to_numpy()",
    "defaults and annotations": "from dataclasses import dataclass\nSCALE = 3.0\n@dataclass\nclass Settings:\n    by: float = SCALE\n    names: tuple = ('a', 'b')\n"
    "settings = Settings(by=2.0)\ndef made(rows: pd.DataFrame, by: float = SCALE) -> np.ndarray: return rows[list(settings.names)].to_numpy()[:, 0] * by * settings.by",
    "names that builtins have": "def sum(x): return np.asarray(x) * 7\ndef made(rows): return sum(rows['a']) + max(1, 2)",
    "an estimator of a name": CLIP + "inner = make_pipeline(Clip(), Ridge()).fit(X, y)\ndef made(rows): return inner.predict(rows) + 1",
    "an import inside": "def made(rows):\n    import math\n    from features import logged\n    return logged(rows['a'].to_numpy()) * math.pi",
    "a default, a base and attributes of names that changed since": "LIMIT = 10.0\ndef helper(x): return x + 1\n"
    "class Parent:\n    def shift(self, x): return x + 3\n"
    "class M(Parent):\n    CUT = LIMIT\n    top: float = 100.0\n"
    "    def predict(self, X, by=LIMIT, *, h=helper): return self.shift(h(X['a'].to_numpy())) * by + self.CUT + self.top + self.late\n"
    "M.top, M.late = 6.0, 0.5\nLIMIT = 5.0\ndef helper(x): return x * 100\nclass Parent:\n    def shift(self, x): return x * 1000\nmade = M()",
    "a lambda of a comprehension": "fs = [lambda X, k=k: X['a'].to_numpy().clip(max=k) for k in (100, 0.5, 7)]\nmade = fs[1]",
}  # fmt: skip
REFUSED = {
    "a session's own": ("def made(rows): return get_ipython()\nget_ipython = lambda: np.zeros(40)", "get_ipython"),
    "no source": (
        "exec('def f(x): return x')\nmade = make_pipeline(FunctionTransformer(f), Ridge()).fit(X, y)",
        "source of the function 'f' is not known",
    ),
    "a generator": ("numbers = (n for n in range(9))\ndef made(rows): return np.full(len(rows), next(numbers))", "'numbers', a generator"),
    "an open file": ("file = open('f.txt', 'w')\ndef made(rows): return rows['a'].to_numpy() + len(file.name)", "'file', a TextIOWrapper"),
    "a local name": (
        "def made(rows):\n    global seen\n    return rows['a'].to_numpy() * nothing_has_this\nnothing_has_this = 2.0\nkept = made\ndel nothing_has_this",
        "nothing_has_this",
    ),
    "a method set from outside": (
        "class M:\n    def predict(self, X): return X['a'].to_numpy() + 1\n    def other(self, X): return X['a'].to_numpy()\n"
        "M.predict = M.other\nmade = M()",
        "'predict' of 'M' is not what its source gives",
    ),
    "a decorator's argument that changed": (
        "import functools\nN = 100\ndef most(n):\n    def of(f):\n        @functools.wraps(f)\n"
        "        def inner(self, X): return np.minimum(f(self, X), n)\n        return inner\n    return of\n"
        "class M:\n    @most(N)\n    def predict(self, X): return X['a'].to_numpy()\nN = 50\nmade = M()",
        "'n', which 'predict' of 'M' closes over, was 100, and its source now gives 50",
    ),
    "a member of an enumeration": (
        "import enum\nBASE = 7\nclass Cut(enum.Enum):\n    LOW = BASE\nBASE = 9\ndef made(X): return X['a'].to_numpy().clip(max=Cut.LOW.value)",
        "was LOW 7, and its source now gives LOW 9",
    ),
    "a namedtuple that a call made": (
        "import collections\nPt = collections.namedtuple('Pt', 'lo hi')\nclass M:\n    def __init__(self): self.pt = Pt(0, 1)\n"
        "    def predict(self, X): return X['a'].to_numpy().clip(*self.pt)\nmade = M()",
        "class Pt(typing.NamedTuple)",
    ),
    "a class with slots": (
        "class M:\n    __slots__ = ('by',)\n    def __init__(self): self.by = 2\n"
        "    def predict(self, X): return X['a'].to_numpy() * self.by\nmade = M()",
        "Take __slots__ out of M",
    ),
    "chance": ("def made(rows): return np.random.rand(len(rows))", "otherwise"),
    "a state that changes": ("held = [0]\ndef made(rows):\n    held[0] += 1\n    return np.full(len(rows), float(held[0]))", "otherwise"),
}


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    """A process that has loaded what the scripts import, and forks for each: with a `__main__` of its own, and nothing of another's."""
    found = clean._Prover((os.getpid(), ("numpy", "pandas", "skops.io", "sklearn.linear_model", "nbmlops.models.register"), ""))

    def told(folder: Path, code: str, **environ: str) -> dict[str, object]:
        (folder / "code").mkdir(exist_ok=True)
        (folder / "code" / clean.LOADER).write_text("import sys; sys.path.insert(0, '.')\n" + code)
        env = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")}
        said = found.ask(folder, {**env, **environ}, 300)
        assert said.status == 0, said.err[-3000:]
        return dict(json.loads(said.out.splitlines()[-1]))

    yield told
    found.end()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        (tmp_path / "w" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "w" / name).write_text(text)
    return tmp_path / "w"


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKS)
def test_who_loads_it_elsewhere_gets_the_same(name, folder, tmp_path, process):
    found = process(folder, HEAD + WORKS[name] + "\n" + TAIL)
    assert "answers" in found, found
    for module in MODULES:
        (folder / module).unlink()
    (tmp_path / "elsewhere").mkdir()
    again = process(tmp_path / "elsewhere", AGAIN, WHERE=str(folder))
    assert again["answers"] == pytest.approx(found["answers"])


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_travel_is_refused_with_what_mends_it(name, folder, process):
    code, words = REFUSED[name]
    found = process(folder, HEAD + code + "\n" + TAIL)
    assert words in str(found.get("error")), found
    assert not list((folder / ".nbmlops" / "blobs").rglob("*.skops"))
