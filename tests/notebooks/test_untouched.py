"""Nothing is touched: the same notebooks with and without nbmlops show the same, raise the same and leave the same behind."""

from __future__ import annotations

import re
import time

import nbformat
import pytest

from ..capture.kernel import Kernel
from .corpus_data import make
from .test_corpus import CORPUS, NAMES

pytestmark = pytest.mark.slow

PROBE = """
import builtins as _b, hashlib as _h, inspect as _i, pickle as _p, random as _r, sys as _s
def _look(_names):
    _found = {}
    for _name, _value in sorted(_names.items()):
        if _name.startswith('_') or _name in ('In', 'Out', 'exit', 'quit', 'open', 'get_ipython'):
            continue
        _kind = type(_value)
        _told = [_kind.__module__, _kind.__qualname__, [c.__qualname__ for c in _kind.__mro__]]
        try:
            _told.append(_h.sha256(_p.dumps(_value)).hexdigest())
        except Exception as _error:
            _told.append(type(_error).__name__)
        if callable(_value):
            try:
                _told += [str(_i.signature(_value)), _i.getsource(_value) if _value.__module__ == '__main__' else '']
            except (TypeError, ValueError, OSError):
                pass
        for _method in ('fit', 'predict'):
            if hasattr(_value, _method) and not isinstance(_value, type(_s)):
                _told += [repr(type(getattr(_value, _method))), getattr(_value, _method).__qualname__]
        _found[_name] = _told
    return _found
_state = [repr(_r.getstate())]
if 'numpy' in _s.modules:
    _state.append(repr(_s.modules['numpy'].random.get_state()))
_modules = sorted(m for m in list(_s.modules) if m.split('.')[0] in ('sklearn', 'optuna', 'xgboost', 'lightgbm', 'duckdb', 'housing'))
print(_h.sha256(repr(_state).encode()).hexdigest())
print(_look(dict(globals())))
print([type(stream).__name__ for stream in (_s.stdout, _s.stderr)], _s.displayhook.__class__.__name__, _s.excepthook, len(_s.path))
"""
# What draws without a seed draws the same in both.
_SEEDED = "\n__import__('random').seed(0); __import__('numpy').random.seed(0)"
FIRST = ("pass" + _SEEDED, "%load_ext nbmlops" + _SEEDED)
CHECKS = [
    "print('a', end=''); print('b', flush=True); import sys; sys.stdout.write('c\\n'); sys.stderr.write('d\\n')",
    "def fail():\n    return [1][5]\nfail()",
    "class A:\n    def fit(self, X, y=None):\n        raise KeyError('x')\n    def get_params(self, deep=True): return {}\n    def predict(self, X): return X\n"
    "A().fit([1])",
    "from sklearn.linear_model import Ridge\nRidge().fit([[1]], [1, 2])",
    "import traceback\ntry:\n    A().fit(X=[1])\nexcept KeyError:\n    traceback.print_exc()",
    "A().fit(*[1], **{'y': 2})",
    "x = 5\nx",
    "import numpy as np\nnp.random.seed(1); np.random.rand(3)",
    "np.random.rand(2)",
    "this is no python",
    "import time\nfor i in range(3):\n    print(i, end='\\r')",
    "from IPython.display import display\ndisplay({'text/plain': 'p', 'text/html': '<b>p</b>'}, raw=True)",
    "import warnings\nwarnings.warn('careful')",
    "open('nowhere/x.csv')",
    "import pandas as pd\npd.read_csv('not-there.csv')",
    "isinstance(Ridge().fit, type(A().fit)), Ridge.fit.__qualname__",
    "g = (Ridge(alpha=a) for a in (1, 2))\n[m.fit([[1], [2]], [1, 2]).alpha for m in g]",
    "async def later():\n    return Ridge().fit([[1], [2]], [1, 2]).alpha\nawait later()",
    "import json\nopen('kept.json', 'w').write('[1]')\njson.load(open('kept.json')), open('kept.json').read()",
    "import sys\nsys.exit",
]
_NOISE = [
    (re.compile(r"0x[0-9a-f]+"), "0x"),
    (re.compile(r"/tmp/ipykernel_\d+/"), "/tmp/ipykernel/"),
    (re.compile(r"(CPU times|Wall time|user |sys:|total:).*"), "time"),
    (re.compile(r"\b\d+(\.\d+)? (ns|µs|us|ms|s)\b"), "time"),
    (re.compile(r"(In ?|Cell In|Input In ?)\[\d+\]"), "In[n]"),
    (re.compile(r"line \d+, in |<module>"), ""),
]


def everything(kernel, code, cell_id):
    """Every message of one cell, in order, without what differs from one kernel to another."""
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True, "stop_on_error": True}
    message = kernel.client.session.msg("execute_request", content, metadata={"cellId": cell_id})
    kernel.client.shell_channel.send(message)
    asked, found = message["header"]["msg_id"], []
    while True:
        seen = kernel.client.get_iopub_msg(timeout=120)
        if seen["parent_header"].get("msg_id") != asked:
            continue
        kind, body = seen["msg_type"], dict(seen["content"])
        if kind == "status" and body["execution_state"] == "idle":
            break
        if kind in ("status", "execute_input"):
            continue
        body.pop("execution_count", None)
        body.pop("transient", None)
        data = body.get("data")
        if isinstance(data, dict):
            body["data"] = {media: value for media, value in data.items() if not media.startswith("image/")} | {"kinds": sorted(data)}
        if kind == "stream" and found and found[-1][0] == "stream" and found[-1][1]["name"] == body["name"]:
            found[-1][1]["text"] += body["text"]  # how a text is cut into messages is a matter of moments
        else:
            found.append((kind, body))
    reply = kernel.client.get_shell_msg(timeout=60)
    text = repr((found, reply["content"]["status"], reply["content"].get("ename"), reply["content"].get("evalue")))
    for noise, instead in _NOISE:
        text = noise.sub(instead, text)
    return text


def session(folder, env, first, cells):
    made = Kernel(folder, env)
    try:
        made.run(first)
        shown = [everything(made, source, f"c{at}") for at, source in enumerate(cells)]
        return [*shown, everything(made, PROBE, "probe")]
    finally:
        made.close()


@pytest.fixture
def env(tmp_path):
    import os

    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")},
        "IPYTHONDIR": str(tmp_path / ".ipython"), "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "default",
    }  # fmt: skip


def folders(tmp_path):
    # The same path for all: it is in what they show.
    place = tmp_path / "w"
    while True:
        place.mkdir()
        make(place)
        yield place
        place.rename(tmp_path / f"done{time.monotonic_ns()}")


def both(tmp_path, env, cells):
    """What is shown without and with; of both only what is the same whenever it is executed without.

    Addresses, times and the order of sets differ between any two kernels: what differs is executed without once more.
    """
    places = folders(tmp_path)
    without, with_it = [session(next(places), env, first, cells) for first in FIRST]
    steady = [set() for _ in without]
    for _ in range(3):  # two times may be the same by chance
        if _left(with_it, steady) == _left(without, steady):
            break
        again = session(next(places), env, FIRST[0], cells)
        steady = [known | _varying(*each) for known, *each in zip(steady, without, again, strict=True)]
    return _left(without, steady), _left(with_it, steady)


def _words(text):
    return re.findall(r"\w+|[^\w\s]", text)


def _varying(one, other):
    """The places of the words that differ in these two; the words are counted, so nothing else can hide there."""
    words, others = _words(one), _words(other)
    varying = {at for at, (word, again) in enumerate(zip(words, others, strict=False)) if word != again}
    assert len(words) == len(others) and len(varying) <= max(3, len(words) // 100), (one, other)
    return varying


def _left(texts, varying):
    return [[word for at, word in enumerate(_words(text)) if at not in out] if out else text for text, out in zip(texts, varying, strict=True)]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("study",)][::2])
def test_a_notebook_is_the_same_with_and_without(name, tmp_path, env):
    cells = [cell.source for cell in nbformat.read(CORPUS / f"{name}.ipynb", as_version=4).cells if cell.cell_type == "code"]
    without, with_it = both(tmp_path, env, cells)
    assert with_it == without


def test_what_goes_wrong_goes_wrong_in_the_same_way(tmp_path, env):
    for source, theirs, ours in zip([*CHECKS, "probe"], *both(tmp_path, env, CHECKS), strict=True):
        assert ours == theirs, source
