"""statsmodels' results, kept as a pickle, which is the one form that they have."""

from __future__ import annotations

import pickle
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.models.flavors.executing import Executing


class StatsmodelsFlavor(Executing):
    """Save and load what fitting a model of statsmodels gives."""

    name = "statsmodels"
    libraries = ("statsmodels", "pandas", "pyarrow")  # names that pandas keeps in Arrow's memory are in the pickle
    suffix = "pickle"
    what = "a pickle"

    def can(self, model: Any) -> bool:
        """Whether this flavor keeps such objects."""
        return (
            type(model).__module__.partition(".")[0] == "statsmodels"
            and hasattr(model, "params")
            and callable(getattr(model, "predict", None))
        )

    def fixtures(self, model: Any, sample: Any) -> bytes | None:
        """As any model's. Invalid for what forecasts steps instead of answering rows."""
        if type(model).__module__.startswith("statsmodels.tsa"):
            raise Invalid(
                f"This {type(model).__name__.removesuffix('Wrapper')} forecasts steps of the series it was fitted on, and answers no rows.",
                hint="Fit one on columns, such as the series' last values: sm.OLS(y, lags).fit(). Or register a function that takes rows.",
            )
        return super().fixtures(model, sample)

    def save(self, model: Any) -> bytes:
        """The results as bytes."""
        return pickle.dumps(model, protocol=4)
