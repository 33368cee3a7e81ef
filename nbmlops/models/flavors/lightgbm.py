"""lightgbm's models, kept as its own text: data that no code comes of.

lightgbm ends the process over a text that is damaged, so it is given none that `sound_lightgbm` has not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from nbmlops.models.flavors import sound_lightgbm
from nbmlops.models.flavors.native import Native, opened
from nbmlops.plugins import needs


class LightgbmFlavor(Native):
    """Save and load a Booster, or an estimator of lightgbm's that is asked as scikit-learn's are."""

    name = "lightgbm"
    libraries = ("lightgbm", "pandas")
    suffix = "lgb.txt"

    def can(self, model: Any) -> bool:
        """Whether this flavor keeps such objects."""
        found = type(model)
        return found.__module__.partition(".")[0] == "lightgbm" and (hasattr(model, "model_to_string") or hasattr(model, "booster_"))

    def save(self, model: Any) -> bytes:
        """The model as bytes, the same for the same model."""
        booster = model if hasattr(model, "model_to_string") else model.booster_
        said: dict[str, Any] = {}
        if booster is not model:
            said = {"class": type(model).__name__}
            if hasattr(model, "classes_"):
                said["classes"] = model.classes_.tolist()
        text, mark, categories = booster.model_to_string().rpartition("\npandas_categorical:")  # which lightgbm looks for at the end
        return f"{text}\nnbmlops:{json.dumps(said, sort_keys=True)}\n{mark}{categories}".encode()

    def load(self, data: bytes, trusted: Iterable[str] = ()) -> Any:
        """The model. Damaged where the bytes are none."""
        needs("lightgbm", extra="lightgbm", why="Loading this model")
        sound_lightgbm.checked(data)
        return opened(self.name, data)
