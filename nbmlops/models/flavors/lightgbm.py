"""lightgbm's models, kept as its own text: data that no code comes of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from nbmlops.errors import Damaged
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
        if not _is_whole(data):  # lightgbm ends the process that gives it less
            raise Damaged("The model file is not one whole text of lightgbm's.", hint="Register the model again from its run.")
        return opened(self.name, data)


def _is_whole(data: bytes) -> bool:
    """Whether there are as many bytes of trees as the head says."""
    head, _, trees = data.partition(b"\nTree=0\n")
    sizes = [line.partition(b"=")[2].split() for line in head.splitlines() if line.startswith(b"tree_sizes=")]
    if not head.startswith(b"tree\n") or len(sizes) != 1 or not all(size.isdigit() for size in sizes[0]):
        return False
    body, end, _ = trees.partition(b"end of trees\n")
    return bool(end) and len(b"Tree=0\n" + body) == sum(map(int, sizes[0]))
