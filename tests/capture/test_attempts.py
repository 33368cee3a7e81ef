"""What makes a run: its fits and trials, the cells they depend on, the numbers about its models."""

from __future__ import annotations

import pandas as pd
import pytest

from nbmlops import capture
from nbmlops.runs import spooled

from .shell import observed

READ = "import pandas as pd\nd = pd.read_csv('x.csv')\nX, y = d[['a', 'c']], d.b"
RIDGE = "from sklearn.linear_model import Ridge"


@pytest.fixture
def book(tmp_path, monkeypatch):
    rows = {"a": range(60), "c": [x % 7 for x in range(60)], "b": [x * 2.0 for x in range(60)], "k": [int(x > 30) for x in range(60)]}
    pd.DataFrame(rows).to_csv(tmp_path / "x.csv", index=False)
    with observed(tmp_path, monkeypatch) as found:
        yield found


def test_a_search_is_one_run_with_its_candidates_as_trials(book):
    book.cell(READ)
    book.cell(
        f"{RIDGE}\nfrom sklearn.model_selection import GridSearchCV\n"
        "search = GridSearchCV(Ridge(), {'alpha': [0.1, 1, 10], 'fit_intercept': [True, False]}, cv=3).fit(X, y)"
    )
    (record,) = book.records()
    assert [trial.params for trial in record.trials] == [
        {"alpha": alpha, "fit_intercept": intercept} for alpha in (0.1, 1, 10) for intercept in (True, False)
    ]
    assert {trial.source for trial in record.trials} == {"search"} and {trial.fit for trial in record.trials} == {0}
    assert all(trial.metrics["test_score"] <= 1 and trial.metrics["rank_test_score"] >= 1 for trial in record.trials)
    assert len(record.fits) == 1 and record.fits[0].estimator.endswith("GridSearchCV")


def test_a_study_is_one_run_and_going_on_with_it_adds_its_new_trials(book):
    pytest.importorskip("optuna", reason="pip install optuna")
    book.cell(READ + "\nimport optuna\noptuna.logging.set_verbosity(optuna.logging.ERROR)")
    book.cell(
        f"{RIDGE}\nfrom sklearn.metrics import mean_absolute_error\n"
        "def objective(trial):\n"
        "    m = Ridge(alpha=trial.suggest_float('alpha', 0.1, 10)).fit(X, y)\n"
        "    return mean_absolute_error(y, m.predict(X))\n"
        "study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))\n"
        "study.optimize(objective, n_trials=12)",
        "tune",
    )
    book.cell("study.optimize(objective, n_trials=3)", "more")
    (record,) = book.records()
    assert len(record.trials) == 15 and {trial.part for trial in record.trials} == {0, 1}
    first = record.trials[0]
    assert first.source == "study" and 0.1 <= first.params["alpha"] <= 10 and first.state == "complete"
    assert record.fits[first.fit].parameters["alpha"] == first.params["alpha"]
    assert record.run.metrics["best_value"] == min(trial.metrics["value"] for trial in record.trials)


def test_the_rounds_of_a_loop_are_trials_with_what_differs_and_what_was_measured(book):
    book.cell(READ)
    book.cell(
        f"{RIDGE}\nfrom sklearn.metrics import mean_absolute_error\nfor alpha in (0.1, 1.0, 10.0):\n"
        "    m = Ridge(alpha=alpha).fit(X, y)\n    mae = mean_absolute_error(y, m.predict(X))"
    )
    (record,) = book.records()
    assert [trial.params for trial in record.trials] == [{"alpha": 0.1}, {"alpha": 1.0}, {"alpha": 10.0}]
    assert [trial.metrics["mae"] for trial in record.trials] == [point.value for point in record.history]
    assert [point.fit for point in record.history] == [0, 1, 2]


def test_batches_of_one_fit_are_one_fit_of_all_of_their_data(book):
    book.cell(READ)
    book.cell(
        "from sklearn.linear_model import SGDRegressor\nm = SGDRegressor(random_state=3)\n"
        "for at in range(0, 60, 20):\n    m.partial_fit(X[at:at + 20], y[at:at + 20])"
    )
    (record,) = book.records()
    assert len(record.fits) == 1 and not record.trials
    before = record.run.data_hash
    book.cell("m2 = SGDRegressor(random_state=3)\nfor at in range(0, 40, 20):\n    m2.partial_fit(X[at:at + 20], y[at:at + 20])")
    assert len(book.records()[0].fits) == 2 and before


def test_numbers_go_to_the_model_that_predicted(book):
    book.cell(READ)
    book.cell(f"{RIDGE}\nfrom sklearn.dummy import DummyRegressor\none, two = Ridge().fit(X, y), DummyRegressor().fit(X, y)")
    book.cell("import numpy as np\np1 = np.round(one.predict(X), 1)\np2 = two.predict(X)[:]")
    book.cell(
        "from sklearn.metrics import mean_absolute_error, r2_score\nmae_two = mean_absolute_error(y, p2)\nmae_one = mean_absolute_error(y, p1)"
    )
    book.cell("rmse = np.sqrt(((p1 - y) ** 2).mean())\nr2 = two.score(X, y)\nunrelated_score = 3.0")
    (record,) = book.records()
    assert {point.name: point.fit for point in record.history} == {"mae_two": 1, "mae_one": 0, "rmse": 0, "r2": 1}


def test_a_number_about_an_earlier_runs_model_goes_to_the_earlier_run(book):
    book.cell(READ)
    book.cell(f"{RIDGE}\nm = Ridge(alpha=1.0).fit(X, y)", "fit")
    book.cell("best = m")
    book.cell(f"{RIDGE}\nm = Ridge(alpha=100.0).fit(X, y)", "fit")
    book.cell("from sklearn.metrics import r2_score\nold = r2_score(y, best.predict(X))\nnew = r2_score(y, m.predict(X))")
    first, second = book.records()
    assert list(first.run.metrics) == ["old"] and list(second.run.metrics) == ["new"]
    assert first.run.metrics["old"] > second.run.metrics["new"]


def test_cross_validation_is_a_run_with_a_value_for_each_fold(book):
    book.cell(READ)
    book.cell(f"{RIDGE}\nfrom sklearn.model_selection import cross_val_score\nscores = cross_val_score(Ridge(), X, y, cv=4)")
    (record,) = book.records()
    assert [point.name for point in record.history] == ["scores"] * 4 and record.fits[0].frame and record.fits[0].target


def test_boosting_libraries_own_ways_to_train_are_fits(book):
    book.cell(READ + "\nimport xgboost, lightgbm")
    book.cell("t = xgboost.DMatrix(X, label=y)\nb = xgboost.train({'max_depth': 2, 'eta': 0.3}, t, num_boost_round=3)\npx = b.predict(t)")
    book.cell("l = lightgbm.train({'num_leaves': 4, 'verbose': -1, 'min_data_in_leaf': 2}, lightgbm.Dataset(X, y), 3)\npl = l.predict(X)")
    book.cell("from sklearn.metrics import mean_absolute_error\nmae_x = mean_absolute_error(y, px)\nmae_l = mean_absolute_error(y, pl)")
    (record,) = book.records()
    assert [fit.estimator for fit in record.fits] == ["xgboost.core.Booster", "lightgbm.basic.Booster"]
    assert record.fits[0].parameters == {"max_depth": 2, "eta": 0.3, "num_boost_round": 3}
    assert all(fit.frame and fit.target for fit in record.fits)
    assert {point.name: point.fit for point in record.history} == {"mae_x": 0, "mae_l": 1}


def test_a_fit_in_a_module_of_the_users_is_seen_and_the_module_is_what_it_was(book):
    (book.workspace.root / "training.py").write_text(
        f"{RIDGE}\nfrom sklearn.metrics import r2_score\n\ndef train(X, y):\n    m = Ridge(alpha=4).fit(X, y)\n"
        "    return m, r2_score(y, m.predict(X))\n"
    )
    book.cell(READ)
    assert book.cell("import sys; sys.path.insert(0, '.')\nimport training\nm, r2 = training.train(X, y)").success
    (record,) = book.records()
    assert record.fits[0].parameters["alpha"] == 4 and record.run.metrics["r2_score"] > 0.9
    assert not list(book.workspace.root.glob("__pycache__/training*"))
    book.cell("import inspect; text = inspect.getsource(training.train)")
    assert "Ridge(alpha=4)" in book.shell.user_ns["text"]
    book.cell("import sys; del sys.modules['training']; sys.path.remove('.')")


def test_seeds_that_were_set_are_recorded(book):
    book.cell("import numpy as np, random\nnp.random.seed(7)\nrandom.seed('x')\nrng = np.random.default_rng(11)")
    book.cell(READ + "\nfrom sklearn.model_selection import train_test_split\nA, B, p, q = train_test_split(X, y, random_state=5)")
    book.cell(f"{RIDGE}\nnoise = rng.normal(size=len(p))\nnp.random.shuffle(noise)\nrandom.random()\nm = Ridge().fit(A, p + noise)")
    (record,) = book.records()
    assert {(seed.call, seed.value) for seed in record.seeds} >= {
        ("numpy.random.default_rng", "11"), ("sklearn.model_selection.train_test_split", "random_state=5"),
    }  # fmt: skip


def test_what_a_fitted_model_answered_is_kept_in_part(book):
    book.cell(READ)
    book.cell(f"{RIDGE}\nm = Ridge().fit(X, y)\nanswer = m.predict(X)\nfor row in range(200): m.predict(X[:1])")
    book.cell("from sklearn.linear_model import LogisticRegression\nc = LogisticRegression().fit(X, ['no', 'yes'] * (len(X) // 2))")
    book.cell("c.predict(X), c.predict_proba(X)")
    (record,) = book.records()
    answer = book.shell.user_ns["answer"]
    first = record.predictions[0]
    assert (first.estimator, first.method, first.shape) == ("sklearn.linear_model._ridge.Ridge", "predict", [len(answer)])
    assert first.sample[0] == answer[0] and first.sample[-1] == answer[-1] and len(first.sample) == min(64, len(answer))
    labels, chances = record.predictions[50:]  # 50 of one cell
    assert labels.digest and not labels.sample and chances.shape == [len(answer), 2] and len(chances.sample) == min(64, 2 * len(answer))


def test_a_kernel_that_dies_in_its_first_fit_has_died_in_a_run(book):
    book.cell(READ)
    seen = []
    book.shell.user_ns["look"] = lambda: seen.append([(r.run.status, len(r.cells)) for r in book.records()])
    book.cell(
        "class Slow:\n    def get_params(self, deep=True): return {}\n    def predict(self, X): return X\n    def fit(self, X, y): look()"
    )
    book.cell("Slow().fit(X, y)")
    assert seen == [[("running", 2)]]


def test_a_cell_that_opts_out_is_only_named(book):
    book.cell(READ)
    book.cell("# mlops: off\nhidden_rows = X * 2\nhidden_rows.to_csv('secret.txt')")
    book.cell(f"{RIDGE}\nm = Ridge().fit(hidden_rows, y)")
    (record,) = book.records()
    assert [cell.source for cell in record.cells][1] == "# not recorded"
    assert not [file for file in record.files if "secret" in file.path]
    book.cell(f"# mlops: off\n{RIDGE}\nq = Ridge(alpha=2).fit(X, y)")
    assert len(book.records()[0].fits) == 1


def test_a_block_is_a_run_and_raising_in_it_fails_it(book):
    book.cell("from nbmlops import run\nwith run.start('tuning', params={'depth': 3}) as r:\n    run.log({'loss': 0.5})")
    book.cell("with run.start('broken'):\n    1 / 0", "bad")
    first, second = book.records()
    assert (first.run.name, first.run.status, first.run.params) == ("tuning", "finished", {"depth": 3})
    assert (second.run.status, second.run.error) == ("failed", "ZeroDivisionError: division by zero")
    assert [cell.position for cell in first.cells] == [0] and [cell.position for cell in second.cells] == [0, 1]


def test_cells_that_have_nothing_to_do_with_a_model_are_not_its_runs(book):
    book.cell("notes = [1, 2, 3]")
    book.cell(READ)
    book.cell("d.describe()")
    book.cell(f"{RIDGE}\nm = Ridge().fit(X, y)")
    book.cell("notes.append(4)")
    book.cell("shown = m.predict(X)[:3]")
    (record,) = book.records()
    assert [cell.position for cell in record.cells] == [1, 3, 5]


def test_what_is_said_survives_and_is_said_once(book):
    book.cell(READ)
    book.cell(f"{RIDGE}\nm = Ridge().fit(X, y)\ns = m.score(X, y)")
    for _ in range(3):
        spooled.flush(book.workspace)
    (record,) = book.records()
    assert len(record.history) == 1
    capture.detach(book.shell)
    assert len(book.records()[0].history) == 1
    capture.attach(book.shell)
