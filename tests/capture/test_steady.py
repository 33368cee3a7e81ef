"""What is another in every execution is left out of what was shown; what is another for a reason is not."""

from __future__ import annotations

import base64
import io
import json
import time

import nbformat
import pytest
from nbclient import NotebookClient

from nbmlops.capture.showing import steady
from nbmlops.capture.showing.shown import digest_of_saved

# Executed twice, these show the same.
SAME = (
    "import warnings\nwarnings.warn('careful')",
    "import logging\nlogging.basicConfig(level=20, format='%(asctime)s %(message)s', force=True)\nlogging.info('begun')",
    "logging.basicConfig(level=20, format='%(message)s %(asctime)s', datefmt='%d.%m.%Y %H:%M:%S', force=True)\nlogging.info('begun')",
    "from tqdm import tqdm\nfor _ in tqdm(iter(range(3))): pass",
    "for _ in tqdm(range(3), unit='row'): pass",
    "import numpy as np, pandas as pd\nX = np.arange(400.).reshape(100, 4); y = np.sin(X[:, 0])",
    "import lightgbm\nlightgbm.LGBMRegressor(n_estimators=3).fit(X, y)",
    "import xgboost\nxgboost.XGBRegressor(n_estimators=3).fit(X, y, eval_set=[(X, y)])",
    "from sklearn.ensemble import GradientBoostingRegressor\nGradientBoostingRegressor(n_estimators=5, verbose=1).fit(X, y)",
    "from sklearn.linear_model import Ridge\nfrom sklearn.model_selection import GridSearchCV\n"
    "GridSearchCV(Ridge(), {'alpha': [1, 2]}, verbose=3, cv=2).fit(X, y)",
    "import statsmodels.api as sm\nsm.OLS(y, sm.add_constant(X)).fit().summary()",
    "print(sm.OLS(y, sm.add_constant(X)).fit().summary())",
    "sm.OLS(y, sm.add_constant(X)).fit().summary2()",
    "import optuna\noptuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1)).optimize(lambda t: t.suggest_float('x', 0, 1), n_trials=2)",
    "%config InlineBackend.figure_formats = ['svg']\nimport matplotlib.pyplot as plt\nplt.plot(y, 'o'); plt.imshow([[1, 2], [3, 4]]);",
    "%config InlineBackend.figure_formats = ['pdf', 'png']\nplt.hist(y);",
    "import plotly.express as px\nfrom IPython.display import HTML\nHTML(px.bar(x=['a'], y=[1]).to_html(include_plotlyjs=False))",
    "pd.DataFrame({'a': [1, 2]}).style.background_gradient()",
    "import tempfile\nprint(tempfile.mkdtemp(), tempfile.mktemp(suffix='.csv'))",
    "began = __import__('time').perf_counter()\nprint(f'Trained in {__import__(\"time\").perf_counter() - began:.6f} s')",
    "%time sum(range(1000))",
    "class A: pass\nprint([A(), A().__init__]); A()",
)  # fmt: skip


def _executed() -> list[str]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in SAME])
    NotebookClient(notebook, kernel_name="python3").execute()
    return [digest_of_saved(cell.outputs) for cell in notebook.cells]


@pytest.mark.slow
def test_what_is_executed_twice_shows_the_same():
    one = _executed()
    time.sleep(1.1)  # clocks that show seconds go on
    assert [SAME[at] for at, (before, after) in enumerate(zip(one, _executed(), strict=True)) if before != after] == []


ALIKE = (
    "0:\tlearn: 0.5\ttotal: {0}6.7ms\tremaining: 9{0}.4ms",  # CatBoost
    "10/10 ━━━━━━━━━━ {0}s {0}3ms/step - loss: 0.5",  # Keras
    "[19:4{0}:29] WARNING: /workspace/src/learner.cc:740: ",  # XGBoost
    "Elapsed: {0}.25 seconds",
    "[Parallel(n_jobs=1)]: Done   5 out of   5 | elapsed:    {0}.0s finished",
)


@pytest.mark.parametrize("line", ALIKE)
def test_what_programs_say_of_the_clock_is_left_out(line):
    assert steady.text(line.format(1)) == steady.text(line.format(2))


OTHER = (
    ("2026-01-01    1.5", "2026-01-02    1.5"),
    ("2026-01-01 10:00:00    1.5", "2026-01-01 11:00:00    1.5"),
    ("09:30:00  1", "09:31:00  1"),
    ("Date: 2026-01-01", "Date: 2026-01-02"),
    ("loss: 0.51", "loss: 0.52"),
    ("id 0a1b2c3d-0000-4000-8000-0123456789ab", "id 1a1b2c3d-0000-4000-8000-0123456789ab"),
    ("         1           0.5000            0.10s", "         1           0.6000            0.10s"),
    ("/data/tmp/a.csv", "/data/tmp/b.csv"),
)


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_what_a_user_shows_is_not(one, two):
    assert steady.text(one) != steady.text(two)


def _of(media, value):
    return digest_of_saved([{"output_type": "display_data", "data": {media: value}, "metadata": {}}])


def test_a_picture_is_its_pixels():
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    def png(colour, **kept):
        file, picture = io.BytesIO(), Image.new("RGB", (40, 30), (200, 0, 0))
        picture.putpixel((3, 4), colour)
        picture.save(file, "PNG", **kept)
        return _of("image/png", base64.b64encode(file.getvalue()).decode())

    said = PngInfo()
    said.add_text("Software", "Matplotlib version 9.9")
    assert png((0, 0, 0)) == png((0, 0, 0), pnginfo=said) == png((0, 0, 0), compress_level=0, dpi=(300, 300))
    assert png((0, 0, 0)) != png((0, 0, 1))


def test_pictures_that_are_none_are_compared_as_they_are():
    whole = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x04IDATabcd\0\0\0\0"
    for one in ("", "!!", "abc", base64.b64encode(whole).decode(), base64.b64encode(whole[:13]).decode()):
        assert _of("image/png", one) != _of("image/png", one + "AAAA")


def test_a_drawing_goes_by_the_order_of_its_ids():
    def svg(clip, mark):
        return f'<svg><metadata>{mark}</metadata><clipPath id="{clip}"/><g clip-path="url(#{clip})"><use xlink:href="#{clip}"/></g></svg>'

    assert _of("image/svg+xml", svg("p1a", "today")) == _of("image/svg+xml", svg("pff", "tomorrow"))
    assert _of("image/svg+xml", svg("p1a", "")) != _of("image/svg+xml", svg("p1a", "").replace("url(#p1a)", "url(#other)"))


@pytest.mark.parametrize("shown", ["/a" * 500_000 + "tmp", "ipykernel_" * 50_000, "[0:00<" * 100_000, "1" * 500_000 + " time", " 1.5" * 200_000 + "s\n"])
def test_no_text_is_too_long(shown):  # were it looked through once from each of its places, this would not end
    assert len(steady.text(shown, stderr=True)) > 100_000


def test_metadata_of_json_is_data():
    assert _of("application/json", {"a": 1}) == _of("application/json", json.loads('{"a": 1.0}'))
