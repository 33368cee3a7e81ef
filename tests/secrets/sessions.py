"""A session in which made-up secrets go through every carrier there is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.secrets.corpus import NAMES, passwords, tokens

TOKENS = tokens(21, each=2)
NAMED = {
    f"{name}_{at}": value
    for at, (name, value) in enumerate(zip(NAMES * 2, passwords(22, 72), strict=False))
    if name not in ("token", "bearer_token")
}
ENVIRONMENT = {f"EXTRA_{at}_PASSWORD": value for at, value in enumerate(passwords(23, 36))}
SHOWN = [secret.shown for secret in TOKENS]


def values() -> list[tuple[str, str]]:
    """(what it is, the value) of all that must not be seen."""
    return [
        *((f"{secret.family} (form)", secret.value) for secret in TOKENS),
        *((f"{name} (name)", value) for name, value in NAMED.items()),
        *((f"{name} (environment)", value) for name, value in ENVIRONMENT.items()),
    ]


def repository(folder: Path) -> None:
    """A repository whose remote has a password and whose changes have secrets."""

    def git(*words: str) -> None:
        who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)

    (folder / "settings.py").write_text("debug = False\n")
    (folder / ".gitignore").write_text(".nbmlops\n*.ipynb\n.k*\n.ipython\n")
    git("init")
    git("add", "settings.py", ".gitignore")
    git("commit", "-m", "first")
    at = next(secret for secret in TOKENS if secret.family == "url git")
    git("remote", "add", "origin", at.shown)
    lines = [f"{name} = {value!r}" for name, value in NAMED.items()] + [f"x{at} = {shown!r}" for at, shown in enumerate(SHOWN)]
    (folder / "settings.py").write_text("debug = True\n" + "\n".join(lines) + "\n")


PARAMETERS = "# parameters\n" + "\n".join(f"{name} = {value!r}" for name, value in NAMED.items()) + "\nalpha = 0.5"
NESTED = json.dumps({"alpha": 1, "db": {"user": "ada", **NAMED}, "urls": SHOWN, "deep": [{"more": [SHOWN, {"settings": NAMED}]}]})
SOURCE = "shown = [\n" + "\n".join(f"    {shown!r}," for shown in SHOWN) + "\n]"
USED = (
    f"import os, json\nhidden = [os.environ[name] for name in {list(ENVIRONMENT)!r}]\n"
    + "named = [" + ", ".join(NAMED) + "]\nall_of_them = shown + hidden + named"
)  # fmt: skip
PRINTED = "for one in all_of_them:\n    print('got', one)\nprint(all_of_them)\nprint(json.dumps(all_of_them))\nall_of_them"
DISPLAYED = """\
from IPython.display import HTML, Markdown, SVG, display
import html
display(HTML("<p>" + "</p><p>".join(html.escape(one) for one in all_of_them) + "</p>"), Markdown("\\n".join(all_of_them)), pd.Series(all_of_them))
display({"application/vnd.plotly.v1+json": {"data": [{"y": [1, 2], "text": all_of_them}], "layout": {"title": {"text": all_of_them[0]}}},
         "text/plain": "figure"}, raw=True)
display(SVG('<svg xmlns="http://www.w3.org/2000/svg">' + "".join(f"<text>{html.escape(one)}</text>" for one in all_of_them) + "</svg>"))
display({"application/json": {"found": all_of_them, "x": dict(enumerate(all_of_them))}}, raw=True)
"""
FITTED = """\
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer
from sklearn.pipeline import make_pipeline
data = pd.read_csv("x.csv")
model = make_pipeline(FunctionTransformer(), Ridge(alpha=alpha)).fit(data[["a"]], data["b"])
"""
ASKING = """\
asking = FunctionTransformer(lambda frame, **given: frame, kw_args={"password": named[0], "urls": shown})
model = make_pipeline(asking, Ridge(alpha=alpha)).fit(data[["a"]], data["b"])
"""
CONNECTED = """\
import sqlite3
import sqlalchemy
for one in shown:
    if "://" in one and "@" in one and " " not in one:
        try:
            pd.read_sql("SELECT 1 AS x", one)
        except Exception as error:
            print(type(error).__name__, error)
        try:
            sqlalchemy.create_engine(one).connect()
        except Exception as error:
            print(type(error).__name__, error)
        try:
            pd.read_csv("file://" + one)
        except Exception as error:
            print(type(error).__name__, error)
pd.read_sql("SELECT 1 AS x, '" + shown[0] + "' AS y", sqlite3.connect(":memory:"))
"""
RAISED = [
    "raise ValueError('bad: ' + ' '.join(all_of_them))",
    f"raise RuntimeError({SHOWN[0]!r})",
    "raise KeyError(all_of_them[-1])",
    "1 / 0",
]
CELLS = [PARAMETERS, SOURCE, USED, FITTED, PRINTED, DISPLAYED, CONNECTED]
