"""What a person can ask of a model's form."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from nbmlops.errors import Invalid, TooLarge
from nbmlops.ledger.names import plain_name
from nbmlops.models.conversion.records import Conversion
from nbmlops.verb import Rows, verb
from nbmlops.workspace import Workspace, use


@verb("POST /models/{model}/versions/{version}/convert")
def convert(
    model: Annotated[str, "its name"],
    version: Annotated[int, "which version"],
    *,
    to: Annotated[Literal["onnx"], "the form"] = "onnx",
    data: Annotated[Any, Rows("rows that both must answer alike, besides those kept with the version")] = None,
    tolerance: Annotated[float, "how far apart numbers may be, relative to the original's; probabilities, as they are"] = 1e-4,
    beyond_percent: Annotated[float, "the share of rows that may be further apart: floats near a tree's thresholds"] = 0.0,
    description: Annotated[str, "a sentence for those who come later"] = "",
    workspace: Workspace | None = None,
) -> Conversion:
    """Make an ONNX form of a version, as a new version, if it answers rows as the original does.

    It is made from scikit-learn, xgboost, lightgbm and torch, in double precision where that can be. Classes must be the same. It
    keeps the original's signature, run, data and recorded metrics; what a call of each takes is measured on the way.
    """
    from nbmlops.models.conversion.convert import convert as converted

    plain_name(model, "model")
    if not (math.isfinite(tolerance) and tolerance >= 0) or not 0 <= beyond_percent <= 100:
        raise Invalid(
            f"A tolerance of {tolerance} with {beyond_percent} % of the rows beyond it cannot be held.",
            hint="Give a tolerance of 0 or more, and a share between 0 and 100.",
        )
    if len(description) > 4000:
        raise TooLarge(f"The description has {len(description):,} characters.", hint="At most 4,000.")
    return converted(use(workspace), model, version, data=data, tolerance=tolerance, beyond_percent=beyond_percent, description=description)
