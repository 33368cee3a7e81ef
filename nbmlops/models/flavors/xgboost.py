"""xgboost's models, kept as its own universal binary JSON: data that no code comes of.

xgboost ends the process over a file that is damaged, so it is given none that `sound_xgboost` has not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from nbmlops.models.flavors import sound_xgboost
from nbmlops.models.flavors.native import Native, opened
from nbmlops.plugins import needs


class XgboostFlavor(Native):
    """Save and load a Booster, or an estimator of xgboost's that is asked as scikit-learn's are."""

    name = "xgboost"
    libraries = ("xgboost", "pandas", "sklearn")  # its estimators are made on scikit-learn's
    suffix = "ubj"

    def can(self, model: Any) -> bool:
        """Whether this flavor keeps such objects."""
        return type(model).__module__.partition(".")[0] == "xgboost" and (hasattr(model, "save_raw") or hasattr(model, "get_booster"))

    def save(self, model: Any) -> bytes:
        """The model as bytes, the same for the same model."""
        booster = (model if hasattr(model, "save_raw") else model.get_booster()).copy()
        if booster is not model and not hasattr(model, "save_raw"):
            params = {name: value for name, value in model.get_params().items() if _plain(value)}
            booster.set_attr(nbmlops=json.dumps({"class": type(model).__name__, "params": params}, sort_keys=True))
        return bytes(booster.save_raw("ubj"))

    def load(self, data: bytes, trusted: Iterable[str] = ()) -> Any:
        """The model. Damaged where the bytes are none."""
        needs("xgboost", extra="xgboost", why="Loading this model")
        sound_xgboost.checked(data)
        return opened(self.name, data)


def _plain(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool)) and value == value
