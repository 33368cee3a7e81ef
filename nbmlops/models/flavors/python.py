"""A function of the notebook's, or an object of a class of its own: the source travels, with what it closes over."""

from __future__ import annotations

from types import FunctionType

from nbmlops.models.flavors.sklearn import SklearnFlavor
from nbmlops.models.travelling.own import code_of, is_own


class PythonFlavor(SklearnFlavor):
    """Save and load a function that takes a frame and gives an answer a row, or an object with such a `predict`."""

    name = "python"
    suffix = "py.skops"
    general = False

    def can(self, estimator: object) -> bool:
        """Whether this flavor keeps such objects."""
        own = is_own(str(getattr(code_of(estimator), "__module__", "")))
        asked = isinstance(estimator, FunctionType) or callable(getattr(estimator, "predict", None))
        return own and asked and not callable(getattr(estimator, "get_params", None))
