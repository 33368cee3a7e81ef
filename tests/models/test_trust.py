"""What a model file may name, and that nothing of it runs."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeRegressor

from nbmlops.errors import Damaged, Untrusted
from nbmlops.models.flavors.sklearn import SklearnFlavor
from nbmlops.models.flavors.trust import is_trusted
from tests.models.skops_files import called, crafted, dict_node, edited, json_node, node, tuple_node

DANGEROUS = [
    "os.system", "os.popen", "posix.system", "subprocess.Popen", "subprocess.run", "builtins.eval", "builtins.exec", "builtins.open",
    "builtins.getattr", "builtins.__import__", "builtins.compile", "builtins.type", "builtins.object", "importlib.import_module",
    "operator.methodcaller", "operator.attrgetter", "pickle.loads", "shutil.rmtree", "runpy.run_path", "webbrowser.open", "ctypes.CDLL",
    "numpy.load", "numpy.fromfile", "numpy.memmap", "numpy.loadtxt", "numpy.genfromtxt", "numpy.save", "numpy.DataSource", "numpy.ndarray",
    "numpy.lib._npyio_impl.load", "numpy.lib.npyio.DataSource", "numpy.vectorize", "numpy.apply_along_axis", "numpy.frompyfunc",
    "numpy.testing._private.utils.runstring", "numpy.testing.rundocs", "numpy.f2py.compile", "numpy.ctypeslib.load_library",
    "scipy.io.loadmat", "scipy.stats._continuous_distns.norm_gen", "scipy.stats._distn_infrastructure.rv_continuous", "scipy.sparse._matrix_io.load_npz",
    "sklearn.datasets._base.load_files", "sklearn.datasets._base._fetch_remote", "sklearn.datasets.fetch_openml",
    "sklearn.datasets._svmlight_format_io.load_svmlight_file", "sklearn.utils._testing.set_random_state", "sklearn.utils._testing.TempMemmap",
    "sklearn.utils._mocking.CheckingClassifier", "sklearn.externals._packaging.version.Version", "sklearn.utils.parallel.Parallel",
    "sklearn.ensemble._bagging.joblib", "sklearn.linear_model.os", "sklearn.setup_module", "sklearn.conftest.fetch", "sklearn.metrics.os",
    "sklearn.tests.test_base.MyEstimator", "sklearn.feature_extraction.tests.test_text.open", "sklearn.metrics._scorer.get_scorer",
    "sklearn.linear_model._base.Ridge\n", "sklearn..Ridge", "sklearn.svm._base.__builtins__", "joblib.memory.Memory", "joblib.numpy_pickle.load",
    "pandas.io.pickle.read_pickle", "pandas.read_csv", "nbmlops.pipelines.child.main", "",
]  # fmt: skip


@pytest.mark.parametrize("name", DANGEROUS)
def test_a_name_that_could_do_something_is_refused_however_it_is_called(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not is_trusted(name)
    words = "open('ran','w')" if name.startswith("builtins") else "touch ran"
    for root in called(name, words):
        with pytest.raises((Untrusted, Damaged)):
            SklearnFlavor().load(crafted(root))
    assert not list(tmp_path.iterdir())


def test_what_is_refused_is_named():
    with pytest.raises(Untrusted, match=r"os\.system") as refused:
        SklearnFlavor().load(crafted(node("os.system", "ConstructorFromReduceNode", content=tuple_node(json_node("true")))))
    assert "trusted_types" in refused.value.hint


def test_a_distribution_whose_state_is_code_does_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = {
        "_parse_arg_template": json_node(
            "open('ran', 'w').close()\ndef _parse_args(s): pass\n_parse_args_stats = _parse_args_rvs = _parse_args"
        )
    }
    file = crafted(node("scipy.stats._continuous_distns.norm_gen", "ObjectNode", content=dict_node(state)))
    with pytest.raises(Untrusted) as refused:
        SklearnFlavor().load(file)
    assert "best_estimator_" in refused.value.hint
    with pytest.raises(Exception):
        skops.io.loads(file, trusted=["scipy.stats._continuous_distns.norm_gen"])
    assert (tmp_path / "ran").exists(), "trusting it would have run it: the test is about something"


def test_a_method_of_a_trusted_object_is_not_trusted():
    ridge = node("sklearn.linear_model._ridge.Ridge", "ObjectNode", content=dict_node({"alpha": json_node(1)}))
    file = crafted(node("sklearn.linear_model._ridge.Ridge", "MethodNode", content={"func": "fit", "obj": ridge}))
    with pytest.raises(Untrusted, match="fit"):
        SklearnFlavor().load(file)


def test_what_the_operator_lists_is_made():
    file = crafted(node("fractions.Fraction", "ConstructorFromReduceNode", content=tuple_node(json_node(1), json_node(2))))
    with pytest.raises(Untrusted):
        SklearnFlavor().load(file)
    assert SklearnFlavor().load(file, ["fractions.Fraction"]) == 0.5


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"PK\5\6" + b"\0" * 18, b"no zip at all" * 100, skops.io.dumps(Ridge())[:-40], b"\x80\x04cos\nsystem\n."],
    ids=["empty", "short", "empty zip", "text", "cut", "pickle"],
)
def test_bytes_that_are_no_model_file_are_damaged(data):
    with pytest.raises(Damaged):
        SklearnFlavor().load(data)


@pytest.mark.parametrize("change", [lambda s: {}, lambda s: [], lambda s: {**s, "protocol": 99}, lambda s: {**s, "__loader__": "NoNode"},
                                    lambda s: {**s, "content": 5}, lambda s: {**s, "__class__": None}])  # fmt: skip
def test_a_schema_that_is_none_is_damaged(change):
    with pytest.raises((Damaged, Untrusted)):
        SklearnFlavor().load(edited(skops.io.dumps(Ridge().fit([[1.0], [2.0]], [1, 2])), change))


def test_a_file_nested_without_end_is_damaged():
    root = json_node(1)
    for _ in range(900 if sys.version_info >= (3, 12) else 300):  # deeper than the reader goes, not than the writer
        root = node("builtins.list", "ListNode", content=[root])
    with pytest.raises(Damaged):
        SklearnFlavor().load(crafted(root))


X = np.random.default_rng(0).normal(size=(200, 3))
Y = X[:, 0] * 3 + np.abs(X[:, 1])


def forest_with(change, kind):
    model = kind(random_state=0).fit(X, Y)
    change(model)
    return SklearnFlavor().save(model)


def tree_of(model):
    found = model.estimators_ if hasattr(model, "estimators_") else model
    return (np.asarray(found, dtype=object).flat[0] if hasattr(model, "estimators_") else model).tree_


def rewritten(field, value):
    def change(model):
        tree = tree_of(model)
        state = tree.__getstate__()
        inner = np.flatnonzero(state["nodes"]["left_child"] != -1)
        state["nodes"][field][inner[-1]] = value
        tree.__setstate__(state)

    return change


@pytest.mark.parametrize("kind", [DecisionTreeRegressor, RandomForestRegressor, GradientBoostingRegressor])
@pytest.mark.parametrize(
    ("field", "value"), [("left_child", 10**9), ("right_child", -7), ("left_child", 0), ("feature", 3), ("feature", -3)]
)
def test_a_tree_that_points_outside_of_itself_is_damaged(kind, field, value):
    with pytest.raises(Damaged, match="outside"):
        SklearnFlavor().load(forest_with(rewritten(field, value), kind))


@pytest.mark.parametrize(("field", "value"), [("left", 10**9), ("right", 0), ("feature_idx", 3), ("feature_idx", -1)])
def test_a_predictor_that_points_outside_of_itself_is_damaged(field, value):
    def change(model):
        nodes = model._predictors[0][0].nodes
        nodes[field][np.flatnonzero(nodes["is_leaf"] == 0)[-1]] = value

    with pytest.raises(Damaged, match="outside"):
        SklearnFlavor().load(forest_with(change, HistGradientBoostingRegressor))


def test_trees_under_gradient_boosting_have_its_columns_not_their_own():
    def change(model):
        rewritten("feature", 3)(model)
        for tree in model.estimators_.flat:
            tree.n_features_in_ = 4

    with pytest.raises(Damaged, match="outside"):
        SklearnFlavor().load(forest_with(change, GradientBoostingRegressor))
