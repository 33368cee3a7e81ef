"""Places where a secret stands that are easily forgotten: tags, paths, what only a variable holds, a saved notebook, statistics."""

from __future__ import annotations

import json

import nbformat
import pytest

from nbmlops.pipelines.runner import execute
from nbmlops.workspace import Workspace
from tests.capture.kernel import kernel
from tests.pipelines.notebooks import done, papermill
from tests.secrets import sessions
from tests.secrets.disk import leaks
from tests.secrets.test_carriers import notebook

pytestmark = pytest.mark.slow
FIT = (
    "from sklearn.linear_model import Ridge\nimport pandas as pd\ndata = pd.read_csv('x.csv')\nmodel = Ridge().fit(data[['a']], data['b'])"
)
SHOWN, NAMED = sessions.SHOWN, list(sessions.NAMED.values())
LATE = "q7-Late-kitten-31"  # stands in no cell: only a variable called `password` holds it


def live(folder, *cells, **env):
    with kernel(folder, **env, TMPDIR=str(folder.parent / "t")) as one:
        said = [one.run(cell, f"c{at}") for at, cell in enumerate(("%load_ext nbmlops", *cells))]
        one.shut_down()
    return said


def test_tags_are_masked(folder):
    live(folder, FIT, f"import nbmlops\nnbmlops.run.log(tags={{'note': {SHOWN[0]!r}, 'password': 'kitten-77x'}})")
    assert not leaks(folder / ".nbmlops", [*sessions.values(), ("tag", "kitten-77x")])


def test_what_only_a_variable_holds_is_masked_in_errors(folder):
    (folder.parent / "late.txt").write_text(LATE)
    live(folder, FIT, f"password = open({str(folder.parent / 'late.txt')!r}).read()", "raise ValueError('bad: ' + password)")
    assert not leaks(folder / ".nbmlops", [("late", LATE)])


def test_what_only_a_variable_holds_is_masked_in_the_executed_notebook(folder):
    (folder.parent / "late.txt").write_text(LATE)
    path = notebook(
        folder / "in.ipynb", "alpha = 1", f"password = open({str(folder.parent / 'late.txt')!r}).read()", "print(password)\npassword"
    )
    place = Workspace.at(folder)
    execute(path, {}, output=folder / "written" / "out.ipynb", workspace=place)
    place.close()
    assert not leaks(folder / ".nbmlops", [("late", LATE)]) and not leaks(folder / "written", [("late", LATE)])


def test_paths_and_urls_that_hold_secrets_are_masked(folder):
    token = SHOWN[0]
    live(
        folder,
        FIT,
        f"open('x-{token}.txt', 'w').write('1'); open('x-{token}.txt').read()\npd.read_csv('x.csv'); model.fit(data[['a']], data['b'])",
    )
    assert not leaks(folder / ".nbmlops", [("path", token)])


def test_profiles_of_text_columns_hold_no_secret(folder):
    rows = {"api_token": [f"{NAMED[0]}{n % 3}" for n in range(60)], "note": [SHOWN[n % 5] for n in range(60)]}
    (folder.parent / "f.json").write_text(json.dumps(rows))
    cells = [
        f"import json, pandas as pd\nX = pd.DataFrame(json.load(open({str(folder.parent / 'f.json')!r})))\nX['a'] = range(60)",
        "from sklearn.preprocessing import OrdinalEncoder\nfrom sklearn.pipeline import make_pipeline\nfrom sklearn.linear_model import Ridge\n"
        "model = make_pipeline(OrdinalEncoder(), Ridge()).fit(X, X['a'])",
    ]
    assert [status for status, _ in live(folder, *cells)] == ["ok"] * 3
    files = [path for path in (folder / ".nbmlops").rglob("ledger*")]
    seen = b"".join(path.read_bytes() for path in files)
    assert NAMED[0].encode() not in seen and SHOWN[0].encode() not in seen


def test_a_kept_model_holds_no_secret(folder):
    path = notebook(
        folder / "in.ipynb", "alpha = 1", "from sklearn.linear_model import Ridge\nimport pandas as pd\ndata = pd.read_csv('x.csv')\n"
        f"model = Ridge().fit(data[['a']], data['b'])\nmodel.api_key = {SHOWN[0]!r}",
    )  # fmt: skip
    place = Workspace.at(folder)
    execute(path, {}, workspace=place)
    place.close()
    assert not leaks(folder / ".nbmlops", [("model", SHOWN[0])])


def test_the_notebook_that_papermill_itself_writes_holds_no_secret(folder):
    """Papermill writes it to the path it was given, at every cell and at the end."""
    path = notebook(folder / "in.ipynb", sessions.PARAMETERS, sessions.SOURCE, "print(shown)")
    (folder / "out").mkdir()
    done(papermill(folder, path.name, "out/out.ipynb"))
    nbformat.validate(nbformat.read(folder / "out" / "out.ipynb", 4))
    assert not leaks(folder / "out", sessions.values())
