"""Which names in a skops file may be made or called: a short list of names, and scikit-learn's own kinds of classes.

A prefix such as `scipy.` would not do. Between the estimators of these packages lie functions that open files, and classes
whose state is code: a distribution of `scipy.stats`, for one, runs the text it finds in its state. A trusted name may be
called with whatever the file says, so it must do nothing but hold values or compute with them.
"""

from __future__ import annotations

import importlib
import re
from functools import cache

# Classes with plain state, and functions that only compute.
_NAMES = frozenset(
    {
        "functools.partial",  # of a function that must itself be trusted; holds it, and calls it when asked
        "numpy.dtype",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "scipy.interpolate._bsplines._BSpline",  # from scipy 1.18 on
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.cluster._bisect_k_means._BisectingTree",
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.compose._column_transformer.make_column_selector",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._scorer._CurveScorer",
        "sklearn.metrics._scorer._MultimetricScorer",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.metrics._scorer._Scorer",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._ball_tree.BallTree32",
        "sklearn.neighbors._ball_tree.BallTree64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neighbors._kd_tree.KDTree32",
        "sklearn.neighbors._kd_tree.KDTree64",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
        "sklearn.utils._metadata_requests.MetadataRequest",
        "sklearn.utils._metadata_requests.MethodMetadataRequest",
        "sklearn.utils.validation.check_array",
        *(f"numpy.{name}" for name in ("mean", "median", "sum", "min", "max", "std", "var", "clip", "round", "nan_to_num")),
        *(f"scipy.sparse._{form}.{form}_{kind}" for form in ("csr", "csc", "coo") for kind in ("matrix", "array")),
        *(f"sklearn.feature_selection._univariate_selection.{name}" for name in ("f_classif", "f_regression", "chi2", "r_regression")),
        *(f"sklearn.feature_selection._mutual_info.mutual_info_{name}" for name in ("regression", "classif")),
    }
)
# Where scikit-learn keeps what a fitted model is made of; not its data sets, tests and tools, which read files and mock.
_MODULES = re.compile(
    r"sklearn\.(_loss|calibration|cluster|compose|covariance|cross_decomposition|decomposition|discriminant_analysis|dummy|ensemble"
    r"|feature_extraction|feature_selection|frozen|gaussian_process|impute|isotonic|kernel_approximation|kernel_ridge|linear_model"
    r"|manifold|mixture|model_selection|multiclass|multioutput|naive_bayes|neighbors|neural_network|pipeline"
    r"|preprocessing|random_projection|semi_supervised|svm|tree)(\.(?!tests\b|conftest\b)\w+)*"
)
_BASES = (
    "sklearn.base.BaseEstimator",
    "sklearn._loss.link.BaseLink",
    "sklearn._loss.loss.BaseLoss",
    "sklearn.gaussian_process.kernels.Kernel",
    "sklearn.metrics._dist_metrics.DistanceMetric",
    "sklearn.metrics._dist_metrics.DistanceMetric32",
    "sklearn.metrics._dist_metrics.DistanceMetric64",
    "sklearn.model_selection._split.BaseCrossValidator",
    "sklearn.model_selection._split.BaseShuffleSplit",
    "sklearn.model_selection._split._UnsupportedGroupCVMixin",
    "sklearn.neural_network._stochastic_optimizers.BaseOptimizer",
)


@cache
def is_trusted(name: str) -> bool:
    """Whether a file may name this.

    >>> is_trusted("sklearn.linear_model._ridge.Ridge"), is_trusted("sklearn.tree._tree.Tree")
    (True, True)
    >>> is_trusted("os.system"), is_trusted("sklearn.datasets._base.load_files"), is_trusted("scipy.stats._continuous_distns.norm_gen")
    (False, False, False)
    """
    if name in _NAMES:
        return True
    module, _, attribute = name.rpartition(".")
    if module.startswith("sklearn.metrics.") and attribute.isidentifier():
        return name in _scores()
    if not attribute.isidentifier() or not _MODULES.fullmatch(module):
        return False
    found = _found(name)
    return isinstance(found, type) and found.__module__ == module and issubclass(found, _bases())


def _found(name: str) -> object:
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return None


@cache
def _bases() -> tuple[type, ...]:
    return tuple(found for found in map(_found, _BASES) if isinstance(found, type))


@cache
def _scores() -> frozenset[str]:
    """The functions behind scikit-learn's named scorers, and its distances: a search keeps the one it was scored by."""
    from sklearn import metrics
    from sklearn.metrics import _dist_metrics

    functions = [metrics.get_scorer(name)._score_func for name in metrics.get_scorer_names()]
    distances = [kind for kind in vars(_dist_metrics).values() if isinstance(kind, type) and issubclass(kind, _bases())]
    return frozenset(
        f"{found.__module__}.{found.__name__}" for found in [*functions, *distances] if found.__module__.startswith("sklearn.")
    )
